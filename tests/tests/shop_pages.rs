// SPDX-License-Identifier: GPL-3.0-or-later
//! The demo store's own pages, in a plain browser.

use std::sync::Once;

use usher_demo_store::DemoStore;
use usher_tests::{KeyringState, Screen, Setup, Story};

const PROGRAM: &str = "browser";
const TITLE: &str = "Browser";
const WIDTH: &str = "360";
const RETURN: &str = "redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fdone&state=abc";

fn setup(scheme: &str) -> Setup {
    let environment = vec![("ADW_DEBUG_COLOR_SCHEME", scheme.to_owned())];
    Setup { keyring: KeyringState::None, environment, ..Setup::default() }
}

/// Opens the page at `path` of the shop in a narrow browser, after a script of the browser's own. Returns the browser's
/// process as well.
async fn open<'s>(story: &'s Story, path: &str, script: &str) -> (Screen<'s>, u32) {
    let address = story.session.shop().base_url().join(path).expect("this is a path");
    let mut command = story.session.processes.command("/usr/bin/python3");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/helpers/browser.py"));
    command.arg(address.as_str()).arg(WIDTH).arg(script);
    let browser = story.session.processes.start(PROGRAM, command);
    let screen = story.session.screen().of_program(PROGRAM);
    screen.window(TITLE).await;
    (screen, browser)
}

async fn close(screen: &Screen<'_>, browser: u32) {
    usher_tests::send_signal(browser, rustix::process::Signal::TERM);
    screen.wait_until_empty().await;
}

/// Begins a purchase as a program does. Returns the path of its page.
async fn begin_purchase(shop: &DemoStore) -> String {
    let credential = shop.control().issue_credential("demo").expect("the shop has this account");
    let request = client().post(shop.base_url().join("api/v1/begin_purchase").expect("this is a path"));
    let request = request.bearer_auth(credential).header("content-type", "application/json");
    let answer = request.body(r#"{"id": "org.example.Sketchbook"}"#).send().await.expect("the shop answers");
    let answer: serde_json::Value =
        serde_json::from_str(&answer.text().await.expect("the shop answers")).expect("the shop answers in JSON");
    answer["start_uri"].as_str().expect("a purchase has a page").to_owned()
}

/// Pays on the page at `path`.
async fn pay(shop: &DemoStore, path: &str) {
    let request = client().post(shop.base_url().join(&format!("{path}/done")).expect("this is a path"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(RETURN);
    assert_eq!(request.send().await.expect("the shop answers").status(), 303);
}

fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    client.build().expect("a client can be made")
}

async fn every_page_fits(story: Story) {
    let purchase = begin_purchase(story.session.shop()).await;
    let pages = [
        ("The front page", "/".to_owned(), "Add This Shop to Flatpak"),
        ("The sign-in page", format!("/login?{RETURN}"), "User name"),
        ("The purchase page", format!("{purchase}?{RETURN}"), "Buy “Sketchbook”?"),
        ("The last page", format!("{purchase}/thanks"), "Thank You"),
    ];
    for (page, path, text) in pages {
        if page == "The last page" {
            pay(story.session.shop(), &purchase).await;
        }
        story.step(page).await;
        let (screen, browser) = open(&story, &path, "").await;
        screen.window(TITLE).await.says(text).await.says("Fits").await;
        story.finish_step().await;
        close(&screen, browser).await;
    }
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_shop_fits_into_360_pixels() {
    every_page_fits(Story::begin("shop-light", "The shop’s pages", setup("prefer-light")).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_shop_fits_in_the_dark() {
    every_page_fits(Story::begin("shop-dark", "The shop’s pages, dark", setup("prefer-dark")).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_on_the_front_page_is_copied_whole() {
    let story = Story::begin("shop-copy", "The shop’s command is copied", setup("prefer-light")).await;
    let without_clipboard = "delete Navigator.prototype.clipboard";
    for (step, script) in [("“Copy” copies the command", ""), ("Without a clipboard of the page", without_clipboard)]
    {
        story.step(step).await;
        let (screen, browser) = open(&story, "/", script).await;
        let window = screen.window(TITLE).await;
        window.press("Copy").await;
        window.ready("Copied").await;
        window.press("Paste").await;
        window.says(story.session.shop().remote_add_command()).await;
        story.finish_step().await;
        close(&screen, browser).await;
    }
    story.end().await;
}
