// SPDX-License-Identifier: GPL-3.0-or-later
//! The whole session is stopped for longer than any time limit, as a suspended virtual machine or a frozen group of processes
//! is, and goes on.

use std::time::Duration;

use rustix::process::Signal;
use usher_demo_store::{Failure, Route};
use usher_tests::{Client, Renewal, Session, Setup, send_signal};

use crate::client::{Daemon, owner};

/// The limits of the daemon's calls, in seconds. Long enough to stop the session in time, on a busy computer too.
const LIMITS: [&str; 4] = ["--http-seconds", "5", "--keyring-seconds", "5"];
/// Longer than that.
const STOPPED: Duration = Duration::from_secs(6);

/// Stops every process of the session. Runs `meanwhile`, and goes on once all limits are over.
async fn stop(session: &Session, meanwhile: impl FnOnce()) {
    let all = session.processes.ids();
    for id in &all {
        send_signal(*id, Signal::STOP);
    }
    meanwhile();
    // This waits for nothing: it is how long the session is stopped.
    tokio::time::sleep(STOPPED).await;
    for id in &all {
        send_signal(*id, Signal::CONT);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_server_or_keyring_that_came_during_a_stop_counts() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let daemon = Daemon::start(&session, "", &LIMITS).await;
    let mut client = Client::new(&session).await;
    let url = session.shop().base_url().to_string();
    let control = session.shop().control();

    control.fail_times(Route::GetTokens, Failure::Slow { milliseconds: 1500 }, 1);
    client.send_request(&session, &url).await.expect("the request is taken");
    control.wait_for_request(|request| request.path == "/api/v1/get_tokens").await;
    stop(&session, || {}).await;
    let response = client.response().await;
    assert_eq!(response.code, 0, "the server: {}", response.message);

    // Without its memory the daemon asks the keyring again.
    session.stop_daemon().await;
    let next = Daemon::start(&session, "", &LIMITS).await;
    let keyring = session.bus.process_of("org.freedesktop.secrets").await;
    send_signal(keyring, Signal::STOP);
    client.send_request(&session, &url).await.expect("the request is taken");
    stop(&session, || {}).await;
    let response = client.response().await;
    assert_eq!(response.code, 0, "the keyring: {}", response.message);
    assert_eq!(client.request(&session).await.code, 0);
    assert_ne!(daemon.id, next.id);
    assert_eq!(owner(&session).await, next.id, "it is still the same daemon");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_whose_answer_came_during_a_stop_is_not_lost() {
    let session = Session::start(Setup::without_display()).await;
    let server = session.sign_in_that_lapses().await;
    let _daemon = Daemon::start(&session, "", &LIMITS).await;
    let mut client = Client::new(&session).await;
    server.answer(Renewal::Held);
    client.send_request_with(&session, &server.options(&session)).await.expect("the request is taken");
    server.wait_until_asked().await;
    stop(&session, || server.let_go()).await;
    let response = client.response().await;
    assert_eq!((response.code, response.tokens.len()), (0, 1), "{}", response.message);
    assert!(session.keyring().only_item().await.text().contains(&server.newest()), "it is saved");
    assert_eq!((server.asked(), server.given()), (1, 1));
}
