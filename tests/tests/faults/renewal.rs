// SPDX-License-Identifier: GPL-3.0-or-later
//! A sign-in that is renewed while something goes wrong: with its server, the keyring, the daemon, or with everybody asking at
//! once.

use rustix::process::Signal;
use usher_tests::{AUTHENTICATOR, Renewal, RenewalServer, Response, Session, Setup, send_signal, wait_until};

use crate::client::{APP, Client, Daemon, owner};

/// Requests of one client at the same time: as many as the daemon takes.
const REQUESTS: usize = 16;
const CLIENTS: usize = 4;

/// A session whose sign-in has lapsed, and the server that renews it.
async fn start() -> (Session, RenewalServer) {
    let session = Session::start(Setup::without_display()).await;
    let server = session.sign_in_that_lapses().await;
    (session, server)
}

async fn ask(client: &mut Client, session: &Session, server: &RenewalServer) -> Response {
    client.send_request_with(session, &server.options(session)).await.expect("the request is taken");
    client.response().await
}

/// The secrets of the one account.
async fn account(session: &Session) -> String {
    session.keyring().only_item().await.text()
}

/// The one line of `usherctl list` about the account.
async fn listed(session: &Session) -> String {
    session.usherctl(&["list"]).await.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_requests_and_two_programs_at_once_make_one_renewal_and_all_get_their_tokens() {
    let (session, server) = start().await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::new(&session).await);
    }
    server.answer(Renewal::Held);
    for client in &clients {
        for _ in 0..REQUESTS {
            client.send_request_with(&session, &server.options(&session)).await.expect("the request is taken");
        }
    }
    let (one, other, ()) =
        tokio::join!(session.usherctl(&["query", "demo", APP]), session.usherctl(&["query", "demo", APP]), async {
            server.wait_until_asked().await;
            server.let_go();
        });
    one.expect_success();
    other.expect_success();
    for client in &mut clients {
        for _ in 0..REQUESTS {
            let response = client.response().await;
            assert_eq!((response.code, response.tokens.len()), (0, 1), "{}", response.message);
            assert!(!response.tokens.contains_key(""), "every request has its token");
        }
    }
    assert_eq!((server.asked(), server.given()), (1, 1));
    assert!(account(&session).await.contains(&server.newest()));
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_server_that_fails_is_named_and_ends_nothing() {
    let (session, server) = start().await;
    let before = account(&session).await;
    let daemon = Daemon::start(&session, "", &["--http-seconds", "2"]).await;
    let mut client = Client::new(&session).await;
    let host = server.address.trim_start_matches("http://");
    for (answers, words) in [
        (Renewal::Page(500), "answered in an unexpected way. Try again later; nothing was changed."),
        (Renewal::Page(200), "answered in an unexpected way. Try again later; nothing was changed."),
        (Renewal::Hangs, "cannot be reached. Check the connection, then try again."),
    ] {
        server.answer(answers);
        let response = ask(&mut client, &session, &server).await;
        assert_eq!((response.code, response.message), (2, format!("{host} {words}")), "{answers:?}");
        assert_eq!(account(&session).await, before, "{answers:?}");
    }
    server.answer(Renewal::Given);
    assert_eq!(ask(&mut client, &session, &server).await.code, 0);
    assert_eq!(owner(&session).await, daemon.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_go_on_while_a_sign_in_cannot_be_renewed() {
    let (session, server) = start().await;
    session.flatpak().run(&["install", "--user", "--noninteractive", "demo", APP]).await.expect_success();
    session
        .flatpak()
        .run(&["install", "--user", "--noninteractive", "demo", "org.example.Metronome"])
        .await
        .expect_success();
    session.stop_daemon().await;
    let gone = server.address.clone();
    // The sign-in lapses again, and its server is gone.
    session.keyring().let_sign_in_lapse().await;
    drop(server);
    session.shop().control().publish_update("org.example.Metronome").await.expect("the shop publishes");
    let before = session.flatpak().commit("org.example.Metronome").await;
    session.flatpak().run(&["update", "--user", "--noninteractive"]).await;
    assert_ne!(
        session.flatpak().commit("org.example.Metronome").await,
        before,
        "{gone} keeps no other app from its update"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_its_server_has_ended_says_so() {
    let (session, server) = start().await;
    server.answer(Renewal::Ended);
    let mut client = Client::new(&session).await;
    let response = ask(&mut client, &session, &server).await;
    let command = format!("Sign-in expired. Run “usherctl sign-in {}”, then try again.", session.host());
    assert_eq!((response.code, response.message), (2, command));
    assert!(listed(&session).await.contains("Sign in again"), "{}", listed(&session).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_locks_during_a_renewal_gets_the_new_sign_in_once_it_is_unlocked() {
    let (session, server) = start().await;
    let daemon = Daemon::start(&session, "", &["--idle-seconds", "1"]).await;
    let mut client = Client::new(&session).await;
    server.answer(Renewal::Held);
    client.send_request_with(&session, &server.options(&session)).await.expect("the request is taken");
    server.wait_until_asked().await;
    session.keyring().lock().await;
    server.let_go();
    let response = client.response().await;
    assert_eq!((response.code, response.tokens.len()), (0, 1), "it is used: {}", response.message);
    let folder = session.folder().join("run").join(AUTHENTICATOR);
    let marks = || {
        std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|file| file.path().extension().is_some_and(|end| end == "unsaved"))
            .count()
    };
    assert_eq!(marks(), 1);
    // Longer than it would stay if nothing had to be saved.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(owner(&session).await, daemon.id, "it does not end");
    session.keyring().answer_next_prompt();
    assert!(session.keyring().ask_to_unlock().await);
    wait_until("the renewed sign-in to be saved", async || account(&session).await.contains(&server.newest())).await;
    wait_until("the mark to be gone", async || marks() == 0).await;
    session.bus.wait_until_free(AUTHENTICATOR).await;
    assert_eq!(server.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_before_a_renewal_is_saved_leaves_a_sign_in_that_has_ended() {
    let (session, server) = start().await;
    let daemon = Daemon::start(&session, "", &[]).await;
    let client = Client::new(&session).await;
    server.answer(Renewal::Held);
    client.send_request_with(&session, &server.options(&session)).await.expect("the request is taken");
    server.wait_until_asked().await;
    send_signal(daemon.id, Signal::KILL);
    session.bus.wait_until_free(AUTHENTICATOR).await;
    server.answer(Renewal::Given);
    let mut next = Client::new(&session).await;
    let response = ask(&mut next, &session, &server).await;
    assert!(response.message.starts_with("Sign-in expired."), "{}", response.message);
    assert!(listed(&session).await.contains("Sign in again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_after_a_renewal_is_saved_loses_nothing() {
    let (session, server) = start().await;
    let daemon = Daemon::start(&session, "", &[]).await;
    let mut client = Client::new(&session).await;
    assert_eq!(ask(&mut client, &session, &server).await.code, 0);
    send_signal(daemon.id, Signal::KILL);
    session.bus.wait_until_free(AUTHENTICATOR).await;
    let mut next = Client::new(&session).await;
    assert_eq!(ask(&mut next, &session, &server).await.code, 0);
    assert_eq!(server.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_has_to_end_waits_for_a_renewal() {
    let (session, server) = start().await;
    let daemon = Daemon::start(&session, "", &[]).await;
    let mut client = Client::new(&session).await;
    server.answer(Renewal::Held);
    client.send_request_with(&session, &server.options(&session)).await.expect("the request is taken");
    server.wait_until_asked().await;
    send_signal(daemon.id, Signal::TERM);
    // It answers at once, and ends once the server has answered.
    assert_eq!(client.response().await.code, 2);
    server.let_go();
    session.bus.wait_until_free(AUTHENTICATOR).await;
    assert!(account(&session).await.contains(&server.newest()), "the renewed sign-in is saved");
}
