// SPDX-License-Identifier: GPL-3.0-or-later
//! A sign-in that the keyring does not take at first.

use usher_tests::{Setup, Story};

/// Goes to the server's page, and signs in there while the keyring is locked.
async fn sign_in_with_a_locked_keyring(story: &Story) {
    let (host, screen) = (story.session.host(), story.session.screen());
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.press(&format!("Sign In to {host}")).await;
    window.press(&format!("Continue to {host}")).await;
    screen.front().ready("User name").await;
    story.session.keyring().lock().await;
    story.session.keyring().dismiss_next_prompt();
    screen.front().sign_in_on_the_page("demo").await;
    screen.front().says("Sign-In Was Not Saved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_was_not_saved_is_saved_as_soon_as_the_keyring_can() {
    let story = Story::begin("33-kept", "A sign-in waits for the keyring", Setup::default()).await;
    let (host, screen) = (story.session.host(), story.session.screen());

    story.step("The keyring is locked while somebody signs in").await;
    sign_in_with_a_locked_keyring(&story).await;
    assert_eq!(story.session.keyring().items().await.len(), 0);

    story.step("Closing the window asks").await;
    let window = screen.front();
    window.close().await;
    window.says("Discard the Sign-In?").await;
    window.press("Keep Waiting").await;
    // Its buttons are there until it has gone, and look like those of the next question.
    window.wait("the end of the question", |tree| (!tree.says("Discard the Sign-In?")).then_some(())).await;
    window.says("Sign-In Was Not Saved").await;

    story.step("Once another program has unlocked the keyring, the sign-in is saved by itself").await;
    story.session.keyring().answer_next_prompt();
    assert!(story.session.keyring().ask_to_unlock().await);
    window.says("Signed In").await;
    window.press("Done").await;
    screen.window("Usher").await.find_row(&format!("demo, {host}")).await;
    let logins = story.session.shop().requests().iter().filter(|request| request.path == "/login").count();
    assert!(logins <= 2, "nobody signed in twice: {logins}");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_was_not_saved_is_lost_only_where_somebody_says_so() {
    let story = Story::begin("33-lost", "A sign-in is given up", Setup::default()).await;
    let screen = story.session.screen();
    sign_in_with_a_locked_keyring(&story).await;
    let window = screen.front();
    window.press("Cancel").await;
    window.says("Discard the Sign-In?").await;
    window.press("Keep Waiting").await;
    // Its buttons are there until it has gone, and look like those of the next question.
    window.wait("the end of the question", |tree| (!tree.says("Discard the Sign-In?")).then_some(())).await;
    window.says("Sign-In Was Not Saved").await;
    window.close().await;
    window.press("Discard").await;
    screen.wait_until_empty().await;
    assert_eq!(story.session.keyring().items().await.len(), 0);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_opens_while_a_sign_in_could_not_be_saved() {
    let story = Story::begin("33-locked-before", "The keyring is locked before", Setup::default()).await;
    let (host, screen) = (story.session.host(), story.session.screen());
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.press(&format!("Sign In to {host}")).await;
    window.ready(&format!("Continue to {host}")).await;
    story.session.keyring().lock().await;
    story.session.keyring().dismiss_next_prompt();
    window.press(&format!("Continue to {host}")).await;
    screen.front().says("Sign-Ins Cannot Be Saved").await;
    assert!(story.session.shop().requests().iter().all(|request| request.path != "/login"));
    story.session.keyring().answer_next_prompt();
    screen.front().press("Try Again").await;
    screen.front().ready("User name").await;
    story.end().await;
}
