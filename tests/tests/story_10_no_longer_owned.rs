// SPDX-License-Identifier: GPL-3.0-or-later
//! An app that is not the account's any more does not stand in the way of updates.

use usher_demo_store::Publication;
use usher_tests::{Setup, Story};

const PAID: &str = "org.example.Paid";
const PRIVATE: &str = "org.example.Private";
const FREE: &str = "org.example.Free";
const PLATFORM: &str = "org.example.Platform";
const UPDATE: [&str; 3] = ["update", "--user", "-y"];

/// What is installed: the app in question first, then all others.
async fn installed(story: &Story) -> Vec<String> {
    let mut commits = Vec::new();
    for id in [PAID, PRIVATE, FREE, PLATFORM] {
        commits.push(story.session.flatpak().commit(id).await);
    }
    commits
}

#[tokio::test(flavor = "multi_thread")]
async fn all_others_are_updated_when_one_app_is_not_owned_any_more() {
    let story = Story::begin("10-no-longer-owned", "An app is taken away", Setup::default()).await;
    let host = story.session.host();
    let screen = story.session.screen();

    story.step("A free, a private and a bought app are installed").await;
    story.session.know_the_apps().await;
    story.session.sign_in_before("demo").await;
    story.session.buy_before(PAID).await;
    for app in [PAID, PRIVATE, FREE] {
        story.session.flatpak().install(app).end().await.expect_success();
    }

    story.step("Updates of all are published, and the bought one is taken away").await;
    let control = story.session.shop().control();
    let updates = [PAID, PRIVATE, FREE, PLATFORM].map(|id| Publication::Update(id.to_owned()));
    control.publish(updates.to_vec()).await.expect("the shop publishes");
    control.take_away("demo", PAID).expect("the shop takes an app away");
    // What it remembers of a moment ago is gone by then.
    story.session.end_the_daemon().await;

    story.step("“flatpak update -y” updates all others, and opens no window").await;
    let before = installed(&story).await;
    let outcome = story.session.flatpak().run(&UPDATE).await;
    let after = installed(&story).await;
    assert_eq!(before[0], after[0], "{}", outcome.text);
    for (before, after) in before.iter().zip(&after).skip(1) {
        assert_ne!(before, after, "{}", outcome.text);
    }
    assert!(!outcome.text.contains("Failed to get tokens"), "{}", outcome.text);
    assert!(screen.tree().await.nodes.is_empty(), "no window opens for an update");

    story.step("Among the purchases it has no access now").await;
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.press_row(&format!("demo, {host}")).await;
    window.press_row("Purchases").await;
    window.press("Check Again").await;
    window.row_says("Paid", "No Access Now").await;

    story.step("Given back, the update goes through").await;
    control.grant("demo", PAID).expect("the shop gives an app");
    story.session.end_the_daemon().await;
    story.session.flatpak().run(&UPDATE).await.expect_success();
    assert_ne!(story.session.flatpak().commit(PAID).await, after[0]);
    assert!(story.session.begun().len() == 1 && story.session.paid().len() == 1, "nothing was bought for it");
    story.end().await;
}
