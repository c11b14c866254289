// SPDX-License-Identifier: GPL-3.0-or-later
//! A token that somebody shows is checked by the public keys that the repository names: by the installed daemon over the
//! session bus, and by `usherctl`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use tokio::time::timeout;
use usher_demo_store::TokenTerms;
use usher_tests::usherctl::CommandOutput;
use usher_tests::{ACCESS, Client, LIMIT, Session, Setup, workspace};

const APP: &str = "org.example.Postcard";
const OTHER: &str = "org.example.Sketchbook";
const KEYS: &str = "/.well-known/jwks.json";

/// A session whose shop signs its tokens with a key pair.
async fn session() -> Session {
    Session::start(Setup { signed_tokens: true, ..Setup::without_display() }).await
}

fn ref_of(app: &str) -> String {
    format!("app/{app}/x86_64/stable")
}

/// What the daemon says of tokens for the remote `demo`, or the name of its error.
async fn verify(session: &Session, shown: &[(&str, &str)]) -> Result<BTreeMap<String, bool>, String> {
    let shown: Vec<(String, &str)> = shown.iter().map(|&(app, token)| (ref_of(app), token)).collect();
    let arguments = ("demo", session.shop().repository_url().to_string(), shown);
    let path = "/io/github/usher/Usher/Devel/Access";
    let interface = Some("io.github.usher.Access1");
    let call = session.bus.connection.call_method(Some(ACCESS), path, interface, "VerifyTokens", &arguments);
    match timeout(LIMIT, call).await.expect("there is an answer in time") {
        Ok(reply) => Ok(reply.body().deserialize().expect("an answer is well-formed")),
        Err(zbus::Error::MethodError(name, ..)) => Err(name.to_string()),
        Err(error) => panic!("the call fails: {error}"),
    }
}

/// What the daemon says of one token for the app.
async fn is_good(session: &Session, token: &str) -> bool {
    verify(session, &[(APP, token)]).await.expect("the token can be checked")[&ref_of(APP)]
}

fn error(name: &str) -> Result<BTreeMap<String, bool>, String> {
    Err(format!("io.github.usher.Access1.Error.{name}"))
}

/// Runs `usherctl verify` for the remote `demo`.
fn usherctl(session: &Session, app: &str, token: &str) -> CommandOutput {
    let mut command = session.command("usherctl");
    command.args(["verify", "demo", &ref_of(app)]);
    with_input(command, token)
}

/// Runs the example of the documentation for the remote `demo`.
fn example(session: &Session, app: &str, token: &str) -> CommandOutput {
    let mut command = session.command("python3");
    let address = session.shop().repository_url().to_string();
    command.arg(workspace().join("docs/examples/store.py")).args(["--name", ACCESS, "--verify", "demo", &address]);
    command.arg(ref_of(app));
    with_input(command, token)
}

fn with_input(mut command: Command, token: &str) -> CommandOutput {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("usherctl starts");
    // It may end without reading all.
    let _ = child.stdin.take().expect("standard input is piped").write_all(format!(" {token}\n").as_bytes());
    child.wait_with_output().expect("usherctl ends").into()
}

fn says(output: &CommandOutput, code: i32, sentence: &str) {
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.trim_end()), (code, "", sentence));
}

/// The download token for the app, as flatpak gets it.
async fn download_token(session: &Session) -> String {
    let response = Client::new(session).await.request(session).await;
    assert_eq!(response.code, 0, "{}", response.message);
    response.tokens.into_keys().next().expect("there is a token")
}

fn handed_out(session: &Session, terms: TokenTerms) -> String {
    session.shop().control().hand_out_token(terms).expect("the shop hands out tokens")
}

