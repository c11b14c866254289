// SPDX-License-Identifier: GPL-3.0-or-later
//! Tokens made to pass.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::json;

use super::{APP, Fault, NotAJwt, checked, claims, with};
use crate::{
    testing::signing::{Signer, sealed, set},
    token_check::{KeySet, KeySetError},
};

#[test]
fn a_token_does_not_choose_how_it_is_checked() {
    let (rsa, ec) = (Signer::rsa("r"), Signer::ec("e"));
    let keys = set(&[rsa.jwk(), ec.jwk()]);
    let payload = claims().to_string();
    let none = |alg: &str| sealed(&json!({ "alg": alg, "kid": "e" }).to_string(), &payload, |_| Vec::new());
    for alg in ["none", "None", "NONE", "nOnE", "", "HS256", "ES256K", "es256", "ES384", "RS512", "dir"] {
        assert_eq!(checked(&none(alg), &keys, APP), Ok(Err(Fault::Algorithm)), "{alg}");
    }
    assert_eq!(checked(&none("ES256"), &keys, APP), Ok(Err(Fault::WrongKey)), "an empty signature");
    let header = json!({ "alg": "PS256", "kid": "r" }).to_string();
    let other_padding = sealed(&header, &payload, |message| rsa.pss_signature(message));
    assert_eq!(checked(&other_padding, &keys, APP), Ok(Err(Fault::Algorithm)));
    let header = json!({ "alg": "RS256", "kid": "r" }).to_string();
    let other_padding = sealed(&header, &payload, |message| rsa.pss_signature(message));
    assert_eq!(checked(&other_padding, &keys, APP), Ok(Err(Fault::WrongKey)));
}

