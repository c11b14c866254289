// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: what the window does about its own sandbox.

use usher_tests::{AUTHENTICATOR, Setup, Story};

const APP: &str = "org.example.Private";

#[tokio::test(flavor = "multi_thread")]
async fn where_pages_would_have_no_sandbox_none_is_shown() {
    let setup = Setup::with_flatpak();
    let story = Story::begin("sandbox-no-pages", "Usher as a Flatpak: no sandbox for web pages", setup).await;
    let session = &story.session;
    let (screen, host) = (session.screen(), session.host());

    story.step("What opens further sandboxes is not found, and an install needs an account").await;
    session.flatpak().run(&["override", "--user", "--env=PATH=/app/bin", AUTHENTICATOR]).await.expect_success();
    session.flatpak().install(APP).end().await;
    let prompt = screen.window(&format!("Sign In to {host}")).await;

    story.step("No page of the shop is loaded, and the way through the browser is told").await;
    session.shop().control().clear_requests();
    prompt.press(&format!("Continue to {host}")).await;
    let page = screen.front();
    page.says("Page Cannot Be Shown Here").await;
    page.mentions(&format!("flatpak run --command=usherctl {AUTHENTICATOR} sign-in demo")).await;
    page.toast_after("Copied", async || page.press("Copy Command").await).await;
    page.says("Page Cannot Be Shown Here").await;
    assert_eq!(session.shop().requests(), []);
    assert_eq!(session.processes.of_program("WebKitWebProcess"), []);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keyring_file_is_not_taken_for_an_empty_one() {
    let setup = Setup::with_flatpak();
    let story = Story::begin("sandbox-locked-window", "Usher as a Flatpak: the window, locked", setup).await;
    let session = &story.session;
    let screen = session.screen();

    story.step("An account is there, and the person does not unlock the keyring").await;
    session.sign_in_as("demo").await;
    if session.daemon().is_some() {
        session.stop_daemon().await;
    }
    session.wait_until_no_instance().await;
    session.keyring().lock().await;
    session.keyring().dismiss_next_prompt();
    session.open_usher();
    let window = screen.window("Usher").await;
    window.says("Keyring Locked").await;
    assert!(!window.tree().await.mentions("No Accounts Yet"));
    window.fits_into(360).await;

    story.step("It is unlocked from there").await;
    session.keyring().answer_next_prompt();
    window.press("Unlock").await;
    window.find_row("demo").await;
    story.end().await;
}
