// SPDX-License-Identifier: GPL-3.0-or-later
//! Single sign-on: a company's repository, and its sign-in at another server.

use std::time::Duration;

use serde_json::json;
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{Chromium, IssuerBrowser, Setup, Story};

const APP: &str = "org.example.Postcard";
const OTHER_APP: &str = "org.example.Metronome";
const INSTALL: [&str; 4] = ["install", "--user", "demo", APP];

fn at_a_desktop() -> Setup {
    Setup { single_sign_on: true, ..Setup::default() }
}

fn in_a_terminal() -> Setup {
    Setup { single_sign_on: true, without_window: true, ..Setup::without_display() }
}

/// Ends the access tokens at the store, which does not tell anybody.
fn expire(story: &Story) {
    story.session.shop().control().expire_credentials(None).expect("tokens can be ended");
}

async fn install_again(story: &Story) {
    let flatpak = story.session.flatpak();
    flatpak.run(&["uninstall", "--user", "-y", APP]).await.expect_success();
    flatpak.in_terminal(&INSTALL).answering_yes().end().await.expect_success();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_leads_to_the_companys_sign_in_once() {
    let story = Story::begin("52-single-sign-on", "Single sign-on: once for all installs", at_a_desktop()).await;
    let session = &story.session;
    let (host, issuer) = (session.host(), session.issuer());

    story.step("flatpak says in one line that an account is needed").await;
    let outcome = session.flatpak().in_terminal(&INSTALL).answering_yes().end().await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));
    assert!(issuer.requests().is_empty(), "the issuer is not contacted before a person agrees");

    story.step("The prompt names the server, and the one that signs in").await;
    let screen = session.screen();
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    prompt.says(issuer.host()).await;
    prompt.read().await;
    prompt.press(&format!("Continue to {host}")).await;

    story.step("The company’s own pages ask who it is and what Usher may do").await;
    let page = screen.front();
    page.sign_in_at_the_issuer("demo").await;
    screen.front().says("Signed In").await;
    let item = session.keyring().only_item().await;
    assert_eq!(item.attributes.get("type").map(String::as_str), Some("oauth2"));
    screen.front().press("Done").await;
    screen.wait_until_empty().await;

    story.step("The same command installs the app without a question").await;
    session.flatpak().in_terminal(&INSTALL).answering_yes().end().await.expect_success();
    assert_eq!((issuer.count_grant("authorization_code"), issuer.count_grant("refresh_token")), (1, 0));

    story.step("The server takes the access token no longer; the next install renews it and asks nobody").await;
    expire(&story);
    session.stop_daemon().await;
    install_again(&story).await;
    assert_eq!(issuer.count_grant("refresh_token"), 1, "one renewal");

    story.step("One that says when it ends is renewed before").await;
    issuer.set(&json!({ "access_token_seconds": 2 }));
    expire(&story);
    install_again(&story).await;
    let before = issuer.count_grant("refresh_token");
    issuer.set(&json!({ "access_token_seconds": 600 }));
    tokio::time::sleep(Duration::from_secs(3)).await;
    // One that has just renewed waits for the server's word, since a clock may be off.
    session.stop_daemon().await;
    session.shop().control().clear_requests();
    install_again(&story).await;
    assert_eq!(issuer.count_grant("refresh_token"), before + 1);
    let asked = session.requests_for("/api/v1/get_tokens");
    assert!(asked.iter().all(|request| request.status() == Some(200)), "the old one is not shown: {asked:?}");
    assert!(screen.tree().await.nodes.is_empty(), "no window has opened");

    story.step("Signing out ends the sign-in at the company’s server").await;
    session.usherctl(&["sign-out", &host]).await.expect_success();
    assert_eq!((issuer.count("revocation"), issuer.grants()), (1, 0));
    assert_eq!(session.leaks(), []);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_signs_in_for_usherctl() {
    let story = Story::begin("52-browser", "Single sign-on in a real browser", in_a_terminal()).await;
    let session = &story.session;

    story.step("usherctl prints an address, and chromium opens it").await;
    let waiting = BrowserCommand::start(session, &["sign-in", "demo", "--browser", "--no-browser"]).await;
    let browser = Chromium::open(session, &waiting.address).await;
    browser.sign_in_at_the_issuer("demo").await;

    story.step("Its last page says that all is done, and its address holds no secret").await;
    browser.says("Signed In").await;
    let address = browser.address().await;
    assert!(address.starts_with("http://127.0.0.1:") && !address.contains("code="), "{address}");
    let signed_in = waiting.end().await;
    let expected = format!("Signed in to {} as demo.\n", session.host());
    assert!(signed_in.expect_success().stdout.starts_with(&expected), "{}", signed_in.stdout);
    drop(browser);

    story.step("flatpak installs and updates with it").await;
    session.flatpak().run(&["install", "--user", "-y", "demo", APP, OTHER_APP]).await.expect_success();
    assert_eq!(session.leaks(), []);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_signs_in_for_the_window() {
    let story = Story::begin("52-window-browser", "Single sign-on in the person’s own browser", at_a_desktop()).await;
    let session = &story.session;
    session.change_setting("sign-in-pages-in-browser", "true").await;
    session.note_addresses_for_the_browser();

    story.step("Where a person prefers their browser, the prompt leads there").await;
    let outcome = session.flatpak().in_terminal(&INSTALL).answering_yes().end().await;
    assert_ne!(outcome.code, 0, "{}", outcome.text);
    let screen = session.screen();
    let prompt = screen.window(&format!("Sign In to {}", session.host())).await;
    prompt.read().await;
    prompt.press(&format!("Continue to {}", session.host())).await;
    screen.front().says("Waiting for the browser…").await;
    let address = session.address_for_the_browser().await;
    assert!(!address.contains("state="), "the desktop and its programs see no state");

    story.step("Signing in there is enough").await;
    let browser = Chromium::open(session, &address).await;
    browser.sign_in_at_the_issuer("demo").await;
    browser.says("Signed In").await;
    screen.front().says("Signed In").await;
    screen.front().press("Done").await;
    screen.wait_until_empty().await;
    drop(browser);
    session.flatpak().in_terminal(&INSTALL).answering_yes().end().await.expect_success();
    assert_eq!(session.leaks(), []);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_typed_on_a_phone_signs_in_a_terminal() {
    let story = Story::begin("52-code", "Single sign-on with a code on another device", in_a_terminal()).await;
    let session = &story.session;

    story.step("usherctl shows where to type which code").await;
    let terminal = session.in_terminal(&["usherctl", "sign-in", "demo", "--code"]);
    terminal.wait_for_text("[y/N] ").await;
    terminal.enter("y");
    terminal.wait_for_text(" and enter ").await;
    let shown = terminal.text();
    let (page, code) = page_and_code(&shown);

    story.step("On another device the code, the sign-in and the consent are enough").await;
    IssuerBrowser::default().enter_code(&page, &code, "demo").await;
    terminal.wait_for_text(&format!("Signed in to {} as demo.", session.host())).await;
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    terminal.end().await.expect_success();
    session.flatpak().in_terminal(&INSTALL).answering_yes().end().await.expect_success();
    assert_eq!(session.leaks(), []);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_types_the_code() {
    let story = Story::begin("52-code-browser", "A code in a real browser", in_a_terminal()).await;
    let session = &story.session;

    story.step("The code is typed in chromium, which signs in there").await;
    let terminal = session.in_terminal(&["usherctl", "sign-in", "demo", "--code"]);
    terminal.wait_for_text("[y/N] ").await;
    terminal.enter("y");
    terminal.wait_for_text(" and enter ").await;
    let (page, code) = page_and_code(&terminal.text());
    let browser = Chromium::open(session, &page).await;
    browser.says("Connect a Device").await;
    browser.fill("Code", &code).await;
    browser.press("Continue").await;
    browser.says("Connect This Device?").await;
    browser.says(&code).await;
    browser.press("Continue").await;
    browser.sign_in_at_the_issuer("demo").await;
    browser.says("Go back to the device.").await;

    story.step("The terminal notices").await;
    terminal.wait_for_text(&format!("Signed in to {} as demo.", session.host())).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_both_hosts_and_what_the_server_learns() {
    let setup = Setup { issuer_at_another_host: true, ..in_a_terminal() };
    let story = Story::begin("52-two-hosts", "Single sign-on at another host", setup).await;
    let session = &story.session;
    let (host, issuer) = (session.host(), session.issuer());

    story.step("There is no code for such a pair until somebody has agreed to it").await;
    let refused = session.usherctl(&["sign-in", "demo", "--code"]).await;
    assert!(refused.stderr.contains("A code is not used here"), "{refused:?}");
    assert_eq!(issuer.count("device_authorization"), 0);

    story.step("usherctl names both hosts, and what one learns from the other").await;
    let terminal = session.in_terminal(&["usherctl", "sign-in", "demo", "--browser", "--no-browser"]);
    terminal.wait_for_text(&format!("{host} leaves signing in to {}.", issuer.host())).await;
    terminal.wait_for_text("Learns the user name and e-mail address").await;
    terminal.wait_for_text("[y/N] ").await;
    terminal.enter("y");
    terminal.wait_for_text("Waiting…").await;
    IssuerBrowser::default().sign_in(&terminal.address(), "demo").await;
    terminal.wait_for_text(&format!("Signed in to {host} as demo.")).await;
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    terminal.end().await.expect_success();
    assert_eq!(session.leaks(), []);
    story.end().await;
}

/// From “Open ADDRESS and enter CODE.”
fn page_and_code(shown: &str) -> (String, String) {
    let after = |word: &str| {
        let rest = shown.split_once(word).unwrap_or_else(|| panic!("“{word}” in {shown}")).1;
        rest.split_whitespace().next().expect("a word follows").trim_end_matches('.').to_owned()
    };
    (after("Open "), after(" and enter "))
}
