// SPDX-License-Identifier: GPL-3.0-or-later
//! What a server says about itself.

use serde_json::{Value, json};

use super::{Peer, begin, sign_in};
use crate::{
    http::HttpError,
    provider::{
        SignInError,
        oauth2::metadata::{discover, endpoint},
    },
};

const OPENID: &str = ".well-known/openid-configuration";

#[tokio::test]
async fn metadata_of_two_hosts_is_taken_from_the_issuer_itself() {
    let (peer, other) = (Peer::start().await, Peer::start().await);
    for (name, place) in [("token_endpoint", "token"), ("revocation_endpoint", "revoke"), ("jwks_uri", "keys")] {
        peer.says(name, json!(other.at(place)));
    }
    let begun = begin(&peer).await.unwrap();
    other.answers("token", &peer.tokens(Some(begun.nonce()), json!({})));
    let signed_in = begun.back("code=c1").await.unwrap();
    assert_eq!(signed_in.endpoints["token"], other.at("token"));
    assert_eq!(signed_in.endpoints["revocation"], other.at("revoke"));
    assert_eq!(signed_in.endpoints["userinfo"], peer.at("userinfo"));
    assert_eq!((other.asked("token").len(), peer.asked("token").len()), (1, 0));
}

#[tokio::test]
async fn metadata_that_names_another_issuer_is_refused() {
    let peer = Peer::start().await;
    for other in ["https://evil.example".to_owned(), format!("{}/", peer.issuer), peer.issuer.to_uppercase()] {
        peer.says("issuer", json!(other));
        assert!(matches!(begin(&peer).await, Err(SignInError::WrongIssuer)), "{other}");
    }
    for none in [json!(null), json!(7)] {
        peer.says("issuer", none);
        assert!(matches!(begin(&peer).await, Err(SignInError::Unexpected)));
    }
}

#[tokio::test]
async fn addresses_that_are_not_secure_are_refused() {
    let peer = Peer::start().await;
    for name in ["authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint", "userinfo_endpoint"] {
        peer.says(name, json!("http://id.example.org/x"));
        assert!(matches!(begin(&peer).await, Err(SignInError::Unexpected)), "{name}");
        peer.says(name, json!(peer.at("x")));
    }
    for (address, is_sound) in [
        ("https://id.example.org/token?tenant=1", true),
        ("http://127.0.0.1:7/token", true),
        ("http://localhost:7/token", false),
        ("http://10.0.0.1/token", false),
        ("ftp://id.example.org/", false),
        ("javascript:alert(1)", false),
        ("https://user@id.example.org/", false),
        ("https://user:word@id.example.org/", false),
        ("https://id.example.org/#fragment", false),
        ("https://id.example.org\\@evil.example/", false),
        ("https://id.example.org/a b", false),
        ("https://éxample.org/", false),
        ("//id.example.org/", false),
        ("", false),
    ] {
        assert_eq!(endpoint(address).is_ok(), is_sound, "{address}");
    }
    assert!(endpoint(&format!("https://id.example.org/{}", "a".repeat(4096))).is_err());
}

/// A server that does not speak OpenID.
async fn plain(said: Value) -> Peer {
    let peer = Peer::start().await;
    let mut metadata = json!({
        "issuer": peer.issuer,
        "authorization_endpoint": peer.at("authorize"),
        "token_endpoint": peer.at("token"),
        "jwks_uri": peer.at("keys"),
    });
    metadata.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    peer.replies(OPENID, (404, "text/html", "<html>".to_owned()));
    peer.answers("/.well-known/oauth-authorization-server/realm", &metadata);
    peer
}

#[tokio::test]
async fn a_server_without_openid_signs_in_a_person_without_a_name() {
    let peer = plain(json!({})).await;
    let begun = begin(&peer).await.unwrap();
    assert_eq!((begun.page.get("scope"), begun.page.get("prompt")), (None, None));
    let signed_in = sign_in(&peer, json!({ "id_token": null }), None).await.unwrap();
    assert_eq!(signed_in.user, None);
    assert!(peer.asked("keys").is_empty() && peer.asked("userinfo").is_empty());

    let peer = plain(json!({ "scopes_supported": ["offline_access", "other"] })).await;
    assert_eq!(begin(&peer).await.unwrap().page["scope"], "offline_access");
}

#[tokio::test]
async fn what_is_no_metadata_is_looked_over_and_trouble_is_not() {
    let peer = Peer::start().await;
    let found = async |answer: (u16, &'static str, &str)| {
        peer.forgets(OPENID);
        peer.replies(OPENID, (answer.0, answer.1, answer.2.to_owned()));
        let _ = peer.asked("/.well-known/oauth-authorization-server/realm");
        let found = discover(&super::http(), &peer.issuer).await;
        (found.unwrap_err(), peer.asked("/.well-known/oauth-authorization-server/realm").len())
    };
    for answer in [
        (404, "text/html", "<html>"),
        (401, "application/json", "{}"),
        (200, "text/html", "<html>"),
        (200, "application/json", "[]"),
        (200, "application/json", "{}"),
        (302, "text/html", ""),
    ] {
        assert!(matches!(found(answer).await, (SignInError::Unexpected, 1)), "{answer:?}");
    }
    let (error, asked) = found((503, "text/html", "<html>")).await;
    assert!(matches!(error, SignInError::Http(HttpError::Unexpected)) && asked == 0, "{error:?}");
}
