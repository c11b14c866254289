// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl listing` at a repository that shows what it has only to those who are signed in, and at others.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use usher_demo_store::{
    DemoStore, Failure, RegistryAuthentication, Reply, Route, SignInKind, StoreOptions, TokenTerms,
};
use usher_tests::usherctl::CommandOutput;
use usher_tests::{AUTHENTICATOR, KeyringState, Session, Setup};

const OWNED: &str = "org.example.Postcard";
const LISTED: &str = "\
org.example.Metronome   Metronome   Free
org.example.Postcard    Postcard    Owned
org.example.Sketchbook  Sketchbook  Not owned
org.example.Stargazer   Stargazer   Not owned
";

fn setup() -> Setup {
    Setup { signed: true, private_listing: true, keyring: KeyringState::Unlocked, ..Setup::without_display() }
}

/// A session with a signed repository that hides what it has. Somebody has signed in.
async fn signed_in() -> Session {
    let session = Session::start(setup()).await;
    session.sign_in_as("demo").await;
    session.shop().control().clear_requests();
    session
}

fn repository(session: &Session) -> PathBuf {
    session.folder().join("shop/repository/repo")
}

/// The only file there that ends like this.
fn only_file(folder: &Path, end: &str) -> PathBuf {
    let files = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it can be read").path());
    let mut found = files.filter(|path| path.to_string_lossy().ends_with(end));
    let only = found.next().unwrap_or_else(|| panic!("a file {end} is in {}", folder.display()));
    assert_eq!(found.next(), None);
    only
}

/// The list for this computer, as the repository packed it.
fn unpacked_list(session: &Session) -> Vec<u8> {
    let packed = only_file(&repository(session).join("summaries"), ".gz");
    let output = std::process::Command::new("gzip").arg("-dc").arg(packed).output().expect("gzip starts");
    assert!(output.status.success());
    output.stdout
}

