// SPDX-License-Identifier: GPL-3.0-or-later
//! With *Continue Installs After Signing In* an install waits until its app is bought, and goes on by itself.

use usher_tests::{AUTHENTICATOR, Setup, Story, Terminal};

const PAID: &str = "org.example.Sketchbook";

/// A story in which an install waits and the shop's purchase page is open.
async fn waiting_at_the_page(name: &'static str, title: &str) -> (Story, Terminal) {
    let story = Story::begin(name, title, Setup::default()).await;
    story.session.update_appstream().await;
    story.session.change_setting("continue-installs", "true").await;
    story.session.sign_in_as("demo").await;

    story.step("The install waits while the question is open").await;
    let mut install = story.session.flatpak().install(PAID);
    let screen = story.session.screen();
    let prompt = screen.window("Buy “Sketchbook”?").await;
    prompt.says("The terminal is waiting. The install continues after the purchase.").await;
    prompt.press("Continue to Purchase").await;
    screen.front().ready("Buy Now").await;
    assert!(install.is_running(), "{}", install.text());
    (story, install)
}

/// Pays, and waits until Usher says that the app was bought.
async fn pay(story: &Story) {
    let screen = story.session.screen();
    let window = screen.front();
    window.pay_on_the_page("Sketchbook").await;
    window.says("“Sketchbook” now belongs to demo.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_waits_for_the_purchase_and_goes_on_by_itself() {
    let (story, install) = waiting_at_the_page("13-continue", "An install waits for the purchase").await;

    story.step("Buying lets it go on").await;
    pay(&story).await;
    story.session.screen().front().says("The install continues in the terminal.").await;
    install.end().await.expect_success();
    assert!(story.session.flatpak().is_installed(PAID).await);

    story.step("The window closes by itself").await;
    story.session.screen().wait_until_empty().await;
    assert_eq!(story.session.purchase_counts(), (1, 1));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_a_purchase_page_stays_open_when_its_client_goes() {
    let (story, install) = waiting_at_the_page("13-client-gone", "The client of an open purchase goes").await;

    story.step("Ctrl+C in the terminal: the page stays, and says that nobody waits").await;
    install.interrupt();
    assert_ne!(install.end().await.code, 0);
    let screen = story.session.screen();
    let window = screen.front();
    window.says("The terminal is no longer waiting. The purchase can still be finished.").await;
    window.ready("Buy Now").await;

    story.step("It can be finished").await;
    pay(&story).await;
    window.says(&format!("flatpak install demo {PAID}")).await;
    window.press("Done").await;
    screen.wait_until_empty().await;
    story.session.flatpak().install(PAID).end().await.expect_success();
    assert_eq!(story.session.purchase_counts(), (1, 1));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_a_purchase_outlives_the_daemon() {
    let (story, install) = waiting_at_the_page("13-daemon-killed", "The daemon is killed during a purchase").await;

    story.step("The daemon is killed: the page stays").await;
    story.session.bus.kill_owner(AUTHENTICATOR).await;
    story.session.screen().front().ready("Buy Now").await;

    story.step("The purchase is finished").await;
    pay(&story).await;
    let window = story.session.screen();
    let window = window.front();
    window.press("Done").await;
    story.session.screen().wait_until_empty().await;

    story.step("The first install has ended, and the next one works").await;
    story.session.flatpak().install(PAID).end().await.expect_success();
    let first = install.end().await;
    assert_eq!(first.code, 1, "{}", first.text);
    assert!(first.text.contains("Usher was stopped before it could answer. Try again."), "{}", first.text);
    assert_eq!(story.session.purchase_counts(), (1, 1));
    story.end().await;
}
