// SPDX-License-Identifier: GPL-3.0-or-later
//! A locked keyring is not a missing account.

use usher_tests::{Setup, Story};

const APP: &str = "org.example.Postcard";

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keyring_is_unlocked_and_the_install_works() {
    let story = Story::begin("05-locked", "The keyring is locked", Setup::default()).await;
    let screen = story.session.screen();

    story.step("There is an account, and the keyring is locked").await;
    story.session.sign_in_as("demo").await;
    story.session.keyring().lock().await;

    story.step("The message says that the keyring is locked").await;
    let outcome = story.session.flatpak().install(APP).end().await;
    outcome.expect_refusal("Keyring locked. Unlock it in the Usher window, then try again.");
    let prompt = screen.window("Unlock the Keyring").await;
    prompt.mentions(&story.session.host()).await;
    assert!(!prompt.tree().await.says("Known server, new account"), "the account is not known yet");
    assert!(!story.session.keyring().saw_unexpected_prompt(), "the person is asked only after “Unlock”");

    story.step("“Unlock” asks for the keyring's password").await;
    story.session.keyring().answer_next_prompt();
    prompt.press("Unlock").await;
    prompt.says("Keyring Unlocked").await;
    prompt.press("Done").await;
    screen.wait_until_empty().await;
    assert!(!story.session.keyring().is_locked().await);

    story.step("The install works").await;
    story.session.flatpak().install(APP).end().await.expect_success();
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn k02_a_dismissed_unlock_keeps_the_account() {
    let story = Story::begin("05-dismissed", "The keyring stays locked", Setup::default()).await;
    let screen = story.session.screen();
    story.session.change_setting("continue-installs", "true").await;

    story.step("There is an account, and the keyring is locked").await;
    story.session.sign_in_as("demo").await;
    let before = story.session.keyring().only_item().await.secret;
    story.session.keyring().lock().await;

    story.step("The person dismisses the password prompt, and “Not Now” ends the install").await;
    let install = story.session.flatpak().install(APP);
    let prompt = screen.window("Unlock the Keyring").await;
    story.session.keyring().dismiss_next_prompt();
    prompt.press("Unlock").await;
    prompt.says("The keyring is still locked").await;
    prompt.press("Not Now").await;
    install.end().await.expect_error("User cancelled authentication request");
    assert!(!story.session.keyring().saw_unexpected_prompt(), "the password was asked for once");

    story.step("The account has not changed").await;
    story.session.keyring().answer_next_prompt();
    assert!(story.session.keyring().ask_to_unlock().await);
    assert!(story.session.keyring().only_item().await.secret == before);
    story.end().await;
}
