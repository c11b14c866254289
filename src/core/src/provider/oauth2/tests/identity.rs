// SPDX-License-Identifier: GPL-3.0-or-later
//! Who signed in.

use serde_json::{Value, json};

use super::{
    Peer, begin,
    server::{id_token, keys},
    sign_in,
};
use crate::{clock, provider::SignInError};

/// The person's name, or why nobody is signed in, with these claims in place of the usual.
async fn user(peer: &Peer, claims: Value) -> Result<Option<String>, SignInError> {
    sign_in(peer, json!({}), Some(claims)).await.map(|signed_in| signed_in.user)
}

#[tokio::test]
async fn the_signed_word_names_the_person() {
    let peer = Peer::start().await;
    for (claims, name) in [
        (json!({ "preferred_username": "demo", "email": "d@example.org", "name": "Demo" }), "demo"),
        (json!({ "preferred_username": "", "email": "d@example.org", "name": "Demo" }), "d@example.org"),
        (json!({ "email": "d@example.org", "email_verified": "true" }), "d@example.org"),
        (json!({ "name": "Demo", "updated_at": "2026-01-01T00:00:00Z" }), "Demo"),
        (json!({ "preferred_username": "de\u{202e}mo\u{1b}[0m\n" }), "demo [0m"),
    ] {
        assert_eq!(user(&peer, claims).await.unwrap().as_deref(), Some(name));
    }
    assert!(peer.asked("userinfo").is_empty());
    assert_eq!(user(&peer, json!({})).await.unwrap(), None, "nor does it answer the question");
}

#[tokio::test]
async fn a_server_whose_word_names_nobody_is_asked_about_the_same_person() {
    let peer = Peer::start().await;
    for (answer, name) in [
        (json!({ "sub": "7", "preferred_username": "demo" }), Some("demo")),
        (json!({ "sub": "8", "preferred_username": "mallory" }), None),
        (json!({ "preferred_username": "mallory" }), None),
        (json!({ "sub": "7" }), None),
    ] {
        peer.forgets("userinfo");
        peer.answers("userinfo", &answer);
        assert_eq!(user(&peer, json!({})).await.unwrap().as_deref(), name, "{answer}");
        assert_eq!(peer.asked("userinfo")[0]["Authorization"], "Bearer access-1");
    }
}

#[tokio::test]
async fn a_word_that_is_not_about_this_sign_in_signs_nobody_in() {
    let peer = Peer::start().await;
    for claims in [
        json!({ "nonce": "other" }),
        json!({ "nonce": null }),
        json!({ "aud": "other" }),
        json!({ "aud": ["usher", "other"] }),
        json!({ "aud": null }),
        json!({ "sub": null }),
        json!({ "at_hash": "AAAA" }),
    ] {
        let answer = user(&peer, claims.clone()).await;
        assert!(matches!(answer, Err(SignInError::Unexpected)), "{claims} {answer:?}");
    }
    let answer = user(&peer, json!({ "iss": "https://evil.example" })).await;
    assert!(matches!(answer, Err(SignInError::WrongIssuer)), "{answer:?}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_from_a_false_word() {
    let peer = Peer::start().await;
    let now = clock::now();
    for claims in [json!({ "exp": now - 1, "iat": now - 301 }), json!({ "iat": now + 3600, "exp": now + 3900 })] {
        let answer = user(&peer, claims.clone()).await;
        assert!(matches!(answer, Err(SignInError::ClockOff)), "{claims} {answer:?}");
    }
    let slightly = json!({ "iat": now + 60, "exp": now + 360, "name": "Demo" });
    assert_eq!(user(&peer, slightly).await.unwrap().as_deref(), Some("Demo"));
}

/// Signs in with a word of this form.
async fn with_word(peer: &Peer, word: impl Fn(&Value) -> String) -> Result<(), SignInError> {
    let begun = begin(peer).await?;
    let claims = peer.claims(Some(begun.nonce()), json!({ "name": "Demo" }));
    peer.forgets("token");
    peer.answers("token", &peer.tokens(None, json!({ "id_token": word(&claims) })));
    begun.back("code=c1").await.map(|_| ())
}

#[tokio::test]
async fn only_a_signature_with_the_servers_key_counts() {
    let peer = Peer::start().await;
    let with_header = |header: Value, claims: &Value| {
        let word = id_token(1, claims);
        let (_, rest) = word.split_once('.').unwrap();
        format!("{}.{rest}", super::server::encode(&header))
    };
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "HS256", "kid": "key-1" }),
        json!({ "alg": "RS256", "kid": "key-1" }),
        json!({ "alg": "EdDSA", "kid": "key-1" }),
        json!({ "alg": "EdDSA", "kid": "key-9" }),
        json!({ "alg": "EdDSA", "kid": "key-1", "crit": ["b64"] }),
    ] {
        let answer = with_word(&peer, |claims| with_header(header.clone(), claims)).await;
        assert!(matches!(answer, Err(SignInError::Unexpected)), "{header} {answer:?}");
    }
    let unsigned = with_word(&peer, |claims| {
        let word = with_header(json!({ "alg": "none" }), claims);
        word[..=word.rfind('.').unwrap()].to_owned()
    });
    assert!(matches!(unsigned.await, Err(SignInError::Unexpected)));
    assert!(with_word(&peer, |claims| id_token(1, claims)).await.is_ok());
}

#[tokio::test]
async fn keys_that_rotated_are_fetched_once_more() {
    let peer = Peer::start().await;
    peer.forgets("keys");
    peer.answers("keys", &keys(1));
    peer.answers("keys", &keys(2));
    with_word(&peer, |claims| id_token(2, claims)).await.unwrap();
    assert_eq!(peer.asked("keys").len(), 2);

    let unknown = with_word(&peer, |claims| id_token(3, claims)).await;
    assert!(matches!(unknown, Err(SignInError::Unexpected)), "{unknown:?}");
    assert_eq!(peer.asked("keys").len(), 2, "once more, and no more");
    peer.forgets("keys");
    assert!(matches!(with_word(&peer, |claims| id_token(2, claims)).await, Err(SignInError::Http(_))));
}
