// SPDX-License-Identifier: GPL-3.0-or-later
//! What `usherctl` prints for people and programs, in a session without a display.

use std::fs;

use serde_json::{Value, json};
use usher_demo_store::{Failure, Route};
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{AUTHENTICATOR, KeyringState, Session, Setup, browser};

const PAID: &str = "org.example.Sketchbook";

async fn session() -> Session {
    Session::start(Setup::without_display()).await
}

/// Runs a command with `--json`, and checks its output.
async fn json_of(session: &Session, arguments: &[&str]) -> (i32, Value) {
    let output = session.usherctl(&[arguments, &["--json"]].concat()).await;
    (output.code, checked(session, arguments[0], &output.stdout).await)
}

/// The JSON of a command. Fails if it contains a secret, or a key that the man page does not document.
async fn checked(session: &Session, command: &str, output: &str) -> Value {
    for secret in session.shop().control().issued_secrets() {
        assert!(!output.contains(&secret), "{command} tells a secret");
    }
    let value = serde_json::from_str(output).unwrap_or_else(|error| panic!("{command}: {error}\n{output}"));
    let page = session.usherctl(&["generate", "man"]).await.stdout.replace("\\-", "-");
    let (_, documented) = page.split_once(".SH JSON").expect("the man page tells of JSON");
    let words: Vec<&str> = documented.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    for key in keys(&value) {
        assert!(words.contains(&key.as_str()), "the man page does not tell of “{key}” of {command}");
    }
    value
}

fn keys(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(keys).collect(),
        Value::Object(object) => {
            object.iter().flat_map(|(key, value)| [vec![key.clone()], keys(value)].concat()).collect()
        }
        _ => Vec::new(),
    }
}

async fn buy(session: &Session) {
    let buying = BrowserCommand::start(session, &["buy", "demo", PAID, "--yes"]).await;
    browser::buy(&buying.address).await;
    assert_eq!(buying.end().await.code, 0);
}

