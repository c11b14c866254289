// SPDX-License-Identifier: GPL-3.0-or-later
//! A container registry: an install without an account. The table in `providers.rs` has those with one.

use usher_tests::{Setup, Story, token_requests};

const OPEN_APP: &str = "org.example.Almanac";

#[tokio::test(flavor = "multi_thread")]
async fn what_anybody_may_have_needs_no_account() {
    let setup = Setup { without_shop: true, ..Setup::default() };
    let story = Story::begin("50-anybody", "A container registry: what anybody may have", setup).await;
    let session = &story.session;
    let registry = session.open_registry("acme").await;

    story.step("An app that anybody may have is installed without a question").await;
    session.flatpak().run(&["install", "--user", "-y", "acme", OPEN_APP]).await.expect_success();
    assert!(session.keyring().items().await.is_empty());
    let requests = registry.requests();
    let asked = token_requests(&requests);
    assert!(!asked.is_empty() && asked.iter().all(|(_, user)| user.is_none()), "{asked:?}");

    story.step("So is an update of it").await;
    registry.control().publish_update(OPEN_APP).await.expect("an update can be published");
    session.flatpak().in_terminal(&["update", "--user"]).answering_yes().end().await.expect_success();
    let run = session.flatpak().run(&["run", OPEN_APP]).await;
    assert!(run.expect_success().text.contains("Hello from Almanac 2"), "{}", run.text);
    assert!(session.screen().tree().await.nodes.is_empty(), "no window has opened");
    story.end().await;
}
