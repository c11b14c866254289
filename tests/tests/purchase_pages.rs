// SPDX-License-Identifier: GPL-3.0-or-later
//! Purchase pages that misbehave, in the real web view. Usher does not believe what they say, it asks the server.

use rustix::process::Signal;
use serde_json::json;
use usher_demo_store::{Failure, Reply, Route};
use usher_tests::{Session, Setup, Window, send_signal};

const APP: &str = "org.example.Sketchbook";
const PAGE: &str = "purchase/scripted";

/// A purchase page with a script.
fn page(script: &str) -> Reply {
    Reply::html(&format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Scripted</title><h1>Scripted</h1>\
         <script>\
         const query = new URLSearchParams(location.search);\
         const target = query.get('redirect_uri'), state = query.get('state');\
         const right = target + '?state=' + state;\
         const add = (name, action) => {{\
             const button = document.createElement('button');\
             button.textContent = name; button.onclick = action; document.body.append(button);\
         }};\
         add('Go Back', () => location.href = right);\
         {script}</script>"
    ))
}

/// A session in which the window shows a purchase page with that script.
async fn session_at(script: &str) -> Session {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    let control = session.shop().control();
    control.fail(Route::BeginPurchase, Failure::Json { value: json!({ "start_uri": PAGE }) });
    control.set_page(&format!("/{PAGE}"), page(script));
    session.flatpak().install(APP).end().await;
    session.screen().window(&format!("Buy “{APP}”?")).await.press("Continue to Purchase").await;
    session.screen().front().ready("Go Back").await;
    session
}

/// Lets the server give access, and waits until the window notices.
async fn grant_and_wait(session: &Session, window: &Window<'_>) {
    session.shop().control().grant("demo", APP).expect("the shop gives the app");
    window.says("Bought").await;
    assert_eq!(session.begun_purchases(), [APP], "it was begun once");
}

#[tokio::test(flavor = "multi_thread")]
async fn w16_a_last_page_that_is_not_the_shops_own_is_not_shown() {
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = format!("http://{}/", elsewhere.local_addr().expect("it has a port"));
    let addresses = [
        "javascript:document.title='ran'",
        "file:///etc/passwd",
        "data:text/html,<h1>Elsewhere</h1>",
        "https://store.example.org/",
        "//store.example.org/",
        &address,
        "",
    ];
    let buttons = addresses
        .iter()
        .enumerate()
        .map(|(n, to)| {
            format!("add('Away {n}', () => location.href = right + '&redirect_uri=' + encodeURIComponent(\"{to}\"));")
        })
        .collect::<Vec<_>>()
        .concat();
    let session = session_at(&buttons).await;
    let screen = session.screen();
    let window = screen.front();
    for n in 0..addresses.len() {
        window.press(&format!("Away {n}")).await;
        // Usher's own page comes at once, and waits for the payment.
        window.says("Waiting for the Store").await;
        let tree = window.tree().await;
        assert!(!tree.mentions("root:") && !tree.says("Elsewhere"), "{tree}");
        if n + 1 < addresses.len() {
            window.press("Not Paid").await;
            window.press("Continue to Purchase").await;
        }
    }
    assert!(futures_util::FutureExt::now_or_never(elsewhere.accept()).is_none(), "nobody else was asked");
    session.shop().control().clear_requests();
    session.shop().control().grant("demo", APP).expect("the shop gives the app");
    window.says("Bought").await;
    assert!(session.begun_purchases().is_empty(), "nothing was begun again");
}

#[tokio::test(flavor = "multi_thread")]
async fn w02_a_redirect_with_the_wrong_state_ends_no_purchase() {
    let wrong = ["'?state=other'", "''", "'?state=' + state + '&state=' + state", "'#state=' + state"];
    let buttons = wrong
        .iter()
        .enumerate()
        .map(|(n, rest)| format!("add('Wrong {n}', () => location.href = target + {rest});"))
        .collect::<Vec<_>>()
        .concat();
    // The number tells each page from the one before, which stays until the next one has loaded.
    let numbered =
        |n: usize| format!("{buttons} document.body.insertAdjacentHTML('beforeend', '<p>This is page {n}</p>');");
    let session = session_at(&numbered(0)).await;
    let screen = session.screen();
    let window = screen.front();
    for n in 0..wrong.len() {
        window.says(&format!("This is page {n}")).await;
        window.press(&format!("Wrong {n}")).await;
        window.says("Purchase Was Not Finished").await;
        session.shop().control().set_page(&format!("/{PAGE}"), page(&numbered(n + 1)));
        window.press("Try Again").await;
    }
    window.says(&format!("This is page {}", wrong.len())).await;
    window.press("Go Back").await;
    window.says("Waiting for the Store").await;
    grant_and_wait(&session, &window).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_merely_claims_a_payment_is_not_believed() {
    let session = session_at("document.body.insertAdjacentHTML('beforeend', '<p>Paid</p>');").await;
    let screen = session.screen();
    let window = screen.front();
    window.press("Go Back").await;
    window.says("Waiting for the Store").await;
    window.toast_after("Nothing has changed", async || window.press("Check Again").await).await;
    window.press("Not Paid").await;
    window.ready("Continue to Purchase").await;
    window.press("Not Now").await;
    screen.wait_until_empty().await;
    let outcome = session.flatpak().run(&["install", "--user", "--noninteractive", "demo", APP]).await;
    assert!(outcome.text.contains("Purchase needed."), "{}", outcome.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn w14_a_purchase_page_whose_process_dies_is_reloaded_after_asking_the_server() {
    let session = session_at("").await;
    let screen = session.screen();
    let window = screen.front();
    let pages = session.processes.of_program("WebKitWebProcess").into_iter();
    assert_eq!(pages.map(|(id, _)| send_signal(id, Signal::KILL)).count(), 1, "one page has a process");
    window.says("The Page Stopped Working").await;
    window.says("Usher checks with the store before anything is paid again.").await;
    session.shop().control().clear_requests();
    window.press("Reload").await;
    window.ready("Go Back").await;
    assert_eq!(session.requests_for("/api/v1/get_tokens").len(), 1, "the server was asked first");
    assert!(session.begun_purchases().is_empty(), "nothing was begun again");

    session.shop().control().grant("demo", APP).expect("the shop gives the app");
    let pages = session.processes.of_program("WebKitWebProcess").into_iter();
    assert!(pages.map(|(id, _)| send_signal(id, Signal::KILL)).count() > 0);
    window.says("The Page Stopped Working").await;
    window.press("Reload").await;
    window.says("Already Bought").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w15_a_purchase_page_that_never_loads_can_be_left() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    session.shop().control().fail(Route::Purchase, Failure::Hang);
    session.flatpak().install(APP).end().await;
    let screen = session.screen();
    screen.window(&format!("Buy “{APP}”?")).await.press("Continue to Purchase").await;
    session.shop().control().wait_for_request(|request| request.path.starts_with("/purchase/")).await;
    let window = screen.front();
    window.press("Cancel").await;
    window.says("Leave the Purchase?").await;
    window.press("Leave").await;
    window.says("Unfinished Purchase").await;
    window.press("Not Now").await;
    screen.wait_until_empty().await;
}
