// SPDX-License-Identifier: GPL-3.0-or-later
//! Who fetches the list of what a private repository has asks the installed daemon for a token: flatpak has no call for
//! that yet, so a client of our own does.

use usher_demo_store::{Failure, Reply, Route};
use usher_tests::{AUTHENTICATOR, Client, KeyringState, ListingCall, Session, Setup, Story, WINDOW, wait_for};

const CALL: &str = "/api/v1/get_listing_token";

/// The status of the repository's summary, fetched as flatpak would.
async fn summary(session: &Session, token: Option<&str>) -> u16 {
    let url = format!("{}/summary", session.shop().repository_url().as_str().trim_end_matches('/'));
    // Another test of this process may have chosen the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
    let request = token.into_iter().fold(http.get(url), reqwest::RequestBuilder::bearer_auth);
    request.send().await.expect("the shop answers").status().as_u16()
}

/// A session whose shop lists nothing without a sign-in.
async fn private(setup: Setup) -> Session {
    let session = Session::start(setup).await;
    session.shop().control().keep_listing_private(true);
    session
}

fn calls(session: &Session) -> usize {
    session.requests_for(CALL).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_the_listing_of_a_private_repository() {
    let session = private(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let mut client = Client::new(&session).await;
    let response = client.listing(&ListingCall::of(&session)).await;
    let token = response.token.expect("there is a token");
    assert_eq!((response.code, response.sent_to), (0, Some(client.unique_name())));
    assert_eq!((summary(&session, None).await, summary(&session, Some(&token)).await), (401, 200));
    assert_eq!(calls(&session), 1);

    // It is the account's, and no download token: an install takes the other way, as ever.
    let refs = client.request(&session).await;
    assert_eq!((refs.code, refs.tokens.contains_key(&token), refs.token), (0, false, None));
    assert!(!session.started_names().await.contains(WINDOW), "nobody is asked");
    assert_eq!(session.leaks(), []);

    session.usherctl(&["sign-out", &session.host()]).await.expect_success();
    let response = client.listing(&ListingCall::of(&session)).await;
    assert_eq!((response.code, response.token.as_deref(), calls(&session)), (0, Some(""), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_gets_an_empty_token_at_once_and_a_window_that_says_why() {
    let story = Story::begin("60-listing", "A program lists a private repository", Setup::default()).await;
    let session = &story.session;
    session.shop().control().keep_listing_private(true);
    let mut client = Client::new(session).await;

    story.step("Without interaction, the answer is empty and nobody is asked").await;
    let silent = ListingCall::of(session);
    let response = client.listing(&silent).await;
    assert_eq!((response.code, response.token.as_deref()), (0, Some("")));
    assert!(!session.started_names().await.contains(WINDOW));

    story.step("With interaction it is empty as well, and a window says who wants what").await;
    let interactive = ListingCall { interactive: true, ..silent.clone() };
    let response = client.listing(&interactive).await;
    assert_eq!((response.code, response.token.as_deref()), (0, Some("")));
    let screen = session.screen();
    let prompt = screen.window(&format!("Sign In to {}", session.host())).await;
    prompt.mentions("wants to list the apps of").await;
    let tree = prompt.tree().await;
    assert!(!tree.mentions("updated") && !tree.mentions("install"), "no app is meant: {tree:?}");

    story.step("The person signs in, and the next listing has its token").await;
    prompt.press(&format!("Continue to {}", session.host())).await;
    screen.front().sign_in_on_the_page("demo").await;
    let wait = async || {
        let token = Client::new(session).await.listing(&silent).await.token?;
        (!token.is_empty()).then_some(token)
    };
    let token = wait_for("the token", wait, async || String::new()).await;
    assert_eq!(summary(session, Some(&token)).await, 200);
    assert!(!session.usherctl(&["status"]).await.stdout.contains("update"), "nothing waits for a listing");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_the_way_of_a_listing_is_an_error() {
    let mut session = private(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let mut client = Client::new(&session).await;
    let call = ListingCall::of(&session);
    let mut says = async |session: &Session, call: &ListingCall| {
        let response = client.listing(call).await;
        assert_eq!(response.code, 0, "{}: {}", session.host(), response.message);
        response.token.expect("an answer has a token")
    };

    let control = session.shop().control();
    control.clear_requests();
    for other in [
        ListingCall { remote_uri: "https://elsewhere.example/".into(), ..call.clone() },
        ListingCall { remote_uri: "http://elsewhere.example/".into(), ..call.clone() },
        ListingCall { url: "https://elsewhere.example/".into(), ..call.clone() },
        ListingCall { url: String::new(), ..call.clone() },
    ] {
        assert_eq!(says(&session, &other).await, "", "{other:?}");
    }
    assert_eq!(session.shop().requests(), [], "nobody is contacted");

    for failure in [
        Failure::Reply(Reply::new(404, b"<h1>Not Found</h1>".to_vec())),
        Failure::Reply(Reply::new(503, Vec::new())),
        Failure::Json { value: serde_json::json!({"token": "a\r\nb"}) },
        Failure::Json { value: serde_json::json!([]) },
        Failure::Big { bytes: 2 << 20 },
        Failure::Nonsense,
        Failure::Reset,
        Failure::Redirect { location: "https://elsewhere.example/".into() },
    ] {
        control.fail(Route::GetListingToken, failure.clone());
        assert_eq!(says(&session, &call).await, "", "{failure:?}");
    }
    control.succeed(Route::GetListingToken);
    assert_ne!(says(&session, &call).await, "", "no failure has ended the sign-in");

    session.keyring().lock().await;
    let asked = calls(&session);
    assert_eq!((says(&session, &call).await.as_str(), calls(&session)), ("", asked));
    assert!(session.keyring().is_locked().await && !session.keyring().saw_unexpected_prompt());
    session.keyring().answer_next_prompt();
    assert!(session.keyring().ask_to_unlock().await);
    assert_ne!(says(&session, &call).await, "");

    let host = session.host();
    let _port = session.close_shop().await;
    let response = client.listing(&call).await;
    assert_eq!((response.code, response.token.as_deref()), (0, Some("")), "{host} is down");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_a_listing_has_no_token() {
    let session = private(Setup { keyring: KeyringState::None, ..Setup::without_display() }).await;
    let response = Client::new(&session).await.listing(&ListingCall::of(&session)).await;
    assert_eq!((response.code, response.token.as_deref(), calls(&session)), (0, Some(""), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_a_listing_ends_once_however_it_ends() {
    let session = private(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let control = session.shop().control();
    control.fail(Route::GetListingToken, Failure::Hang);
    let mut client = Client::new(&session).await;
    let call = ListingCall::of(&session);

    for bad in ["", "a/b", "..", &"a".repeat(256)] {
        let refused = client.send_listing(&ListingCall { handle_token: bad.to_owned(), ..call.clone() }).await;
        assert!(matches!(refused, Err(zbus::Error::MethodError(..))), "{bad}");
    }
    let huge = ListingCall { remote: "a".repeat(5000), ..call.clone() };
    assert!(client.send_listing(&huge).await.is_err());
    let flood = ListingCall { url: "a".repeat(20 << 20), ..call.clone() };
    assert!(client.send_listing(&flood).await.is_err(), "the daemon does not read so large a message");

    let handle = client.send_listing(&call).await.expect("the request is taken");
    control.wait_for_request(|request| request.path == CALL).await;
    assert!(client.send_listing(&call).await.is_err(), "the handle is in use");
    client.close(&handle).await.expect("the owner may close it");
    assert_eq!(client.response().await.code, 1);

    // A client that leaves takes its request along; the daemon serves the next.
    control.clear_requests();
    let other = Client::new(&session).await;
    other.send_listing(&call).await.expect("the request is taken");
    control.wait_for_request(|request| request.path == CALL).await;
    other.leave().await;

    // A daemon that is killed leaves the answer to the next one.
    control.clear_requests();
    let handle = client.send_listing(&call).await.expect("the request is taken");
    control.wait_for_request(|request| request.path == CALL).await;
    session.bus.kill_owner(AUTHENTICATOR).await;
    let _started = Client::new(&session).await.send_listing(&ListingCall { remote: "x".into(), ..call.clone() }).await;
    let response = client.response().await;
    assert_eq!((response.handle.as_str(), response.code, response.token), (handle.as_str(), 2, None));

    control.reset();
    control.keep_listing_private(true);
    let response = client.listing(&call).await;
    assert!(response.token.is_some_and(|token| !token.is_empty()));
}
