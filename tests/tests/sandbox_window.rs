// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: what the window does about its own sandbox.

use usher_tests::{AUTHENTICATOR, Package, Setup, Story};

const APP: &str = "org.example.Private";

#[tokio::test(flavor = "multi_thread")]
async fn where_pages_would_have_no_sandbox_none_is_shown() {
    let setup = Setup { package: Package::Flatpak, ..Setup::default() };
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
    page.press("Copy Command").await;
    page.says("Copied").await;
    page.says("Page Cannot Be Shown Here").await;
    assert_eq!(session.shop().requests(), []);
    assert_eq!(session.processes.of_program("WebKitWebProcess"), []);
    story.end().await;
}
