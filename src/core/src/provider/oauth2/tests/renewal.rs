// SPDX-License-Identifier: GPL-3.0-or-later
//! New tokens, and the end of a sign-in.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{Peer, SERVICE, http};
use crate::{
    clock,
    credential::{Credential, Secret, Token},
    http::HttpError,
    provider::{Endpoints, Protocol, RenewCall, Revoked, TokensError, oauth2::OAuth2},
};

fn credential(access: &str, refresh: Option<&str>, ends: Option<i64>) -> Credential {
    let refresh = refresh.map(|refresh| Secret::try_from(refresh.to_owned()).unwrap());
    Credential::OAuth2 { access: Token::parse(access).unwrap(), refresh, ends }
}

fn endpoints(peer: &Peer) -> Endpoints {
    let found = [("token", "token"), ("revocation", "revoke")];
    BTreeMap::from(found.map(|(name, place)| (name.to_owned(), peer.at(place))))
}

async fn renew(peer: &Peer, credential: &Credential) -> Result<Credential, TokensError> {
    let (binding, endpoints) = (peer.binding(SERVICE, ""), endpoints(peer));
    OAuth2.renew(RenewCall { http: &http(), binding: &binding, credential, endpoints: &endpoints }).await
}

async fn revoke(peer: &Peer, credential: &Credential) -> Result<Revoked, HttpError> {
    let (binding, endpoints) = (peer.binding(SERVICE, ""), endpoints(peer));
    OAuth2.revoke(RenewCall { http: &http(), binding: &binding, credential, endpoints: &endpoints }).await
}

#[test]
fn a_token_is_renewed_before_it_ends_but_a_fresh_one_never_is() {
    let jwt = |life: i64| {
        let payload = json!({ "iat": 1000, "exp": 1000 + life }).to_string();
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    };
    let lapses = |access: &str, left: i64| OAuth2.lapses(&credential(access, Some("r"), Some(5000 + left)), 5000);
    for (access, left, expected) in [
        ("opaque", 3600, false),
        ("opaque", 30, false),
        ("opaque", 10, true),
        ("opaque", -1, true),
        (&jwt(3600), 61, false),
        (&jwt(3600), 60, true),
        (&jwt(30), 30, false),
        (&jwt(30), 16, false),
        (&jwt(30), 15, true),
        (&jwt(0), 1, false),
    ] {
        assert_eq!(lapses(access, left), expected, "{left} s of {access}");
    }
    assert!(!OAuth2.lapses(&credential("opaque", Some("r"), None), 5000), "the server says when");
    assert!(OAuth2.lapses(&credential("opaque", None, Some(i64::MIN)), i64::MAX));
    assert!(
        OAuth2.is_renewable(&credential("a", Some("r"), None)) && !OAuth2.is_renewable(&credential("a", None, None))
    );
}

#[tokio::test]
async fn a_refresh_token_gets_another_access_token_and_may_be_replaced_itself() {
    let peer = Peer::start().await;
    peer.answers("token", &json!({ "access_token": "a2", "token_type": "bearer", "expires_in": 600 }));
    peer.answers(
        "token",
        &json!({ "access_token": "a3", "token_type": "Bearer", "refresh_token": "r2", "id_token": "x" }),
    );
    let now = clock::now();
    let kept = renew(&peer, &credential("a1", Some("r1"), Some(now))).await.unwrap();
    let Credential::OAuth2 { access, refresh: Some(refresh), ends: Some(ends) } = &kept else {
        panic!("not renewable")
    };
    assert_eq!((access.expose(), refresh.expose()), ("a2", "r1"), "without another it stays good");
    assert!(*ends >= now + 600 && !OAuth2.lapses(&kept, now));
    let replaced = renew(&peer, &kept).await.unwrap();
    assert_eq!(replaced, credential("a3", Some("r2"), None));
    for (fields, refresh) in peer.asked("token").iter().zip(["r1", "r1"]) {
        let expected = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            ("client_id", "usher"),
            ("resource", SERVICE),
        ];
        assert_eq!(*fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }
}

