// SPDX-License-Identifier: GPL-3.0-or-later
//! A page that leads back without what the person came for: its own *Cancel* is a cancel, all else is said.

use serde_json::json;
use usher_demo_store::{Failure, Reply, Route};
use usher_tests::{Session, Setup, Window};

const APP: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";
/// Words that only an error needs.
const ERRORS: [&str; 4] = ["Sign-In Was Not Finished", "Unfinished Purchase", "stopped the sign-in", "access_denied"];

/// Waits until the page is left for the one with that button, and nothing of an error is said.
async fn is_back_without_a_word(view: &Window<'_>, button: &str) {
    view.ready(button).await;
    let tree = view.tree().await;
    assert!(!ERRORS.iter().any(|words| tree.mentions(words)), "{tree}");
}

#[tokio::test(flavor = "multi_thread")]
async fn w19_the_shops_cancel_leads_back_to_the_question_of_a_prompt() {
    let session = Session::start(Setup::default()).await;
    let host = session.host();
    session.flatpak().install(APP).end().await;
    let screen = session.screen();
    screen.window(&format!("Sign In to {host}")).await;
    let view = screen.front();
    // Twice, since the first sign-in has ended.
    for _ in 0..2 {
        view.press(&format!("Continue to {host}")).await;
        view.press_on_the_page("Cancel").await;
        is_back_without_a_word(&view, &format!("Continue to {host}")).await;
    }
    assert_eq!(session.keyring().items().await.len(), 0);
    view.press(&format!("Continue to {host}")).await;
    view.sign_in_on_the_page("demo").await;
    view.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w19_the_shops_cancel_leads_back_to_the_server_page_of_the_main_window() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    let before = session.keyring().only_item().await.text().clone();
    session.shop().control().expire_credentials(None).expect("the shop expires credentials");
    session.usherctl(&["query", "demo", APP]).await;
    session.open_usher();
    let host = session.host();
    let screen = session.screen();
    let view = screen.window("Usher").await;
    view.press("Add Account").await;
    view.fill("Address", session.shop().base_url().as_str()).await;
    view.press("Continue").await;
    view.press(&format!("Continue to {host}")).await;
    view.press_on_the_page("Cancel").await;
    is_back_without_a_word(&view, &format!("Continue to {host}")).await;
    let after = session.keyring().only_item().await.text().clone();
    assert_eq!(secret_part(&after), secret_part(&before), "the account is what it was");
}

fn secret_part(item: &str) -> String {
    let item: serde_json::Value = serde_json::from_str(item).expect("an item is JSON");
    item["credential"].to_string()
}

/// A page with a button that leads back with that error.
fn page(error: &str) -> Reply {
    Reply::html(&format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>x</title><h1>Scripted</h1>\
         <script>const query = new URLSearchParams(location.search);\
         const back = query.get('redirect_uri') + '?state=' + query.get('state') + '&error={error}';</script>\
         <button onclick=\"location.href = back\">Refuse</button>"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn w19_what_else_ends_a_sign_in_is_the_servers_word_among_the_details() {
    let session = Session::start(Setup::default()).await;
    let (host, control) = (session.host(), session.shop().control());
    let long = "x".repeat(500);
    let reasons = [
        ("server_error", "server_error"),
        ("server_error&error_description=Closed%20for%20today", "Closed for today"),
        ("%3Cb%3Eno%3C/b%3E%E2%80%AE", "<b>no</b>"),
        (&long, &long[..100]),
    ];
    session.flatpak().install(APP).end().await;
    let screen = session.screen();
    screen.window(&format!("Sign In to {host}")).await;
    let view = screen.front();
    for (error, reason) in reasons {
        control.set_page("/login", page(error));
        view.press(&format!("Continue to {host}")).await;
        view.press("Refuse").await;
        view.says("Sign-In Was Not Finished").await;
        view.says(&format!("{host} stopped the sign-in.")).await;
        assert!(!view.tree().await.mentions(reason), "it is no text of Usher's");
        view.press("Details").await;
        view.mentions(reason).await;
        assert!(!view.tree().await.mentions(&"x".repeat(121)), "it is cut");
        view.press("Cancel").await;
    }
    assert_eq!(session.keyring().items().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn w19_a_purchase_that_the_shop_says_was_cancelled_is_dropped_only_with_the_servers_word() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    let control = session.shop().control();
    session.flatpak().install(PAID).end().await;
    let screen = session.screen();
    screen.window(&format!("Buy “{PAID}”?")).await;
    let view = screen.front();

    // The server does not answer: nobody knows.
    view.press("Continue to Purchase").await;
    view.ready("Buy Now").await;
    control.fail(Route::GetTokens, Failure::Reply(Reply::new(503, "")));
    view.press_on_the_page("I Changed My Mind").await;
    view.says("Unfinished Purchase").await;
    control.reset();
    view.press("Not Paid").await;

    // It stopped the purchase itself: only the person knows.
    control.fail(Route::BeginPurchase, Failure::Json { value: json!({ "start_uri": "purchase/scripted" }) });
    control.set_page("/purchase/scripted", page("server_error"));
    view.press("Continue to Purchase").await;
    view.press("Refuse").await;
    view.says("Unfinished Purchase").await;
    view.press("Not Paid").await;

    // Cancelled, says the page, and the server gives the app: it was bought.
    control.set_page("/purchase/scripted", page("access_denied"));
    view.press("Continue to Purchase").await;
    view.ready("Refuse").await;
    control.grant("demo", PAID).expect("the shop gives the app");
    view.press("Refuse").await;
    view.says(&format!("“{PAID}” belongs to demo.")).await;
}
