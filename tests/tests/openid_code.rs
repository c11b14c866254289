// SPDX-License-Identifier: GPL-3.0-or-later
//! Codes for another device, at a server that others wrote.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use usher_core::provider::{RedirectReceiver, SignIn, SignInError, Step, StepAnswer};
use usher_tests::LIMIT;

use crate::openid_world::{APP, DEVICE, World, done, is_granted, now};

/// A code for another device: its page, and the code.
fn code(sign_in: &dyn SignIn) -> (String, String) {
    let Step::Code { page, filled_in, code, ends } = sign_in.step() else { panic!("the step is a code") };
    assert!(filled_in.is_some_and(|page| page.as_str().contains(code)), "the code can be filled in");
    assert!(ends > now());
    (page.to_string(), code.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_typed_on_another_device_signs_in() {
    let world = World::open().await;
    let sign_in = world.begin(RedirectReceiver::Nowhere).await.expect("there is a code");
    let (page, code) = code(&*sign_in);
    let (signed_in, ()) = tokio::join!(
        timeout(LIMIT, sign_in.answer(&world.http, StepAnswer::Poll)),
        world.browser.enter_code(&page, &code, "demo")
    );
    let signed_in = done(signed_in.expect("the code is noticed in time")).expect("the sign-in ends well");
    assert_eq!(signed_in.user.as_deref(), Some("demo"));
    assert!(is_granted(&world.grant(&signed_in, APP).await));
    world.renew(&signed_in).await.expect("such a sign-in is renewed as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_declined_signs_nobody_in() {
    let world = World::open().await;
    let sign_in = world.begin(RedirectReceiver::Nowhere).await.expect("there is a code");
    let (page, code) = code(&*sign_in);
    world.browser.decline_code(&page, &code).await;
    let polled = timeout(LIMIT, sign_in.answer(&world.http, StepAnswer::Poll)).await.expect("it is noticed in time");
    assert!(matches!(done(polled), Err(SignInError::Declined)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_types_ends() {
    let world = World::open().await;
    world.issuer.set(&json!({ "device_code_seconds": 8 }));
    let sign_in = world.begin(RedirectReceiver::Nowhere).await.expect("there is a code");
    let polled = timeout(LIMIT, sign_in.answer(&world.http, StepAnswer::Poll)).await.expect("it ends in time");
    assert!(matches!(done(polled), Err(SignInError::CodeEnded)));
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_stops_when_nobody_waits_any_more() {
    let world = World::open().await;
    let sign_in = world.begin(RedirectReceiver::Nowhere).await.expect("there is a code");
    let mut polling = Box::pin(sign_in.answer(&world.http, StepAnswer::Poll));
    let asked = usher_tests::wait_until("a question", async || world.issuer.count_grant(DEVICE) > 0);
    tokio::select! {
        _ = &mut polling => panic!("nobody types the code"),
        () = asked => {}
    }
    drop(polling);
    let asked = world.issuer.count_grant(DEVICE);
    // The server says nothing of an interval, so the next question would come after 5 s.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(world.issuer.count_grant(DEVICE), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_without_codes_says_so() {
    let world = World::open().await;
    world.issuer.set(&json!({ "device": false }));
    assert!(matches!(world.begin(RedirectReceiver::Nowhere).await.err(), Some(SignInError::NotThisWay)));
    assert_eq!(world.issuer.count("device_authorization"), 0);
}
