// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak, and a container registry: signing in with a form, and an update after that.

use usher_tests::{Setup, Story};

const APP: &str = "org.example.Compass";

#[tokio::test(flavor = "multi_thread")]
async fn an_install_from_a_registry_works_after_signing_in_from_within_the_sandbox() {
    let setup = Setup { without_shop: true, ..Setup::with_flatpak() };
    let story = Story::begin("sandbox-registry", "Usher as a Flatpak: a container registry", setup).await;
    let session = &story.session;
    let registry = session.open_registry("acme").await;
    let host = registry.host();
    let install = ["install", "--user", "acme", APP];

    story.step("flatpak says in one line that an account is needed").await;
    let outcome = session.flatpak().in_terminal(&install).answering_yes().end().await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));

    story.step("The form in the sandbox takes user name and password").await;
    let screen = session.screen();
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    prompt.read().await;
    prompt.press(&format!("Continue to {host}")).await;
    prompt.ready("User Name").await;
    prompt.says(&format!("The password goes to {}.", registry.realm_host())).await;
    prompt.fill_in_the_form("demo", "demo").await;
    let done = screen.front();
    done.says("Signed In").await;
    done.press("Copy and Close").await;
    screen.wait_until_empty().await;

    story.step("The same command installs the app, and an update needs no question").await;
    session.flatpak().in_terminal(&install).answering_yes().end().await.expect_success();
    registry.control().publish_update(APP).await.expect("an update can be published");
    session.stop_daemon().await;
    session.flatpak().run(&["update", "--user", "-y"]).await.expect_success();
    let run = session.flatpak().run(&["run", APP]).await;
    assert!(run.expect_success().text.contains("Hello from Compass 2"), "{}", run.text);
    assert_eq!(session.leaks(), []);
    story.end().await;
}
