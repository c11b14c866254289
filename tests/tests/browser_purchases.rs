// SPDX-License-Identifier: GPL-3.0-or-later
//! Buying in the person's own browser, from a prompt.

use usher_tests::{DefaultBrowser, Session, Setup, browser};

const PAID: &str = "org.example.Sketchbook";

/// A session with an account, and a shop that opens in the browser.
async fn session() -> (Session, DefaultBrowser) {
    let session = Session::start(Setup::default()).await;
    let browser = DefaultBrowser::install(&session);
    session.update_appstream().await;
    session.sign_in_as("demo").await;
    session.change_setting("sign-in-pages-in-browser", "true").await;
    (session, browser)
}

/// An install leads to the shop's page in the browser. Returns its address.
async fn install(session: &Session, browser: &DefaultBrowser) -> String {
    session.flatpak().install(PAID).end().await;
    session.screen().window("Buy “Sketchbook”?").await.press("Continue to Purchase").await;
    let says = "in the browser window. This page notices by itself.";
    session.screen().front().mentions(&format!("Finish the purchase at {} {says}", session.host())).await;
    let (status, page) = browser::visit(&browser.wait_for(1).await).await;
    assert_eq!(status, "303");
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_bought_in_the_browser() {
    let (session, browser) = session().await;
    let page = install(&session, &browser).await;
    let screen = session.screen();
    let window = screen.front();
    browser::buy(&page).await;
    window.says("Bought").await;
    window.says("“Sketchbook” now belongs to demo.").await;
    assert_eq!(session.purchase_counts(), (1, 1));
    window.press("Done").await;
    screen.wait_until_empty().await;
    session.flatpak().install(PAID).end().await.expect_success();
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_keeps_the_purchase_unfinished() {
    let (session, browser) = session().await;
    let page = install(&session, &browser).await;
    let screen = session.screen();
    let window = screen.front();
    window.press("Cancel").await;
    window.says("Leave the Purchase?").await;
    window.press("Leave").await;
    window.says("Unfinished Purchase").await;
    // The browser still has the page: what is paid there is found.
    browser::redirect_of_purchase(&page).await;
    window.press("Check Again").await;
    window.says("“Sketchbook” belongs to demo.").await;
    assert_eq!(session.purchase_counts(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_goes_on_in_usher_and_is_begun_once() {
    let (session, browser) = session().await;
    let page = install(&session, &browser).await;
    let screen = session.screen();
    let window = screen.front();
    window.press("Buy Here Instead").await;
    window.pay_on_the_page("Sketchbook").await;
    window.says("Bought").await;
    assert_eq!(session.purchase_counts(), (1, 1));
    // What the browser still has leads back to nobody.
    let back = browser::parameter(&page, "redirect_uri");
    assert_eq!(browser::visit(&back).await.0, "000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_purchase_leaves_nothing_behind() {
    let (session, browser) = session().await;
    let page = install(&session, &browser).await;
    let screen = session.screen();
    let window = screen.front();
    let last = browser::cancel(&page, "I Changed My Mind").await;
    assert!(last.contains("Not Bought"), "{last}");
    window.press("Continue to Purchase").await;
    let page = browser::visit(&browser.wait_for(2).await).await.1;
    browser::buy(&page).await;
    window.says("Bought").await;
    assert_eq!(session.purchase_counts(), (2, 1));
}
