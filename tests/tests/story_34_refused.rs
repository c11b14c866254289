// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository is not allowed to use an account.

use usher_tests::{AUTHENTICATOR, Setup, Story};

const APP: &str = "org.example.Postcard";
const RUNTIME: &str = "org.example.Platform";

/// A story with an account at the shop that the repository may not use yet.
async fn begin(name: &'static str, title: &str) -> Story {
    let story = Story::begin(name, title, Setup::default()).await;
    story.session.update_appstream().await;
    story.session.sign_in_as("demo").await;
    story.session.usherctl(&["revoke", "demo"]).await.expect_success();
    story
}

/// What an install says, without a window.
async fn expect_no(story: &Story) {
    let host = story.session.host();
    let told = format!("Not allowed: “demo” may not use an account at {host}. This can be changed in Usher.");
    story.session.flatpak().install(APP).end().await.expect_refusal(&told);
}

#[tokio::test(flavor = "multi_thread")]
async fn g14_a_repository_that_was_refused_does_not_ask_again_until_that_is_taken_back() {
    let story = begin("34-refused", "A repository may not use an account").await;
    let (session, host) = (&story.session, story.session.host());
    let screen = session.screen();

    story.step("The prompt can be answered no").await;
    session.flatpak().install(APP).end().await;
    let prompt = screen.window("Use the Account of demo?").await;
    prompt.ready("Use Another Account…").await;
    prompt.ready("Don’t Allow").await;
    prompt.fits_into(360).await;
    assert_eq!(prompt.controls_without_name().await, [] as [String; 0]);
    prompt.press("Don’t Allow").await;
    screen.wait_until_empty().await;

    story.step("The next install is told so, without a window, and so is one after the daemon has started anew").await;
    expect_no(&story).await;
    session.stop_daemon().await;
    expect_no(&story).await;
    assert!(screen.tree().await.titles().is_empty(), "{}", screen.tree().await);

    story.step("No name changes that").await;
    let renamed = ["remote-modify", "--user", "--title=Another Name", "demo"];
    session.flatpak().run(&renamed).await.expect_success();
    expect_no(&story).await;

    story.step("Usher asks nothing, and the account says what is not allowed").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.find_row(&format!("demo, {host}")).await;
    assert!(!window.tree().await.mentions("Wants to use an account"), "{}", window.tree().await);
    window.press_row(&format!("demo, {host}")).await;
    assert!(!window.ready_switch("Another Name").await.is_on());
    window.mentions("Not allowed").await;
    window.fits_into(360).await;

    story.step("The switch takes it back").await;
    window.toast_after("Another Name may use this account", async || window.press("Another Name").await).await;
    window.wait("no refusal", |tree| (!tree.mentions("Not allowed")).then_some(())).await;
    session.flatpak().install(APP).end().await.expect_success();
    assert_eq!(screen.tree().await.titles(), ["Usher"], "no prompt has opened");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_waits_in_the_window_says_who_asks_and_can_be_refused_there() {
    let story = begin("34-later", "A permission is refused later").await;
    let (session, host) = (&story.session, story.session.host());
    let screen = session.screen();
    session.flatpak().install(APP).end().await;
    screen.window("Use the Account of demo?").await.press("Not Now").await;
    screen.wait_until_empty().await;

    story.step("The page in the window says as much as the prompt").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press("Review Demo Store").await;
    for (row, text) in [
        ("Asked By", "flatpak in the terminal"),
        ("For", "Postcard"),
        ("For", APP),
        ("Repository", "Demo Store"),
        ("Server", &host),
    ] {
        window.row_says(row, text).await;
    }
    window.mentions("to install “").await;
    window.fits_into(360).await;
    assert_eq!(window.controls_without_name().await, [] as [String; 0]);

    story.step("Don’t Allow").await;
    window.press("Don’t Allow").await;
    window.find_row(&format!("demo, {host}")).await;
    window.wait("no row of it", |tree| (!tree.mentions("Wants to use an account")).then_some(())).await;
    expect_no(&story).await;
    assert_eq!(screen.tree().await.titles(), ["Usher"], "no prompt has opened");

    story.step("The open window shows what is decided in a terminal").await;
    window.press_row(&format!("demo, {host}")).await;
    window.mentions("Not allowed").await;
    session.usherctl(&["allow", "demo"]).await.expect_success();
    window.wait("the permission", |tree| (!tree.mentions("Not allowed")).then_some(())).await;
    assert!(window.ready_switch("Demo Store").await.is_on());
    session.flatpak().install(APP).end().await.expect_success();
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_that_waits_is_told_no_and_another_server_is_another_question() {
    let story = begin("34-waiting", "An install waits, and is told no").await;
    let (session, screen) = (&story.session, story.session.screen());
    session.change_setting("continue-installs", "true").await;
    let install = session.flatpak().install(APP);
    screen.window("Use the Account of demo?").await.press("Don’t Allow").await;
    let told = format!("Not allowed: “demo” may not use an account at {}.", session.host());
    let outcome = install.end().await;
    assert!(outcome.code != 0 && outcome.text.contains(&told), "{}", outcome.text);
    screen.wait_until_empty().await;

    story.step("The repository names another server").await;
    // Otherwise flatpak asks which of the two repositories it is to come from.
    session.flatpak().run(&["install", "--user", "-y", "demo", RUNTIME]).await.expect_success();
    let other = session.open_another_shop("other").await;
    let address = other.base_url().to_string();
    let (name, option) =
        (format!("--authenticator-name={AUTHENTICATOR}"), format!("--authenticator-option=url={address}"));
    session.flatpak().run(&["remote-modify", "--user", &name, &option, "demo"]).await.expect_success();
    let install = session.flatpak().install(APP);
    let other_host = address.trim_start_matches("http://").trim_end_matches('/');
    screen.window(&format!("Sign In to {other_host}")).await.press("Not Now").await;
    assert_ne!(install.end().await.code, 0);
    story.end().await;
}
