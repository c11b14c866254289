// SPDX-License-Identifier: GPL-3.0-or-later
//! What an update without questions could not do is told by a notification, and a click leads on.

use usher_demo_store::Publication;
use usher_tests::{AUTHENTICATOR, Desktop, Setup, Story, WINDOW};

const PRIVATE: &str = "org.example.Private";
const PAID: &str = "org.example.Paid";
const UPDATE: [&str; 3] = ["update", "--user", "--noninteractive"];

/// A protected app is installed, and an update of it is published.
async fn installed(story: &Story, app: &str) {
    story.step("An account is there, a protected app is installed, and an update of it is published").await;
    story.session.sign_in_before("demo").await;
    if app == PAID {
        story.session.buy_before(PAID).await;
    }
    story.session.flatpak().install(app).end().await.expect_success();
    let control = story.session.shop().control();
    control.publish(vec![Publication::Update(app.to_owned())]).await.expect("the shop publishes");
    // What it remembers of a moment ago is gone by then.
    story.session.end_the_daemon().await;
}

/// An update that goes through.
async fn update(story: &Story) {
    story.session.flatpak().run(&UPDATE).await.expect_success();
}

/// An update for which there is no access: the server says so, not Usher.
async fn update_in_vain(story: &Story) {
    let outcome = story.session.flatpak().run(&UPDATE).await;
    assert!(outcome.text.contains("HTTP 403") && !outcome.text.contains("Failed to get tokens"), "{}", outcome.text);
}

fn lapse(story: &Story) {
    let ended = story.session.shop().control().expire_credentials(None);
    assert_eq!(ended.expect("the shop lets sign-ins expire"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_on_a_notification_leads_to_signing_in_with_nothing_running_before() {
    let title = "Updating in the background, account lapsed";
    let story = Story::begin("19-notification", title, Setup::default()).await;
    let host = story.session.host();
    let desktop = story.session.show_notifications(Desktop::Gnome).await;
    installed(&story, PRIVATE).await;
    lapse(&story);

    story.step("An update in the background works, and a notification says what waits").await;
    update_in_vain(&story).await;
    let told = desktop.one().await;
    assert_eq!(told.title, "Account Needed for Updates");
    assert_eq!(told.body, format!("1 update from Demo Store is waiting. Sign in to {host}."));
    assert_eq!(told.buttons, ["Sign In"]);
    assert!(!story.session.started().await.contains(WINDOW), "no window process was started");

    story.step("The next update on the same day tells nothing again").await;
    update_in_vain(&story).await;
    story.session.end_the_daemon().await;
    assert_eq!(desktop.count(), 1);
    assert!(!story.session.bus.has_owner(AUTHENTICATOR).await, "nothing of Usher runs");

    story.step("“Sign In” leads to the account's server, and the notification goes").await;
    desktop.press(&told, "Sign In").await;
    let window = story.session.screen();
    let window = window.window("Usher").await;
    window.press(&format!("Continue to {host}")).await;
    desktop.none().await;

    story.step("Signing in brings the update").await;
    window.sign_in_on_the_page("demo").await;
    window.says("Signed In").await;
    window.press("Done").await;
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
    installed(&story, PRIVATE).await;
    lapse(&story);

    story.step("A click on the notification opens the account").await;
    update_in_vain(&story).await;
    let told = desktop.one().await;
    assert_eq!((told.title.as_str(), &*told.buttons), ("Account Needed for Updates", &["Sign In".to_owned()][..]));
    desktop.click(&told).await;
    let screen = story.session.screen();
    let window = screen.window("Usher").await;
    window.says("Sign-in has expired").await;
    desktop.none().await;

    story.step("While the window is open, nothing is told as well").await;
    story.session.forget_what_was_told();
    update_in_vain(&story).await;
    story.session.end_the_daemon().await;
    assert_eq!(desktop.count(), 1);

    story.step("Without the window it is told, until somebody signs in in a terminal").await;
    screen.key("ctrl+w").await;
    screen.wait_until_empty().await;
    update_in_vain(&story).await;
    let again = desktop.one().await;
    assert_eq!(again.body, format!("1 update from Demo Store is waiting. Sign in to {host}."));
    story.session.sign_in_before("demo").await;
    desktop.none().await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_removed_is_told_of_by_the_repository() {
    let title = "Updating in the background, account removed";
    let story = Story::begin("19-notification-without-account", title, Setup::default()).await;
    let host = story.session.host();
    let desktop = story.session.show_notifications(Desktop::Gnome).await;
    installed(&story, PRIVATE).await;
    let removed = story.session.usherctl(&["remove", &host, "--yes"]).await;
    assert!(removed.status.success(), "{removed:?}");

    story.step("A click on the notification leads to the repository's server").await;
    update_in_vain(&story).await;
    let told = desktop.one().await;
    assert_eq!(told.body, format!("1 update from Demo Store is waiting. Sign in to {host}."));
    desktop.click(&told).await;
    let screen = story.session.screen();
    screen.window("Usher").await.ready(&format!("Continue to {host}")).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_taken_away_is_told_without_its_name() {
    let title = "Updating in the background, an app is taken away";
    let story = Story::begin("19-notification-no-access", title, Setup::default()).await;
    let host = story.session.host();
    let desktop = story.session.show_notifications(Desktop::Gnome).await;
    installed(&story, PAID).await;
    story.session.shop().control().take_away("demo", PAID).expect("the shop takes an app away");

    story.step("A notification says so, and names no app and no person").await;
    update_in_vain(&story).await;
    let told = desktop.one().await;
    assert_eq!(told.title, "App No Longer Available");
    assert_eq!(told.body, format!("An app was not updated: the account at {host} has no access any more."));

    story.step("Given back, the update goes through, and the notification goes").await;
    story.session.shop().control().grant("demo", PAID).expect("the shop gives an app");
    story.session.end_the_daemon().await;
    update(&story).await;
    desktop.none().await;
    story.end().await;
}
