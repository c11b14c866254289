// SPDX-License-Identifier: GPL-3.0-or-later
//! The test registry itself: flatpak's own authenticator can use it.

use usher_demo_store::RegistryAuthentication;
use usher_tests::{Session, Setup};

const APP: &str = "org.example.Compass";
const OPEN_APP: &str = "org.example.Almanac";

#[tokio::test(flavor = "multi_thread")]
async fn flatpaks_own_authenticator_installs_from_the_registry() {
    let session = Session::start(Setup { without_shop: true, ..Setup::without_display() }).await;
    let registry = session.start_registry("acme", RegistryAuthentication::Tokens).await;
    session.add_registry(&registry, "acme", None).await;
    let flatpak = session.flatpak();

    let open = flatpak.in_terminal(&["install", "--user", "acme", OPEN_APP]).answering_yes();
    open.end().await.expect_success();
    assert!(flatpak.run(&["run", OPEN_APP]).await.expect_success().text.contains("Hello from Almanac 1"));

    let asks = |request: &usher_demo_store::LoggedRequest| request.path == "/token" && request.user.is_some();
    assert!(!registry.requests().iter().any(asks), "nobody signed in");
    let install = flatpak.in_terminal(&["install", "--user", "acme", APP]).answering_yes();
    install.wait_for_text("User: ").await;
    install.enter("robot$name");
    install.wait_for_text("Password: ").await;
    install.enter(&registry.control().password("robot$name").expect("the robot is a user"));
    install.end().await.expect_success();
    assert!(flatpak.run(&["run", APP]).await.expect_success().text.contains("Hello from Compass 1"));
    assert!(registry.requests().iter().any(|request| request.user.as_deref() == Some("robot$name")));

    registry.control().publish_update(APP).await.expect("an update can be published");
    let update = flatpak.in_terminal(&["update", "--user", APP]).answering_yes();
    // It asks each time.
    update.wait_for_text("User: ").await;
    update.enter("demo");
    update.wait_for_text("Password: ").await;
    update.enter("demo");
    update.end().await.expect_success();
    assert!(flatpak.run(&["run", APP]).await.expect_success().text.contains("Hello from Compass 2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn flatpaks_own_authenticator_refuses_a_registry_with_passwords_alone() {
    let session = Session::start(Setup { without_shop: true, ..Setup::without_display() }).await;
    let registry = session.start_registry("acme", RegistryAuthentication::Basic).await;
    session.add_registry(&registry, "acme", None).await;
    let outcome = session.flatpak().run(&["install", "--user", "-y", "acme", APP]).await;
    outcome.expect_refusal("Only Bearer authentication supported");
}
