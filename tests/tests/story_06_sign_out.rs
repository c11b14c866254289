// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing out keeps the account, removing it does not.

use usher_demo_store::CREDENTIAL_MARK;
use usher_tests::{Setup, Story, Tree};

const APP: &str = "org.example.Postcard";

#[tokio::test(flavor = "multi_thread")]
async fn after_signing_out_an_install_asks_again_and_removing_leaves_nothing() {
    let story = Story::begin("06-sign-out", "Signing out and removing", Setup::default()).await;
    let host = story.session.host();
    let screen = story.session.screen();

    story.step("There is an account, and an app was installed with it").await;
    story.session.sign_in_as("demo").await;
    story.session.flatpak().install(APP).end().await.expect_success();

    story.step("The account is signed out, and stays in the list").await;
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.press_row(&format!("demo, {host}")).await;
    window.press("Sign Out").await;
    window.mentions(&format!("Signed out of {host}")).await;
    window.says("Signed out").await;
    let offers = |tree: &Tree| {
        tree.nodes
            .iter()
            .filter(|node| node.is_control() && node.is_sensitive() && node.name.contains("Sign In"))
            .count()
    };
    let tree = window.tree().await;
    assert_eq!(offers(&tree), 1, "signing in is offered once:\n{tree}");
    assert!(tree.rows_called("Sign In Again…").next().is_none(), "{tree}");
    assert!(!story.session.keyring().only_item().await.text().contains(CREDENTIAL_MARK), "the sign-in is forgotten");

    story.step("Installing again asks again").await;
    let gone = story.session.flatpak().run(&["uninstall", "--user", "--noninteractive", APP]).await;
    gone.expect_success();
    let outcome = story.session.flatpak().install(APP).end().await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));
    let prompt = screen.wait("the prompt", |tree| {
        tree.titles().into_iter().find(|title| title.starts_with(&format!("Sign In to {host}"))).map(str::to_owned)
    });
    let prompt = prompt.await;
    screen.window(&prompt).await.press("Not Now").await;
    screen.wait_until_gone(&prompt).await;

    story.step("Removing the account leaves nothing in the keyring").await;
    window.focus().await;
    window.press("Remove Account…").await;
    window.says("Remove demo?").await;
    window.press("Remove").await;
    // The toast disappears after some seconds, the empty list stays.
    let is_told = |tree: &Tree| (tree.mentions("Account removed") || tree.says("No Accounts Yet")).then_some(());
    window.wait("the account to be gone", is_told).await;
    assert!(story.session.keyring().items().await.is_empty());
    story.end().await;
}
