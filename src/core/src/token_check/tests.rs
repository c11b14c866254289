// SPDX-License-Identifier: GPL-3.0-or-later
//! Tokens that are good, and those that only look so.

mod attacks;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Fault, KeySet, NotAJwt, check};
use crate::{
    clock::now,
    refs::FlatpakRef,
    testing::signing::{Signer, set},
};

const APP: &str = "app/org.example.App/x86_64/stable";

/// The claims of a download token for the app.
fn claims() -> Value {
    json!({ "sub": "users/1", "prefixes": ["org.example.App"], "exp": now() + 600 })
}

fn with(changes: Value) -> Value {
    let (mut all, Value::Object(changes)) = (claims(), changes) else { panic!("claims are an object") };
    for (name, value) in changes {
        match value {
            Value::Null => drop(all.as_object_mut().unwrap().remove(&name)),
            value => all[&name] = value,
        }
    }
    all
}

fn checked(token: &str, keys: &KeySet, wanted: &str) -> Result<Result<(), Fault>, NotAJwt> {
    check(token, &wanted.parse().unwrap(), keys, Some("stable"), now())
}

#[test]
fn each_of_the_three_algorithms_is_checked_with_its_own_key() {
    let signers = [Signer::rsa("r"), Signer::ec("e"), Signer::ed("d")];
    let keys = set(&signers.each_ref().map(Signer::jwk));
    for signer in &signers {
        let token = signer.sign(&claims());
        assert_eq!(checked(&token, &keys, APP), Ok(Ok(())), "{}", signer.algorithm());
        let unnamed = signer.sign_with(&json!({ "alg": signer.algorithm() }), &claims());
        assert_eq!(checked(&unnamed, &keys, APP), Ok(Ok(())), "{} without a key id", signer.algorithm());
        let alone = set(&[signer.jwk()]);
        assert_eq!(checked(&token, &alone, APP), Ok(Ok(())), "{} alone", signer.algorithm());
    }
}

#[test]
fn what_a_token_says_decides_what_it_is_good_for() {
    let signer = Signer::ec("e");
    let keys = set(&[signer.jwk()]);
    let locale = "runtime/org.example.App.Locale/x86_64/stable";
    let below = "app/org.example.App.Extra/x86_64/stable";
    let other = "app/org.example.Apple/x86_64/stable";
    let runtime = "runtime/org.example.Platform/x86_64/stable";
    let beta = "app/org.example.App/x86_64/beta";
    let (yes, no) = (Ok(()), Err(Fault::OtherApp));
    for (changes, wanted, expected) in [
        (json!({}), locale, yes),
        (json!({}), below, yes),
        (json!({}), other, no),
        (json!({}), runtime, no),
        (json!({ "prefixes": ["org.example.App.Extra"] }), APP, no),
        (json!({ "prefixes": ["org.example"] }), runtime, yes),
        (json!({ "prefixes": ["org.exam"] }), APP, no),
        (json!({ "prefixes": [""] }), APP, yes),
        (json!({ "prefixes": [] }), APP, yes),
        (json!({ "prefixes": [], "apps": [] }), APP, yes),
        (json!({ "prefixes": null, "apps": ["org.example.App"] }), APP, yes),
        (json!({ "prefixes": null, "apps": ["org.example.App"] }), locale, yes),
        (json!({ "prefixes": [], "apps": ["org.example.App"] }), below, no),
        (json!({ "prefixes": null, "apps": ["org.example.App"] }), other, no),
        (json!({ "prefixes": ["org.other"], "apps": ["org.example.App"] }), APP, yes),
        (json!({ "prefixes": ["org.other"], "apps": ["org.other.App"] }), APP, no),
        (json!({ "prefixes": null }), APP, Err(Fault::OtherPurpose)),
        (json!({ "token_type": "app" }), APP, yes),
        (json!({ "token_type": "app" }), locale, no),
        (json!({ "repos": ["stable"] }), APP, yes),
        (json!({ "repos": ["beta", "stable"] }), APP, yes),
        (json!({ "repos": [""] }), APP, yes),
        (json!({ "repos": [] }), APP, yes),
        (json!({ "repos": ["beta"] }), APP, Err(Fault::OtherRepository)),
        (json!({ "repos": ["stabl"] }), APP, Err(Fault::OtherRepository)),
        (json!({ "branches": ["stable"] }), APP, yes),
        (json!({ "branches": ["stable"] }), beta, Err(Fault::OtherBranch)),
        (json!({ "scope": ["download"] }), APP, yes),
        (json!({ "scope": ["build", "download"] }), APP, yes),
        (json!({ "scope": [] }), APP, yes),
        (json!({ "scope": "openid download" }), APP, yes),
        (json!({ "scope": ["build", "upload", "publish"] }), APP, Err(Fault::OtherPurpose)),
        (json!({ "scope": "openid profile" }), APP, Err(Fault::OtherPurpose)),
        (json!({ "aud": "usher" }), APP, Err(Fault::OtherPurpose)),
        (json!({ "iss": "https://login.example", "anything": [1] }), APP, yes),
    ] {
        let token = signer.sign(&with(changes.clone()));
        assert_eq!(checked(&token, &keys, wanted), Ok(expected), "{changes} {wanted}");
    }
}

