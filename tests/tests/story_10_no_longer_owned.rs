// SPDX-License-Identifier: GPL-3.0-or-later
//! An app that the account no longer owns does not block updates.

use usher_demo_store::Publication;
use usher_tests::{Outcome, Setup, Story};

const PAID: &str = "org.example.Sketchbook";
const PRIVATE: &str = "org.example.Postcard";
const FREE: &str = "org.example.Metronome";
const PLATFORM: &str = "org.example.Platform";
const UPDATE: [&str; 3] = ["update", "--user", "-y"];

/// The installed commits: the app in question first, then all others.
async fn installed(story: &Story) -> Vec<String> {
    let mut commits = Vec::new();
    for id in [PAID, PRIVATE, FREE, PLATFORM] {
        commits.push(story.session.flatpak().commit(id).await);
    }
    commits
}

/// Installs a free, a private and a bought app, publishes updates of all, and takes the bought one away.
async fn take_app_away(story: &Story) {
    story.step("A free, a private and a bought app are installed").await;
    story.session.update_appstream().await;
    story.session.sign_in_as("demo").await;
    story.session.buy(PAID).await;
    for app in [PAID, PRIVATE, FREE] {
        story.session.flatpak().install(app).end().await.expect_success();
    }

    story.step("Updates of all are published, and the bought one is taken away").await;
    let control = story.session.shop().control();
    let updates = [PAID, PRIVATE, FREE, PLATFORM].map(|id| Publication::Update(id.to_owned()));
    control.publish(updates.to_vec()).await.expect("the shop publishes");
    control.take_away("demo", PAID).expect("the shop takes an app away");
    // A new daemon has no cached answers.
    story.session.stop_daemon().await;
}

/// Fails unless the first app waits, and all others were updated.
fn assert_only_others_changed(before: &[String], after: &[String], outcome: &Outcome) {
    assert_eq!(before[0], after[0], "{}", outcome.text);
    for (before, after) in before.iter().zip(after).skip(1) {
        assert_ne!(before, after, "{}", outcome.text);
    }
    assert!(!outcome.text.contains("Failed to get tokens"), "{}", outcome.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_others_are_updated_when_one_app_is_not_owned_any_more() {
    let story = Story::begin("10-no-longer-owned", "An app is taken away", Setup::default()).await;
    let host = story.session.host();
    let screen = story.session.screen();

    take_app_away(&story).await;

    story.step("“flatpak update -y” updates all others, and opens no window").await;
    let before = installed(&story).await;
    let outcome = story.session.flatpak().run(&UPDATE).await;
    let after = installed(&story).await;
    assert_only_others_changed(&before, &after, &outcome);
    assert!(screen.tree().await.nodes.is_empty(), "no window opens for an update");

    story.step("Usher says which app was not updated, and why").await;
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.mentions(&format!("Not updated: the account at {host} no longer has access")).await;

    window.ready("More About Sketchbook").await;

    story.step("The list of purchases says that there is no access now").await;
    window.press_row(&format!("demo, {host}")).await;
    window.press_row("Purchases").await;
    window.row_says("Sketchbook", "No Access").await;

    story.step("The shop gives access again, “Check Again” finds it, and the update goes through").await;
    story.session.shop().control().grant("demo", PAID).expect("the shop gives an app");
    window.press("Check Again").await;
    window.row_says("Sketchbook", "Installed").await;
    story.session.stop_daemon().await;
    story.session.flatpak().run(&UPDATE).await.expect_success();
    assert_ne!(story.session.flatpak().commit(PAID).await, after[0]);
    assert!(
        story.session.begun_purchases().len() == 1 && story.session.paid_purchases().len() == 1,
        "nothing was bought for it"
    );
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_terminal_the_prompt_does_not_hold_up_the_update() {
    let title = "An app is taken away, and updates are asked for in a terminal";
    let story = Story::begin("10-no-longer-owned-asked", title, Setup::default()).await;
    let screen = story.session.screen();
    take_app_away(&story).await;

    story.step("“flatpak update”, answered with yes, updates all others").await;
    let before = installed(&story).await;
    let outcome = story.session.flatpak().in_terminal(&["update", "--user"]).answering_yes().end().await;
    assert_only_others_changed(&before, &installed(&story).await, &outcome);

    story.step("A window asks whether to buy the app that is left, and can be put off").await;
    let prompt = screen.window("Buy “Sketchbook”?").await;
    prompt.says("Other apps are being updated. After the purchase, “Sketchbook” is part of the next update.").await;
    prompt.press("Not Now").await;
    screen.wait_until_empty().await;
    assert_eq!(story.session.begun_purchases().len(), 1, "nothing was begun for it");
    story.end().await;
}