async fn set_option(session: &Session, option: &str) {
    let option = format!("--authenticator-option={option}");
    session.flatpak().run(&["remote-modify", "--user", &option, "demo"]).await.expect_success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_real_install_is_good_for_its_app_alone() {
    let session = session().await;
    session.sign_in_as("demo").await;
    session.flatpak().install(APP).end().await.expect_success();
    let token = download_token(&session).await;
    let used = session.shop().control().issued_secrets();
    assert!(used.contains(&token), "the shop has signed it");
    let said = verify(&session, &[(APP, &token), (OTHER, &token)]).await.expect("the tokens can be checked");
    assert_eq!(said, BTreeMap::from([(ref_of(APP), true), (ref_of(OTHER), false)]));
    assert_eq!(usherctl(&session, APP, &token).expect_success().stdout, "Good.\n");
    says(&usherctl(&session, OTHER, &token), 1, &format!("Not good: the token is not for “{}”.", ref_of(OTHER)));

    let terminal = session.in_terminal(&["usherctl", "verify", "demo", &ref_of(APP)]);
    terminal.wait_for_text("Token: ").await;
    terminal.enter(&token);
    let outcome = terminal.end().await;
    assert_eq!(outcome.code, 0, "{}", outcome.text);
    assert!(outcome.text.contains("Good.") && !outcome.text.contains(&token), "what is typed is not shown");

    assert_eq!(example(&session, APP, &token).expect_success().stdout, "good\n");
    assert_eq!(example(&session, OTHER, &token).expect_success().stdout, "not good\n");

    let ended = handed_out(&session, TokenTerms { lifetime: -3600, ..TokenTerms::for_apps(&[APP]) });
    assert!(!is_good(&session, &ended).await);
    says(&usherctl(&session, APP, &ended), 1, "Not good: the token has expired.");

    let mut json = session.command("usherctl");
    json.args(["--json", "verify", "demo", &ref_of(APP)]);
    let json: Value = serde_json::from_str(&with_input(json, &ended).stdout).expect("JSON");
    assert_eq!((&json["good"], &json["reason"]), (&false.into(), &"expired".into()));

    set_option(&session, "verify-repo=another").await;
    assert!(!is_good(&session, &token).await);
    says(&usherctl(&session, APP, &token), 1, "Not good: the token is for another repository.");
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_at_a_server_need_an_account_and_keys_in_the_option_need_nothing() {
    let mut session = session().await;
    let token = handed_out(&session, TokenTerms::for_apps(&[APP]));
    session.shop().control().clear_requests();
    assert_eq!(verify(&session, &[(APP, &token)]).await, error("AccountNeeded"));
    let host = session.host();
    says(
        &usherctl(&session, APP, &token),
        3,
        &format!("Account needed. Run “usherctl sign-in {host}”, then try again."),
    );
    assert_eq!(session.requests_for(KEYS).len(), 0, "nobody was asked");

    let keys = session.shop().jwk_set().expect("the shop shows its keys");
    set_option(&session, &format!("verify-key={keys}")).await;
    let address = session.shop().repository_url().to_string();
    let port = session.close_shop().await;
    let mut alone = session.command("usherctl");
    alone.args(["verify", &address, &ref_of(APP)]);
    for variable in ["DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR"] {
        alone.env_remove(variable);
    }
    assert_eq!(with_input(alone, &token).expect_success().stdout, "Good.\n");
    drop(port);
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_counts_at_once_and_a_server_that_is_down_is_an_error() {
    let mut session = session().await;
    session.sign_in_as("demo").await;
    let old = download_token(&session).await;
    assert!(is_good(&session, &old).await);
    assert!(is_good(&session, &old).await);
    assert_eq!(session.requests_for(KEYS).len(), 1, "the daemon keeps the keys");

    session.shop().control().rotate_download_key().expect("the shop makes a key");
    let new = handed_out(&session, TokenTerms::for_apps(&[APP]));
    assert!(is_good(&session, &new).await);
    assert!(!is_good(&session, &old).await, "its key is no longer the shop's");
    assert_eq!(session.requests_for(KEYS).len(), 2);
    usherctl(&session, APP, &new).expect_success();
    says(&usherctl(&session, APP, &old), 1, "Not good: the token names a key that the repository does not have.");

    session.stop_daemon().await;
    let (host, address) = (session.host(), session.shop().repository_url().to_string());
    let port = session.close_shop().await;
    let mut command = session.command("usherctl");
    command.args(["verify", &address, &ref_of(APP)]);
    let sentence = format!("{host} cannot be reached. Check the connection, then try again.");
    says(&with_input(command, &new), 6, &sentence);
    drop(port);
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_server_can_judge_cannot_be_checked_here() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let token = download_token(&session).await;
    assert_eq!(verify(&session, &[(APP, &token)]).await, error("CannotBeChecked"));
    let sentence = "Cannot be checked here: the options of the remote “demo” name no keys (“verify-key”).";
    says(&usherctl(&session, APP, &token), 8, sentence);

    set_option(&session, "verify-key=https://other.example/jwks.json").await;
    assert_eq!(verify(&session, &[(APP, &token)]).await, error("CannotBeChecked"));
    let output = usherctl(&session, APP, &token);
    assert!(output.code == 2 && output.stderr.contains("verify-key"), "{output:?}");
    assert_eq!(session.leaks(), []);
}
