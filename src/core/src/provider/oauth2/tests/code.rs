// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing in on the server's page.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Peer, SERVICE, begin, begin_at, http, sign_in};
use crate::{
    clock,
    credential::Credential,
    http::HttpError,
    provider::{Protocol, SignInError, StepAnswer, oauth2::OAuth2},
};

#[tokio::test]
async fn a_code_with_its_proof_becomes_an_account() {
    let peer = Peer::start().await;
    let begun = begin(&peer).await.unwrap();
    let page = begun.page.clone();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "usher"),
        ("redirect_uri", "http://127.0.0.1:20001/io.github.usher/callback"),
        ("state", begun.redirect.state()),
        ("scope", "openid profile email offline_access"),
        ("resource", SERVICE),
        ("prompt", "consent"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(page.get(name).map(String::as_str), Some(value), "{name}");
    }
    peer.answers("token", &peer.tokens(Some(begun.nonce()), json!({})));
    let before = clock::now();
    let signed_in = begun.back("code=c1").await.unwrap();

    let asked = &peer.asked("token")[0];
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "c1"),
        ("client_id", "usher"),
        ("redirect_uri", "http://127.0.0.1:20001/io.github.usher/callback"),
        ("resource", SERVICE),
    ] {
        assert_eq!(asked.get(name).map(String::as_str), Some(value), "{name}");
    }
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(&asked["code_verifier"]));
    assert_eq!(page["code_challenge"], proof);
    assert_eq!(asked.get("Authorization"), None, "Usher has no secret to show");

    let Credential::OAuth2 { access, refresh, ends } = signed_in.credential else { panic!("another kind") };
    assert_eq!((access.expose(), refresh.unwrap().expose()), ("access-1", "refresh-1"));
    assert!((before + 600..=clock::now() + 600).contains(&ends.unwrap()));
    assert_eq!((signed_in.user.as_deref(), signed_in.valid_until), (Some("demo"), None));
    let endpoints = ["revocation", "token", "userinfo"].map(|name| signed_in.endpoints[name].clone());
    assert_eq!(endpoints, ["revoke", "token", "userinfo"].map(|place| peer.at(place)));
    assert!(peer.asked("userinfo").is_empty(), "the signed word says enough");
}

#[tokio::test]
async fn w19_what_the_server_refuses_signs_nobody_in() {
    let peer = Peer::start().await;
    let back = async |query: &str| begin(&peer).await.unwrap().back(query).await.map(|_| ());
    assert!(matches!(back("error=access_denied").await, Err(SignInError::Cancelled)));
    for error in ["consent_required", "interaction_required", "login_required", "server_error", "invalid_scope"] {
        let Err(SignInError::Stopped(reason)) = back(&format!("error={error}")).await else { panic!("{error}") };
        assert_eq!(reason, error);
    }
    let Err(SignInError::Stopped(reason)) = back("error=x&error_description=No%1b[0m%20entry").await else { panic!() };
    assert_eq!(reason, "No [0m entry");
    assert!(peer.asked("token").is_empty());
}

#[tokio::test]
async fn a_redirect_carries_either_a_code_or_an_error_and_no_token() {
    let peer = Peer::start().await;
    for query in [
        "",
        "code=",
        "code=c1&error=access_denied",
        "code=c1&access_token=t",
        "code=c1&id_token=t",
        "code=c1&token=t",
        "access_token=t&token_type=Bearer",
        "token=t",
        "error=access_denied&token=t",
    ] {
        let answer = begin(&peer).await.unwrap().back(query).await;
        assert!(matches!(answer, Err(SignInError::Unexpected)), "{query}: {answer:?}");
    }
    let begun = begin(&peer).await.unwrap();
    let answer = begun.sign_in.answer(&http(), StepAnswer::Poll).await;
    assert!(matches!(answer, Err(SignInError::NoCredential)));
    assert!(peer.asked("token").is_empty());
}

#[tokio::test]
async fn w20_an_answer_of_another_issuer_is_refused() {
    let peer = Peer::start().await;
    let own: String = url::form_urlencoded::byte_serialize(peer.issuer.as_bytes()).collect();
    for is_advertised in [false, true] {
        peer.says("authorization_response_iss_parameter_supported", json!(is_advertised));
        for (query, is_refused) in [
            ("iss=https%3A%2F%2Fevil.example", true),
            (&format!("iss={own}%2F"), true),
            ("iss=", true),
            ("", is_advertised),
            (&format!("iss={own}"), false),
        ] {
            let answer = begin(&peer).await.unwrap().back(&format!("error=access_denied&{query}")).await;
            let is_right = if is_refused {
                matches!(answer, Err(SignInError::WrongIssuer))
            } else {
                matches!(answer, Err(SignInError::Cancelled))
            };
            assert!(is_right, "{is_advertised} {query}: {answer:?}");
            let answer = begin(&peer).await.unwrap().back(&format!("code=c1&{query}")).await;
            assert_eq!(matches!(answer, Err(SignInError::WrongIssuer)), is_refused, "{is_advertised} {query}");
        }
    }
}

