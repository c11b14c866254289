// SPDX-License-Identifier: GPL-3.0-or-later
//! Servers that answer nonsense.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Peer, SERVICE, begin, http, id_token};
use crate::{
    credential::{Credential, Token},
    provider::{Protocol, RenewCall, oauth2::OAuth2},
};

/// JSON of any kind, or no JSON at all.
fn nonsense() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("access_token".to_owned()),
        Just("token_type".to_owned()),
        Just("refresh_token".to_owned()),
        Just("id_token".to_owned()),
        Just("expires_in".to_owned()),
        Just("scope".to_owned()),
        Just("error".to_owned()),
        Just("error_description".to_owned()),
        Just("keys".to_owned()),
        Just("sub".to_owned()),
        Just("exp".to_owned()),
        ".{0,6}",
    ];
    let value = leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    prop_oneof![value.prop_map(|value| value.to_string()), ".{0,40}"]
}

fn statuses() -> impl Strategy<Value = u16> {
    prop_oneof![Just(200), Just(400), Just(401), Just(403), 200u16..600]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nonsense_never_panics_and_never_gives_an_account(
        status in statuses(),
        is_json in any::<bool>(),
        body in nonsense(),
        query in "(code=[a-z%&=]{0,12}|error=[a-z_]{0,12}|[ -~]{0,20})",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let content_type = if is_json { "application/json" } else { "text/plain" };
        let (sign_in, renewed) = runtime.block_on(async {
            let peer = Peer::start().await;
            for place in ["token", "device", "revoke"] {
                peer.replies(place, (status, content_type, body.clone()));
            }
            let begun = begin(&peer).await.unwrap();
            // Some of these are no redirects at all.
            let sign_in = begun.try_back(&query).await;
            let (binding, access) = (peer.binding(SERVICE, ""), Token::parse("a1").unwrap());
            let refresh = Some("r1".to_owned().try_into().unwrap());
            let credential = Credential::OAuth2 { access, refresh, ends: None };
            let endpoints = ["token", "revocation"].map(|name| (name.to_owned(), peer.at("token"))).into();
            let call = RenewCall { http: &http(), binding: &binding, credential: &credential, endpoints: &endpoints };
            let _ = OAuth2.revoke(call).await;
            (sign_in, OAuth2.renew(call).await)
        });
        prop_assert!(sign_in.is_none_or(|sign_in| sign_in.is_err()), "nobody signed anything");
        if let Ok(renewed) = renewed {
            let said: Value = serde_json::from_str(&body).unwrap();
            prop_assert_eq!(renewed.bearer().map(Token::expose), said["access_token"].as_str());
            prop_assert!(is_json && status < 300);
        }
    }

    #[test]
    fn nonsense_about_a_person_signs_nobody_in(claims in nonsense(), keys in nonsense(), are_keys_sound in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let peer = Peer::start().await;
            let begun = begin(&peer).await.unwrap();
            let claims = serde_json::from_str(&claims).unwrap_or_default();
            let word = if are_keys_sound { claims } else { peer.claims(Some(begun.nonce()), json!({})) };
            peer.answers("token", &peer.tokens(None, json!({ "id_token": id_token(1, &word) })));
            if !are_keys_sound {
                peer.forgets("keys");
                peer.replies("keys", (200, "application/json", keys));
            }
            assert!(begun.back("code=c1").await.is_err());
        });
    }

    #[test]
    fn nonsense_about_itself_makes_no_server(status in statuses(), body in nonsense(), issuer in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let peer = Peer::start().await;
            let body = if issuer { json!({ "issuer": peer.issuer, "token_endpoint": body }).to_string() } else { body };
            peer.replies(".well-known/openid-configuration", (status, "application/json", body));
            assert!(begin(&peer).await.is_err());
        });
    }
}
