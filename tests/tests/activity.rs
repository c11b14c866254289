// SPDX-License-Identifier: GPL-3.0-or-later
//! The activity log: what real installs, sign-ins and purchases leave in it, and how `usherctl log` shows that.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};
use usher_tests::{LIMIT, Session, Setup, send_signal, wait_for};

const PRIVATE: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";

async fn install(session: &Session, app: &str) -> i32 {
    session.flatpak().run(&["install", "--user", "--noninteractive", "demo", app]).await.code
}

/// The log once it has so many entries.
async fn entries(session: &Session, count: usize) -> Vec<Value> {
    let read = async || {
        let output = session.usherctl(&["log", "--json"]).await;
        let log: Value = serde_json::from_str(&output.expect_success().stdout).expect("the log is JSON");
        log["entries"].as_array().expect("the log has entries").clone()
    };
    let is_there = async || Some(read().await).filter(|entries| entries.len() >= count);
    wait_for("the entries", is_there, async || format!("{:#?}", read().await)).await
}

/// The file of this name somewhere in a folder.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder { find(&entry.path(), name) } else { Some(entry.path()).filter(|_| entry.file_name() == name) }
    })
}

/// The keys that tell entries of one kind from another.
fn gist(entry: &Value) -> Value {
    json!([entry["event"], entry["purpose"], entry["result"]])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_of_installs_sign_ins_and_purchases_and_holds_no_secret() {
    let session = Session::start(Setup::without_display()).await;
    assert_ne!(install(&session, PRIVATE).await, 0);
    let first = entries(&session, 1).await.remove(0);
    assert_eq!(gist(&first), json!(["request", "install", "account-needed"]));
    assert_eq!((&first["remote"], &first["host"], &first["apps"]), (&json!("demo"), &json!(session.host()), &json!(1)));
    assert!(first.get("app_ids").is_none() && first.get("account").is_none(), "{first}");

    session.sign_in_as("demo").await;
    session.usherctl(&["settings", "activity-log-apps", "on"]).await.expect_success();
    assert_eq!(install(&session, PRIVATE).await, 0);
    let named = entries(&session, 4).await.remove(3);
    assert_eq!((&named["result"], &named["app_ids"]), (&json!("granted"), &json!([PRIVATE])));
    session.buy(PAID).await;
    session.usherctl(&["sign-out", &session.host()]).await.expect_success();
    let all = entries(&session, 7).await;
    let gists: Vec<_> = all.iter().map(gist).collect();
    let nothing = Value::Null;
    assert_eq!(
        gists,
        [
            json!(["request", "install", "account-needed"]),
            json!(["signed-in", nothing, nothing]),
            json!(["allowed", nothing, nothing]),
            json!(["request", "install", "granted"]),
            json!(["purchase-begun", nothing, nothing]),
            json!(["purchase-ended", nothing, nothing]),
            json!(["signed-out", nothing, nothing]),
        ]
    );
    assert_eq!((&all[5]["app_id"], &all[5]["is_owned"]), (&json!(PAID), &json!(true)));

    let file = find(session.folder(), "activity.jsonl").expect("there is a log");
    assert_eq!(fs::metadata(&file).expect("it can be read").mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).expect("the log is text");
    for forbidden in ["://", "?", "state=", "demo-password"].into_iter().chain(["@"]) {
        assert!(!text.contains(forbidden), "“{forbidden}” is in\n{text}");
    }
    for secret in session.shop().control().issued_secrets() {
        assert!(!text.contains(&secret), "a secret is in the log");
    }
    assert_eq!(session.leaks(), []);

    let host = session.host();
    let lines = session.usherctl(&["log"]).await.expect_success().stdout.clone();
    let lines: Vec<_> = lines.lines().map(|line| &line["2026-01-01 00:00  ".len()..]).collect();
    assert_eq!(lines[0], "flatpak in the terminal asked to install 1 app from demo · An account was needed");
    assert_eq!(lines[1], format!("Signed in to {host} with a new account"));
    assert_eq!(
        lines[3],
        format!("flatpak in the terminal asked to install “{PRIVATE}” from demo · The account has access")
    );
    assert_eq!(lines[5], format!("Bought “{PAID}” at {host}"));

    let other = session.usherctl(&["log", "another.example"]).await;
    assert_eq!(other.expect_success().stdout, "Nothing yet.\n");
    session.usherctl(&["settings", "activity-log", "off"]).await.expect_success();
    assert_ne!(install(&session, PAID).await, 0);
    let off = session.usherctl(&["log"]).await;
    assert_eq!(off.expect_success().stdout.lines().count(), 7);
    assert!(off.stderr.contains("usherctl settings activity-log on"), "{}", off.stderr);
    let cleared = session.usherctl(&["log", "--clear"]).await;
    assert_eq!(cleared.expect_success().stdout, "7 entries were removed.\n");
    assert_eq!(session.usherctl(&["log"]).await.expect_success().stdout, "Nothing yet.\n");
}

/// `usherctl log --follow`, and what it prints.
fn follow(session: &Session, arguments: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut command = tokio::process::Command::from(session.command("usherctl"));
    command.args(["log", "--follow"]).args(arguments).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("usherctl starts");
    let lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
    (child, lines)
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = tokio::time::timeout(LIMIT, lines.next_line()).await.expect("a line comes in time");
    line.expect("usherctl prints text").expect("usherctl goes on")
}

#[tokio::test(flavor = "multi_thread")]
async fn following_the_log_prints_an_entry_when_it_happens() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let (mut child, mut lines) = follow(&session, &["--json"]);
    for expected in ["signed-in", "allowed"] {
        let entry: Value = serde_json::from_str(&next(&mut lines).await).expect("each line is JSON");
        assert_eq!(entry["event"], expected);
    }
    assert_eq!(install(&session, PRIVATE).await, 0);
    let entry: Value = serde_json::from_str(&next(&mut lines).await).expect("each line is JSON");
    assert_eq!(gist(&entry), json!(["request", "install", "granted"]));
    session.usherctl(&["log", "--clear"]).await.expect_success();
    session.usherctl(&["sign-out", &session.host()]).await.expect_success();
    let entry: Value = serde_json::from_str(&next(&mut lines).await).expect("each line is JSON");
    assert_eq!(entry["event"], "signed-out", "a file that was removed comes again");
    send_signal(child.id().expect("usherctl runs"), Signal::INT);
    let status = tokio::time::timeout(LIMIT, child.wait()).await.expect("it ends in time").expect("it ends");
    assert_eq!(status.code(), Some(0));
}
