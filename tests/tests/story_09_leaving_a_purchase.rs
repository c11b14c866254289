// SPDX-License-Identifier: GPL-3.0-or-later
//! Leaving the purchase page before and after paying: nothing is bought twice, and no payment is lost.

use usher_demo_store::{Failure, Route};
use usher_tests::{Setup, Story, WINDOW, wait_until};

const PAID: &str = "org.example.Sketchbook";

/// A story with an account, and the shop's purchase page open.
async fn story_at_the_page(name: &'static str, title: &str) -> Story {
    let story = Story::begin(name, title, Setup::default()).await;
    story.session.update_appstream().await;
    story.session.sign_in_as("demo").await;
    story.step("An install leads to the shop's page").await;
    go_to_the_page(&story).await;
    story.session.screen().front().says("Buy Now").await;
    story
}

async fn go_to_the_page(story: &Story) {
    story.session.flatpak().install(PAID).end().await;
    story.session.screen().window("Buy “Sketchbook”?").await.press("Continue to Purchase").await;
}

/// Installs the app, and expects no question.
async fn assert_install_works(story: &Story) {
    story.session.flatpak().install(PAID).end().await.expect_success();
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_before_paying_begins_nothing_again_until_the_person_says_so() {
    let story = story_at_the_page("09-left-unpaid", "The page is left before paying").await;
    let screen = story.session.screen();
    let window = screen.front();

    story.step("Leaving asks first, and “Stay” stays").await;
    window.press("Cancel").await;
    window.says("Leave the Purchase?").await;
    window.says("If it was already paid, Usher checks with the store.").await;
    window.press("Stay").await;
    window.wait("the end of the question", |tree| (!tree.says("Leave the Purchase?")).then_some(())).await;
    window.ready("Buy Now").await;

    story.step("“Leave” asks the server, which knows of no payment").await;
    window.press("Cancel").await;
    window.says("Leave the Purchase?").await;
    story.session.shop().control().clear_requests();
    window.press("Leave").await;
    window.says("Unfinished Purchase").await;
    assert!(!story.session.requests_for("/api/v1/get_tokens").is_empty(), "the server was asked");

    story.step("“Check Again” changes nothing").await;
    window.toast_after("Nothing has changed", async || window.press("Check Again").await).await;
    assert!(story.session.begun_purchases().is_empty(), "nothing was begun again");

    story.step("“Not Paid” leads back to the prompt, and the app can be bought from there").await;
    window.press("Not Paid").await;
    window.press("Continue to Purchase").await;
    window.pay_on_the_page("Sketchbook").await;
    window.says("Bought").await;
    assert_eq!(story.session.purchase_counts(), (1, 1));
    window.press("Done").await;
    screen.wait_until_empty().await;
    assert_install_works(&story).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w19_a_person_who_changes_their_mind_on_the_page_pays_nothing_and_can_begin_again() {
    let story = story_at_the_page("09-declined", "The shop's own way back, without paying").await;
    let window = story.session.screen();
    let window = window.front();

    story.step("The shop's “I Changed My Mind” leads back to the question, once the server was asked").await;
    story.session.shop().control().clear_requests();
    window.press("I Changed My Mind").await;
    window.ready("Continue to Purchase").await;
    assert!(!window.tree().await.says("Unfinished Purchase"), "nothing is left of it");
    assert!(!story.session.requests_for("/api/v1/get_tokens").is_empty(), "the server was asked");
    assert!(story.session.paid_purchases().is_empty());

    story.step("It can be bought from there").await;
    window.press("Continue to Purchase").await;
    window.pay_on_the_page("Sketchbook").await;
    window.says("Bought").await;
    assert_eq!(story.session.purchase_counts(), (1, 1));
    window.press("Done").await;
    story.session.screen().wait_until_empty().await;
    assert_install_works(&story).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_window_after_paying_loses_nothing() {
    let story = story_at_the_page("09-closed-paid", "The window is closed after paying").await;
    let screen = story.session.screen();

    story.step("The shop takes the money and does not unlock the app yet").await;
    story.session.shop().control().hold_grants();
    let window = screen.front();
    window.pay_before_access("Sketchbook").await;
    window.says("Waiting for the Store").await;
    window.says(&format!("{} has not unlocked “Sketchbook” yet. Nothing is paid again.", story.session.host())).await;

    story.step("The window is closed").await;
    window.close_by_key().await;
    screen.wait_until_empty().await;

    story.step("Usher's own window knows of the purchase, and checks it").await;
    story.session.open_usher();
    let usher = screen.window("Usher").await;
    usher.mentions(&format!("Unfinished purchase at {}", story.session.host())).await;
    story.session.shop().control().release_grants().expect("the shop unlocks");
    usher.press("Check Sketchbook Again").await;
    usher.mentions("“Sketchbook” can be installed now").await;

    story.step("The install works, and nothing was paid twice").await;
    assert_install_works(&story).await;
    assert_eq!(story.session.purchase_counts(), (1, 1));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usher_asks_the_store_again_until_it_unlocks_the_app() {
    let story = story_at_the_page("09-late", "The shop unlocks the app a moment later").await;
    let screen = story.session.screen();
    let window = screen.front();

    story.step("The shop does not unlock the paid app, and the window waits").await;
    story.session.shop().control().hold_grants();
    window.pay_before_access("Sketchbook").await;
    window.says("Waiting for the Store").await;

    story.step("Once it is unlocked the window says so by itself").await;
    story.session.shop().control().release_grants().expect("the shop unlocks");
    window.says("“Sketchbook” now belongs to demo.").await;
    window.press("Done").await;
    screen.wait_until_empty().await;
    assert_install_works(&story).await;
    assert_eq!(story.session.purchase_counts(), (1, 1));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_killed_after_paying_loses_no_purchase() {
    let story = story_at_the_page("09-killed-paid", "The window process is killed after paying").await;
    let screen = story.session.screen();

    story.step("The shop receives the payment, but does not answer").await;
    let control = story.session.shop().control();
    control.fail(Route::Purchase, Failure::Hang);
    screen.front().pay_on_the_page("Sketchbook").await;
    control.wait_for_request(|request| request.path.ends_with("/done")).await;
    wait_until("the payment", async || !story.session.paid_purchases().is_empty()).await;

    story.step("The window process is killed").await;
    story.session.bus.kill_owner(WINDOW).await;
    screen.wait_until_empty().await;
    control.reset();

    story.step("The app was bought: the install works without a question").await;
    assert_install_works(&story).await;
    assert!(screen.tree().await.nodes.is_empty(), "no window has opened");
    assert_eq!(story.session.purchase_counts(), (1, 1));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_killed_before_paying_begins_nothing_twice() {
    let story = story_at_the_page("09-killed-unpaid", "The window process is killed before paying").await;
    let screen = story.session.screen();

    story.step("The window process is killed while the page is open").await;
    story.session.bus.kill_owner(WINDOW).await;
    screen.wait_until_empty().await;

    story.step("The next install asks again, and the window says that something was begun").await;
    go_to_the_page(&story).await;
    let window = screen.front();
    window.says("Unfinished Purchase").await;
    assert_eq!(story.session.begun_purchases(), [PAID], "nothing was begun a second time");

    story.step("Nothing begins in a terminal either").await;
    let output = story.session.usherctl(&["buy", "demo", PAID, "--yes"]).await;
    assert_eq!(output.code, 4);
    assert_eq!(story.session.begun_purchases(), [PAID], "nothing was begun a second time");

    story.step("Once the person says that it was not paid, it can be bought").await;
    window.press("Not Paid").await;
    window.press("Continue to Purchase").await;
    window.pay_on_the_page("Sketchbook").await;
    window.says("Bought").await;
    window.press("Done").await;
    screen.wait_until_empty().await;
    assert_install_works(&story).await;
    assert_eq!(story.session.purchase_counts(), (2, 1));
    story.end().await;
}