#[tokio::test]
async fn every_command_speaks_json_without_a_secret() {
    let session = session().await;
    let host = session.host();
    assert_eq!(json_of(&session, &["list"]).await, (0, json!({ "accounts": [] })));
    let (code, error) = json_of(&session, &["status", "nobody@example.org"]).await;
    assert_eq!((code, &error["error"]["kind"], &error["error"]["exit"]), (3, &json!("account-needed"), &json!(3)));
    let (code, error) = json_of(&session, &["buy", "demo", PAID, "--yes"]).await;
    assert_eq!((code, &error["error"]["kind"]), (3, &json!("account-needed")));

    let waiting = BrowserCommand::start(&session, &["sign-in", "demo", "--json"]).await;
    browser::sign_in(&waiting.address, "demo").await;
    let output = waiting.end().await;
    let signed_in = checked(&session, "sign-in", &output.stdout).await;
    assert_eq!(signed_in["account"]["user"], "demo");
    assert_eq!(signed_in["account"]["used_by"][0]["remote"], "demo");

    let waiting = BrowserCommand::start(&session, &["buy", "demo", PAID, "--yes", "--json"]).await;
    browser::buy(&waiting.address).await;
    let bought = checked(&session, "buy", &waiting.end().await.stdout).await;
    assert_eq!(
        (&bought["state"], &bought["install"]),
        (&json!("owned"), &json!("flatpak install demo org.example.Sketchbook"))
    );

    let (code, status) = json_of(&session, &["status"]).await;
    let account = &status["accounts"][0];
    assert_eq!((code, &account["state"], &account["purchases"]), (0, &json!("signed-in"), &json!(1)));
    assert_eq!((&account["server"], &account["user"]), (&json!(host), &json!("demo")));
    let (_, purchases) = json_of(&session, &["purchases", "--check"]).await;
    assert_eq!(purchases["purchases"][0]["app"], PAID);
    assert_eq!(purchases["install"], "flatpak install --user demo org.example.Sketchbook");
    let (code, states) = json_of(&session, &["query", "demo", "org.example.Metronome", PAID]).await;
    assert_eq!(code, 0);
    assert_eq!(
        states["apps"],
        json!([{ "id": "org.example.Metronome", "state": "free" }, { "id": PAID, "state": "owned" }])
    );
    let (_, takeout) = json_of(&session, &["export"]).await;
    assert_eq!(takeout["accounts"][0]["bought"], json!([PAID]));
    let file = session.folder().join("Accounts.usher").display().to_string();
    assert_eq!(json_of(&session, &["export", &file]).await.1["accounts"], 1);
    let (_, checklist) = json_of(&session, &["import", &file]).await;
    assert_eq!((&checklist["accounts"][0]["signed_in"], &checklist["apps"]), (&json!(true), &json!(1)));
    assert_eq!(checklist["repositories"][0]["set_up"], true);

    assert_eq!(json_of(&session, &["doctor"]).await.0, 0);
    assert_eq!(json_of(&session, &["rename", &host, "Work"]).await.1["account"]["name"], "Work");
    let (_, revoked) = json_of(&session, &["revoke", "demo"]).await;
    assert_eq!((&revoked["remotes"], &revoked["accounts"][0]["used_by"]), (&json!(["demo"]), &json!([])));
    assert_eq!(json_of(&session, &["revoke", "demo"]).await.1["accounts"], json!([]));
    assert_eq!(json_of(&session, &["allow", "demo"]).await.1["account"]["used_by"][0]["remote"], "demo");
    assert_eq!(json_of(&session, &["sign-out", &host]).await.1["account"]["state"], "signed-out");
    assert_eq!(json_of(&session, &["status", &host]).await.0, 3);
    assert_eq!(json_of(&session, &["query", "demo", PAID]).await.1["apps"][0]["state"], "account-needed");
    let (code, removed) = json_of(&session, &["remove", &format!("demo@{host}"), "--yes"]).await;
    assert_eq!((code, removed["removed"].is_string()), (0, true));
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn a_query_for_many_apps_is_one_request_and_its_exit_code_says_what_is_needed() {
    let session = session().await;
    let nobody = session.usherctl(&["query", "demo", PAID]).await;
    assert_eq!((nobody.code, nobody.stdout.as_str()), (3, "org.example.Sketchbook  Account needed\n"));
    session.sign_in_as("demo").await;
    session.shop().control().clear_requests();
    let many: Vec<String> = (0..500).map(|number| format!("org.example.App{number}")).collect();
    let arguments: Vec<&str> =
        ["query", "demo", "org.example.Postcard"].into_iter().chain(many.iter().map(String::as_str)).collect();
    let output = session.usherctl(&arguments).await;
    assert_eq!((output.code, output.stdout.lines().count()), (4, 501));
    assert!(output.stdout.contains("org.example.Postcard  Owned\n"), "{}", output.stdout);
    assert_eq!(session.shop().requests().len(), 1);

    session.shop().control().fail(Route::GetTokens, Failure::Nonsense);
    let output = session.usherctl(&["query", "demo", PAID]).await;
    assert_eq!((output.code, output.stdout.as_str()), (6, "org.example.Sketchbook  Unknown\n"));
    session.shop().control().succeed(Route::GetTokens);
    session.keyring().lock().await;
    let output = session.usherctl(&["query", "demo", PAID]).await;
    assert_eq!((output.code, output.stdout.as_str()), (5, "org.example.Sketchbook  Keyring locked\n"));
    assert!(!session.keyring().saw_unexpected_prompt());
    assert_eq!(session.usherctl(&["query", "none", PAID]).await.code, 2);
    assert_eq!(session.usherctl(&["query", "demo", "nonsense"]).await.code, 2);
}

#[tokio::test]
async fn signing_out_forgets_the_credential_and_removing_deletes_the_account() {
    let session = session().await;
    session.sign_in_as("demo").await;
    let host = session.host();
    let output = session.usherctl(&["sign-out", &format!("demo@{host}")]).await;
    assert_eq!((output.code, output.stdout), (0, format!("Signed out of {host}.\n")));
    let item = session.keyring().only_item().await.text();
    for secret in session.shop().control().issued_secrets() {
        assert!(!item.contains(&secret), "the sign-in is gone from the keyring");
    }

    let refused = session.usherctl(&["remove", &host]).await;
    assert_eq!(refused.code, 2);
    let terminal = session.in_terminal(&["usherctl", "remove", &host]);
    terminal.wait_for_text(&format!("Remove demo at {host}? [y/N] ")).await;
    terminal.enter("n");
    assert_eq!(terminal.end().await.code, 7);
    assert_eq!(session.keyring().items().await.len(), 1);
    let terminal = session.in_terminal(&["usherctl", "remove", &host]);
    terminal.wait_for_text("? [y/N] ").await;
    terminal.enter("y");
    assert_eq!(terminal.end().await.code, 0);
    assert_eq!(session.keyring().items().await.len(), 0);
}

#[tokio::test]
async fn of_two_accounts_at_a_server_one_must_be_named() {
    let session = session().await;
    session.sign_in_as("demo").await;
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    browser::sign_in(&waiting.address, "demo2").await;
    waiting.end().await;
    let host = session.host();
    let output = session.usherctl(&["sign-out", &host]).await;
    assert_eq!(output.code, 2);
    for user in ["demo", "demo2"] {
        assert!(output.stderr.contains(&format!("{user}@{host}")), "{}", output.stderr);
    }
    assert_eq!(session.usherctl(&["sign-out", &format!("demo2@{host}")]).await.code, 0);
    assert_eq!(session.usherctl(&["status", &format!("demo@{host}")]).await.code, 0);
}

#[tokio::test]
async fn an_export_becomes_a_checklist_on_another_computer() {
    let session = session().await;
    session.sign_in_as("demo").await;
    buy(&session).await;
    session
        .flatpak()
        .run(&["install", "--user", "--noninteractive", "demo", "org.example.Postcard"])
        .await
        .expect_success();
    let file = session.folder().join("Accounts.usher").display().to_string();
    let output = session.usherctl(&["export", &file]).await;
    assert_eq!((output.code, output.stdout), (0, format!("Saved to {file}.\n")));
    assert_eq!(session.usherctl(&["export", &file]).await.code, 2);
    assert_eq!(session.usherctl(&["export", &file, "--force"]).await.code, 0);
    let saved = fs::read_to_string(&file).expect("the file is there");
    assert!(saved.contains("org.example.Postcard") && saved.contains(PAID), "{saved}");
    assert_eq!(session.leaks(), []);

    let host = session.host();
    session.usherctl(&["remove", &host, "--yes"]).await;
    for arguments in
        [&["uninstall", "--user", "-y", "org.example.Postcard"][..], &["remote-delete", "--user", "--force", "demo"]]
    {
        session.flatpak().run(arguments).await.expect_success();
    }
    let output = session.usherctl(&["import", &file]).await;
    let commands: Vec<&str> = output.stdout.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let [set_up, sign_in, install] = commands.as_slice() else { panic!("three commands are told:\n{}", output.stdout) };
    assert!(set_up.starts_with("flatpak remote-add --user "), "{set_up}");
    assert_eq!(*sign_in, format!("usherctl sign-in {}", session.shop().base_url()));
    assert_eq!(*install, "flatpak install --user demo org.example.Postcard org.example.Sketchbook");
    assert_eq!(session.keyring().items().await.len(), 0, "an import adds no account");

    let shell = session.in_terminal(&["sh", "-c", set_up]).end().await;
    assert_eq!(shell.code, 0, "{}", shell.text);
    session.sign_in_as("demo").await;
    session.in_terminal(&["sh", "-c", install]).answering_yes().end().await.expect_success();
    assert!(session.flatpak().is_installed(PAID).await);
}

#[tokio::test]
async fn a_file_of_another_kind_is_not_imported() {
    let session = session().await;
    let file = session.folder().join("Accounts.usher");
    fs::write(&file, "{\"accounts\": []}").expect("a file can be written");
    let output = session.usherctl(&["import", &file.display().to_string()]).await;
    assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    for (file, reason) in [("/nowhere/at/all", "No such file or directory"), ("/", "Is a directory")] {
        let output = session.usherctl(&["import", file]).await;
        assert_eq!((output.code, output.stderr), (2, format!("{file} cannot be read: {reason}.\n")));
    }
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let session = session().await;
    let output = session.usherctl(&["export", "/nowhere/Accounts.usher"]).await;
    let refused = "/nowhere/Accounts.usher cannot be written: No such file or directory.\n";
    assert_eq!((output.code, output.stderr.as_str()), (1, refused));
}

#[tokio::test]
async fn without_a_keyring_every_command_that_needs_one_says_so() {
    let session = Session::start(Setup { keyring: KeyringState::None, ..Setup::without_display() }).await;
    for arguments in [
        &["list"][..],
        &["status"],
        &["purchases"],
        &["query", "demo", PAID],
        &["sign-out", "demo@example.org"],
        &["allow", "demo"],
        &["revoke", "demo"],
        &["rename", "demo@example.org", "x"],
        &["buy", "demo", PAID, "--yes"],
        &["export"],
    ] {
        let output = session.usherctl(arguments).await;
        assert_eq!(output.code, 5, "{arguments:?}: {}", output.stderr);
        assert_eq!(output.stderr, "No keyring is running, so no account can be used.\n");
    }
}

#[tokio::test]
async fn a_signed_repository_is_set_up_with_its_key() {
    let session = session().await;
    let shell = async |command: &str| session.in_terminal(&["sh", "-c", command]).end().await;
    let add = format!(
        "gpg --batch --quiet --passphrase '' --quick-gen-key shop@example.org default default never && \
         gpg --export shop@example.org >\"$HOME/key\" && flatpak remote-add --user --gpg-import=\"$HOME/key\" \
         --authenticator-name={AUTHENTICATOR} --authenticator-option=url={} signed http://127.0.0.1:1/repo",
        session.shop().base_url()
    );
    shell(&add).await.expect_success();
    let kept = session.folder().join("flatpak/user/repo/signed.trustedkeys.gpg");
    let key = fs::read(&kept).expect("flatpak keeps the key");
    let file = session.folder().join("Accounts.usher").display().to_string();
    assert_eq!(session.usherctl(&["export", &file]).await.code, 0);
    session.flatpak().run(&["remote-delete", "--user", "signed"]).await.expect_success();
    assert!(!kept.exists(), "the key is gone with the remote");

    let (_, checklist) = json_of(&session, &["import", &file]).await;
    let command = checklist["repositories"][1]["command"].as_str().expect("a command sets it up");
    shell(command).await.expect_success();
    assert_eq!(fs::read(&kept).expect("flatpak has the key again"), key);
    assert_eq!(json_of(&session, &["import", &file]).await.1["repositories"][1]["set_up"], true);
    assert_eq!(fs::read_dir(session.folder().join("tmp")).expect("there is a folder").count(), 0, "no file is left");
}

#[tokio::test]
async fn an_import_in_a_terminal_offers_to_sign_in_and_names_the_host() {
    let session = session().await;
    session.sign_in_as("demo").await;
    let file = session.folder().join("Accounts.usher").display().to_string();
    assert_eq!(session.usherctl(&["export", &file]).await.code, 0);
    let host = session.host();
    session.usherctl(&["remove", &host, "--yes"]).await;

    let terminal = session.in_terminal(&["usherctl", "import", &file, "--no-browser"]);
    terminal.wait_for_text(&format!("First time at {host}. Sign in as demo now? [y/N] ")).await;
    terminal.enter("y");
    terminal.wait_for_text("Waiting… (Ctrl+C to stop)").await;
    browser::sign_in(&terminal.address(), "demo").await;
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    let end = terminal.end().await;
    assert_eq!(end.code, 0, "{}", end.text);
    assert_eq!(session.usherctl(&["status", &host]).await.code, 0);
}

#[tokio::test]
async fn g12_an_imported_file_with_another_server_changes_no_stored_account() {
    let session = session().await;
    session.sign_in_as("demo").await;
    let file = session.folder().join("Accounts.usher");
    let name = file.display().to_string();
    assert_eq!(session.usherctl(&["export", &name]).await.code, 0);
    let saved = fs::read_to_string(&file).expect("the file is there");
    let elsewhere = saved.replace(session.shop().base_url().as_str(), "https://evil.example.org/");
    assert_ne!(saved, elsewhere);
    fs::write(&file, elsewhere).expect("the file can be changed");
    let before = session.keyring().only_item().await.text();
    let output = session.usherctl(&["import", &name]).await;
    assert!(
        output.code == 0 && output.stdout.contains("usherctl sign-in https://evil.example.org/"),
        "{}",
        output.stdout
    );
    assert_eq!(session.keyring().only_item().await.text(), before);
    let install = ["install", "--user", "--noninteractive", "demo", "org.example.Postcard"];
    session.flatpak().run(&install).await.expect_success();
}
