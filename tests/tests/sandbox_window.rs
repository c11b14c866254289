// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: the window without web pages, and with a locked keyring.

use usher_tests::{AUTHENTICATOR, Setup, Story};

const APP: &str = "org.example.Postcard";

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sandbox_for_web_pages_no_page_is_shown() {
    let setup = Setup::with_flatpak();
    let story = Story::begin("sandbox-no-pages", "Usher as a Flatpak: no sandbox for web pages", setup).await;
    let session = &story.session;
    let (screen, host) = (session.screen(), session.host());

    story.step("No program opens sandboxes for web pages, and an install needs an account").await;
    session.flatpak().run(&["override", "--user", "--env=PATH=/app/bin", AUTHENTICATOR]).await.expect_success();
    session.flatpak().install(APP).end().await;
    let prompt = screen.window(&format!("Sign In to {host}")).await;

    story.step("The window loads no page of the shop, and shows the command for the browser").await;
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

    story.step("There is an account, and the person does not unlock the keyring").await;
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

    story.step("The window unlocks it").await;
    session.keyring().answer_next_prompt();
    window.press("Unlock").await;
    window.find_row("demo").await;
    story.end().await;
}
