// SPDX-License-Identifier: GPL-3.0-or-later
//! Purchases that go wrong: bad answers, lost answers, a locked keyring, two purchases at once.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpListener;
use usher_demo_store::{Failure, Reply, Route};
use usher_tests::usherctl::{BrowserCommand, CommandOutput};
use usher_tests::{LIMIT, Session, Setup, Window, browser, wait_for};

const APP: &str = "org.example.Sketchbook";

/// A session with an account, and an open prompt to buy the app.
async fn session_at_purchase_prompt(setup: Setup) -> Session {
    let session = Session::start(setup).await;
    session.sign_in_as("demo").await;
    session.flatpak().install(APP).end().await;
    session.screen().window(&format!("Buy “{APP}”?")).await.ready("Continue to Purchase").await;
    session
}

async fn buy(session: &Session, further: &[&str]) -> CommandOutput {
    let arguments = ["buy", "demo", APP, "--yes", "--no-browser"];
    let output = tokio::time::timeout(2 * LIMIT, session.usherctl(&[&arguments, further].concat())).await;
    output.expect("usherctl ends, for there is no page to wait for")
}

/// Pays on the shop's page, which the window shows, and waits until Usher says “Bought”.
async fn pay_and_finish(window: &Window<'_>) {
    window.pay_on_the_page("Sketchbook").await;
    window.says("Bought").await;
}

/// Answers to `begin_purchase` that name no page of the shop. `elsewhere` is a server that nobody may contact.
fn bad_answers(elsewhere: &str) -> Vec<serde_json::Value> {
    let address = |start_uri: &str| json!({ "start_uri": start_uri });
    vec![
        json!({}),
        json!({ "start_uri": null }),
        json!({ "start_uri": ["purchase/1"] }),
        address(""),
        address("javascript:alert(1)"),
        address("file:///etc/passwd"),
        address("data:text/html,Pay"),
        address("http://store.example.org/pay"),
        address(&format!("{elsewhere}pay")),
        address(&format!("//{}", elsewhere.trim_start_matches("http://"))),
        address("http://user@127.0.0.1/pay"),
        address("\\\\evil.example.org\\pay"),
        address("purchase/1#fragment"),
        address(&format!("purchase/{}", "x".repeat(100 * 1024))),
    ]
}

/// Another server, and its address.
async fn other_server() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = format!("http://{}/", listener.local_addr().expect("it has a port"));
    (listener, address)
}

fn assert_never_contacted(elsewhere: &TcpListener) {
    let asked = futures_util::FutureExt::now_or_never(elsewhere.accept());
    assert!(asked.is_none(), "somebody else was asked");
}