#[tokio::test]
async fn without_a_refresh_token_the_sign_in_ends_with_its_access_token() {
    let peer = Peer::start().await;
    peer.says("scopes_supported", json!(["openid", "email"]));
    let before = clock::now();
    for refresh in [json!(null), json!("")] {
        let signed_in = sign_in(&peer, json!({ "refresh_token": refresh }), None).await.unwrap();
        assert!((before + 600..=clock::now() + 600).contains(&signed_in.valid_until.unwrap()));
        assert!(!OAuth2.is_renewable(&signed_in.credential));
    }
    let begun = begin(&peer).await.unwrap();
    assert_eq!((begun.page["scope"].as_str(), begun.page.get("prompt")), ("openid email", None));
    for expires_in in [json!(null), json!(0)] {
        let signed_in = sign_in(&peer, json!({ "refresh_token": null, "expires_in": expires_in }), None).await.unwrap();
        let Credential::OAuth2 { ends, .. } = signed_in.credential else { panic!("another kind") };
        assert_eq!((ends, signed_in.valid_until), (None, None));
    }
}

#[tokio::test]
async fn h12_tokens_that_cannot_be_used_are_refused() {
    let peer = Peer::start().await;
    for odd in [
        json!({ "access_token": "" }),
        json!({ "access_token": "a\r\nX: 1" }),
        json!({ "access_token": "é" }),
        json!({ "access_token": "a".repeat(9 << 10) }),
        json!({ "refresh_token": "a".repeat(65 << 10) }),
        json!({ "token_type": "mac" }),
        json!({ "id_token": null }),
    ] {
        let answer = sign_in(&peer, odd, None).await;
        assert!(matches!(answer, Err(SignInError::NoCredential)), "{answer:?}");
    }
    for odd in [json!({ "access_token": null }), json!({ "id_token": "x" }), json!({ "expires_in": "soon" })] {
        let answer = sign_in(&peer, odd, None).await;
        assert!(matches!(answer, Err(SignInError::Unexpected)), "{answer:?}");
    }
    let signed_in = sign_in(&peer, json!({ "expires_in": u64::MAX }), None).await.unwrap();
    let Credential::OAuth2 { ends: Some(ends), .. } = signed_in.credential else { panic!("no end") };
    assert!(ends < clock::now() + 11 * 366 * 24 * 60 * 60);
}

#[tokio::test]
async fn the_servers_reason_not_to_exchange_a_code_is_told() {
    let peer = Peer::start().await;
    let exchange = async |status: u16, content_type, body: Value| {
        peer.forgets("token");
        peer.replies("token", (status, content_type, body.to_string()));
        begin(&peer).await.unwrap().back("code=c1").await.map(|_| ()).unwrap_err()
    };
    let json = "application/json";
    let refused = json!({ "error": "invalid_client", "error_description": "Unknown\u{1b} client" });
    let SignInError::Stopped(reason) = exchange(401, json, refused).await else { panic!("another error") };
    assert_eq!(reason, "Unknown client");
    let SignInError::Stopped(reason) = exchange(400, json, json!({ "error": "invalid_grant" })).await else { panic!() };
    assert_eq!(reason, "invalid_grant");
    for (status, content_type) in [(400, "text/html"), (404, json), (500, json), (503, "text/html"), (302, json)] {
        let error = exchange(status, content_type, json!({ "error": "invalid_grant" })).await;
        assert!(matches!(error, SignInError::Http(HttpError::Unexpected)), "{status} {error:?}");
    }
    assert!(matches!(exchange(200, "text/html", json!({})).await, SignInError::Unexpected));
}

#[tokio::test]
async fn a_server_that_takes_no_sound_proof_is_not_used() {
    let peer = Peer::start().await;
    peer.says("code_challenge_methods_supported", json!(["plain"]));
    assert!(matches!(begin(&peer).await, Err(SignInError::NotPossible)));
    peer.says("code_challenge_methods_supported", json!([]));
    assert!(matches!(begin(&peer).await, Err(SignInError::NotPossible)));
    peer.says("code_challenge_methods_supported", json!(null));
    assert!(begin(&peer).await.is_ok(), "many servers do not say");
    peer.says("authorization_endpoint", json!(null));
    assert!(matches!(begin(&peer).await, Err(SignInError::NotThisWay)), "it may have codes");
    peer.says("token_endpoint", json!(null));
    assert!(matches!(begin(&peer).await, Err(SignInError::Unexpected)));
}

#[tokio::test]
async fn r24_the_scopes_are_the_basic_ones_that_the_server_knows_and_the_options() {
    let peer = Peer::start().await;
    let scopes = async |known: Value, option: &str| {
        peer.says("scopes_supported", known);
        begin_at(&peer, &peer.binding(SERVICE, option)).await.unwrap().page["scope"].clone()
    };
    assert_eq!(scopes(json!(null), "").await, "openid profile email offline_access");
    assert_eq!(scopes(json!(["profile"]), "").await, "openid profile");
    assert_eq!(scopes(json!(["email", "offline_access"]), "shop read").await, "openid email offline_access read shop");
    assert_eq!(scopes(json!([]), "shop").await, "openid shop");
}
