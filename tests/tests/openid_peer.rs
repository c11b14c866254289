// SPDX-License-Identifier: GPL-3.0-or-later
//! The provider for single sign-on against a server that others wrote: oidc-provider, with the demo store behind it.

use serde_json::json;
use usher_core::provider::{Grant, RedirectReceiver, Revoked, SignInError, Step, TokensError};
use usher_tests::IssuerBrowser;

use crate::openid_world::{APP, SOLD, World, is_granted, now, refresh_token, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_code_with_its_proof_gives_tokens_that_the_store_takes() {
    let world = World::open().await;
    let sign_in = world.begin(RedirectReceiver::Embedded).await.expect("a sign-in begins");
    let page = start(&*sign_in);
    assert!(page.contains("code_challenge_method=S256") && page.contains("nonce="), "{page}");
    let redirect = world.browser.redirect_of_sign_in(&page, "demo").await;
    assert!(redirect.contains("iss="), "the issuer says whose answer it is: {redirect}");
    let signed_in = world.finish(sign_in, &redirect).await.expect("the sign-in ends well");
    assert_eq!((signed_in.user.as_deref(), signed_in.valid_until), (Some("demo"), None));
    assert!(refresh_token(&signed_in).is_some());

    assert!(is_granted(&world.grant(&signed_in, APP).await));
    assert_eq!(world.grant(&signed_in, SOLD).await, Ok(Grant::Denied));
    let shop = world.binding.provider.shop().expect("it sells apps");
    let page = shop.begin_purchase(&world.http, &world.binding, &signed_in.credential, SOLD).await.expect("it begins");
    assert!(page.as_str().starts_with(world.store.base_url().as_str()), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_proof_of_the_sign_in_its_code_gives_nothing() {
    let world = World::open().await;
    let [ours, theirs] = [world.begin(RedirectReceiver::Embedded).await, world.begin(RedirectReceiver::Embedded).await]
        .map(|sign_in| sign_in.expect("a sign-in begins"));
    let redirect = world.browser.redirect_of_sign_in(&start(&*theirs), "demo").await;
    // Somebody puts the code of their own sign-in into ours.
    let code = redirect.split(['?', '&']).find(|parameter| parameter.starts_with("code=")).expect("there is a code");
    let Step::Web { redirect: expected, .. } = ours.step() else { panic!("the step is a page") };
    let issuer = world.issuer.address().replace(':', "%3A").replace('/', "%2F");
    let mixed = format!("{}?{code}&state={}&iss={issuer}", expected.uri(), expected.state());
    assert!(matches!(world.finish(ours, &mixed).await, Err(SignInError::Stopped(_))));
    assert_eq!(world.issuer.count_grant("authorization_code"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_replaced_and_its_second_use_ends_the_sign_in() {
    let world = World::open().await;
    let first = world.sign_in().await;
    let second = world.renew(&first).await.expect("the sign-in is renewed");
    assert_ne!(refresh_token(&first), refresh_token(&second));
    assert!(is_granted(&world.grant(&second, APP).await));
    assert_eq!(world.issuer.grants(), 1);

    assert_eq!(world.renew(&first).await.err(), Some(TokensError::Rejected), "it was used before");
    assert_eq!(world.issuer.grants(), 0, "the issuer has seen the second use");
    assert_eq!(world.renew(&second).await.err(), Some(TokensError::Rejected));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_keeps_its_refresh_token_is_renewed_with_it() {
    let world = World::open().await;
    world.issuer.set(&json!({ "rotation": false }));
    let first = world.sign_in().await;
    let second = world.renew(&first).await.expect("the sign-in is renewed");
    assert_eq!(refresh_token(&first), refresh_token(&second));
    let third = world.renew(&second).await.expect("the sign-in is renewed again");
    assert!(is_granted(&world.grant(&third, APP).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_was_ended_at_the_issuer_is_not_renewed() {
    let world = World::open().await;
    let signed_in = world.sign_in().await;
    world.issuer.end_everything();
    assert_eq!(world.renew(&signed_in).await.err(), Some(TokensError::Rejected));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_fails_ends_no_sign_in() {
    let world = World::open().await;
    let signed_in = world.sign_in().await;
    for (status, body) in [
        (503, json!("<h1>Down for maintenance</h1>")),
        (403, json!("<h1>Is this a robot?</h1>")),
        (401, json!({ "error": "invalid_client" })),
        (400, json!({ "error": "temporarily_unavailable" })),
        (200, json!({})),
    ] {
        world.issuer.fail("token", status, &body);
        let failed = world.renew(&signed_in).await.err();
        assert!(!matches!(failed, None | Some(TokensError::Rejected)), "{status} {body}: {failed:?}");
    }
    world.issuer.succeed();
    world.renew(&signed_in).await.expect("it is renewed as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_access_token_says_so_and_a_new_one_is_taken() {
    let world = World::open().await;
    let signed_in = world.sign_in().await;
    assert!(is_granted(&world.grant(&signed_in, APP).await));
    world.store.control().expire_credentials(None).expect("tokens can be ended");
    assert_eq!(world.grant(&signed_in, APP).await, Err(TokensError::Rejected));
    let renewed = world.renew(&signed_in).await.expect("the sign-in is renewed");
    assert!(is_granted(&world.grant(&renewed, APP).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_change_between_sign_in_and_renewal_disturb_nothing() {
    let world = World::open().await;
    let signed_in = world.sign_in().await;
    assert!(is_granted(&world.grant(&signed_in, APP).await));
    world.issuer.rotate_keys();
    let renewed = world.renew(&signed_in).await.expect("the sign-in is renewed");
    assert!(is_granted(&world.grant(&renewed, APP).await), "the store gets the new key");
    // So does the next sign-in.
    assert_eq!(world.sign_in().await.user.as_deref(), Some("demo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_sign_in_at_the_issuer() {
    let world = World::open().await;
    let signed_in = world.sign_in().await;
    assert_eq!(world.issuer.grants(), 1);
    let revoked = world.binding.provider.revoke(world.call(&signed_in)).await.expect("the issuer answers");
    assert_eq!((revoked, world.issuer.count("revocation"), world.issuer.grants()), (Revoked::Ended, 1, 0));
    assert_eq!(world.renew(&signed_in).await.err(), Some(TokensError::Rejected));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_without_revocation_is_not_asked_for_it() {
    let world = World::open().await;
    world.issuer.set(&json!({ "revocation": false }));
    let signed_in = world.sign_in().await;
    let revoked = world.binding.provider.revoke(world.call(&signed_in)).await.expect("nothing is asked");
    assert_eq!((revoked, world.issuer.count("revocation")), (Revoked::NotOffered, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_declines_or_cancels_is_not_signed_in() {
    let world = World::open().await;
    for declines in [true, false] {
        let sign_in = world.begin(RedirectReceiver::Embedded).await.expect("a sign-in begins");
        let page = start(&*sign_in);
        // A new browser, in which nobody is signed in.
        let browser = IssuerBrowser::default();
        let redirect = if declines {
            browser.redirect_of_refusal(&page, "demo").await
        } else {
            browser.redirect_of_cancel(&page).await
        };
        assert!(matches!(world.finish(sign_in, &redirect).await, Err(SignInError::Cancelled)));
    }
    assert_eq!(world.issuer.count("token"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn w20_the_answer_of_another_issuer_is_refused() {
    let world = World::open().await;
    world.issuer.set(&json!({ "redirect_issuer": "https://other.example.org" }));
    let sign_in = world.begin(RedirectReceiver::Embedded).await.expect("a sign-in begins");
    let redirect = world.browser.redirect_of_sign_in(&start(&*sign_in), "demo").await;
    assert!(matches!(world.finish(sign_in, &redirect).await, Err(SignInError::WrongIssuer)));
    assert_eq!(world.issuer.count("token"), 0, "the code goes nowhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_of_another_issuer_is_refused() {
    let world = World::open().await;
    world.issuer.set(&json!({ "claimed_issuer": "https://other.example.org" }));
    let refused = world.begin(RedirectReceiver::Embedded).await.err();
    assert!(matches!(refused, Some(SignInError::WrongIssuer)), "{refused:?}");
    assert_eq!(world.issuer.requests().len(), 1, "nothing else is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_may_be_at_another_host_and_stay_those_of_the_sign_in() {
    let world = World::open().await;
    world.issuer.set(&json!({ "endpoints_elsewhere": true }));
    let signed_in = world.sign_in().await;
    assert!(!signed_in.endpoints.is_empty());
    for (name, address) in &signed_in.endpoints {
        assert!(address.starts_with(world.issuer.elsewhere()), "{name} is {address}");
    }
    // What the issuer says later does not count.
    let asked = world.issuer.count("metadata");
    world.issuer.set(&json!({ "endpoints_elsewhere": false }));
    let renewed = world.renew(&signed_in).await.expect("the sign-in is renewed");
    world.binding.provider.revoke(world.call(&renewed)).await.expect("the sign-in is ended");
    assert_eq!(world.issuer.count("metadata"), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_at_another_host_signs_in_but_has_no_codes_for_us() {
    let world = World::of_two_hosts().await;
    assert!(!world.binding.provider.permissions(&world.binding).is_empty(), "the person reads what the store learns");
    let signed_in = world.sign_in().await;
    assert!(is_granted(&world.grant(&signed_in, APP).await));
    // A code that somebody else asked for looks like one's own (rule R24).
    assert!(matches!(world.begin(RedirectReceiver::Nowhere).await.err(), Some(SignInError::NotThisWay)));
    assert_eq!(world.issuer.count("device_authorization"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_of_oauth_alone_is_enough() {
    let world = World::open().await;
    world.issuer.set(&json!({ "only_oauth_metadata": true }));
    let sign_in = world.begin(RedirectReceiver::Embedded).await.expect("a sign-in begins");
    assert!(!start(&*sign_in).contains("openid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_offline_access_the_account_says_when_it_ends() {
    let world = World::open().await;
    world.issuer.set(&json!({ "offline_access": false, "access_token_seconds": 300 }));
    let signed_in = world.sign_in().await;
    assert_eq!(refresh_token(&signed_in), None);
    let left = signed_in.valid_until.expect("it says when") - now();
    assert!((200..=300).contains(&left), "{left} s are left");
    assert!(!world.binding.provider.is_renewable(&signed_in.credential));
    assert!(is_granted(&world.grant(&signed_in, APP).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_off_is_said_and_no_account_is_made() {
    let world = World::open().await;
    let day = 24 * 60 * 60;
    for offset in [day, -day] {
        world.issuer.set(&json!({ "clock_offset": offset }));
        let sign_in = world.begin(RedirectReceiver::Embedded).await.expect("a sign-in begins");
        let redirect = IssuerBrowser::default().redirect_of_sign_in(&start(&*sign_in), "demo").await;
        let refused = world.finish(sign_in, &redirect).await.err();
        assert!(matches!(refused, Some(SignInError::ClockOff)), "{offset} s: {refused:?}");
    }
}