#[test]
fn a_repository_without_a_name_takes_no_token_that_is_for_some() {
    let signer = Signer::ed("d");
    let keys = set(&[signer.jwk()]);
    let wanted: FlatpakRef = APP.parse().unwrap();
    let at = |claims: Value| check(&signer.sign(&claims), &wanted, &keys, None, now());
    assert_eq!(at(with(json!({ "repos": ["stable"] }))), Ok(Err(Fault::OtherRepository)));
    assert_eq!(at(claims()), Ok(Ok(())));
}

#[test]
fn the_clocks_may_differ_by_a_minute() {
    let signer = Signer::ed("d");
    let keys = set(&[signer.jwk()]);
    let (now, yes) = (now(), Ok(()));
    for (changes, expected) in [
        (json!({ "exp": now - 59 }), yes),
        (json!({ "exp": now - 3600 }), Err(Fault::Expired)),
        (json!({ "exp": -1 }), Err(Fault::Expired)),
        (json!({ "exp": 1e300 }), yes),
        (json!({ "exp": f64::from(u32::MAX) + 0.5 }), yes),
        (json!({ "exp": i64::MAX }), yes),
        (json!({ "exp": u64::MAX }), yes),
        (json!({ "nbf": now + 59 }), yes),
        (json!({ "nbf": now + 3600 }), Err(Fault::NotYetValid)),
        (json!({ "nbf": u64::MAX }), Err(Fault::NotYetValid)),
    ] {
        assert_eq!(checked(&signer.sign(&with(changes.clone())), &keys, APP), Ok(expected), "{changes}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_none_are_good(
        text in any::<String>(),
        parts in proptest::collection::vec(any::<Vec<u8>>(), 0..6),
        header in "\\{\"alg\":\"(ES256|EdDSA|RS256|none|HS256)\"(,\"kid\":\"[de]\")?\\}",
    ) {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let keys = set(&[Signer::ec("e").jwk(), Signer::ed("d").jwk()]);
        let encoded: Vec<String> = parts.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
        let headed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), encoded.join("."));
        for token in [text.as_str(), &encoded.join("."), &headed] {
            prop_assert!(!matches!(checked(token, &keys, APP), Ok(Ok(()))));
        }
        let _ = KeySet::parse(text.as_bytes());
    }

    #[test]
    fn no_byte_of_a_good_token_can_be_changed(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.-]") {
        let signer = Signer::ec("e");
        let keys = set(&[signer.jwk()]);
        let token = signer.sign(&claims());
        let at = at.index(token.len());
        let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        prop_assert_eq!(matches!(checked(&changed, &keys, APP), Ok(Ok(()))), changed == token);
    }
}