fn purchase_pages(session: &Session) -> usize {
    session.shop().requests().iter().filter(|request| request.path.starts_with("/purchase")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn h24_a_purchase_page_that_is_not_the_shops_own_is_never_loaded() {
    let logger = tempfile::tempdir().expect("a folder can be made");
    let (program, log) = (logger.path().join("browser"), logger.path().join("opened"));
    fs::write(&program, format!("#!/bin/sh\necho \"$@\" >>'{}'\n", log.display())).expect("a file can be written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("a file can be made a program");
    let environment = vec![("BROWSER", program.display().to_string())];
    let session = session_at_purchase_prompt(Setup { environment, ..Setup::default() }).await;
    let (elsewhere, address) = other_server().await;
    let control = session.shop().control();
    let screen = session.screen();
    let window = screen.front();
    let mut button = "Continue to Purchase";
    for (asked, value) in bad_answers(&address).into_iter().enumerate() {
        control.fail(Route::BeginPurchase, Failure::Json { value });
        window.press(button).await;
        let begun = async || (session.begun_purchases().len() == asked + 1).then_some(());
        wait_for("the purchase to begin", begun, async || screen.tree().await.to_string()).await;
        window.says("Purchase Did Not Start").await;
        button = "Try Again";
        window.ready(button).await;
    }
    assert_eq!(purchase_pages(&session), 0, "no page was loaded");
    assert_never_contacted(&elsewhere);
    assert!(!log.exists(), "no browser was opened");

    control.reset();
    window.press(button).await;
    pay_and_finish(&window).await;
    assert_eq!(session.paid_purchases(), [APP]);
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn h24_a_purchase_page_that_is_not_the_shops_own_is_never_printed_in_a_terminal() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let (elsewhere, address) = other_server().await;
    for value in bad_answers(&address) {
        session.shop().control().fail(Route::BeginPurchase, Failure::Json { value: value.clone() });
        let output = buy(&session, &[]).await;
        assert_ne!(output.code, 0, "{value}");
        let (host, said) = (session.host(), [output.stdout, output.stderr].concat());
        assert_eq!(said, format!("{host} answered in an unexpected way. Try again later; nothing was changed.\n"));
    }
    assert_never_contacted(&elsewhere);
    assert_eq!(purchase_pages(&session), 0);
    session.shop().control().reset();
    let waiting = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes"]).await;
    browser::buy(&waiting.address).await;
    assert_eq!(waiting.end().await.code, 0, "it can be bought after all");
}

#[tokio::test(flavor = "multi_thread")]
async fn h27_a_purchase_without_an_answer_is_not_begun_again() {
    let session = session_at_purchase_prompt(Setup::default()).await;
    let control = session.shop().control();
    control.fail_times(Route::BeginPurchase, Failure::Hang, 1);
    let screen = session.screen();
    let window = screen.front();
    window.press("Continue to Purchase").await;
    // A request times out after 30 seconds.
    let until = Instant::now() + 2 * LIMIT;
    let title = format!("{} Cannot Be Reached", session.host());
    while !window.tree().await.says(&title) {
        assert!(Instant::now() < until, "the call has an end\n{}", window.tree().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(session.begun_purchases(), [APP], "it was not sent again");

    control.clear_requests();
    window.press("Try Again").await;
    window.says("Unfinished Purchase").await;
    assert!(!session.requests_for("/api/v1/get_tokens").is_empty(), "the server was asked");
    assert!(session.begun_purchases().is_empty(), "nothing was begun again");

    control.grant("demo", APP).expect("the shop gives the app");
    window.press("Check Again").await;
    window.says("Already Bought").await;
    assert!(session.begun_purchases().is_empty(), "nothing was begun again");
}

#[tokio::test(flavor = "multi_thread")]
async fn h27_a_purchase_whose_answer_is_lost_is_not_begun_again_in_a_terminal() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let control = session.shop().control();
    for failure in [Failure::Reset, Failure::CloseEarly, Failure::Reply(Reply::new(500, "{}"))] {
        control.clear_requests();
        control.fail_times(Route::BeginPurchase, failure.clone(), 1);
        let output = buy(&session, &["--not-paid"]).await;
        assert_ne!(output.code, 0, "{failure:?}: {output:?}");
        assert_eq!(session.begun_purchases(), [APP], "{failure:?}: it was not sent again");
        let output = buy(&session, &[]).await;
        assert_eq!((output.code, session.begun_purchases().len()), (4, 1), "{failure:?}: {output:?}");
    }
    control.grant("demo", APP).expect("the shop gives the app");
    control.clear_requests();
    let output = buy(&session, &[]).await;
    assert_eq!((output.code, session.begun_purchases().len()), (0, 0), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_buy_at_the_same_time_begin_one_purchase() {
    let session = session_at_purchase_prompt(Setup::default()).await;
    session.shop().control().fail(Route::BeginPurchase, Failure::Slow { milliseconds: 500 });
    let screen = session.screen();
    let window = screen.front();
    let terminals = ["first", "second"].map(|name| {
        let log = session.processes.log_file(name);
        let mut command = tokio::process::Command::from(session.processes.command("usherctl"));
        command.args(["buy", "demo", APP, "--yes", "--no-browser"]);
        command.stderr(fs::File::create(&log).expect("a log can be made"));
        (command.kill_on_drop(true).spawn().expect("usherctl starts"), log)
    });
    window.press("Continue to Purchase").await;
    // The window has begun the purchase, or knows that another process has.
    let settled = async || {
        let tree = window.tree().await;
        let window_knows = tree.says("Unfinished Purchase") || tree.says("Buy Now");
        (window_knows && !session.begun_purchases().is_empty()).then_some(())
    };
    wait_for("the window to know", settled, async || screen.tree().await.to_string()).await;
    let mut ended = 0;
    for (mut child, log) in terminals {
        let said = || fs::read_to_string(&log).expect("the log is text");
        // The process that began the purchase waits for its browser.
        let settled = async || match child.try_wait().expect("usherctl is a child") {
            Some(status) => Some(Some(status)),
            None => said().contains("Waiting… (Ctrl+C to stop)").then_some(None),
        };
        if let Some(status) = wait_for("usherctl to know", settled, async || said()).await {
            assert_eq!(status.code(), Some(4), "{}", said());
            ended += 1;
        }
    }
    assert!(ended >= 1, "at most one of them has begun it");
    assert_eq!(session.begun_purchases(), [APP], "it was begun once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_begun_in_a_terminal_is_not_begun_again_in_the_window() {
    let session = session_at_purchase_prompt(Setup::default()).await;
    let waiting = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes", "--no-browser"]).await;
    let screen = session.screen();
    let window = screen.front();
    window.press("Continue to Purchase").await;
    window.says("Unfinished Purchase").await;
    assert_eq!(session.begun_purchases(), [APP]);

    browser::buy(&waiting.address).await;
    assert_eq!(waiting.end().await.code, 0);
    window.press("Check Again").await;
    window.says("“org.example.Sketchbook” belongs to demo.").await;
    assert_eq!(session.purchase_counts(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_is_locked_during_the_purchase_loses_nothing() {
    let session = session_at_purchase_prompt(Setup::default()).await;
    let screen = session.screen();
    let window = screen.front();
    window.press("Continue to Purchase").await;
    window.ready("Buy Now").await;
    session.keyring().lock().await;
    window.pay_before_access("Sketchbook").await;
    window.says("Waiting for the Store").await;
    assert!(!session.keyring().saw_unexpected_prompt(), "nobody was asked for a password");

    session.keyring().answer_next_prompt();
    assert!(session.keyring().ask_to_unlock().await);
    window.says("Bought").await;
    window.press("Done").await;
    screen.wait_until_empty().await;
    session.flatpak().install(APP).end().await.expect_success();
    assert_eq!(session.purchase_counts(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_does_not_begin_while_the_keyring_is_locked() {
    let session = session_at_purchase_prompt(Setup::default()).await;
    let screen = session.screen();
    let window = screen.front();
    session.keyring().lock().await;
    window.press("Continue to Purchase").await;
    window.says("Purchase Did Not Start").await;
    assert!(session.begun_purchases().is_empty(), "no purchase begins that cannot be written down");

    session.keyring().answer_next_prompt();
    assert!(session.keyring().ask_to_unlock().await);
    window.press("Try Again").await;
    pay_and_finish(&window).await;
    assert_eq!(session.purchase_counts(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_cannot_be_reached_after_paying_is_asked_until_it_answers() {
    let session = session_at_purchase_prompt(Setup::default()).await;
    let control = session.shop().control();
    let screen = session.screen();
    let window = screen.front();
    window.press("Continue to Purchase").await;
    window.ready("Buy Now").await;
    control.fail(Route::GetTokens, Failure::Reset);
    window.pay_before_access("Sketchbook").await;
    window.says("Waiting for the Store").await;
    let message = format!("{} cannot be reached", session.host());
    window.toast_after(&message, async || window.press("Check Again").await).await;

    control.succeed(Route::GetTokens);
    window.says("Bought").await;
    assert_eq!(session.purchase_counts(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_ends_during_the_purchase_is_renewed_and_the_purchase_found() {
    let session = session_at_purchase_prompt(Setup::default()).await;
    let control = session.shop().control();
    let screen = session.screen();
    let window = screen.front();
    window.press("Continue to Purchase").await;
    window.ready("Buy Now").await;
    control.expire_credentials(None).expect("the shop lets sign-ins expire");
    window.pay_on_the_page("Sketchbook").await;
    window.says(&format!("Sign In to {} Again", session.host())).await;
    window.press(&format!("Continue to {}", session.host())).await;
    window.sign_in_and_finish("demo").await;
    screen.wait_until_empty().await;
    session.flatpak().install(APP).end().await.expect_success();
    assert_eq!(session.purchase_counts(), (1, 1));
}
