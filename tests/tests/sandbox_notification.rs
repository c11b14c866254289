// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: the portal shows its notifications, and a click opens the window in its sandbox.

use usher_demo_store::Publication;
use usher_tests::{Desktop, Setup, Story, WINDOW};

const APP: &str = "org.example.Postcard";
const SWITCH: &str = "Account Reminders";

/// A story with a lapsed account and a published update of a protected app.
async fn lapsed(name: &'static str, title: &str) -> Story {
    let story = Story::begin(name, title, Setup::with_flatpak()).await;
    story.step("There is an account, a protected app, a published update of it, and the sign-in expires").await;
    let session = &story.session;
    session.sign_in_as("demo").await;
    session.flatpak().install(APP).end().await.expect_success();
    let control = session.shop().control();
    control.publish(vec![Publication::Update(APP.to_owned())]).await.expect("the shop publishes");
    assert_eq!(control.expire_credentials(None).expect("the shop lets sign-ins expire"), 1);
    session.stop_daemon().await;
    story
}

/// Updates in the background, without the protected app.
async fn update(story: &Story) {
    let outcome = story.session.flatpak().run(&["update", "--user", "--noninteractive"]).await;
    assert!(!outcome.text.contains("Failed to get tokens"), "{}", outcome.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_goes_through_the_portal_and_a_click_opens_the_account() {
    let story = lapsed("sandbox-notification", "Usher as a Flatpak: a notification by the portal").await;
    let session = &story.session;
    let host = session.host();
    // The portal's backend passes notifications on to this service.
    let desktop = session.show_notifications(Desktop::Other).await;

    story.step("The portal shows a notification about an update in the background").await;
    update(&story).await;
    let notification = desktop.wait_for_one().await;
    assert_eq!(notification.title, "Account Needed for Updates");
    assert_eq!(notification.body, format!("1 update from Demo Store is waiting. Sign in to {host}."));
    assert!(!session.started_names().await.contains(WINDOW), "no window process was started");
    session.stop_daemon().await;

    story.step("A click opens the account").await;
    desktop.click(&notification).await;
    session.screen().window("Usher").await.says("Sign-in has expired").await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_windows_reminder_switch_applies_to_the_daemon_in_another_sandbox() {
    let story = lapsed("sandbox-reminders", "Usher as a Flatpak: Account Reminders are switched off").await;
    let session = &story.session;
    let desktop = session.show_notifications(Desktop::Other).await;
    let screen = session.screen();
    let press_the_switch = async |was_on: bool| {
        session.open_usher();
        screen.window("Usher").await.ready("Add Account").await;
        screen.key("ctrl+comma").await;
        assert_eq!(screen.front().ready_switch(SWITCH).await.is_on(), was_on);
        screen.front().press(SWITCH).await;
        screen.key("Escape").await;
        let window = screen.window("Usher").await;
        // Both the window and its preferences have a “Close” button.
        window.wait("the end of the preferences", |tree| (!tree.says(SWITCH)).then_some(())).await;
        window.close().await;
        screen.wait_until_empty().await;
    };

    story.step("They are switched off, and an update in the background shows no notification").await;
    press_the_switch(true).await;
    update(&story).await;
    session.stop_daemon().await;
    assert_eq!(desktop.count(), 0);

    story.step("They are switched on, and the next update shows one").await;
    press_the_switch(false).await;
    update(&story).await;
    assert_eq!(desktop.wait_for_one().await.title, "Account Needed for Updates");
    story.end().await;
}
