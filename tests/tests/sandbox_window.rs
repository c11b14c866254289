// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: the window without web pages, the browser instead, and with a locked keyring.

use usher_tests::{AUTHENTICATOR, DefaultBrowser, Setup, Story, browser};

const APP: &str = "org.example.Postcard";
/// A registry that nobody runs: nothing here contacts it.
const REGISTRY: &str = "oci+http://127.0.0.1:9/flatpaks";

#[tokio::test(flavor = "multi_thread")]
async fn without_a_sandbox_for_web_pages_no_page_is_shown() {
    let setup = Setup::with_flatpak();
    let story = Story::begin("sandbox-no-pages", "Usher as a Flatpak: no sandbox for web pages", setup).await;
    let session = &story.session;
    let (screen, host) = (session.screen(), session.host());
    let default_browser = DefaultBrowser::install(session);

    story.step("No program opens sandboxes for web pages, and an install needs an account").await;
    session.flatpak().run(&["override", "--user", "--env=PATH=/app/bin", AUTHENTICATOR]).await.expect_success();
    session.flatpak().install(APP).end().await;
    let prompt = screen.window(&format!("Sign In to {host}")).await;

    story.step("The window loads no page of the shop, and offers the browser").await;
    session.shop().control().clear_requests();
    prompt.press(&format!("Continue to {host}")).await;
    let page = screen.front();
    page.says("Page Cannot Be Shown Here").await;
    page.ready("Continue in Browser").await;
    assert_eq!(session.shop().requests(), []);
    assert_eq!(session.processes.of_program("WebKitWebProcess"), []);

    story.step("The portal opens the browser, with an address that leads there once").await;
    page.press("Continue in Browser").await;
    page.press("Open the Browser").await;
    let (status, leads_to) = browser::visit(&default_browser.wait_for(1).await).await;
    assert_eq!(status, "303");

    story.step("The browser comes back into the sandbox").await;
    let last = browser::sign_in(&leads_to, "demo").await;
    assert!(last.contains("Signed In"), "{last}");
    page.says("Signed In").await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_given_to_usher_by_the_command_that_the_page_shows() {
    let setup = Setup::with_flatpak();
    let story = Story::begin("sandbox-use-usher", "Usher as a Flatpak: a registry is given to it", setup).await;
    let session = &story.session;
    let added = ["remote-add", "--user", "--no-gpg-verify", "--title=Company Registry", "registry", REGISTRY];
    session.flatpak().run(&added).await.expect_success();
    let command = format!("flatpak remote-modify --user --authenticator-name={AUTHENTICATOR} registry");

    story.step("In a terminal, too, there is the command alone").await;
    let shown = session.usherctl(&["use", "registry", "--yes"]).await;
    assert_eq!((shown.code, shown.stdout), (1, format!("  {command}\n")));

    story.step("The page shows the command, and no button that runs it").await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 2 on this computer").await;
    window.press("Use Usher for Company Registry").await;
    window.says("Run This Command in a Terminal").await;
    window.press("Copy Command").await;
    window.says("Copied").await;
    assert_eq!(session.clipboard().await.as_ref(), Some(&command));
    assert!(window.tree().await.usable("Use Usher").is_none());

    story.step("Once it has run, the page continues").await;
    session.in_terminal(&["sh", "-c", &command]).end().await.expect_success();
    window.find_row("Company Registry, No account").await;
    story.end().await;
}