#[test]
fn a_public_key_is_no_shared_secret() {
    for signer in [Signer::rsa("k"), Signer::ec("k"), Signer::ed("k")] {
        let keys = set(&[signer.jwk()]);
        let secrets = [
            signer.public_bytes(),
            URL_SAFE_NO_PAD.encode(signer.public_bytes()).into_bytes(),
            signer.jwk().to_string().into_bytes(),
        ];
        for secret in secrets {
            for (alg, kind) in
                [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
            {
                let sign = |message: &[u8]| hmac::sign(&hmac::Key::new(kind, &secret), message).as_ref().to_vec();
                let header = json!({ "alg": alg, "kid": "k" }).to_string();
                let token = sealed(&header, &claims().to_string(), sign);
                assert_eq!(checked(&token, &keys, APP), Ok(Err(Fault::Algorithm)), "{alg} {}", signer.algorithm());
            }
        }
    }
}

#[test]
fn an_algorithm_goes_with_its_own_kind_of_key_alone() {
    let signers = [Signer::rsa("r"), Signer::ec("e"), Signer::ed("d")];
    let keys = set(&signers.each_ref().map(Signer::jwk));
    for signer in &signers {
        for (other, id) in [("RS256", "r"), ("ES256", "e"), ("EdDSA", "d")] {
            let token = signer.sign_with(&json!({ "alg": other, "kid": id }), &claims());
            let is_its_own = other == signer.algorithm();
            assert_eq!(checked(&token, &keys, APP) == Ok(Ok(())), is_its_own, "{other} by {}", signer.algorithm());
        }
        for other in ["RS256", "ES256", "EdDSA"].into_iter().filter(|other| *other != signer.algorithm()) {
            let token = signer.sign_with(&json!({ "alg": other }), &claims());
            assert_eq!(checked(&token, &set(&[signer.jwk()]), APP), Ok(Err(Fault::Algorithm)), "{other}");
        }
    }
    let mut for_another = signers[0].jwk();
    for_another["alg"] = "RS512".into();
    assert_eq!(KeySet::parse(json!({ "keys": [for_another] }).to_string().as_bytes()).unwrap_err(), KeySetError::Empty);
}

#[test]
fn only_the_key_that_is_named_counts() {
    let (one, two, stranger) = (Signer::ec("1"), Signer::ec("2"), Signer::ec("1"));
    let keys = set(&[one.jwk(), two.jwk()]);
    let named = |signer: &Signer, id: &str| signer.sign_with(&json!({ "alg": "ES256", "kid": id }), &claims());
    assert_eq!(checked(&named(&one, "1"), &keys, APP), Ok(Ok(())));
    assert_eq!(checked(&named(&one, "2"), &keys, APP), Ok(Err(Fault::WrongKey)));
    assert_eq!(checked(&named(&one, "3"), &keys, APP), Ok(Err(Fault::UnknownKey)));
    assert_eq!(checked(&named(&stranger, "1"), &keys, APP), Ok(Err(Fault::WrongKey)));
    let unnamed = stranger.sign_with(&json!({ "alg": "ES256" }), &claims());
    assert_eq!(checked(&unnamed, &keys, APP), Ok(Err(Fault::WrongKey)));
    let mut without_id = one.jwk();
    without_id.as_object_mut().unwrap().remove("kid");
    assert_eq!(checked(&named(&one, "3"), &set(&[without_id, two.jwk()]), APP), Ok(Ok(())));
}

#[test]
fn a_key_that_a_token_brings_along_is_not_believed() {
    let (known, stranger) = (Signer::ec("e"), Signer::ec("e"));
    let keys = set(&[known.jwk()]);
    for brought in [
        json!({ "alg": "ES256", "jwk": stranger.jwk() }),
        json!({ "alg": "ES256", "kid": "e", "jwk": stranger.jwk() }),
        json!({ "alg": "ES256", "jku": "https://evil.example/jwks.json" }),
        json!({ "alg": "ES256", "x5u": "https://evil.example/a.pem" }),
    ] {
        assert_eq!(
            checked(&stranger.sign_with(&brought, &claims()), &keys, APP),
            Ok(Err(Fault::WrongKey)),
            "{brought}"
        );
    }
}

#[test]
fn a_header_that_cannot_be_followed_is_refused() {
    let signer = Signer::ed("d");
    let keys = set(&[signer.jwk()]);
    for odd in [
        json!({ "alg": "EdDSA", "crit": ["exp"], "exp": 1 }),
        json!({ "alg": "EdDSA", "crit": [] }),
        json!({ "alg": "EdDSA", "b64": false, "crit": ["b64"] }),
        json!({ "alg": "EdDSA", "kid": 7 }),
        json!({ "alg": "EdDSA", "typ": [] }),
    ] {
        assert_eq!(checked(&signer.sign_with(&odd, &claims()), &keys, APP), Ok(Err(Fault::Malformed)), "{odd}");
    }
    for twice in [r#"{"alg":"EdDSA","alg":"EdDSA"}"#, r#"{"alg":"EdDSA","kid":"d","kid":"d"}"#] {
        assert_eq!(checked(&signer.sign_text(twice, &claims().to_string()), &keys, APP), Err(NotAJwt), "{twice}");
    }
}

#[test]
fn claims_of_odd_types_are_refused() {
    let signer = Signer::ed("d");
    let keys = set(&[signer.jwk()]);
    for odd in [
        json!({ "exp": null }),
        json!({ "exp": "4000000000" }),
        json!({ "exp": [4_000_000_000u32] }),
        json!({ "exp": true }),
        json!({ "nbf": "0" }),
        json!({ "sub": null }),
        json!({ "sub": 7 }),
        json!({ "prefixes": "org.example.App" }),
        json!({ "prefixes": [1] }),
        json!({ "prefixes": { "org.example.App": true } }),
        json!({ "apps": "org.example.App" }),
        json!({ "apps": ["org.example.App", 1] }),
        json!({ "repos": "stable" }),
        json!({ "branches": 1 }),
        json!({ "scope": 1 }),
        json!({ "scope": { "download": true } }),
        json!({ "token_type": 1 }),
        json!({ "aud": 7 }),
    ] {
        assert_eq!(checked(&signer.sign(&with(odd.clone())), &keys, APP), Ok(Err(Fault::Malformed)), "{odd}");
    }
    let header = json!({ "alg": "EdDSA" }).to_string();
    let twice = r#"{"sub":"a","prefixes":["org.other"],"prefixes":[""],"exp":4000000000}"#;
    for odd in [twice, "[]", "7", "null", "", "{", "\"org.example.App\"", "{}x"] {
        assert_eq!(checked(&signer.sign_text(&header, odd), &keys, APP), Ok(Err(Fault::Malformed)), "{odd}");
    }
}

#[test]
fn what_is_no_signed_jwt_cannot_be_checked() {
    let signer = Signer::ec("e");
    let keys = set(&[signer.jwk()]);
    let good = signer.sign(&claims());
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A128GCM"}"#);
    let huge = signer.sign(&with(json!({ "name": "a".repeat(9000) })));
    for other in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "opaque-token",
        "e30.e30.e30",
        &good[..good.rfind('.').unwrap()],
        &format!("{good}."),
        &format!("{good}.{good}"),
        &format!("{header}..aaaa.aaaa.aaaa"),
        &format!("={good}"),
        &format!(" {good}"),
        &huge,
    ] {
        assert_eq!(checked(other, &keys, APP), Err(NotAJwt), "{other}");
    }
    for changed in [format!("{good}="), format!("{good} "), format!("{good}\n")] {
        assert!(matches!(checked(&changed, &keys, APP), Ok(Err(_))), "{changed:?}");
    }
}

