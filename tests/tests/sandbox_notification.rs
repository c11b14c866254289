// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: the portal shows its notifications, and a click leads into the window's sandbox.

use usher_demo_store::Publication;
use usher_tests::{Desktop, Package, Setup, Story, WINDOW};

const APP: &str = "org.example.Private";

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_goes_by_the_portal_and_a_click_opens_the_account() {
    let setup = Setup { package: Package::Flatpak, ..Setup::default() };
    let story = Story::begin("sandbox-notification", "Usher as a Flatpak: a notification by the portal", setup).await;
    let session = &story.session;
    let host = session.host();
    // What draws for the portal hands them on to this.
    let desktop = session.show_notifications(Desktop::Other).await;

    story
        .step("An account is there, a protected app is installed, an update is published, and the account lapses")
        .await;
    session.sign_in_before("demo").await;
    session.flatpak().install(APP).end().await.expect_success();
    let control = session.shop().control();
    control.publish(vec![Publication::Update(APP.to_owned())]).await.expect("the shop publishes");
    assert_eq!(control.expire_credentials(None).expect("the shop lets sign-ins expire"), 1);
    session.end_the_daemon().await;

    story.step("An update in the background is told of by the portal").await;
    let outcome = session.flatpak().run(&["update", "--user", "--noninteractive"]).await;
    assert!(!outcome.text.contains("Failed to get tokens"), "{}", outcome.text);
    let told = desktop.one().await;
    assert_eq!(told.title, "Account Needed for Updates");
    assert_eq!(told.body, format!("1 update from Demo Store is waiting. Sign in to {host}."));
    assert!(!session.started().await.contains(WINDOW), "no window process was started");
    session.end_the_daemon().await;

    story.step("A click opens the account").await;
    desktop.click(&told).await;
    session.screen().window("Usher").await.says("Sign-in has expired").await;
    story.end().await;
}
