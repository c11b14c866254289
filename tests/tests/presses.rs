// SPDX-License-Identifier: GPL-3.0-or-later
//! How many presses it takes. Each flow is driven by the presses of its row and by nothing else, so a page or a button more
//! makes its test fail.

use usher_tests::{Session, Setup};

/// The flows, and what is pressed in each, in this order. What a web page wants to have typed is typed before its press.
const PRESSES: [(&str, &[&str]); 5] = [
    ("first install from the terminal", &["Continue to {host}", "Sign In", "Copy and Close"]),
    ("buy", &["Continue to Purchase", "Buy Now", "Copy and Close"]),
    ("allow a second repository", &["Allow", "Copy and Close"]),
    ("sign in again, from a row", &["Sign In to {host}", "Sign In"]),
    ("sign in again, from the account's page", &["Sign In…", "Sign In"]),
];
const PRIVATE: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";

/// Does what the row says.
async fn press(session: &Session, flow: &str) {
    let (_, presses) = PRESSES.iter().find(|(name, _)| *name == flow).expect("the table has the flow");
    let screen = session.screen();
    for press in *presses {
        let press = press.replace("{host}", &session.host());
        if press == "Sign In" {
            screen.front().sign_in_on_the_page("demo").await;
        } else {
            screen.front().press(&press).await;
        }
    }
}

/// The command that was copied is all that is left to do.
async fn assert_pasting_installs(session: &Session, app: &str) {
    session.screen().wait_until_empty().await;
    let command = session.clipboard().await.expect("the command is on the clipboard after the window has gone");
    assert_eq!(command, format!("flatpak install demo {app}"));
    session.in_terminal(&["sh", "-c", &command]).answering_yes().end().await.expect_success();
    assert!(session.flatpak().is_installed(app).await);
    assert!(session.screen().tree().await.nodes.is_empty(), "nothing more is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_install_takes_three_presses_and_the_same_command_again() {
    let session = Session::start(Setup::default()).await;
    session.flatpak().install(PRIVATE).end().await;
    press(&session, "first install from the terminal").await;
    assert_pasting_installs(&session, PRIVATE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buying_takes_three_presses_and_the_same_command_again() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    session.flatpak().install(PAID).end().await;
    press(&session, "buy").await;
    assert_pasting_installs(&session, PAID).await;
    assert_eq!(session.purchase_counts(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn allowing_a_repository_takes_two_presses_and_the_same_command_again() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    session.usherctl(&["revoke", "demo"]).await.expect_success();
    session.flatpak().install(PRIVATE).end().await;
    press(&session, "allow a second repository").await;
    assert_pasting_installs(&session, PRIVATE).await;
}

/// A session whose account has lapsed, and the main window that a person has read.
async fn with_a_lapsed_account() -> Session {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    session.shop().control().expire_credentials(None).expect("the shop lets sign-ins expire");
    session.flatpak().run(&["install", "--user", "--noninteractive", "demo", PRIVATE]).await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.ready(&format!("Sign In to {}", session.host())).await;
    window.read().await;
    session
}

/// The page from which the person came is shown again, and nothing is left to do.
async fn assert_signed_in_again(session: &Session, page: &str) {
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.ready(page).await;
    let button = format!("Sign In to {}", session.host());
    window.wait("nobody to sign in", |tree| tree.usable(&button).is_none().then_some(())).await;
    session.flatpak().install(PRIVATE).end().await.expect_success();
    assert_eq!(screen.tree().await.titles(), ["Usher"], "nothing more is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_from_a_row_takes_two_presses() {
    let session = with_a_lapsed_account().await;
    press(&session, "sign in again, from a row").await;
    assert_signed_in_again(&session, "Add Account").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_from_the_account_takes_two_presses() {
    let session = with_a_lapsed_account().await;
    session.screen().window("Usher").await.press_row(&format!("demo, {}, ", session.host())).await;
    press(&session, "sign in again, from the account's page").await;
    assert_signed_in_again(&session, "Sign In Again…").await;
}
