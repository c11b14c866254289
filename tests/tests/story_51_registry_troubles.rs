// SPDX-License-Identifier: GPL-3.0-or-later
//! A container registry that changes: another password, another realm; and a second registry beside it.

use usher_demo_store::DemoRegistry;
use usher_tests::{Session, Setup, Story, token_requests};

const APP: &str = "org.example.Compass";
const OPEN_APP: &str = "org.example.Almanac";
const UPDATE: [&str; 3] = ["update", "--user", "-y"];

fn setup() -> Setup {
    Setup { without_shop: true, ..Setup::default() }
}

/// Signs in at a registry, installs both apps, and publishes an update of each.
async fn with_updates(story: &Story) -> DemoRegistry {
    let session = &story.session;
    let registry = session.open_registry("acme").await;
    story.step("There is an account, and both apps are installed").await;
    session.sign_in_to_registry("acme", &registry, "demo").await;
    session.flatpak().run(&["install", "--user", "-y", "acme", APP, OPEN_APP]).await.expect_success();
    for app in [APP, OPEN_APP] {
        registry.control().publish_update(app).await.expect("an update can be published");
    }
    // A new daemon has no cached answers.
    session.stop_daemon().await;
    registry
}

/// The version of an app that is installed.
async fn version(session: &Session, app: &str) -> String {
    let run = session.flatpak().run(&["run", app]).await;
    let line = run.expect_success().text.lines().find(|line| line.starts_with("Hello from ")).expect("the app greets");
    line.rsplit(' ').next().expect("a line has words").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn o09_a_password_that_changed_stops_only_what_needs_it() {
    let story = Story::begin("51-password", "A container registry: the password changed", setup()).await;
    let session = &story.session;
    let registry = with_updates(&story).await;
    let host = registry.host();

    story.step("The password is changed at the registry; the update of what anybody may have goes on").await;
    registry.control().set_password("demo", "CANARY another");
    session.flatpak().run(&UPDATE).await;
    assert_eq!((version(session, APP).await, version(session, OPEN_APP).await), ("1".to_owned(), "2".to_owned()));
    assert!(session.screen().tree().await.nodes.is_empty(), "no window opens for an update");

    story.step("usherctl says that the sign-in has expired").await;
    let status = session.usherctl(&["status"]).await;
    assert_eq!(status.code, 3, "{status:?}");

    story.step("Signing in again in the window, with the new password, brings the update").await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.read().await;
    window.press(&format!("Sign In to {host}")).await;
    let form = screen.front();
    form.fill("User Name", "demo").await;
    form.fill("Password", "CANARY another").await;
    form.press("Sign In").await;
    window.find_row(&format!("demo, {host}")).await;
    session.flatpak().run(&UPDATE).await.expect_success();
    assert_eq!(version(session, APP).await, "2");
    assert_eq!(session.leaks(), []);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o05_another_realm_never_gets_the_password() {
    let story = Story::begin("51-realm", "A container registry: another realm", setup()).await;
    let session = &story.session;
    let registry = with_updates(&story).await;

    story.step("The registry names another realm; what anybody may have is updated, the rest is not").await;
    registry.control().move_realm();
    registry.control().clear_requests();
    session.flatpak().run(&UPDATE).await;
    assert_eq!((version(session, APP).await, version(session, OPEN_APP).await), ("1".to_owned(), "2".to_owned()));
    let requests = registry.requests();
    let asked = token_requests(&requests);
    assert!(asked.iter().all(|(_, user)| user.is_none()), "nobody signed in anywhere: {asked:?}");

    story.step("The account asks to sign in again, and the form names the new host").await;
    let status = session.usherctl(&["status"]).await;
    assert_eq!(status.code, 3, "{status:?}");
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.read().await;
    window.press(&format!("Sign In to {}", registry.host())).await;
    let form = screen.front();
    form.ready("User Name").await;
    form.says(&format!("The password goes to {}.", registry.realm_host())).await;

    story.step("After signing in there, the update comes").await;
    form.fill("User Name", "demo").await;
    form.fill("Password", "demo").await;
    form.press("Sign In").await;
    window.find_row(&format!("demo, {}", registry.host())).await;
    session.flatpak().run(&UPDATE).await.expect_success();
    assert_eq!(version(session, APP).await, "2");
    let requests = registry.requests();
    assert!(token_requests(&requests).contains(&("/other/token", Some("demo"))));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_registries_have_an_account_each() {
    let story = Story::begin("51-two", "Two container registries", setup()).await;
    let session = &story.session;
    let one = session.open_registry("acme").await;
    let two = session.open_registry("other").await;

    story.step("An account at one of them is nothing to the other").await;
    session.sign_in_to_registry("acme", &one, "demo").await;
    let refused = session.flatpak().run(&["install", "--user", "-y", "other", APP]).await;
    assert!(refused.code != 0 && refused.text.contains("Account needed."), "{}", refused.text);
    assert!(refused.text.contains(&two.host()), "{}", refused.text);
    let requests = two.requests();
    assert!(token_requests(&requests).iter().all(|(_, user)| user.is_none()), "the password stays at its registry");

    story.step("With an account at each, each gets its own").await;
    session.sign_in_to_registry("other", &two, "robot$name").await;
    session.flatpak().run(&["install", "--user", "-y", "other", APP]).await.expect_success();
    session.flatpak().run(&["install", "--user", "-y", "--reinstall", "acme", APP]).await;
    for (registry, name) in [(&one, "demo"), (&two, "robot$name")] {
        let requests = registry.requests();
        let users: Vec<_> = token_requests(&requests).into_iter().filter_map(|(_, user)| user).collect();
        assert!(!users.is_empty() && users.iter().all(|user| *user == name), "{users:?}");
    }
    assert_eq!(session.leaks(), []);
    story.end().await;
}