fn change(path: &Path) {
    let mut bytes = fs::read(path).expect("the file is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("the file can be changed");
}

/// Lists the remote, and saves its list: both fail alike, and nothing is shown or saved.
async fn refused(session: &Session) -> (i32, String) {
    let file = session.folder().join("saved");
    let shown = session.usherctl(&["listing", "demo"]).await;
    let saved = session.usherctl(&["listing", "demo", "--save", &file.display().to_string()]).await;
    assert_eq!((&shown.stdout, &saved.stdout), (&String::new(), &String::new()));
    assert_eq!((shown.code, &shown.stderr), (saved.code, &saved.stderr));
    assert!(!file.exists(), "nothing is saved");
    assert_tells_no_secret(session, &shown);
    (shown.code, shown.stderr)
}

fn assert_tells_no_secret(session: &Session, output: &CommandOutput) {
    for secret in session.shop().control().issued_secrets() {
        assert!(!output.stdout.contains(&secret) && !output.stderr.contains(&secret), "a secret is told");
    }
}

#[tokio::test]
async fn a_private_repository_is_listed_with_the_account_that_may_see_it() {
    let session = signed_in().await;
    let output = session.usherctl(&["listing", "demo"]).await;
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (4, LISTED, ""));
    assert_eq!(session.requests_for("/api/v1/get_listing_token").len(), 1);
    let asked = session.requests_for("/api/v1/get_tokens");
    assert_eq!(asked.len(), 1, "one call for all apps");
    assert_eq!(asked[0].ids, [OWNED, "org.example.Sketchbook", "org.example.Stargazer"]);

    let output = session.usherctl(&["listing", "demo", "--json"]).await;
    let listed: Value = serde_json::from_str(&output.stdout).expect("the list is JSON");
    assert_eq!((&listed["verified"], &listed["error"]), (&json!(true), &Value::Null));
    assert_eq!(listed["apps"][1], json!({ "id": OWNED, "name": "Postcard", "state": "owned" }));
    assert_tells_no_secret(&session, &output);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn without_an_account_nothing_is_listed() {
    let session = Session::start(setup()).await;
    let (code, said) = refused(&session).await;
    let wanted = format!("Account needed. Run “usherctl sign-in {}”, then try again.\n", session.host());
    assert_eq!((code, said), (3, wanted));
    session.keyring().lock().await;
    let nobody = session.usherctl(&["listing", "none"]).await;
    assert_eq!((nobody.code, nobody.stderr.as_str()), (2, "There is no remote “none” that uses Usher.\n"));
}

#[tokio::test]
async fn an_account_that_may_not_see_the_list_is_told_so() {
    let session = signed_in().await;
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let reply = |status| Reply { status, headers: headers.clone(), body: "{}".into() };
    let control = session.shop().control();
    control.fail(Route::GetListingToken, Failure::Reply(reply(403)));
    let said = format!("No access. {} does not let demo see what the repository has.\n", session.host());
    assert_eq!(refused(&session).await, (4, said));
    control.fail(Route::GetListingToken, Failure::Reply(reply(401)));
    let said = format!("Sign-in expired. Run “usherctl sign-in {}”, then try again.\n", session.host());
    assert_eq!(refused(&session).await, (3, said));
}

#[tokio::test]
async fn a_repository_that_cannot_be_reached_or_answers_nonsense_is_named() {
    let mut session = signed_in().await;
    let host = session.host();
    let control = session.shop().control().clone();
    for failure in [Failure::Redirect { location: "https://other.example/".into() }, Failure::Reset] {
        control.fail(Route::Repository, failure);
        let (code, said) = refused(&session).await;
        assert_eq!(code, 6, "{said}");
        assert!(said.contains(&host), "{said}");
    }
    let _port = session.close_shop().await;
    let output = session.usherctl(&["listing", "demo"]).await;
    let said = format!("{host} cannot be reached. Check the connection, then try again.\n");
    assert_eq!((output.code, output.stdout, output.stderr), (6, String::new(), said));
}

#[tokio::test]
async fn a_list_that_the_repository_did_not_sign_is_neither_shown_nor_saved() {
    let session = signed_in().await;
    let repository = repository(&session);
    let wrong = "The list of “demo” is not signed with a valid key of the repository. Nothing of it was used. If it happens again, tell the people who run the repository.\n";
    let (index, signature) = (repository.join("summary.idx"), only_file(&repository.join("summaries"), ".idx.sig"));
    let (good, good_signature) = (fs::read(&index).expect("it is there"), fs::read(&signature).expect("it is there"));

    // Its signature has the name of what was signed, so that one under another name stands beside it.
    change(&index);
    assert_eq!(refused(&session).await, (1, wrong.to_owned()), "the index was changed");
    fs::write(&index, &good).expect("it can be written");

    change(&signature);
    assert_eq!(refused(&session).await, (1, wrong.to_owned()), "the signature was changed");
    fs::remove_file(&signature).expect("it can be removed");
    fs::remove_file(repository.join("summary.idx.sig")).expect("it can be removed");
    let not_signed = "The list of “demo” is not signed, although it should be. Nothing of it was used.\n";
    assert_eq!(refused(&session).await, (1, not_signed.to_owned()), "the signature is gone");
    fs::write(&signature, &good_signature).expect("it can be written");

    let list = only_file(&repository.join("summaries"), ".gz");
    let packed = fs::read(&list).expect("it is there");
    for other in [&packed[..packed.len() / 2], b"nonsense"] {
        fs::write(&list, other).expect("it can be written");
        let damaged = "The list of “demo” is damaged. Nothing of it was used.\n";
        assert_eq!(refused(&session).await, (1, damaged.to_owned()), "another list than the index names");
    }
    fs::write(&list, packed).expect("it can be written");

    let other = StoreOptions { sign: true, ..StoreOptions::new(session.folder().join("shop/other")) };
    let other = DemoStore::start(other).await.expect("another shop opens");
    let arguments = other.remote_add_arguments("other");
    let key = arguments.iter().find_map(|argument| argument.strip_prefix("--gpg-import=")).expect("it has a key");
    let keys = only_file(&session.folder().join("flatpak/user/repo"), "demo.trustedkeys.gpg");
    let own = fs::read(&keys).expect("it is there");
    fs::copy(key, &keys).expect("it can be written");
    assert_eq!(refused(&session).await, (1, wrong.to_owned()), "somebody else signed it");
    fs::write(&keys, own).expect("it can be written");
    assert_eq!(session.usherctl(&["listing", "demo"]).await.stdout, LISTED, "all is as it was");
}

#[tokio::test]
async fn where_there_is_no_index_the_one_list_for_all_is_taken() {
    let session = signed_in().await;
    let summary = repository(&session).join("summary");
    fs::remove_file(repository(&session).join("summary.idx")).expect("it can be removed");
    let file = session.folder().join("saved");
    session.usherctl(&["listing", "demo", "--save", &file.display().to_string()]).await.expect_success();
    assert_eq!(fs::read(&file).expect("it was saved"), fs::read(&summary).expect("it is there"));
    assert_eq!(session.usherctl(&["listing", "demo"]).await.stdout, LISTED);
    change(&summary);
    let (code, said) = refused_without(&session, &file).await;
    assert!(code == 1 && said.contains("not signed with a valid key"), "{said}");
}

/// The same where a list was saved before.
async fn refused_without(session: &Session, file: &Path) -> (i32, String) {
    fs::remove_file(file).expect("it can be removed");
    refused(session).await
}

#[tokio::test]
async fn what_is_saved_is_what_flatpak_takes_of_a_public_repository() {
    let session = signed_in().await;
    let file = session.folder().join("saved");
    let arguments = ["listing", "demo", "--save", &file.display().to_string()];
    let output = session.usherctl(&arguments).await;
    assert_eq!((output.code, output.stdout), (0, format!("Saved to {}.\n", file.display())));
    assert!(session.requests_for("/api/v1/get_tokens").is_empty(), "nobody is asked about apps");
    let saved = fs::read(&file).expect("it was saved");
    assert_eq!(saved, unpacked_list(&session));
    assert_eq!(fs::metadata(&file).expect("it was saved").permissions().mode() & 0o777, 0o600);
    assert_eq!(session.usherctl(&arguments).await.code, 2, "the file is there");
    session.usherctl(&[&arguments[..], &["--force"]].concat()).await.expect_success();
    let printed = session.command("usherctl").args(["listing", "demo", "--save", "-"]).output().expect("it starts");
    assert_eq!(printed.stdout, saved);

    let mirror = session.folder().join("mirror");
    let ostree = |arguments: &[&str]| {
        let output =
            session.processes.command("ostree").args(arguments).arg(format!("--repo={}", mirror.display())).output();
        let output = output.expect("ostree starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    ostree(&["init", "--mode=archive"]);
    fs::copy(&file, mirror.join("summary")).expect("it can be copied");
    let viewed = ostree(&["summary", "--view"]);
    assert!(viewed.contains(&format!("app/{OWNED}/")), "{viewed}");

    session.shop().control().keep_listing_private(false);
    session.flatpak().run(&["remote-ls", "--user", "demo"]).await.expect_success();
    let cached = only_file(&session.folder().join("flatpak/user/repo/tmp/cache/summaries"), ".sub");
    assert_eq!(fs::read(cached).expect("it can be read"), saved);
}

#[tokio::test]
async fn flatpak_keeps_a_remote_that_it_cannot_list_and_the_apps_from_there() {
    let session = Session::start(setup()).await;
    let remotes = session.flatpak().run(&["remotes", "--user", "--columns=name"]).await;
    assert!(remotes.text.lines().any(|line| line == "demo"), "{}", remotes.text);
    session.sign_in_as("demo").await;
    let install = ["install", "--user", "--noninteractive", "demo", OWNED];
    for arguments in [&["remote-ls", "--user", "demo"][..], &install] {
        session
            .flatpak()
            .run(arguments)
            .await
            .expect_error("Unable to load summary from remote demo: Server returned status 401");
    }
    session.shop().control().keep_listing_private(false);
    session.flatpak().run(&install).await.expect_success();
    session.shop().control().publish_update(OWNED).await.expect("the shop publishes");
    let before = session.flatpak().commit(OWNED).await;
    session.shop().control().keep_listing_private(true);
    session.stop_daemon().await;
    session.shop().control().clear_requests();
    let update = session.flatpak().run(&["update", "--user", "--noninteractive"]).await;
    update.expect_success();
    assert!(update.text.contains("Treating remote fetch error as non-fatal"), "{}", update.text);
    assert_eq!(session.flatpak().commit(OWNED).await, before);
    assert!(session.requests_for("/api/v1/get_tokens").is_empty());
}

#[tokio::test]
async fn a_public_repository_is_listed_without_an_account() {
    let session = Session::start(Setup::without_display()).await;
    let output = session.usherctl(&["listing", "demo"]).await;
    let listed = LISTED.replace("Not owned", "Account needed").replace("Owned", "Account needed");
    assert_eq!((output.code, output.stdout), (3, listed));
    let said = format!(
        "“demo” does not sign its list, so it cannot be verified.\nAccount needed. Run “usherctl sign-in {}”, then try again.\n",
        session.host()
    );
    assert_eq!(output.stderr, said);
    session.sign_in_as("demo").await;
    assert_eq!(session.usherctl(&["listing", "demo"]).await.stdout, LISTED);
    assert_eq!(session.requests_for("/api/v1/get_listing_token").len(), 1, "the server says that none is needed");
}

#[tokio::test]
async fn a_pasted_token_lists_what_there_is() {
    let session = Session::start(Setup { sign_in: SignInKind::Token, ..setup() }).await;
    let token = session.shop().control().hand_out_token(TokenTerms::for_apps(&[OWNED])).expect("the shop has tokens");
    let pasted = session.usherctl_with_password(&["sign-in", "demo", "--token-stdin"], &token);
    assert_eq!(pasted.code, 0, "{pasted:?}");
    let output = session.usherctl(&["listing", "demo"]).await;
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (4, LISTED, ""));
    assert_tells_no_secret(&session, &output);
    session.shop().control().revoke_token(&token);
    let (code, said) = refused(&session).await;
    assert!(code == 3 && said.starts_with("Sign-in expired."), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_of_a_registry_is_listed() {
    let session = Session::start(Setup { without_shop: true, ..Setup::without_display() }).await;
    let registry = session.start_registry("acme", RegistryAuthentication::Tokens).await;
    session.add_registry(&registry, "acme", Some(AUTHENTICATOR)).await;
    session.sign_in_to_registry("acme", &registry, "demo").await;
    let output = session.usherctl(&["listing", "acme", "--json"]).await;
    let listed: Value = serde_json::from_str(&output.stdout).expect("the list is JSON");
    let states: Vec<_> =
        listed["apps"].as_array().expect("there are apps").iter().map(|app| (&app["id"], &app["state"])).collect();
    assert_eq!(
        states,
        [(&json!("org.example.Almanac"), &json!("free")), (&json!("org.example.Compass"), &json!("owned"))]
    );
    assert_eq!((output.code, &listed["verified"]), (0, &json!(false)));
    let file = session.folder().join("index.json");
    session.usherctl(&["listing", "acme", "--save", &file.display().to_string()]).await.expect_success();
    let index: Value = serde_json::from_slice(&fs::read(file).expect("it was saved")).expect("the index is JSON");
    assert!(index["Results"].is_array(), "{index}");
}
