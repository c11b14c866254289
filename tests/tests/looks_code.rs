// SPDX-License-Identifier: GPL-3.0-or-later
//! How the page with a code looks, what comes before it, and what takes its place.

use serde_json::json;
use usher_tests::{IssuerBrowser, Setup, Story};

use super::{looks::PageCheck, sign_in_code::shown_code};

const APP: &str = "org.example.Postcard";

async fn walk(name: &'static str, title: &str, setup: Setup, check: PageCheck) {
    let story = Story::begin(name, title, Setup { single_sign_on: true, ..setup }).await;
    let (host, screen, issuer) = (story.session.host(), story.session.screen(), story.session.issuer());

    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.press(&format!("Sign In to {host}")).await;
    window.ready(&format!("Continue to {host}")).await;
    check.run(&story, &window, "Window: two servers").await;
    window.close().await;
    screen.wait_until_empty().await;

    story.session.flatpak().install(APP).end().await;
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    prompt.ready(&format!("Continue to {host}")).await;
    prompt.press_row("More Ways to Sign In").await;
    prompt.find_row("With a Code on Another Device").await;
    check.run(&story, &prompt, "Prompt: more ways").await;
    prompt.press_row("With a Code on Another Device").await;
    let page = screen.front();
    let code = shown_code(&page).await;
    check.run(&story, &page, "Prompt: code").await;

    let entrance = format!("{}/device", issuer.address());
    IssuerBrowser::default().decline_code(&entrance, &code).await;
    page.mentions("Sign-in was declined on the other device").await;
    check.run(&story, &page, "Prompt: declined").await;
    issuer.set(&json!({ "device_code_seconds": 3 }));
    page.press("Try Again").await;
    page.says("The Code Has Expired").await;
    check.run(&story, &page, "Prompt: too late").await;

    issuer.set(&json!({ "device_code_seconds": 600, "sign_in_page": "refused" }));
    page.press("Get New Code").await;
    page.press("Sign In Here Instead").await;
    page.says(&format!("{} wants to be opened in a browser", issuer.host())).await;
    check.run(&story, &page, "Prompt: a page that refuses views").await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_fits_into_360_pixels_and_names_its_controls() {
    walk("looks-code", "A code, narrow", Setup::default(), PageCheck::Narrow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_in_the_light_at_its_own_size() {
    walk("looks-code-light", "A code", Setup::default(), PageCheck::AsItIs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_in_the_dark() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    let setup = Setup { environment: vec![dark], ..Setup::default() };
    walk("looks-code-dark", "A code, dark", setup, PageCheck::AsItIs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_with_text_of_twice_the_size() {
    let setup = Setup { large_text: true, ..Setup::default() };
    walk("looks-code-large", "A code, text of twice the size", setup, PageCheck::LargeText).await;
}
