// SPDX-License-Identifier: GPL-3.0-or-later
//! A code on another device.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};

use super::{Peer, SERVICE, http};
use crate::{
    clock,
    patience::within,
    provider::{
        Beginning, Progress, Protocol, RedirectReceiver, SignIn, SignInError, SignedIn, Step, StepAnswer,
        oauth2::{OAuth2, device::DeviceSignIn, server::Server},
    },
};

fn code(peer: &Peer, more: &Value) -> Value {
    let mut code = json!({
        "device_code": "device-1",
        "user_code": "WDJB-MJHT",
        "verification_uri": peer.at("device-page"),
        "verification_uri_complete": peer.at("device-page?user_code=WDJB-MJHT"),
        "expires_in": 600,
        "interval": 5,
    });
    for (name, value) in more.as_object().unwrap().clone() {
        code[name] = value;
    }
    code
}

async fn begin(peer: &Peer, service: &str, is_typed: bool) -> Result<Box<dyn SignIn>, SignInError> {
    let binding = peer.binding(service, "");
    let receiver = RedirectReceiver::Nowhere;
    OAuth2.begin(&http(), Beginning { binding: &binding, receiver, samples: &[], is_typed }).await
}

/// Polls without waiting. Gives the outcome, and the waits in seconds.
async fn poll(peer: &Peer) -> (Result<SignedIn, SignInError>, Vec<u64>) {
    let waits = Arc::<Mutex<Vec<u64>>>::default();
    let server = Server::discover(&http(), &peer.binding(SERVICE, "")).await.unwrap();
    let device = DeviceSignIn::begin(&http(), server).await.unwrap();
    let seen = waits.clone();
    let sleep = move |time: Duration| {
        seen.lock().unwrap().push(time.as_secs());
        std::future::ready(())
    };
    let outcome = device.poll(&http(), sleep).await.map(|progress| match progress {
        Progress::Done(signed_in) => signed_in,
        Progress::Next(_) => panic!("another step"),
    });
    let waits = waits.lock().unwrap().clone();
    (outcome, waits)
}

#[tokio::test]
async fn a_code_is_shown_with_its_page_and_its_end() {
    let peer = Peer::start().await;
    peer.answers("device", &code(&peer, &json!({})));
    let now = clock::now();
    let sign_in = begin(&peer, SERVICE, true).await.unwrap();
    let Step::Code { page, filled_in, code, ends } = sign_in.step() else { panic!("another step") };
    assert_eq!((page.as_str(), code), (peer.at("device-page").as_str(), "WDJB-MJHT"));
    assert_eq!(filled_in.unwrap().as_str(), peer.at("device-page?user_code=WDJB-MJHT"));
    assert!((now + 600..=clock::now() + 600).contains(&ends));
    let fields = peer.asked("device").remove(0);
    let scope = "openid profile email offline_access";
    let expected = [("client_id", "usher"), ("scope", scope), ("resource", SERVICE)];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert!(matches!(sign_in.answer(&http(), StepAnswer::Fields(Vec::new())).await, Err(SignInError::NoCredential)));
}

#[tokio::test]
async fn r24_no_code_is_asked_for_where_a_stranger_could_have_put_the_pair_together() {
    let peer = Peer::start().await;
    peer.answers("device", &code(&peer, &json!({})));
    assert!(matches!(begin(&peer, SERVICE, false).await, Err(SignInError::NotThisWay)));
    assert!(peer.asked("device").is_empty() && peer.asked(".well-known/openid-configuration").is_empty());
    assert!(begin(&peer, "http://127.0.0.1:7/shop", false).await.is_ok(), "of one host");
    peer.says("device_authorization_endpoint", json!(null));
    assert!(matches!(begin(&peer, SERVICE, true).await, Err(SignInError::NotThisWay)));
}

