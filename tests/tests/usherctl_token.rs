// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository guarded by access tokens, in a terminal: the token is pasted, and flatpak downloads with it.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;
use usher_demo_store::{Authorization, SignInKind, TokenTerms};
use usher_tests::usherctl::CommandOutput;
use usher_tests::{Session, Setup};

const INSIDE: &str = "org.example.Postcard";
const OUTSIDE: &str = "org.example.Sketchbook";
const DAY: i64 = 24 * 60 * 60;

/// A session whose shop is a guarded repository. flatpak has looked at it.
async fn session() -> Session {
    let session = Session::start(Setup { sign_in: SignInKind::Token, ..Setup::without_display() }).await;
    session.flatpak().run(&["remote-ls", "--user", "demo"]).await.expect_success();
    session
}

/// A token that the operator hands out.
fn handed_out(session: &Session, terms: TokenTerms) -> String {
    session.shop().control().hand_out_token(terms).expect("the shop hands out tokens")
}

/// Pastes a token from a script, for the remote `demo`.
fn paste(session: &Session, token: &str) -> CommandOutput {
    let mut command = session.command("usherctl");
    command.args(["sign-in", "demo", "--token-stdin"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("usherctl starts");
    // It may end without reading all.
    let _ = child.stdin.take().expect("standard input is piped").write_all(token.as_bytes());
    child.wait_with_output().expect("usherctl ends").into()
}

/// Installs an app without questions. Returns what flatpak printed, and whether it could.
async fn install(session: &Session, app: &str) -> (bool, String) {
    let outcome = session.flatpak().run(&["install", "--user", "--noninteractive", "demo", app]).await;
    (outcome.code == 0, outcome.text)
}

#[tokio::test]
async fn a_token_is_pasted_once_and_installs_and_updates_what_it_is_for() {
    let session = session().await;
    let host = session.host();
    let token = handed_out(&session, TokenTerms { name: "Ada".into(), ..TokenTerms::for_apps(&[INSIDE]) });
    let other = handed_out(&session, TokenTerms::for_apps(&["org.other"]));
    let ended = handed_out(&session, TokenTerms { lifetime: -60, ..TokenTerms::for_apps(&[INSIDE]) });
    session.shop().control().revoke_token(&other);

    let terminal = session.in_terminal(&["usherctl", "sign-in", "demo"]);
    terminal.wait_for_text(&format!("First time at {host}. Continue? [y/N] ")).await;
    terminal.enter("y");
    terminal.wait_for_text(&format!("Usher gives the token to flatpak, which sends it to {host}.")).await;
    for (attempt, (pasted, said)) in
        [(ended.as_str(), "This token has ended."), (&other, &*format!("This token is not accepted by {host}."))]
            .into_iter()
            .enumerate()
    {
        terminal.wait_for_nth("Access token: ", attempt + 1).await;
        terminal.enter(pasted);
        terminal.wait_for_text(said).await;
    }
    terminal.wait_for_nth("Access token: ", 3).await;
    terminal.enter(&token);
    terminal.wait_for_text(&format!("Signed in to {host} as Ada.")).await;
    terminal.wait_for_text(&format!("For apps starting with {INSIDE}")).await;
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    let end = terminal.end().await;
    assert_eq!(end.code, 0, "{}", end.text);
    assert!(![token.as_str(), &other, &ended].iter().any(|secret| end.text.contains(secret)), "no token is shown");
    let asked = session.shop().requests();
    let of_config = asked.iter().filter(|request| request.path.ends_with("/repo/config"));
    assert_eq!(of_config.count(), 1, "what has ended is sent nowhere, and no commit is known that the other may open");

    session.shop().control().clear_requests();
    let (is_installed, said) = install(&session, INSIDE).await;
    assert!(is_installed, "{said}");
    let downloads = session.shop().requests();
    assert!(downloads.iter().any(|request| request.authorization == Authorization::Bearer), "{downloads:?}");
    session.shop().control().publish_update(INSIDE).await.expect("the shop publishes");
    let before = session.flatpak().commit(INSIDE).await;
    session.flatpak().run(&["update", "--user", "--noninteractive"]).await.expect_success();
    assert_ne!(session.flatpak().commit(INSIDE).await, before);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn an_app_that_the_token_is_not_for_is_not_for_sale() {
    let session = session().await;
    let host = session.host();
    let token = handed_out(&session, TokenTerms { name: "Ada".into(), ..TokenTerms::for_apps(&[INSIDE]) });
    assert_eq!(paste(&session, &token).code, 0);
    session.shop().control().clear_requests();
    let message = format!("No access. {host} does not offer “{OUTSIDE}” to Ada.");
    let (is_installed, said) = install(&session, OUTSIDE).await;
    assert!(!is_installed && said.contains(&message), "{said}");
    let asked = session.shop().requests();
    assert!(asked.iter().all(|request| request.authorization == Authorization::None), "no token is sent: {asked:?}");
    let buying = session.usherctl(&["buy", "demo", OUTSIDE]).await;
    let message = format!("{host} sells nothing, and Ada has no access to “{OUTSIDE}” there.");
    assert!(buying.code != 0 && buying.stderr.contains(&message), "{}{}", buying.stdout, buying.stderr);
}

#[tokio::test]
async fn doctor_asks_the_repository_whether_it_still_accepts_the_token() {
    let session = session().await;
    let host = session.host();
    let token = handed_out(&session, TokenTerms { lifetime: 5 * DAY, ..TokenTerms::for_apps(&[INSIDE]) });
    let pasted = paste(&session, &format!("Bearer {}\n{}\n", &token[..40], &token[40..]));
    assert_eq!((pasted.code, pasted.stdout.contains(&format!("Signed in to {host}."))), (0, true), "{}", pasted.stderr);
    let doctor = session.usherctl(&["doctor"]).await;
    assert_eq!((doctor.code, doctor.stdout.as_str()), (0, "demo: all good\n1 remote checked, no problems.\n"));

    assert!(session.shop().control().revoke_token(&token));
    let doctor = session.usherctl(&["doctor"]).await;
    assert_eq!(doctor.code, 1);
    let said = format!("demo: The access token is not accepted by {host}.\n  Fix: usherctl sign-in demo\n");
    assert!(doctor.stdout.starts_with(&said), "{}", doctor.stdout);
    let (is_installed, said) = install(&session, INSIDE).await;
    assert!(!is_installed && said.contains("Sign-in expired."), "{said}");

    let again = handed_out(&session, TokenTerms::for_apps(&[INSIDE]));
    assert_eq!(paste(&session, &again).code, 0);
    let (is_installed, said) = install(&session, INSIDE).await;
    assert!(is_installed, "{said}");
    let accounts = session.usherctl(&["list", "--json"]).await;
    let accounts: Value = serde_json::from_str(&accounts.stdout).expect("the accounts are JSON");
    assert_eq!(accounts["accounts"].as_array().map(Vec::len), Some(1), "the new token takes the place of the old one");
}

#[tokio::test]
async fn doctor_notes_a_token_that_opens_much_for_long() {
    let session = session().await;
    let token = handed_out(&session, TokenTerms { lifetime: 90 * DAY, ..TokenTerms::for_apps(&[]) });
    assert_eq!(paste(&session, &token).code, 0);
    let doctor = session.usherctl(&["doctor", "--json"]).await;
    assert_eq!(doctor.code, 0, "notes are no problems: {}", doctor.stdout);
    let found: Value = serde_json::from_str(&doctor.stdout).expect("the findings are JSON");
    let notes = found["remotes"][0]["notes"].as_array().expect("the notes are a list");
    let words: Vec<_> = notes.iter().filter_map(|note| note["problem"].as_str()).collect();
    assert_eq!(words, ["token-lives-long", "token-covers-all"]);
    let status = session.usherctl(&["status", &session.host()]).await;
    assert!(status.stdout.contains("For all apps of the repository"), "{}{}", status.stdout, status.stderr);
}

#[tokio::test]
async fn u24_every_command_is_true_of_a_token() {
    let session = session().await;
    let host = session.host();
    let piped = session.usherctl_with_password(&["sign-in", "demo"], "");
    assert_eq!(piped.code, 2, "{piped:?}");
    assert!(piped.stderr.contains("Use “--token-stdin” to read it from standard input."), "{piped:?}");
    let token = handed_out(&session, TokenTerms { name: "Ada".into(), ..TokenTerms::for_apps(&["org.elsewhere"]) });
    assert_eq!(paste(&session, &token).code, 0);

    let status = session.usherctl(&["status"]).await.expect_success().stdout.clone();
    assert!(status.contains("\n  Apps: For apps starting with org.elsewhere\n"), "{status}");
    assert!(!status.contains("Purchases"), "{status}");
    assert_eq!(session.usherctl(&["query", "demo", OUTSIDE]).await.code, 4);
    let buy = session.usherctl(&["buy", "demo", OUTSIDE]).await;
    assert_eq!(buy.code, 4, "{buy:?}");
    assert!(buy.stderr.starts_with(&format!("{host} sells nothing, and Ada has no access to ")), "{buy:?}");
    let refused = session.flatpak().run(&["install", "--user", "--noninteractive", "demo", INSIDE]).await;
    refused.expect_refusal(&format!("No access. {host} does not offer “{INSIDE}” to Ada."));
    assert_eq!(session.usherctl(&["purchases"]).await.expect_success().stdout, "No purchases.\n");
    let out = session.usherctl(&["sign-out", &host]).await.expect_success().stdout.clone();
    assert_eq!(out, format!("Signed out on this computer. {host} keeps no sign-ins to end.\n"));
}
