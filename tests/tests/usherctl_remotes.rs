// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl remotes`, `use` and `stop`: remotes that do not name Usher, given to it and taken back by the real flatpak.

use std::fs;

use serde_json::Value;
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{AUTHENTICATOR, Session, Setup, browser, workspace};

/// A registry that nobody runs: nothing here contacts it.
const REGISTRY: &str = "oci+http://127.0.0.1:9/flatpaks";
const FLATPAK: &str = "org.flatpak.Authenticator.Oci";
const PAID: &str = "org.example.Sketchbook";

async fn session() -> Session {
    let session = Session::start(Setup::without_display()).await;
    session.flatpak().run(&["remote-add", "--user", "--no-gpg-verify", "registry", REGISTRY]).await.expect_success();
    session
}

/// What flatpak's configuration says of a remote.
fn configured(session: &Session, remote: &str) -> String {
    let config =
        fs::read_to_string(session.folder().join("flatpak/user/repo/config")).expect("flatpak has a configuration");
    let (_, group) = config.split_once(&format!("[remote \"{remote}\"]")).expect("the remote is configured");
    group.split("\n[").next().unwrap_or_default().to_owned()
}

/// The state of a remote in the list; empty if it is not there.
async fn state(session: &Session, remote: &str) -> String {
    let output = session.usherctl(&["remotes", "--json"]).await.expect_success().stdout.clone();
    let list: Value = serde_json::from_str(&output).expect("it is JSON");
    let remotes = list["remotes"].as_array().cloned().unwrap_or_default();
    let found = remotes.iter().find(|known| known["remote"] == remote);
    found.and_then(|known| known["state"].as_str()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_registry_is_given_to_usher_and_taken_back() {
    let session = session().await;
    assert_eq!(state(&session, "registry").await, "not-used");
    let list = session.usherctl(&["remotes"]).await.stdout;
    let row: Vec<_> =
        list.lines().find(|line| line.starts_with("registry")).expect("it is listed").split("  ").collect();
    assert!(row.iter().any(|cell| cell.trim() == "Does not use Usher"), "{list}");
    assert!(list.contains("“usherctl use REMOTE”"), "{list}");

    let refused = session.usherctl(&["use", "registry"]).await;
    let command = format!("flatpak remote-modify --user --authenticator-name={AUTHENTICATOR} registry");
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains(&format!("  {command}\n")), "{}", refused.stderr);
    assert!(!configured(&session, "registry").contains("authenticator"), "without a yes nothing is changed");

    let given = session.usherctl(&["use", "registry", "--yes"]).await;
    let said = "“registry” asks Usher for its account.\nIt asks for the account with the next install.\n";
    assert_eq!(given.expect_success().stdout, said);
    assert!(configured(&session, "registry").contains(&format!("xa.authenticator-name={AUTHENTICATOR}\n")));
    assert_eq!(state(&session, "registry").await, "no-account");
    let again = session.usherctl(&["use", REGISTRY, "--yes"]).await;
    assert_eq!((again.expect_success().stdout.as_str(), again.stderr.as_str()), (said, ""));

    let taken = session.usherctl(&["stop", "registry", "--yes"]).await;
    assert_eq!(taken.expect_success().stdout, "“registry” does not ask Usher for its account.\n");
    let config = configured(&session, "registry");
    assert!(config.contains(&format!("xa.authenticator-name={FLATPAK}\n")) && !config.contains("-options"), "{config}");
    assert_eq!(state(&session, "registry").await, "not-used");
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn a_person_at_a_terminal_sees_the_command_and_decides() {
    let session = session().await;
    for (answer, is_given) in [("n", false), ("y", true)] {
        let terminal = session.in_terminal(&["usherctl", "use", "registry"]);
        terminal.wait_for_text("Run it? [y/N]").await;
        assert!(terminal.text().contains(&format!("--authenticator-name={AUTHENTICATOR} registry")));
        terminal.enter(answer);
        assert_eq!(terminal.end().await.code, if is_given { 0 } else { 7 }, "{answer}");
        assert_eq!(configured(&session, "registry").contains(AUTHENTICATOR), is_given, "{answer}");
    }
}

#[tokio::test]
async fn a_repository_that_asks_for_tokens_is_given_to_usher_and_taken_back() {
    let session = Session::start(Setup::without_display()).await;
    let other = session.open_another_shop("other").await;
    let option = format!("--authenticator-option=url={}", other.base_url());
    session.flatpak().run(&["remote-modify", "--user", &option, "other"]).await.expect_success();
    assert_eq!(state(&session, "other").await, "not-used");

    let given = session.usherctl(&["use", "other", "--yes"]).await;
    let said = "“other” asks Usher for its account.\nSign in with “usherctl sign-in other”.\n";
    assert_eq!(given.expect_success().stdout, said);
    let sign_in = BrowserCommand::start(&session, &["sign-in", "other"]).await;
    browser::sign_in(&sign_in.address, "demo2").await;
    assert_eq!(sign_in.end().await.code, 0);
    session
        .flatpak()
        .run(&["install", "--user", "--noninteractive", "other", "org.example.Postcard"])
        .await
        .expect_success();
    assert_eq!(state(&session, "other").await, "account");

    session.usherctl(&["stop", "other", "--yes"]).await.expect_success();
    assert_eq!(state(&session, "other").await, "not-used");
    let refused = session.flatpak().run(&["install", "--user", "--noninteractive", "other", PAID]).await;
    assert_eq!(refused.code, 1, "flatpak has no account of its own:\n{}", refused.text);
}

#[tokio::test]
async fn a_remote_that_cannot_be_changed_says_why() {
    let session = session().await;
    let flatpak = session.flatpak();
    flatpak
        .run(&["remote-add", "--user", "--no-gpg-verify", "plain", "http://repo.example.org"])
        .await
        .expect_success();
    for (remote, said) in [
        ("plain", "No account is used for “plain”, because its address is not secure (https).\n"),
        ("none", "There is no remote “none”.\n"),
    ] {
        let refused = session.usherctl(&["use", remote, "--yes"]).await;
        assert_eq!((refused.code, refused.stderr.as_str()), (2, said));
    }
    let usherctl = workspace().join("build/stage/bin/usherctl");
    let mut without_flatpak = session.command("env");
    without_flatpak.arg("PATH=/nonexistent").arg(usherctl).args(["use", "registry", "--yes"]);
    let ended = without_flatpak.output().expect("usherctl starts");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1));
    assert!(said.ends_with("flatpak is not installed, so nothing was changed.\n"), "{said}");
}

#[tokio::test]
async fn the_address_of_a_registry_leads_on_from_signing_in() {
    let session = session().await;
    let address = "oci+https://index.example.org/apps";
    let added = format!(
        "  flatpak remote-add --user --authenticator-name={AUTHENTICATOR} --no-authenticator-install index.example.org {address}\n"
    );
    let missing = session.usherctl(&["sign-in", address]).await;
    assert_eq!(missing.code, 3);
    assert!(missing.stdout.ends_with(&added), "{}", missing.stdout);

    let unused = session.usherctl(&["sign-in", REGISTRY]).await;
    assert_eq!(unused.code, 3);
    assert!(unused.stderr.contains("Run “usherctl use registry”, then try again."), "{}", unused.stderr);
    session.usherctl(&["use", "registry", "--yes"]).await.expect_success();
    let later = session.usherctl(&["sign-in", REGISTRY]).await;
    assert!(!later.stderr.contains("usherctl use"), "{}", later.stderr);
}