#[test]
fn a_set_with_a_key_that_is_not_public_is_refused_whole() {
    let parse = |keys: serde_json::Value| KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).map(|_| ());
    let good = Signer::ec("e").jwk();
    for part in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let mut private = Signer::ed("d").jwk();
        private[part] = "AAAA".into();
        assert_eq!(parse(json!([good, private])), Err(KeySetError::NotPublic), "{part}");
    }
    assert_eq!(parse(json!([good, { "kty": "oct", "k": "AAAA" }])), Err(KeySetError::NotPublic));
}

#[test]
fn keys_of_other_kinds_are_left_out() {
    let parse = |keys: serde_json::Value| KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).map(|_| ());
    let good = Signer::ec("e").jwk();
    let changed = |name: &str, value: serde_json::Value| {
        let mut key = good.clone();
        key[name] = value;
        key
    };
    for other in [
        json!({}),
        json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }),
        changed("kty", "RSA".into()),
        changed("crv", "P-384".into()),
        changed("crv", "secp256k1".into()),
        changed("x", "AQAB".into()),
        changed("x", "§".into()),
        changed("use", "enc".into()),
        changed("key_ops", json!(["sign"])),
        changed("alg", "HS256".into()),
        changed("alg", "ES384".into()),
        changed("kid", json!(7)),
    ] {
        assert_eq!(parse(json!([other])), Err(KeySetError::Empty), "{other}");
        assert_eq!(parse(json!([other, good])), Ok(()), "{other}");
    }
    for fit in [changed("use", "sig".into()), changed("key_ops", json!(["verify"])), changed("alg", "ES256".into())] {
        assert_eq!(parse(json!([fit])), Ok(()), "{fit}");
    }
    for bad in [json!(7), json!([7]), json!({}), json!(vec![good.clone(); 33])] {
        assert_eq!(parse(bad.clone()), Err(KeySetError::Malformed), "{bad}");
    }
    assert_eq!(KeySet::parse(&vec![b' '; 65 << 10]).unwrap_err(), KeySetError::Malformed);
    assert_eq!(KeySet::parse(good.to_string().as_bytes()).unwrap_err(), KeySetError::Malformed, "a key is no set");
}
