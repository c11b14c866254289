// SPDX-License-Identifier: GPL-3.0-or-later
//! A server or a keyring that does not answer: the spinner says what it waits for, and Escape stops the waiting and leaves
//! the page.

use rustix::process::Signal;
use tokio::net::TcpListener;
use usher_demo_store::{Failure, Route};
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{Role, Session, Setup, Window, send_signal};

const PAID: &str = "org.example.Sketchbook";

/// Waits for the words of the spinner, and stops it. `again` is what can be pressed once more on the same page.
async fn stop(session: &Session, window: &Window<'_>, words: &str, again: &str) {
    // Until then it is only called so.
    window.find(Role::Label, words).await;
    window.focus().await;
    session.screen().key("Escape").await;
    window
        .wait(&format!("“{again}” instead of “{words}”"), |tree| {
            let found = tree.usable(again).filter(|node| node.is_sensitive())?;
            (!tree.says(words)).then_some(found).map(drop)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_for_accounts_need_not_be_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let host = listener.local_addr().expect("it has a port").to_string();
    let session = Session::start(Setup::default()).await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press("Add Account").await;
    window.fill("Address", &format!("http://{host}/")).await;
    for _ in 0..2 {
        window.press("Continue").await;
        stop(&session, &window, &format!("Asking {host}…"), "Continue").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_what_was_bought_need_not_be_waited_for() {
    let session = Session::start(Setup::default()).await;
    session.update_appstream().await;
    for user in ["demo2", "demo"] {
        session.sign_in_as(user).await;
    }
    session.flatpak().install(PAID).end().await;
    let screen = session.screen();
    let prompt = screen.window("Buy “Sketchbook”?").await;
    prompt.press("Already Bought?").await;
    let control = session.shop().control();
    for row in ["Check Again", "Check the account of demo2"] {
        prompt.find_row(row).await;
        control.fail(Route::GetTokens, Failure::Hang);
        prompt.press_row(row).await;
        stop(&session, &prompt, "Checking…", "Check Again").await;
        // What was stopped can be asked again, and its answer is taken.
        control.succeed(Route::GetTokens);
        if row == "Check Again" {
            prompt.toast_after("Nothing has changed", async || prompt.press_row(row).await).await;
        } else {
            prompt.press_row(row).await;
            prompt.says("demo2 does not have this app").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_checked_need_not_be_waited_for() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 1 on this computer").await;
    window.press_row("Demo Store, demo").await;
    let control = session.shop().control();
    control.fail(Route::GetTokens, Failure::Hang);
    window.press("Check Repository").await;
    stop(&session, &window, "Checking…", "Check Repository").await;
    // What was left can be asked again.
    control.succeed(Route::GetTokens);
    window.press("Check Repository").await;
    window.says("No problems were found.").await;
    control.fail(Route::GetTokens, Failure::Hang);
    window.press("Check Again").await;
    stop(&session, &window, "Checking…", "Check Again").await;
}

/// Waits for the words of the spinner, and leaves the window.
async fn leave(session: &Session, window: &Window<'_>, words: &str) {
    window.find(Role::Label, words).await;
    window.focus().await;
    session.screen().key("Escape").await;
    session.screen().wait_until_empty().await;
}

/// A session with an account, in which a prompt asks whether to buy.
async fn session_at_purchase_prompt() -> Session {
    let session = Session::start(Setup::default()).await;
    session.update_appstream().await;
    session.sign_in_as("demo").await;
    session.flatpak().install(PAID).end().await;
    session
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_says_which_server_it_asks_and_can_be_left_meanwhile() {
    let session = session_at_purchase_prompt().await;
    session.shop().control().fail(Route::BeginPurchase, Failure::Hang);
    let screen = session.screen();
    let prompt = screen.window("Buy “Sketchbook”?").await;
    prompt.press("Continue to Purchase").await;
    leave(&session, &prompt, &format!("Asking {}…", session.host())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_purchase_says_that_it_asks_and_can_be_left_meanwhile() {
    let session = session_at_purchase_prompt().await;
    let control = session.shop().control();
    control.hold_grants();
    let screen = session.screen();
    screen.window("Buy “Sketchbook”?").await.press("Continue to Purchase").await;
    let window = screen.front();
    window.pay_before_access("Sketchbook").await;
    window.ready("Not Paid").await;
    control.fail(Route::GetTokens, Failure::Hang);
    window.press("Check Again").await;
    leave(&session, &window, "Checking…").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_about_a_purchase_need_not_be_waited_for() {
    let session = Session::start(Setup::default()).await;
    session.update_appstream().await;
    session.sign_in_as("demo").await;
    let buying = BrowserCommand::start(&session, &["buy", "demo", PAID, "--yes", "--no-browser"]).await;
    send_signal(buying.id(), Signal::INT);
    assert_eq!(buying.end().await.code, 7);
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    let button = "Check Sketchbook Again";
    window.ready(button).await;
    session.shop().control().fail(Route::GetTokens, Failure::Hang);
    window.press(button).await;
    stop(&session, &window, "Checking…", button).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_does_not_answer_is_named_or_need_not_be_waited_for() {
    let session = Session::start(Setup::default()).await;
    let (host, keyring) = (session.host(), session.bus.process_of("org.freedesktop.secrets").await);
    send_signal(keyring, Signal::STOP);
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.find(Role::Label, "Waiting for the keyring…").await;
    send_signal(keyring, Signal::CONT);
    window.press(&format!("Sign In to {host}")).await;
    window.ready(&format!("Continue to {host}")).await;

    // The page is opened once the sign-in could be saved.
    send_signal(keyring, Signal::STOP);
    window.press(&format!("Continue to {host}")).await;
    window.says(&format!("Opening {host}…")).await;
    window.press("Stop").await;
    window.says("Loading Stopped").await;
    send_signal(keyring, Signal::CONT);
    session.shop().control().clear_requests();
    window.press("Try Again").await;
    window.ready("User name").await;
    assert_eq!(session.requests_for("/login").len(), 1, "what was stopped opens nothing later");
}
