// SPDX-License-Identifier: GPL-3.0-or-later
//! A code that the person types on another device, from the window: entered, declined, too late, and not wanted any more.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::process::Command;
use usher_tests::{IssuerBrowser, Session, Setup, Tree, Window, wait_until};

const APP: &str = "org.example.Postcard";
/// The grant type of a device that asks whether its code was entered (RFC 8628).
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Longer than the time between two questions, which is 5 s where a server says nothing of it (RFC 8628, 3.2).
const SEVERAL_QUESTIONS: Duration = Duration::from_secs(11);

async fn session() -> Session {
    Session::start(Setup { single_sign_on: true, ..Setup::default() }).await
}

/// Asks for an app, and chooses a code in the prompt that comes up.
pub(crate) async fn choose_a_code(session: &Session) {
    session.flatpak().install(APP).end().await;
    let host = session.host();
    let screen = session.screen();
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    prompt.ready(&format!("Continue to {host}")).await;
    prompt.press_row("More Ways to Sign In").await;
    prompt.press_row("With a Code on Another Device").await;
    session.screen().front().says("Enter This Code").await;
}

/// The code that a page shows, from what a screen reader says: `W D J B, M J H T`.
fn spelled_code(tree: &Tree) -> Option<String> {
    let is_spelled = |name: &str| name.len() > 8 && name.split(", ").all(is_spelled_group);
    let name = tree.nodes.iter().map(|node| node.name.as_str()).find(|name| is_spelled(name))?;
    Some(name.split(", ").map(|group| group.replace(' ', "")).collect::<Vec<_>>().join("-"))
}

fn is_spelled_group(group: &str) -> bool {
    group.split(' ').all(|letter| letter.len() == 1 && letter.chars().all(char::is_alphanumeric))
}

pub(crate) async fn shown_code(window: &Window<'_>) -> String {
    window.wait("a code, letter by letter", spelled_code).await
}

