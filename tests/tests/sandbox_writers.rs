// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: the window and the daemon write the same file from two sandboxes.

use std::fs;

use serde_json::Value;
use usher_tests::{Client, Package, Session, Setup, Story, Window};

const PAID: &str = "org.example.Paid";
/// How often each of them writes.
const TIMES: usize = 50;

/// What is kept of the account of `user`.
async fn record(session: &Session, user: &str) -> Value {
    let items = session.accounts_in_the_file().await;
    let mut records = items.iter().map(|item| serde_json::from_slice(&item.secret).expect("an account is JSON"));
    records.find(|record: &Value| record["user"] == user).expect("the account is in the file")
}

/// How often the account of `user` was written.
async fn writes(session: &Session, user: &str) -> u64 {
    record(session, user).await["generation"].as_u64().expect("a number")
}

/// Gives the account another name, as a person does on its page.
async fn rename(page: &Window<'_>, name: &str) {
    page.fill("Name", name).await;
    page.press("Apply").await;
    page.wait("the name that was applied", |tree| tree.usable("Apply").is_none().then_some(())).await;
}

/// Lets the daemon find that the app belongs to the account, or not any more.
async fn find_out(session: &Session, client: &mut Client, is_owned: bool) {
    let control = session.shop().control();
    let changed = if is_owned { control.grant("demo", PAID) } else { control.take_away("demo", PAID) };
    changed.expect("the shop takes it");
    let answer = client.answer(session).await;
    assert_eq!(answer.code, if is_owned { 0 } else { 2 }, "{}", answer.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn k11_nothing_is_lost_when_window_and_daemon_write_at_once() {
    let setup = Setup { package: Package::Flatpak, ..Setup::default() };
    let story = Story::begin("sandbox-3-writers", "Usher as a Flatpak: two writers", setup).await;
    let session = &story.session;
    let host = session.host();

    story.step("Two accounts are there, and one of them has bought something").await;
    for user in ["demo2", "demo"] {
        session.sign_in_before(user).await;
    }
    session.buy_before(PAID).await;
    // No token is kept for the next request.
    session.shop().control().set_claimed_expiry(Some(1));
    let mut client = Client::new(session).await;
    client.app = PAID;
    find_out(session, &mut client, true).await;
    session.open_usher();
    let screen = session.screen();
    screen.window("Usher").await.press_row("demo").await;
    let page = screen.front();
    rename(&page, "Nobody").await;

    story.step("The window gives it 50 names, while the daemon finds 50 times that something has changed").await;
    let before = writes(session, "demo").await;
    for number in 0..TIMES {
        let name = format!("Name {number}");
        tokio::join!(rename(&page, &name), find_out(session, &mut client, number % 2 == 1));
    }

    story.step("Every single change was kept").await;
    let last = format!("Name {}", TIMES - 1);
    let all = before + 2 * TIMES as u64;
    page.wait("the last change", |tree| tree.mentions(&last).then_some(())).await;
    let record = record(session, "demo").await;
    assert_eq!(record["generation"].as_u64(), Some(all), "each change is one writing: {record}");
    assert_eq!(record["name"], last.as_str());
    assert!(record["purchases"].to_string().contains("owned"), "{}", record["purchases"]);
    assert_eq!(session.accounts_in_the_file().await.len(), 2);

    story.step("Nothing else lies beside the file").await;
    let folder = session.keyring_file().parent().expect("it is in a folder").to_owned();
    let files: Vec<_> = fs::read_dir(folder).expect("the folder is there").flatten().map(|it| it.file_name()).collect();
    assert_eq!(files, ["usher.keyring"]);
    let told = session.usherctl(&["list"]).await;
    assert!(String::from_utf8_lossy(&told.stdout).contains(&host), "{told:?}");
    story.end().await;
}
