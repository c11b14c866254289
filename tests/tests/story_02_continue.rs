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
