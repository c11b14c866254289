// SPDX-License-Identifier: GPL-3.0-or-later
//! A page that does not work in a view of Usher's says so, and leads to another way; two servers are both named.

use serde_json::json;
use usher_tests::{IssuerBrowser, Session, Setup, Tree};

const APP: &str = "org.example.Postcard";

async fn session() -> Session {
    Session::start(Setup { single_sign_on: true, ..Setup::default() }).await
}

/// Asks for an app, and goes on to the sign-in page.
async fn open_the_page(session: &Session) {
    session.flatpak().install(APP).end().await;
    let host = session.host();
    session.screen().window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r24_a_prompt_names_the_server_and_the_one_that_signs_people_in() {
    let session = session().await;
    session.flatpak().install(APP).end().await;
    let (host, issuer) = (session.host(), session.issuer().host().to_owned());
    let screen = session.screen();
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    prompt.ready(&format!("Continue to {host}")).await;
    let tree = prompt.tree().await;
    assert!(tree.says("Sign-In Page") && tree.says(&issuer) && tree.says(&host), "{tree}");
    assert!(tree.mentions(&format!("{issuer}: First time at this server")), "{tree}");
    prompt.press(&format!("Continue to {host}")).await;
    let screen = session.screen();
    let page = screen.front();
    page.ready("User name").await;
    let tree = page.tree().await;
    assert!(!tree.mentions("opened by"), "the server whose page it is was agreed to:\n{tree}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_page_says_which_page_opens_next() {
    let session = session().await;
    let (host, issuer) = (session.host(), session.issuer().host().to_owned());
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press(&format!("Sign In to {host}")).await;
    window.ready(&format!("Continue to {host}")).await;
    let tree = window.tree().await;
    assert!(tree.says(&format!("The sign-in page of {issuer} opens next.")), "{tree}");
    window.press_row("More Ways to Sign In").await;
    window.press_row("With a Code on Another Device").await;
    window.says("Enter This Code").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_refuses_views_leads_to_the_browser() {
    let session = session().await;
    session.issuer().set(&json!({ "sign_in_page": "refused" }));
    open_the_page(&session).await;
    let screen = session.screen();
    let view = screen.front();
    view.says(&format!("{} wants to be opened in a browser", session.issuer().host())).await;
    view.press("Continue in Browser").await;
    view.mentions("Waiting for the browser…").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_stays_blank_leads_to_the_browser() {
    let session = session().await;
    session.issuer().set(&json!({ "sign_in_page": "blank" }));
    open_the_page(&session).await;
    let screen = session.screen();
    let view = screen.front();
    view.says(&format!("The page of {} may work in a browser only", session.issuer().host())).await;
    view.press("Continue in Browser").await;
    view.mentions("Waiting for the browser…").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_come_leads_to_the_browser() {
    let session = session().await;
    session.issuer().set(&json!({ "failures": { "sign_in_page": { "hang": true } } }));
    open_the_page(&session).await;
    let screen = session.screen();
    let view = screen.front();
    view.says(&format!("Still waiting for {}", session.issuer().host())).await;
    view.press("Continue in Browser").await;
    view.mentions("Waiting for the browser…").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_of_a_page_leads_to_a_code() {
    let session = session().await;
    open_the_page(&session).await;
    let screen = session.screen();
    let view = screen.front();
    view.ready("User name").await;
    view.focus().await;
    for key in ["F6", "Tab", "Tab", "Return"] {
        screen.key(key).await;
    }
    let is_open = |tree: &Tree| tree.nodes.iter().any(|node| node.name == "Page Menu" && node.is_on()).then_some(());
    view.wait("the open menu", is_open).await;
    // Entries of GTK's menus have no names for screen readers, but the second one is “Sign In With a Code”.
    for key in ["Down", "Return"] {
        screen.key(key).await;
    }
    let screen = session.screen();
    let page = screen.front();
    let code = super::sign_in_code::shown_code(&page).await;
    let address = format!("{}/device", session.issuer().address());
    IssuerBrowser::default().enter_code(&address, &code, "demo").await;
    page.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_server_is_refused_in_plain_words() {
    let session = session().await;
    session.issuer().set(&json!({ "redirect_issuer": "https://other.example" }));
    open_the_page(&session).await;
    let screen = session.screen();
    let view = screen.front();
    view.sign_in_at_the_issuer("demo").await;
    view.says("The Answer Came From Another Server").await;
    let listed = session.usherctl(&["list"]).await.stdout;
    assert!(listed.contains("No accounts"), "somebody was signed in: {listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn single_sign_on_is_typed_where_no_repository_says_it() {
    let session = session().await;
    let (host, issuer, screen) = (session.host(), session.issuer(), session.screen());
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press("Add Account").await;
    window.press_row("Single Sign-On").await;
    window.fill("Address", session.shop().base_url().as_str()).await;
    window.fill("Sign-In Server", "http://login.example.net").await;
    window.fill("Client ID", "usher").await;
    window.press("Continue").await;
    window.says("Only secure addresses (https) can be used").await;
    window.fill("Sign-In Server", issuer.address()).await;
    window.press("Continue").await;
    window.says(&format!("The sign-in page of {} opens next.", issuer.host())).await;
    window.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_at_the_issuer("demo").await;
    screen.front().says("Signed In").await;
}