fn code_page(session: &Session) -> String {
    format!("{}/device", session.issuer().address())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_entered_on_another_device_signs_in() {
    let session = session().await;
    choose_a_code(&session).await;
    let screen = session.screen();
    let page = screen.front();
    let code = shown_code(&page).await;
    let tree = page.tree().await;
    assert!(tree.mentions("The code is valid for"), "{tree}");
    let picture = format!("QR code with the address {} and the code", code_page(&session));
    assert!(tree.mentions(&picture), "{tree}");
    assert_eq!(page.controls_without_name().await, [] as [String; 0]);

    IssuerBrowser::default().enter_code(&code_page(&session), &code, "demo").await;
    page.says("Signed In").await;
    page.mentions("demo at ").await;
    page.press("Done").await;
    session.screen().wait_until_empty().await;
    session.usherctl(&["list"]).await.expect_success();
    session.flatpak().install(APP).end().await.expect_success();
    let leaks = session.leaks();
    assert!(leaks.is_empty(), "{leaks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_qr_code_leads_a_camera_to_the_page_with_the_code_filled_in() {
    let session = session().await;
    choose_a_code(&session).await;
    let code = shown_code(&session.screen().front()).await;
    let picture = NamedTempFile::with_suffix(".png").expect("a file can be made");
    session.screen().save_picture(picture.path()).await;
    let read =
        Command::new("zbarimg").args(["--quiet", "--raw"]).arg(picture.path()).output().await.expect("zbarimg starts");
    let read = String::from_utf8(read.stdout).expect("the code is text");
    assert_eq!(read.trim(), format!("{}?user_code={code}", code_page(&session)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_declined_signs_nobody_in_and_another_one_does() {
    let session = session().await;
    choose_a_code(&session).await;
    let screen = session.screen();
    let page = screen.front();
    let first = shown_code(&page).await;
    IssuerBrowser::default().decline_code(&code_page(&session), &first).await;
    page.mentions("Sign-in was declined on the other device").await;
    page.press("Try Again").await;
    page.says("Enter This Code").await;
    let second = page.wait("another code", |tree| spelled_code(tree).filter(|code| *code != first)).await;
    IssuerBrowser::default().enter_code(&code_page(&session), &second, "demo").await;
    page.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_enters_ends_and_gives_way_to_another_one() {
    let session = session().await;
    session.issuer().set(&json!({ "device_code_seconds": 8 }));
    choose_a_code(&session).await;
    let screen = session.screen();
    let page = screen.front();
    let first = shown_code(&page).await;
    page.says("The Code Has Expired").await;
    session.issuer().set(&json!({ "device_code_seconds": 600 }));
    page.press("Get New Code").await;
    let second = page.wait("another code", |tree| spelled_code(tree).filter(|code| *code != first)).await;
    IssuerBrowser::default().enter_code(&code_page(&session), &second, "demo").await;
    page.says("Signed In").await;
}

/// Leaves the page with a code, waits, and returns how often the code was asked for before and after the wait.
async fn questions_around_leaving(by: &str) -> (usize, usize) {
    let session = session().await;
    choose_a_code(&session).await;
    let screen = session.screen();
    let page = screen.front();
    shown_code(&page).await;
    wait_until("a question", async || session.issuer().count_grant(DEVICE) > 0).await;
    match by {
        "Cancel" => page.press("Cancel").await,
        "Escape" => session.screen().key("Escape").await,
        _ => page.close().await,
    }
    if by == "close" {
        session.screen().wait_until_empty().await;
    } else {
        page.ready(&format!("Continue to {}", session.host())).await;
    }
    let before = session.issuer().count_grant(DEVICE);
    tokio::time::sleep(SEVERAL_QUESTIONS).await;
    (before, session.issuer().count_grant(DEVICE))
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_asks_for_a_code_whose_page_is_gone() {
    // Most of it is waiting, so all three wait at once.
    let ways = ["Cancel", "Escape", "close"];
    for (by, (before, after)) in ways.into_iter().zip(join_all(ways.map(questions_around_leaving)).await) {
        assert_eq!(before, after, "{by}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_can_be_copied_and_given_up_for_the_page_here_with_the_keyboard_alone() {
    let session = session().await;
    choose_a_code(&session).await;
    let screen = session.screen();
    let page = screen.front();
    let code = shown_code(&page).await;
    page.focus().await;
    page.wait("the keyboard at the heading", |tree| {
        tree.nodes.iter().find(|node| node.is_focused() && node.name == "Enter This Code").map(drop)
    })
    .await;
    tab_to(&session, "Copy Code").await;
    screen.key("Return").await;
    page.says("Copied").await;
    assert_eq!(session.clipboard().await.as_deref(), Some(code.as_str()));
    tab_to(&session, "Sign In Here Instead").await;
    screen.key("Return").await;
    screen.front().sign_in_at_the_issuer("demo").await;
    screen.front().says("Signed In").await;
}

/// Presses Tab until the keyboard is at `name`.
async fn tab_to(session: &Session, name: &str) {
    let screen = session.screen();
    let page = screen.front();
    for _ in 0..8 {
        session.screen().key("Tab").await;
        let tree = page.tree().await;
        if tree.nodes.iter().any(|node| node.is_focused() && node.name == name) {
            return;
        }
    }
    panic!("Tab leads to “{name}”:\n{}", page.tree().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_codes_says_so_and_leads_back_to_its_page() {
    let session = session().await;
    session.issuer().set(&json!({ "device": false }));
    session.flatpak().install(APP).end().await;
    let screen = session.screen();
    let prompt = screen.window(&format!("Sign In to {}", session.host())).await;
    prompt.ready(&format!("Continue to {}", session.host())).await;
    prompt.press_row("More Ways to Sign In").await;
    prompt.press_row("With a Code on Another Device").await;
    let screen = session.screen();
    let page = screen.front();
    page.says(&format!("{} Offers No Codes", session.issuer().host())).await;
    page.press("Sign In Here Instead").await;
    page.sign_in_at_the_issuer("demo").await;
    page.says("Signed In").await;
}
