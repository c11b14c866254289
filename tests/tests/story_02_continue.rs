// SPDX-License-Identifier: GPL-3.0-or-later
//! With *Continue Installs After Signing In* one command is enough.

use usher_tests::{Setup, Story, Terminal};

const APP: &str = "org.example.Postcard";
const CANCELLED: &str = "User cancelled authentication request";

async fn begin(name: &'static str, title: &str) -> (Story, String) {
    let story = Story::begin(name, title, Setup::default()).await;
    story.session.change_setting("continue-installs", "true").await;
    let prompt = format!("Sign In to {}", story.session.host());
    (story, prompt)
}

/// Starts an install, and returns once it waits for the prompt.
async fn waiting_install(story: &Story, prompt: &str) -> Terminal {
    let mut install = story.session.flatpak().install(APP);
    let screen = story.session.screen();
    let window = screen.window(prompt).await;
    window.says("The terminal is waiting. The install continues after signing in.").await;
    assert!(install.is_running(), "{}", install.text());
    install
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_waits_for_the_sign_in_and_goes_on_by_itself() {
    let (story, prompt) = begin("02-continue", "Continue installs after signing in").await;
    let host = story.session.host();

    story.step("The install waits while the prompt is open").await;
    let install = waiting_install(&story, &prompt).await;

    story.step("Signing in lets it go on").await;
    let screen = story.session.screen();
    screen.window(&prompt).await.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    screen.front().says("The install continues in the terminal.").await;
    install.end().await.expect_success();
    assert!(story.session.flatpak().is_installed(APP).await);

    story.step("The window closes by itself").await;
    screen.wait_until_empty().await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_a_waiting_window_closes_when_its_client_goes() {
    let (story, prompt) = begin("02-client-gone", "The client of a waiting prompt goes").await;

    story.step("Ctrl+C in the terminal closes the window").await;
    let install = waiting_install(&story, &prompt).await;
    install.interrupt();
    story.session.screen().wait_until_empty().await;
    assert_ne!(install.end().await.code, 0);

    story.step("So does the sudden end of flatpak").await;
    let install = waiting_install(&story, &prompt).await;
    install.kill();
    story.session.screen().wait_until_empty().await;
    assert_eq!(install.end().await.code, 137);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_waiting_window_ends_the_install() {
    let (story, prompt) = begin("02-closed", "A waiting prompt is closed").await;

    story.step("Without a close button, Ctrl+W closes it and ends the install").await;
    let install = waiting_install(&story, &prompt).await;
    let screen = story.session.screen();
    let window = screen.window(&prompt).await;
    assert!(!window.tree().await.says("Close"), "“Not Now” is the only button of its kind");
    window.close_by_key().await;
    install.end().await.expect_error(CANCELLED);
    story.session.screen().wait_until_empty().await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_now_ends_the_install() {
    let (story, prompt) = begin("02-not-now", "A waiting prompt is put off").await;

    story.step("“Not Now” ends the install").await;
    let install = waiting_install(&story, &prompt).await;
    story.session.screen().window(&prompt).await.press("Not Now").await;
    install.end().await.expect_error(CANCELLED);
    story.session.screen().wait_until_empty().await;
    story.end().await;
}

/// Signs in for an install that did not wait, and returns once the last page is shown.
async fn sign_in_for_an_install(story: &Story) {
    let prompt = format!("Sign In to {}", story.session.host());
    story.session.flatpak().install(APP).end().await;
    let screen = story.session.screen();
    screen.window(&prompt).await.press(&format!("Continue to {}", story.session.host())).await;
    screen.front().sign_in_on_the_page("demo").await;
    screen.front().says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_page_offers_once_to_let_installs_wait() {
    let story = Story::begin("02-offered", "Waiting is offered once", Setup::default()).await;
    let screen = story.session.screen();

    story.step("The last page of a sign-in offers it").await;
    sign_in_for_an_install(&story).await;
    let done = screen.front();
    done.says("Next time, the install can wait and continue by itself.").await;
    done.ready("Turn On").await;
    done.press("Done").await;
    screen.wait_until_empty().await;

    story.step("Who did not take it is not asked again").await;
    story.session.usherctl(&["remove", &story.session.host(), "--yes"]).await.expect_success();
    sign_in_for_an_install(&story).await;
    screen.front().ready("Copy and Close").await;
    assert!(screen.front().tree().await.usable("Turn On").is_none());
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_the_offer_needs_one_command_from_then_on() {
    let story = Story::begin("02-taken", "The offer to wait is taken", Setup::default()).await;
    let host = story.session.host();
    let screen = story.session.screen();

    story.step("One press on the last page").await;
    sign_in_for_an_install(&story).await;
    let done = screen.front();
    done.press("Turn On").await;
    done.says("Next time, the install waits and continues by itself.").await;
    done.press("Done").await;
    screen.wait_until_empty().await;

    story.step("The next install waits").await;
    story.session.usherctl(&["remove", &host, "--yes"]).await.expect_success();
    let install = waiting_install(&story, &format!("Sign In to {host}")).await;
    screen.front().press(&format!("Continue to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    install.end().await.expect_success();
    story.end().await;
}