#[tokio::test]
async fn a_code_that_cannot_be_shown_or_leads_astray_is_refused() {
    let peer = Peer::start().await;
    for odd in [
        json!({ "user_code": "" }),
        json!({ "user_code": "A\u{202e}B" }),
        json!({ "user_code": "A".repeat(33) }),
        json!({ "verification_uri": "http://id.example.org/device" }),
        json!({ "verification_uri": "javascript:alert(1)" }),
        json!({ "interval": u64::MAX }),
    ] {
        peer.forgets("device");
        peer.answers("device", &code(&peer, &odd));
        assert!(matches!(begin(&peer, SERVICE, true).await, Err(SignInError::Unexpected)), "{odd}");
    }
    peer.forgets("device");
    let long = json!({ "expires_in": u64::MAX, "verification_uri_complete": "https://evil.example/?user_code=A" });
    peer.answers("device", &code(&peer, &long));
    let sign_in = begin(&peer, SERVICE, true).await.unwrap();
    let Step::Code { filled_in, ends, .. } = sign_in.step() else { panic!("another step") };
    assert_eq!(filled_in, None, "it is at another host than the page");
    assert!(ends <= clock::now() + 15 * 60);
    peer.forgets("device");
    peer.refuses("device", "unauthorized_client");
    assert!(matches!(begin(&peer, SERVICE, true).await, Err(SignInError::Stopped(_))));
}

#[tokio::test]
async fn asking_goes_on_slower_if_the_server_wants_it_until_the_code_was_typed() {
    let peer = Peer::start().await;
    peer.answers("device", &code(&peer, &json!({ "interval": null })));
    peer.refuses("token", "authorization_pending");
    peer.refuses("token", "slow_down");
    peer.replies("token", (503, "text/html", "<html>".to_owned()));
    peer.refuses("token", "authorization_pending");
    peer.answers("token", &peer.tokens(None, json!({})));
    let (outcome, waits) = poll(&peer).await;
    assert_eq!(outcome.unwrap().user.as_deref(), Some("demo"));
    assert_eq!(waits, [5, 5, 10, 20, 20]);
    let fields = peer.asked("token").remove(4);
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let expected = [("client_id", "usher"), ("device_code", "device-1"), ("grant_type", grant), ("resource", SERVICE)];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_asked_less_often() {
    let peer = Peer::start().await;
    peer.answers("device", &code(&peer, &json!({ "interval": 0 })));
    for _ in 0..8 {
        peer.replies("token", (502, "text/html", "<html>".to_owned()));
    }
    peer.answers("token", &peer.tokens(None, json!({ "id_token": null })));
    peer.answers("userinfo", &json!({ "sub": "7", "preferred_username": "demo" }));
    let (outcome, waits) = poll(&peer).await;
    assert_eq!(outcome.unwrap().user.as_deref(), Some("demo"), "the grant promises no signed word");
    assert!(waits.iter().all(|wait| (1..=30).contains(wait)), "{waits:?}");
}

#[tokio::test]
async fn a_code_that_ended_or_was_declined_says_so() {
    let peer = Peer::start().await;
    let poll_after = async |error: &str| {
        peer.forgets("token");
        peer.refuses("token", error);
        poll(&peer).await.0.unwrap_err()
    };
    peer.answers("device", &code(&peer, &json!({})));
    assert!(matches!(poll_after("expired_token").await, SignInError::CodeEnded));
    assert!(matches!(poll_after("invalid_grant").await, SignInError::CodeEnded));
    assert!(matches!(poll_after("access_denied").await, SignInError::Declined));
    let SignInError::Stopped(reason) = poll_after("invalid_client").await else { panic!("another error") };
    assert_eq!(reason, "invalid_client");
    peer.forgets("device");
    peer.answers("device", &code(&peer, &json!({ "expires_in": 0 })));
    let error = poll_after("authorization_pending").await;
    assert!(matches!(error, SignInError::CodeEnded), "{error:?}");
}

#[tokio::test]
async fn who_stops_waiting_stops_the_asking_and_can_get_another_code() {
    let peer = Peer::start().await;
    peer.answers("device", &code(&peer, &json!({ "interval": 1 })));
    peer.refuses("token", "authorization_pending");
    let sign_in = begin(&peer, SERVICE, true).await.unwrap();
    let http = http();
    let mut asking = Box::pin(sign_in.answer(&http, StepAnswer::Poll));
    while peer.asked("token").is_empty() {
        let a_while = within(Duration::from_millis(50), &mut asking).await;
        assert!(a_while.is_err(), "it ended by itself");
    }
    drop(asking);
    let _ = peer.asked("token");
    peer.forgets("device");
    peer.answers("device", &code(&peer, &json!({ "user_code": "AAAA-BBBB" })));
    let again = begin(&peer, SERVICE, true).await.unwrap();
    assert!(matches!(again.step(), Step::Code { code: "AAAA-BBBB", .. }));
    assert!(peer.asked("token").is_empty());
}
