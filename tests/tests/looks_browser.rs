// SPDX-License-Identifier: GPL-3.0-or-later
//! How the page looks that stands while the browser has the server's page: before, meanwhile, without a browser, too late, and
//! for a purchase.

use usher_tests::{DefaultBrowser, Setup, Story, browser};

use super::looks::PageCheck;

const APP: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";

async fn walk(name: &'static str, title: &str, setup: Setup, check: PageCheck) {
    let story = Story::begin(name, title, setup).await;
    let session = &story.session;
    let (host, screen) = (session.host(), session.screen());
    session.change_setting("sign-in-pages-in-browser", "true").await;
    DefaultBrowser::remove_all(session);
    session.update_appstream().await;

    session.flatpak().install(APP).end().await;
    let prompt = screen.front();
    prompt.press(&format!("Continue to {host}")).await;
    prompt.ready("Open the Browser").await;
    check.run(&story, &prompt, "Prompt: before the browser").await;
    prompt.press("Open the Browser").await;
    prompt.says("No browser could be opened. Copy the link into one.").await;
    check.run(&story, &prompt, "Prompt: no browser").await;
    let browser = DefaultBrowser::install(session);
    prompt.press("Reopen").await;
    let page = browser::visit(&browser.wait_for(1).await).await.1;
    prompt.mentions("This page notices by itself.").await;
    check.run(&story, &prompt, "Prompt: waiting").await;
    browser::sign_in(&page, "demo").await;
    prompt.press("Done").await;
    screen.wait_until_empty().await;

    session.flatpak().install(PAID).end().await;
    prompt.press("Continue to Purchase").await;
    prompt.ready("Buy Here Instead").await;
    check.run(&story, &prompt, "Prompt: buying").await;
    prompt.press("Cancel").await;
    prompt.press("Leave").await;
    prompt.says("Unfinished Purchase").await;
    prompt.press("Not Now").await;
    screen.wait_until_empty().await;

    session.usherctl(&["remove", &host, "--yes"]).await.expect_success();
    session.bus.kill_owner(usher_tests::WINDOW).await;
    let mut usher = session.command("usher");
    usher.arg("--sign-in-limit=3");
    session.processes.start("usher", usher);
    let window = screen.window("Usher").await;
    window.press(&format!("Sign In to {host}")).await;
    window.press(&format!("Continue to {host}")).await;
    screen.front().says("The link has expired").await;
    check.run(&story, &screen.front(), "Window: too late").await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_beside_the_browser_fits_into_360_pixels_and_names_its_controls() {
    walk("looks-browser", "Beside the browser, narrow", Setup::default(), PageCheck::Narrow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_beside_the_browser_works_in_the_dark_and_at_its_own_size() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    let setup = Setup { environment: vec![dark], ..Setup::default() };
    walk("looks-browser-dark", "Beside the browser, dark", setup, PageCheck::AsItIs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_beside_the_browser_works_with_text_of_twice_the_size() {
    let setup = Setup { large_text: true, ..Setup::default() };
    walk("looks-browser-large", "Beside the browser, text of twice the size", setup, PageCheck::LargeText).await;
}