#[tokio::test]
async fn only_the_servers_word_about_the_refresh_token_ends_a_sign_in() {
    let peer = Peer::start().await;
    let json = "application/json";
    for (status, content_type, body, expected) in [
        // It ended, it is lost, or somebody used it a second time after it was replaced.
        (400, json, "{\"error\":\"invalid_grant\"}", TokensError::Rejected),
        (401, json, "{\"error\":\"invalid_grant\"}", TokensError::Rejected),
        (400, json, "{\"error\":\"invalid_client\"}", TokensError::Unexpected),
        (401, json, "{\"error\":\"invalid_client\"}", TokensError::Unexpected),
        (400, json, "{\"error\":\"unauthorized_client\"}", TokensError::Unexpected),
        (400, json, "{\"error\":\"invalid_target\"}", TokensError::Unexpected),
        (400, json, "{}", TokensError::Unexpected),
        (400, "text/html", "{\"error\":\"invalid_grant\"}", HttpError::Unexpected.into()),
        (403, "text/html", "<html>Just a moment…", HttpError::Unexpected.into()),
        (429, json, "{\"error\":\"invalid_grant\"}", HttpError::Unexpected.into()),
        (500, json, "{\"error\":\"invalid_grant\"}", HttpError::Unexpected.into()),
        (302, json, "{\"error\":\"invalid_grant\"}", HttpError::Unexpected.into()),
        (200, "text/html", "<html>", TokensError::Unexpected),
        (200, json, "{\"error\":\"invalid_grant\"}", TokensError::Unexpected),
        (200, json, "{\"access_token\":\"a b\",\"token_type\":\"Bearer\"}", TokensError::Unexpected),
    ] {
        peer.forgets("token");
        peer.replies("token", (status, content_type, body.to_owned()));
        assert_eq!(renew(&peer, &credential("a1", Some("r1"), None)).await, Err(expected), "{status} {body}");
    }
    let asked = peer.asked("token").len();
    assert_eq!(renew(&peer, &credential("a1", None, None)).await, Err(TokensError::Ended));
    assert_eq!((asked, peer.asked("token").len()), (15, 0), "nobody was asked");
}

#[tokio::test]
async fn r1_tokens_go_to_the_addresses_that_the_sign_in_found_and_nowhere_else() {
    let peer = Peer::start().await;
    let (binding, credential) = (peer.binding(SERVICE, ""), credential("a1", Some("r1"), None));
    for address in [None, Some("http://id.example.org/token"), Some("nonsense")] {
        let address = address.map(str::to_owned);
        let endpoints: Endpoints =
            ["token", "revocation"].into_iter().filter_map(|name| Some((name.to_owned(), address.clone()?))).collect();
        let call = RenewCall { http: &http(), binding: &binding, credential: &credential, endpoints: &endpoints };
        assert_eq!(OAuth2.renew(call).await, Err(TokensError::Unexpected));
        assert_eq!(OAuth2.revoke(call).await, Ok(Revoked::NotOffered));
    }
    assert!(peer.asked("token").is_empty() && peer.asked("revoke").is_empty());
}

#[tokio::test]
async fn signing_out_ends_the_refresh_token_or_else_the_access_token() {
    let peer = Peer::start().await;
    peer.replies("revoke", (200, "text/plain", String::new()));
    for (refresh, sent) in [(Some("r1"), ["r1", "refresh_token"]), (None, ["a1", "access_token"])] {
        assert_eq!(revoke(&peer, &credential("a1", refresh, None)).await, Ok(Revoked::Ended));
        let fields = peer.asked("revoke").remove(0);
        let expected = [("client_id", "usher"), ("token", sent[0]), ("token_type_hint", sent[1])];
        assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }
    let json = "application/json";
    for (status, content_type, body, expected) in [
        (204, json, "", Ok(Revoked::Ended)),
        (200, "text/html", "<html>", Ok(Revoked::Ended)),
        (400, json, "{\"error\":\"unsupported_token_type\"}", Ok(Revoked::NotOffered)),
        (400, json, "{\"error\":\"invalid_client\"}", Err(HttpError::Unexpected)),
        (503, "text/html", "<html>", Err(HttpError::Unexpected)),
        (302, json, "", Err(HttpError::Unexpected)),
    ] {
        peer.forgets("revoke");
        peer.replies("revoke", (status, content_type, body.to_owned()));
        assert_eq!(revoke(&peer, &credential("a1", Some("r1"), None)).await, expected, "{status} {body}");
    }
}
