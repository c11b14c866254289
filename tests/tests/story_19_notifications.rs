// SPDX-License-Identifier: GPL-3.0-or-later
//! Where Usher may ask nobody, it shows a notification, and a click leads on.

use std::collections::HashMap;
use std::process::Command;
use std::time::SystemTime;

use usher_demo_store::Publication;
use usher_tests::{ACCESS, AUTHENTICATOR, Desktop, Node, Setup, Story, WINDOW};
use zbus::zvariant::OwnedValue;

const PRIVATE: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";
const PAID2: &str = "org.example.Stargazer";
const UPDATE: [&str; 3] = ["update", "--user", "--noninteractive"];

/// Installs a protected app, and publishes an update of it.
async fn install_and_publish(story: &Story, app: &str) {
    story.step("There is an account, a protected app, and a published update of it").await;
    story.session.sign_in_as("demo").await;
    if app == PAID {
        story.session.buy(PAID).await;
    }
    story.session.flatpak().install(app).end().await.expect_success();
    publish_update(story, app).await;
    // A new daemon has no cached answers.
    story.session.stop_daemon().await;
}

async fn publish_update(story: &Story, app: &str) {
    let control = story.session.shop().control();
    control.publish(vec![Publication::Update(app.to_owned())]).await.expect("the shop publishes");
}

/// Updates, and expects success.
async fn update(story: &Story) {
    story.session.flatpak().run(&UPDATE).await.expect_success();
}

/// Updates without access: the repository refuses the app, not Usher.
async fn update_without_access(story: &Story) {
    let outcome = story.session.flatpak().run(&UPDATE).await;
    assert!(outcome.text.contains("HTTP 403") && !outcome.text.contains("Failed to get tokens"), "{}", outcome.text);
}

