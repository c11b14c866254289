// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl buy` in a session without a display: the real shop, a browser elsewhere, a terminal.

use rustix::process::Signal;
use usher_demo_store::{Failure, LoggedRequest, Outcome, Reply, Route};
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{Session, Setup, browser, send_signal};

const APP: &str = "org.example.Sketchbook";
const BOUGHT: &str = "Bought. Now run: flatpak install demo org.example.Sketchbook\n";

async fn session() -> Session {
    Session::start(Setup::without_display()).await
}

async fn signed_in() -> Session {
    let session = session().await;
    session.sign_in_as("demo").await;
    session
}

#[tokio::test]
async fn an_app_bought_in_a_browser_can_be_installed() {
    let session = signed_in().await;
    let buying = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes"]).await;
    let page = browser::buy(&buying.address).await;
    assert!(page.contains("Thank You") && page.contains("You can close this page."), "{page}");
    let output = buying.end().await;
    assert_eq!((output.code, output.stdout.as_str()), (0, BOUGHT), "{}", output.stderr);
    session.flatpak().run(&["install", "--user", "--noninteractive", "demo", APP]).await.expect_success();

    let again = session.usherctl(&["buy", "demo", APP, "--yes"]).await;
    assert_eq!(again.stdout, "The account already has access. Now run: flatpak install demo org.example.Sketchbook\n");
    assert_eq!((again.code, session.begun_purchases().len()), (0, 1));
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn no_purchase_begins_without_a_yes() {
    let session = signed_in().await;
    let output = session.usherctl(&["buy", "demo", APP]).await;
    assert_eq!((output.code, output.stdout.as_str()), (2, ""));
    let terminal = session.in_terminal(&["usherctl", "buy", "demo", APP]);
    let question = format!(
        "This opens the store at {}. Nothing is paid before it is confirmed there. Continue? [y/N] ",
        session.host()
    );
    terminal.wait_for_text(&question).await;
    terminal.enter("");
    let end = terminal.end().await;
    assert_eq!(end.code, 7, "{}", end.text);
    assert_eq!(session.begun_purchases().len(), 0);
}

#[tokio::test]
async fn without_a_usable_account_the_sign_in_command_is_printed() {
    let session = session().await;
    let output = session.usherctl(&["buy", "demo", APP, "--yes"]).await;
    assert_eq!(output.code, 3);
    assert_eq!(output.stderr, format!("Account needed. Run “usherctl sign-in {}”, then try again.\n", session.host()));

    session.sign_in_as("demo").await;
    session.shop().control().expire_credentials(None).expect("the shop expires credentials");
    let output = session.usherctl(&["buy", "demo", APP, "--yes"]).await;
    assert_eq!(output.code, 3);
    assert_eq!(output.stderr, format!("Sign-in expired. Run “usherctl sign-in {}”, then try again.\n", session.host()));
    assert_eq!(session.begun_purchases().len(), 0);
}

#[tokio::test]
async fn an_app_that_is_not_for_sale_is_reported_as_such() {
    let session = signed_in().await;
    let output = session.usherctl(&["buy", "demo", "org.example.Nowhere", "--yes"]).await;
    assert_eq!(output.code, 4, "{}", output.stderr);
    let host = session.host();
    assert_eq!(output.stderr, format!("No access. {host} does not offer “org.example.Nowhere” to demo.\n"));
}

#[tokio::test]
async fn a_purchase_that_was_stopped_is_not_begun_again_by_itself() {
    let session = signed_in().await;
    let buying = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes"]).await;
    send_signal(buying.id(), Signal::INT);
    let output = buying.end().await;
    assert_eq!(output.code, 7);
    assert!(
        output.stderr.starts_with("Stopped. The purchase of “org.example.Sketchbook” is unfinished."),
        "{}",
        output.stderr
    );

    let again = session.usherctl(&["buy", "demo", APP, "--yes"]).await;
    assert_eq!((again.code, session.begun_purchases().len()), (4, 1), "{}", again.stderr);

    let terminal = session.in_terminal(&["usherctl", "buy", "demo", APP]);
    terminal.wait_for_text("Is it certain that nothing was paid? [y/N] ").await;
    terminal.enter("n");
    let end = terminal.end().await;
    assert_eq!((end.code, session.begun_purchases().len()), (4, 1), "{}", end.text);

    let buying = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes", "--not-paid"]).await;
    browser::buy(&buying.address).await;
    let output = buying.end().await;
    assert_eq!((output.code, output.stdout.as_str(), session.begun_purchases().len()), (0, BOUGHT, 2));
}

#[tokio::test]
async fn w19_a_person_who_cancels_in_the_store_may_begin_again_at_once() {
    let session = signed_in().await;
    let buying = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes"]).await;
    let page = browser::cancel(&buying.address, "I Changed My Mind").await;
    assert!(page.contains("Not Bought") && page.contains("This tab can be closed."), "{page}");
    let output = buying.end().await;
    assert_eq!((output.code, output.stdout.as_str()), (7, ""));
    assert!(output.stderr.ends_with("Not bought: cancelled.\n"), "{}", output.stderr);

    let buying = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes"]).await;
    browser::buy(&buying.address).await;
    let output = buying.end().await;
    assert_eq!((output.code, output.stdout.as_str(), session.begun_purchases().len()), (0, BOUGHT, 2));
}

#[tokio::test]
async fn w19_a_cancelled_purchase_stays_unfinished_while_the_store_does_not_answer() {
    let session = signed_in().await;
    let buying = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes"]).await;
    let control = session.shop().control();
    control.fail(Route::GetTokens, Failure::Reply(Reply::new(503, "")));
    browser::cancel(&buying.address, "I Changed My Mind").await;
    assert_eq!(buying.end().await.code, 6);
    control.reset();
    let again = session.usherctl(&["buy", "demo", APP, "--yes"]).await;
    assert_eq!((again.code, session.begun_purchases().len()), (4, 1), "{}", again.stderr);
}

#[tokio::test]
async fn a_purchase_that_the_store_stopped_begins_again_after_the_person_says_that_nothing_was_paid() {
    let session = signed_in().await;
    let terminal = session.in_terminal(&["usherctl", "buy", "demo", APP, "--yes"]);
    terminal.wait_for_text("Waiting… (Ctrl+C to stop)").await;
    let address = terminal.address();
    let (back, state) = (browser::parameter(&address, "redirect_uri"), browser::parameter(&address, "state"));
    browser::open(&format!("{back}?error=server_error&state={state}")).await;
    terminal.wait_for_text(&format!("{} stopped the purchase (“server_error”).", session.host())).await;
    terminal.wait_for_text("Is it certain that nothing was paid? [y/N] ").await;
    terminal.enter("y");
    assert_eq!(terminal.end().await.code, 7);

    let buying = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes"]).await;
    browser::buy(&buying.address).await;
    let output = buying.end().await;
    assert_eq!((output.code, output.stdout.as_str(), session.begun_purchases().len()), (0, BOUGHT, 2));
}

#[tokio::test]
async fn a_payment_made_before_stopping_is_found() {
    let session = signed_in().await;
    let buying = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes"]).await;
    let address = buying.address.clone();
    send_signal(buying.id(), Signal::INT);
    buying.end().await;
    browser::redirect_of_purchase(&address).await;
    let again = session.usherctl(&["buy", "demo", APP]).await;
    assert_eq!((again.code, session.begun_purchases().len()), (0, 1), "{}", again.stderr);
}

#[tokio::test]
async fn usherctl_waits_for_access_that_comes_late() {
    let session = signed_in().await;
    let buying = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes"]).await;
    let redirect = browser::redirect_of_purchase(&buying.address).await;
    session.shop().control().take_away("demo", APP).expect("the shop takes the app away");
    session.shop().control().clear_requests();
    browser::open(&redirect).await;
    // Wait until the shop has denied access once.
    let refused =
        |request: &LoggedRequest| request.path == "/api/v1/get_tokens" && request.outcome == Outcome::Answered(200);
    session.shop().control().wait_for_request(refused).await;
    session.shop().control().grant("demo", APP).expect("the shop gives the app");
    let output = buying.end().await;
    assert_eq!((output.code, output.stdout.as_str()), (0, BOUGHT), "{}", output.stderr);
    assert!(output.stderr.contains("gives no access") || output.stderr.contains("to give access"), "{}", output.stderr);
}

#[tokio::test]
async fn over_ssh_the_final_address_is_pasted_without_echo() {
    let environment = vec![("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22".to_owned())];
    let setup = Setup { environment, ..Setup::without_display() };
    let session = Session::start(setup).await;

    let terminal = session.in_terminal(&["usherctl", "sign-in", "demo"]);
    terminal.wait_for_text(&format!("First time at {}. Continue? [y/N] ", session.host())).await;
    terminal.enter("y");
    terminal.wait_for_text("Paste that address (it stays hidden):").await;
    let redirect = browser::redirect_of_sign_in(&terminal.address(), "demo").await;
    terminal.enter(&redirect.replace("state=", "state=0"));
    terminal.wait_for_text("This is not the address that the browser ended at.").await;
    terminal.enter(&redirect);
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    let end = terminal.end().await;
    assert_eq!(end.code, 0, "{}", end.text);
    assert!(end.text.contains(&format!("Signed in to {} as demo.", session.host())), "{}", end.text);
    let token = redirect.split_once("token=").expect("the shop hands out a token").1;
    assert!(!end.text.contains(&token[..20]), "the pasted address is not shown");

    let terminal = session.in_terminal(&["usherctl", "buy", "demo", APP]);
    terminal.wait_for_text("Continue? [y/N] ").await;
    terminal.enter("y");
    terminal.wait_for_text("Paste that address (it stays hidden):").await;
    terminal.enter(&browser::redirect_of_purchase(&terminal.address()).await);
    let end = terminal.end().await;
    assert!(end.code == 0 && end.text.contains(BOUGHT), "{}", end.text);
    session.flatpak().run(&["install", "--user", "--noninteractive", "demo", APP]).await.expect_success();
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn u11_an_app_in_another_account_is_found_before_anything_is_bought() {
    let session = signed_in().await;
    let buying = BrowserCommand::start(&session, &["buy", "demo", APP, "--yes"]).await;
    browser::buy(&buying.address).await;
    buying.end().await;
    // From now on the remote uses the account of somebody else.
    session.sign_in_as("demo2").await;
    let host = session.host();

    let refused = session.usherctl(&["buy", "demo", APP]).await;
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    let hint = format!("If “{APP}” is in the account of demo, run “usherctl allow demo demo@{host}” first.\n");
    assert!(refused.stderr.contains(&hint), "{}", refused.stderr);

    session.shop().control().clear_requests();
    let question = format!("“{APP}” is not in the account of demo2. Check the account of demo? [y/N] ");
    let terminal = session.in_terminal(&["usherctl", "buy", "demo", APP]);
    terminal.wait_for_text(&question).await;
    let asked_about = |session: &Session| session.shop().requests().into_iter().filter_map(|request| request.user);
    assert!(asked_about(&session).all(|user| user == "demo2"), "nothing is asked about an account before a yes");
    terminal.enter("n");
    terminal.wait_for_text("Nothing is paid before it is confirmed there. Continue? [y/N] ").await;
    terminal.enter("n");
    assert_eq!(terminal.end().await.code, 7);

    let terminal = session.in_terminal(&["usherctl", "buy", "demo", APP]);
    terminal.wait_for_text(&question).await;
    terminal.enter("y");
    terminal.wait_for_text("Allow? [y/N] ").await;
    assert!(terminal.text().contains(&format!("The account of demo has “{APP}”.")), "{}", terminal.text());
    terminal.enter("y");
    let ended = terminal.end().await;
    assert_eq!(ended.code, 0, "{}", ended.text);
    assert!(ended.text.contains("The account already has access. Now run: "), "{}", ended.text);
    assert_eq!(session.begun_purchases().len(), 0, "nothing more was bought");
    session.flatpak().run(&["install", "--user", "--noninteractive", "demo", APP]).await.expect_success();
}
