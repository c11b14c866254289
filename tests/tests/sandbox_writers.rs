// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: the window and the daemon write the same keyring file from two sandboxes.

use std::fs;

use serde_json::Value;
use usher_demo_store::{Failure, Reply, Route};
use usher_tests::{Client, Screen, Session, Setup, Story, Tree, wait_for};

const PAID: &str = "org.example.Sketchbook";
/// An expired token, so that the daemon keeps none for the next request.
const ENDED_TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjF9.x";
/// How often window and daemon write.
const TIMES: usize = 50;

/// The stored account of `user`, as JSON.
async fn record(session: &Session, user: &str) -> Value {
    let items = session.accounts_in_file().await;
    let mut records = items.iter().map(|item| serde_json::from_slice(&item.secret).expect("an account is JSON"));
    records.find(|record: &Value| record["user"] == user).expect("the account is in the file")
}

/// Waits until the account of `demo` has that name and was written `times` times, and returns it.
async fn wait_for_record(session: &Session, name: &str, times: u64) -> Value {
    let is_kept = |record: &Value| record["name"] == name && record["generation"].as_u64() >= Some(times);
    let wait_for_record = async || Some(record(session, "demo").await).filter(is_kept);
    wait_for("the name", wait_for_record, async || record(session, "demo").await.to_string()).await
}

/// How often the account of `user` was written.
async fn writes(session: &Session, user: &str) -> u64 {
    record(session, user).await["generation"].as_u64().expect("a number")
}

/// Renames the account, as a person does whose mouse is over the entry.
async fn rename(screen: &Screen<'_>, name: &str) {
    screen.replace_text_under_pointer(name).await;
    let is_applied = |tree: &Tree| {
        let is_typed = tree.usable("Name").is_some_and(|entry| entry.text == name);
        (is_typed && tree.usable("Apply").is_none()).then_some(())
    };
    screen.front().wait("a name that was applied", is_applied).await;
}

/// Lets the daemon find out that the account owns the app, or no longer does.
async fn report_ownership(session: &Session, client: &mut Client, is_owned: bool) {
    let answer = if is_owned {
        format!(r#"{{"tokens":{{"{PAID}":"{ENDED_TOKEN}"}},"denied":[]}}"#)
    } else {
        format!(r#"{{"tokens":{{}},"denied":["{PAID}"]}}"#)
    };
    let reply = Reply::new(200, answer).with_header("content-type", "application/json");
    session.shop().control().fail(Route::GetTokens, Failure::Reply(reply));
    let answer = client.request(session).await;
    assert_eq!(answer.code, if is_owned { 0 } else { 2 }, "{}", answer.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn k11_nothing_is_lost_when_window_and_daemon_write_at_once() {
    let setup = Setup::with_flatpak();
    let story = Story::begin("sandbox-3-writers", "Usher as a Flatpak: two writers", setup).await;
    let session = &story.session;
    let host = session.host();

    story.step("There are two accounts, and one of them has bought something").await;
    for user in ["demo2", "demo"] {
        session.sign_in_as(user).await;
    }
    session.buy(PAID).await;
    let mut client = Client::new(session).await;
    client.app = PAID;
    report_ownership(session, &mut client, true).await;
    session.open_usher();
    let screen = session.screen();
    screen.window("Usher").await.press_row("demo").await;
    let page = screen.front();
    page.edit("Name", "Nobody").await;
    page.press("Apply").await;
    wait_for_record(session, "Nobody", 0).await;

    story.step("The window renames the account 50 times, while the daemon notes 50 changes").await;
    let before = writes(session, "demo").await;
    for number in 0..TIMES {
        let name = format!("N{number}");
        tokio::join!(rename(&screen, &name), report_ownership(session, &mut client, number % 2 == 1));
    }

    story.step("Every change was kept").await;
    let last = format!("N{}", TIMES - 1);
    let all = before + 2 * TIMES as u64;
    let record = wait_for_record(session, &last, all).await;
    assert_eq!(record["generation"].as_u64(), Some(all), "each change is one writing: {record}");
    assert!(record["purchases"].to_string().contains("owned"), "{}", record["purchases"]);
    assert_eq!(session.accounts_in_file().await.len(), 2);

    story.step("The folder holds no other file").await;
    let folder = session.keyring_file().parent().expect("it is in a folder").to_owned();
    let files: Vec<_> = fs::read_dir(folder).expect("the folder is there").flatten().map(|it| it.file_name()).collect();
    assert_eq!(files, ["usher.keyring"]);
    let output = session.usherctl(&["list"]).await;
    assert!(output.stdout.contains(&host), "{output:?}");
    story.end().await;
}
