// SPDX-License-Identifier: GPL-3.0-or-later
//! A finished sign-in that the keyring does not take at once: it is kept, tried again, and the browser says so only
//! once it is saved.

use usher_tests::usherctl::BrowserCommand;
use usher_tests::{Session, Setup, browser};

/// A browser that has followed the redirect: the page that it shows now.
async fn page_at_the_end(redirect: &str) -> String {
    let listener = redirect.split('/').take(3).collect::<Vec<_>>().join("/");
    browser::open(&format!("{listener}/done")).await
}

#[tokio::test]
async fn u05_a_sign_in_outlives_a_keyring_that_was_locked_meanwhile() {
    let session = Session::start(Setup::without_display()).await;
    let host = session.host();
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    let redirect = browser::redirect_of_sign_in(&waiting.address, "demo").await;
    session.keyring().lock().await;
    session.keyring().dismiss_next_prompt();
    let page = browser::open(&redirect).await;
    assert!(!page.contains("Signed In"), "nothing is saved yet: {page}");
    assert!(!page_at_the_end(&redirect).await.contains("Signed In"));
    // The person unlocks it elsewhere.
    session.keyring().answer_next_prompt();
    assert!(session.keyring().ask_to_unlock().await);
    let output = waiting.end().await;
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stdout.starts_with(&format!("Signed in to {host} as demo.\n")), "{}", output.stdout);
    assert!(output.stderr.contains("Signed in, but the keyring did not save it: it is locked."), "{}", output.stderr);
    assert_eq!(session.keyring().items().await.len(), 1);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn u05_usherctl_offers_to_save_again_and_ctrl_c_warns_first() {
    let session = Session::start(Setup::without_display()).await;
    let terminal = session.in_terminal(&["usherctl", "sign-in", "demo"]);
    terminal.wait_for_text("Continue? [y/N] ").await;
    terminal.enter("y");
    terminal.wait_for_text("Waiting… (Ctrl+C to stop)").await;
    let redirect = browser::redirect_of_sign_in(&terminal.address(), "demo").await;
    session.keyring().lock().await;
    session.keyring().dismiss_next_prompt();
    browser::open(&redirect).await;
    terminal.wait_for_text("Try again now? [Y/n] ").await;
    terminal.interrupt();
    terminal.wait_for_text("The sign-in is not saved yet. Press Ctrl+C to discard it.").await;
    session.keyring().answer_next_prompt();
    terminal.enter("");
    terminal.wait_for_text("Signed in to ").await;
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    terminal.end().await.expect_success();
    assert_eq!(session.keyring().items().await.len(), 1);
}
