// SPDX-License-Identifier: GPL-3.0-or-later
//! Without interaction Usher asks nobody: the answer comes at once and says what to do.

use usher_tests::{AUTHENTICATOR, KeyringState, Setup, Story, WINDOW};

const PRIVATE: &[&str] = &["install", "--user", "--noninteractive", "demo", "org.example.Postcard"];
const FREE: &[&str] = &["install", "--user", "--noninteractive", "demo", "org.example.Metronome"];

#[tokio::test(flavor = "multi_thread")]
async fn without_interaction_the_message_comes_and_no_window() {
    let story = Story::begin("04-without-interaction", "Installing without interaction", Setup::default()).await;
    let host = story.session.host();

    story.step("A free app of the same repository never touches the daemon").await;
    story.session.flatpak().run(FREE).await.expect_success();
    assert!(story.session.started_names().await.is_empty(), "nothing of Usher has run");

    story.step("An app that needs an account ends with a message").await;
    let outcome = story.session.flatpak().run(PRIVATE).await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in Usher, then try again."));

    story.step("No window was shown, and the window process never ran").await;
    let started = story.session.started_names().await;
    assert!(started.contains(AUTHENTICATOR), "the daemon answered");
    assert!(!started.contains(WINDOW), "the window process was started");
    assert!(story.session.screen().tree().await.nodes.is_empty());
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_display_the_message_names_the_command() {
    let setup = Setup::without_display();
    let story = Story::begin("04-without-display", "Installing without a display", setup).await;
    let host = story.session.host();

    story.step("The message names the command that signs in").await;
    let outcome = story.session.flatpak().install("org.example.Postcard").end().await;
    outcome.expect_refusal(&format!("Account needed. Run “usherctl sign-in {host}”, then try again."));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn k01_a_locked_keyring_is_not_asked_to_open_without_interaction() {
    let title = "Installing without interaction, keyring locked";
    let story = Story::begin("04-locked", title, Setup::default()).await;

    story.step("There is an account, and the keyring is locked").await;
    story.session.sign_in_as("demo").await;
    story.session.keyring().lock().await;

    story.step("The message says that the keyring is locked").await;
    let outcome = story.session.flatpak().run(PRIVATE).await;
    outcome.expect_refusal("Keyring locked. Unlock it, then try again.");

    story.step("Nobody was asked for a password").await;
    assert!(!story.session.keyring().saw_unexpected_prompt());
    assert!(story.session.keyring().is_locked().await);
    assert!(!story.session.started_names().await.contains(WINDOW), "the window process was started");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_the_message_says_so() {
    let setup = Setup { keyring: KeyringState::None, ..Setup::without_display() };
    let story = Story::begin("04-no-keyring", "Installing without a keyring", setup).await;

    story.step("The message says that no keyring is running").await;
    let outcome = story.session.flatpak().run(PRIVATE).await;
    outcome.expect_refusal("No keyring is running, so no account can be used. Run “usherctl doctor”.");
    story.end().await;
}