fn expire_sign_in(story: &Story) {
    let ended = story.session.shop().control().expire_credentials(None);
    assert_eq!(ended.expect("the shop lets sign-ins expire"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_on_a_notification_leads_to_signing_in_with_nothing_running_before() {
    let title = "Updating in the background, account lapsed";
    let story = Story::begin("19-notification", title, Setup::default()).await;
    let host = story.session.host();
    let desktop = story.session.show_notifications(Desktop::Gnome).await;
    install_and_publish(&story, PRIVATE).await;
    expire_sign_in(&story);

    story.step("An update in the background works, and a notification says what waits").await;
    update_without_access(&story).await;
    let notification = desktop.wait_for_one().await;
    assert_eq!(notification.title, "Account Needed for Updates");
    assert_eq!(notification.body, format!("1 update from Demo Store is waiting. Sign in to {host}."));
    assert_eq!(notification.buttons, ["Sign In"]);
    assert!(!story.session.started_names().await.contains(WINDOW), "no window process was started");

    story.step("The next update on the same day shows no notification").await;
    update_without_access(&story).await;
    story.session.stop_daemon().await;
    assert_eq!(desktop.count(), 1);
    assert!(!story.session.bus.has_owner(AUTHENTICATOR).await, "nothing of Usher runs");

    story.step("“Sign In” leads to the account's server, and the notification disappears").await;
    desktop.press(&notification, "Sign In").await;
    let window = story.session.screen();
    let window = window.window("Usher").await;
    window.press(&format!("Continue to {host}")).await;
    desktop.wait_until_none().await;

    story.step("Signing in brings the update").await;
    window.sign_in_on_the_page("demo").await;
    window.mentions("Signed in as demo").await;
    let before = story.session.flatpak().commit(PRIVATE).await;
    update(&story).await;
    assert_ne!(before, story.session.flatpak().commit(PRIVATE).await);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_any_desktop_a_click_opens_the_account_and_signing_in_elsewhere_ends_the_notification() {
    let title = "A notification on a desktop that is not GNOME";
    let story = Story::begin("19-notification-elsewhere", title, Setup::default()).await;
    let host = story.session.host();
    let desktop = story.session.show_notifications(Desktop::Other).await;
    install_and_publish(&story, PRIVATE).await;
    expire_sign_in(&story);

    story.step("A click on the notification opens the account").await;
    update_without_access(&story).await;
    let notification = desktop.wait_for_one().await;
    assert_eq!(
        (notification.title.as_str(), &*notification.buttons),
        ("Account Needed for Updates", &["Sign In".to_owned()][..])
    );
    desktop.click(&notification).await;
    let screen = story.session.screen();
    let window = screen.window("Usher").await;
    window.says("Sign-in has expired").await;
    desktop.wait_until_none().await;

    story.step("While the window is open, there is no notification").await;
    story.session.let_a_day_pass();
    update_without_access(&story).await;
    story.session.stop_daemon().await;
    assert_eq!(desktop.count(), 1);

    story.step("Without the window there is a notification, until somebody signs in in a terminal").await;
    screen.key("ctrl+w").await;
    screen.wait_until_empty().await;
    update_without_access(&story).await;
    let again = desktop.wait_for_one().await;
    assert_eq!(again.body, format!("1 update from Demo Store is waiting. Sign in to {host}."));
    story.session.sign_in_as("demo").await;
    desktop.wait_until_none().await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_about_a_removed_account_leads_to_the_repositorys_server() {
    let title = "Updating in the background, account removed";
    let story = Story::begin("19-notification-without-account", title, Setup::default()).await;
    let host = story.session.host();
    let desktop = story.session.show_notifications(Desktop::Gnome).await;
    install_and_publish(&story, PRIVATE).await;
    story.session.usherctl(&["remove", &host, "--yes"]).await.expect_success();

    story.step("A click on the notification leads to the repository's server").await;
    update_without_access(&story).await;
    let notification = desktop.wait_for_one().await;
    assert_eq!(notification.body, format!("1 update from Demo Store is waiting. Sign in to {host}."));
    desktop.click(&notification).await;
    let screen = story.session.screen();
    screen.window("Usher").await.ready(&format!("Continue to {host}")).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_about_a_lost_app_does_not_name_it() {
    let title = "Updating in the background, an app is taken away";
    let story = Story::begin("19-notification-no-access", title, Setup::default()).await;
    let host = story.session.host();
    let desktop = story.session.show_notifications(Desktop::Gnome).await;
    install_and_publish(&story, PAID).await;
    story.session.shop().control().take_away("demo", PAID).expect("the shop takes an app away");

    story.step("A notification says so, and names no app and no person").await;
    update_without_access(&story).await;
    let notification = desktop.wait_for_one().await;
    assert_eq!(notification.title, "App No Longer Available");
    assert_eq!(notification.body, format!("An app was not updated: the account at {host} no longer has access."));

    story.step("The shop gives access again, the update goes through, and the notification disappears").await;
    story.session.shop().control().grant("demo", PAID).expect("the shop gives an app");
    story.session.stop_daemon().await;
    update(&story).await;
    desktop.wait_until_none().await;
    story.end().await;
}

/// The time in `seconds` seconds, as seconds since 1970.
fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970");
    i64::try_from(now.as_secs()).expect("it is not that late") + seconds
}

/// A date as people read it.
fn date(seconds: i64) -> String {
    let mut date = Command::new("date");
    let output = date.args(["+%-d %B %Y", "--date", &format!("@{seconds}")]).env("LC_ALL", "C").output();
    String::from_utf8(output.expect("date starts").stdout).expect("a date is text").trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_each_sign_in_is_announced_once() {
    const DAY: i64 = 24 * 60 * 60;
    let title = "Updating in the background, the sign-in ends soon";
    let story = Story::begin("19-notification-ends-soon", title, Setup::default()).await;
    let session = &story.session;
    let host = session.host();
    let desktop = session.show_notifications(Desktop::Gnome).await;
    let end = seconds_from_now(3 * DAY);
    session.shop().control().set_claimed_expiry(Some(end));
    install_and_publish(&story, PRIVATE).await;
    session.keyring().backdate_sign_in(30).await;

    story.step("The update goes through, and a notification says when the sign-in ends").await;
    update(&story).await;
    let notification = desktop.wait_for_one().await;
    assert_eq!((notification.title.as_str(), notification.buttons.len()), ("Sign-In Ends Soon", 0));
    assert_eq!(notification.body, format!("At {host}, on {}.", date(end)));

    story.step("A click opens the account, and the notification disappears").await;
    session.stop_daemon().await;
    desktop.click(&notification).await;
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.ready("Sign In Again…").await;
    desktop.wait_until_none().await;
    window.close().await;
    screen.wait_until_empty().await;

    story.step("A day later there is no notification about the same end").await;
    session.let_a_day_pass();
    publish_update(&story, PRIVATE).await;
    update(&story).await;
    session.stop_daemon().await;
    assert_eq!(desktop.count(), 1);

    story.step("Somebody signs in again, and a month later there is a notification about the new end").await;
    session.usherctl(&["sign-out", &host]).await.expect_success();
    session.shop().control().set_claimed_expiry(Some(end + DAY));
    session.sign_in_as("demo").await;
    session.keyring().backdate_sign_in(30).await;
    publish_update(&story, PRIVATE).await;
    update(&story).await;
    assert_eq!(desktop.wait_for_one().await.body, format!("At {host}, on {}.", date(end + DAY)));
    assert_eq!(desktop.count(), 2);
    story.end().await;
}

/// Pays for an app that the shop does not unlock yet, and closes the prompt.
async fn pay_without_access(story: &Story, app: &str, name: &str) {
    story.session.shop().control().hold_grants();
    story.session.flatpak().install(app).end().await;
    let screen = story.session.screen();
    let title = format!("Buy “{name}”?");
    screen.window(&title).await.press("Continue to Purchase").await;
    let prompt = screen.front();
    prompt.pay_on_the_page(name).await;
    prompt.says("Thank You").await;
    prompt.press("Done").await;
    let prompt = screen.window(&title).await;
    prompt.says("Waiting for the Store").await;
    prompt.close_by_key().await;
    screen.wait_until_gone(&title).await;
}

/// The state that the daemon reports to stores for an app.
async fn state_for_stores(story: &Story, app: &str) -> String {
    let session = &story.session;
    let (name, path) = (ACCESS, "/io/github/usher/Usher/Devel/Access");
    let arguments = ("demo", session.shop().repository_url().to_string(), vec![app]);
    let interface = Some("io.github.usher.Access1");
    let reply = session.bus.connection.call_method(Some(name), path, interface, "Query", &arguments).await;
    let reply = reply.expect("a question is answered");
    let apps: HashMap<String, HashMap<String, OwnedValue>> =
        reply.body().deserialize().expect("an answer has its form");
    apps[app]["state"].downcast_ref::<String>().expect("a state is text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_that_a_store_finds_finished_is_announced_if_no_window_shows_it() {
    let title = "A purchase is unlocked after its window was closed";
    let story = Story::begin("19-notification-purchase", title, Setup::default()).await;
    let session = &story.session;
    let host = session.host();
    let desktop = session.show_notifications(Desktop::Gnome).await;
    session.update_appstream().await;
    session.sign_in_as("demo").await;

    story.step("A person pays for an app, and closes the window before the shop unlocks it").await;
    pay_without_access(&story, PAID, "Sketchbook").await;
    let screen = session.screen();
    screen.wait_until_empty().await;

    story.step("The shop unlocks it, a store asks, and a notification says so without naming the app").await;
    session.shop().control().release_grants().expect("the shop unlocks");
    assert_eq!(state_for_stores(&story, PAID).await, "owned");
    let notification = desktop.wait_for_one().await;
    assert_eq!(notification.title, "Purchase Finished");
    assert_eq!(notification.body, format!("What was bought at {host} can be installed now."));

    story.step("A click opens the account, and the notification disappears").await;
    desktop.click(&notification).await;
    let window = screen.window("Usher").await;
    window.ready("Sign Out").await;
    desktop.wait_until_none().await;

    story.step("The next app is unlocked while the window is open, and there is no notification").await;
    session.let_a_day_pass();
    pay_without_access(&story, PAID2, "Stargazer").await;
    session.shop().control().release_grants().expect("the shop unlocks");
    assert_eq!(state_for_stores(&story, PAID2).await, "owned");
    session.stop_daemon().await;
    assert_eq!(desktop.count(), 1);
    story.end().await;
}

/// Presses the switch in the open preferences, and closes the window.
async fn toggle_reminders_and_close(story: &Story) {
    let screen = story.session.screen();
    let dialog = screen.front();
    let was_on = dialog.ready_switch("Account Reminders").await.is_on();
    dialog.press("Account Reminders").await;
    let is_switched = |node: &&Node| node.name == "Account Reminders" && node.is_switch() && node.is_on() != was_on;
    dialog.wait("the other position of the switch", |tree| tree.nodes.iter().find(is_switched).cloned()).await;
    screen.key("Escape").await;
    let window = screen.window("Usher").await;
    // Both the window and its preferences have a “Close” button.
    window.wait("the end of the preferences", |tree| (!tree.says("Account Reminders")).then_some(())).await;
    window.close().await;
    screen.wait_until_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_reminders_only_the_window_reports_waiting_updates() {
    let title = "Account Reminders are switched off";
    let story = Story::begin("19-reminders", title, Setup::default()).await;
    let session = &story.session;
    let desktop = session.show_notifications(Desktop::Gnome).await;
    install_and_publish(&story, PRIVATE).await;
    expire_sign_in(&story);
    let screen = session.screen();

    story.step("They are on until a person switches them off in the preferences").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.ready("Add Account").await;
    screen.key("ctrl+comma").await;
    assert!(screen.front().ready_switch("Account Reminders").await.is_on());
    toggle_reminders_and_close(&story).await;

    story.step("An update in the background works, and there is no notification").await;
    update_without_access(&story).await;
    session.stop_daemon().await;
    assert_eq!(desktop.count(), 0);
    update_without_access(&story).await;
    let daemon = session.bus.process_of(AUTHENTICATOR).await;

    story.step("The window shows the waiting update, and they are switched on again").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.mentions("1 update is waiting for this account").await;
    screen.key("ctrl+comma").await;
    assert!(!screen.front().ready_switch("Account Reminders").await.is_on());
    toggle_reminders_and_close(&story).await;

    story.step("The next update in the background shows a notification").await;
    update_without_access(&story).await;
    assert_eq!(desktop.wait_for_one().await.title, "Account Needed for Updates");
    assert_eq!((desktop.count(), session.bus.process_of(AUTHENTICATOR).await), (1, daemon));
    story.end().await;
}
