// SPDX-License-Identifier: GPL-3.0-or-later
//! Interruptions that race with answers, and a full session in which nothing may leak.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use usher_demo_store::{Failure, Reply, Route};
use usher_tests::{LIMIT, Session, Setup, Tree, send_signal, wait_until};

use crate::client::{APP, Client, Daemon, SignIn};

#[tokio::test(flavor = "multi_thread")]
async fn c05_flatpak_that_is_interrupted_at_any_moment_never_aborts() {
    const RUNS: u64 = 50;
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let control = session.shop().control();
    let mut interrupted = 0;
    for run in 0..RUNS {
        control.clear_requests();
        // With this delay some interruptions come before the answer and some after it. One run in ten gets no answer.
        let is_answered = run % 10 > 0;
        let failure = if is_answered { Failure::Slow { milliseconds: 25 } } else { Failure::Hang };
        control.fail(Route::GetTokens, failure);
        // The daemon keeps tokens for a while, and every run must need one.
        session.stop_daemon().await;
        let mut flatpak = tokio::process::Command::from(session.processes.command("flatpak"));
        flatpak.args(["install", "--user", "--noninteractive", "--no-deps", "demo", APP]);
        flatpak.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let mut flatpak = flatpak.spawn().expect("flatpak starts");
        let id = flatpak.id().expect("flatpak is there");
        if run % 5 < 4 {
            let asked = control.wait_for_request(|request| request.path == "/api/v1/get_tokens");
            tokio::time::timeout(LIMIT, asked).await.expect("flatpak wants a token");
        }
        tokio::time::sleep(Duration::from_millis(run * 37 % 60)).await;
        send_signal(id, if run % 2 == 0 { Signal::INT } else { Signal::TERM });
        let status = tokio::time::timeout(LIMIT, flatpak.wait()).await.expect("flatpak ends").expect("flatpak ends");
        assert_ne!(status.signal(), Some(Signal::ABORT.as_raw()), "run {run}");
        assert_ne!(status.code(), Some(134), "run {run}");
        interrupted += u64::from(!status.success());
        // The app may have been installed nevertheless.
        session.flatpak().run(&["uninstall", "--user", "--noninteractive", APP]).await;
    }
    assert!(interrupted >= RUNS / 10, "those without an answer were interrupted: {interrupted}");
    control.reset();
    assert_eq!(Client::new(&session).await.request(&session).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c07_a_sign_in_cancelled_as_it_succeeds_is_both_saved_and_reported_or_neither() {
    const LAST: u64 = 12;
    let session = Session::start(Setup::without_display()).await;
    let (mut saved, mut cancelled) = (0, 0);
    for run in 0..=LAST {
        let sign_in = SignIn::start(&session).await;
        if run == 0 {
            // The first run is cancelled before the browser comes back: nothing can be saved.
            sign_in.interrupt();
        }
        let wanted = format!("credential-CANARY-{run}\"");
        let browser = sign_in.redirect(&format!("credential-CANARY-{run}"));
        if run == LAST {
            // The last run is cancelled once the account is saved: that is too late.
            wait_until("the account", async || is_kept(&session, &wanted).await).await;
        } else {
            tokio::time::sleep(Duration::from_millis(run * 5)).await;
        }
        if run > 0 {
            sign_in.interrupt();
        }
        let (code, said) = sign_in.end().await;
        browser.await.expect("the browser ends");
        let is_kept = is_kept(&session, &wanted).await;
        match code {
            0 => {
                assert!(said.contains("Signed in to"), "{said}");
                assert!(is_kept, "run {run} was kept");
                saved += 1;
            }
            7 => {
                assert!(!said.contains("Signed in"), "{said}");
                assert!(!is_kept, "run {run} was not kept");
                cancelled += 1;
            }
            _ => panic!("{code}: {said}"),
        }
    }
    assert!(saved > 0 && cancelled > 0, "{saved} were saved, {cancelled} cancelled");
    assert_eq!(session.leaks(), []);
}

async fn is_kept(session: &Session, wanted: &str) -> bool {
    session.keyring().items().await.iter().any(|item| item.text().contains(wanted))
}

#[tokio::test(flavor = "multi_thread")]
async fn w07_of_two_redirects_the_first_counts() {
    let (first, second) = ("first-CANARY-63c1", "second-CANARY-a0d9");
    let session = Session::start(Setup::default()).await;
    session.shop().control().set_page(
        "/login",
        Reply::html(&format!(
            "<!doctype html><html lang=en><meta charset=utf-8><title>Twice</title><h1>Twice</h1><script>\
             const query = new URLSearchParams(location.search);\
             const hit = token => {{ location.href = query.get('redirect_uri') + '?token=' + token + '&state='\
                 + query.get('state') }};\
             const twice = () => {{ hit('{first}'); for (const late of [20, 100, 400]) setTimeout(hit, late, '{second}') }};\
             </script><button onclick='twice()'>Go On</button>"
        )),
    );
    session.flatpak().install(APP).end().await;
    let host = session.host();
    let screen = session.screen();
    screen.window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
    screen.front().press("Go On").await;
    screen.front().says("Signed In").await;
    let item = session.keyring().only_item().await.text();
    assert!(item.contains(first) && !item.contains(second), "the first one counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn g10_a_full_session_at_the_highest_log_level_leaks_no_secret() {
    let session = Session::start(Setup::default()).await;
    let daemon = Daemon::start(&session, "", &["--verbose"]).await;
    session.sign_in_as("demo").await;
    session.flatpak().install(APP).end().await.expect_success();
    session.shop().control().publish_update(APP).await.expect("the shop publishes");
    session.flatpak().run(&["update", "--user", "-y"]).await.expect_success();
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    assert_eq!(session.leaks(), [], "while everything runs");

    session.shop().control().expire_credentials(None).expect("the shop lets sign-ins expire");
    let gone = ["uninstall", "--user", "--noninteractive", APP];
    session.flatpak().run(&gone).await.expect_success();
    session.stop_daemon().await;
    let again = Daemon::start(&session, "", &["--verbose"]).await;
    let response = Client::new(&session).await.request(&session).await;
    assert_eq!(response.code, 2, "{}", again.log_text());
    window.ready(&format!("Sign In to {}", session.host())).await;
    window.press_row(&format!("demo, {}, ", session.host())).await;
    window.press("Remove Account…").await;
    window.says("Remove demo?").await;
    window.press("Remove").await;
    // The toast disappears after some seconds, the empty list stays.
    let is_told = |tree: &Tree| (tree.mentions("Account removed") || tree.says("No Accounts Yet")).then_some(());
    window.wait("the account to be gone", is_told).await;

    let said = daemon.log_text() + &again.log_text();
    assert!(said.contains("DEBUG") && said.contains("Tokens"), "the daemon logs what it does: {said}");
    assert!(session.shop().control().issued_secrets().len() > 1, "there were secrets to leak");
    assert_eq!(session.leaks(), []);
}
