// SPDX-License-Identifier: GPL-3.0-or-later
//! The page with what happened: it fits on a narrow screen, can be read with large text, and copes with a full log.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use usher_tests::{AUTHENTICATOR, Session, Setup, Story, Tree, Window, wait_until};

use super::looks::PageCheck;

/// How many entries are more than a window shows, several times over.
const MANY: u64 = 300;
const DAY: u64 = 24 * 60 * 60;

/// Puts a log there, as if Usher had been in use for weeks. `entries` have the time that has passed since, in seconds.
fn write_log(session: &Session, entries: impl IntoIterator<Item = (u64, Value)>) {
    let folder = session.folder().join("home/.local/share").join(AUTHENTICATOR);
    fs::create_dir_all(&folder).expect("the folder can be made");
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).expect("the folder can be closed to others");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
    let lines = entries.into_iter().map(|(ago, mut entry)| {
        entry["at"] = json!(now - ago);
        entry.to_string()
    });
    let text = lines.collect::<Vec<_>>().join("\n") + "\n";
    let (part, path) = (folder.join("activity.new"), folder.join("activity.jsonl"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).expect("a file can be made");
    file.write_all(text.as_bytes()).expect("a file can be written");
    fs::rename(part, path).expect("a file can be renamed");
}

/// An entry about the repository `demo`, with these fields beside what all have.
fn entry(host: &str, event: &str, fields: &Value) -> Value {
    let mut entry = json!({"host": host, "remote": "demo", "event": event});
    let more = fields.as_object().cloned().unwrap_or_default();
    entry.as_object_mut().expect("an entry is an object").extend(more);
    entry
}

/// A request of a program.
fn request(host: &str, [program, purpose, result]: [&str; 3], fields: &Value) -> Value {
    let mut entry =
        entry(host, "request", &json!({"program": program, "purpose": purpose, "apps": 1, "result": result}));
    let more = fields.as_object().cloned().unwrap_or_default();
    entry.as_object_mut().expect("an entry is an object").extend(more);
    entry
}

/// Something of every kind, the oldest first.
fn of_all_kinds(host: &str) -> Vec<(u64, Value)> {
    let none = json!({});
    let claimed = "claimed:A Program of Somebody’s";
    vec![
        (20 * DAY, entry(host, "signed-in", &json!({"is_new": true}))),
        (
            20 * DAY,
            request(host, ["gnome-software", "install", "granted"], &json!({"app_ids": ["org.example.Postcard"]})),
        ),
        (9 * DAY, request(host, [claimed, "update", "unavailable"], &json!({"apps": 12}))),
        (9 * DAY, entry(host, "purchase-ended", &json!({"is_owned": true, "app_id": "org.example.Sketchbook"}))),
        (DAY, request(host, ["", "install", "server-changed"], &none)),
        (DAY, request(host, ["plasma-discover", "install", "permission-needed"], &json!({"asked": ["permission"]}))),
        (DAY, entry(host, "allowed", &none)),
        (40, request(host, ["flatpak", "update", "account-needed"], &json!({"apps": 3}))),
        (30, entry(host, "sign-in-ended", &none)),
        (20, request(host, ["flatpak", "install", "no-access"], &json!({"asked": ["sign-in", "purchase"]}))),
    ]
}

/// Opens the page of the repository, which has no account.
async fn open_the_repository(window: &Window<'_>) {
    window.press_row("Repositories, 1 on this computer").await;
    window.press_row("Demo Store, No account").await;
    window.ready("Check Repository").await;
}

/// Visits the page in all its states.
async fn walk_through_the_activity(story: &Story, check: PageCheck) {
    let session = &story.session;
    session.update_appstream().await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    open_the_repository(&window).await;
    window.press_row("Activity").await;
    window.says("Nothing Yet").await;
    check.run(story, &window, "Activity, none yet").await;
    write_log(session, of_all_kinds(&session.host()));
    window.says("Yesterday").await;
    window.mentions("Signed in to").await;
    check.run(story, &window, "Activity").await;

    window.focus().await;
    screen.key("ctrl+f").await;
    window.fill("Search activity", "no such words").await;
    window.says("No Results").await;
    check.run(story, &window, "Activity, nothing found").await;
    window.fill("Search activity", "discover").await;
    window.mentions("Discover asked").await;
    check.run(story, &window, "Activity, found").await;
    // So little that it is not searched, and large text is read soon.
    write_log(session, of_all_kinds(&session.host()).split_off(8));
    window.mentions("ended a sign-in").await;

    screen.key("ctrl+comma").await;
    let front = screen.front();
    front.ready_switch("Include App Names").await;
    check.run(story, &front, "Preferences").await;
    front.press("Keep an Activity Log").await;
    screen.key("Escape").await;
    window.says("The activity log is off").await;
    if check != PageCheck::LargeText {
        check.run(story, &window, "Activity, switched off").await;
    }
    window.press("Back").await;
    window.ready("Check Repository").await;
    check.run(story, &window, "Repository with activity").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_activity_fits_into_360_pixels_and_names_its_controls() {
    let story = Story::begin("looks-activity", "The activity, narrow", Setup::default()).await;
    walk_through_the_activity(&story, PageCheck::Narrow).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_activity_works_in_the_dark_and_at_the_windows_own_size() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    let setup = Setup { environment: vec![dark], ..Setup::default() };
    let story = Story::begin("looks-activity-dark", "The activity, dark", setup).await;
    walk_through_the_activity(&story, PageCheck::AsItIs).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_activity_works_with_text_of_twice_the_size() {
    let setup = Setup { large_text: true, ..Setup::default() };
    let story = Story::begin("looks-activity-large", "The activity, text of twice the size", setup).await;
    walk_through_the_activity(&story, PageCheck::LargeText).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_full_log_can_be_reached() {
    let story = Story::begin("looks-activity-full", "The activity, a full log", Setup::default()).await;
    let (session, host) = (&story.session, story.session.host());
    let step = 80 * DAY / MANY;
    let entries = (0..MANY).map(|number| {
        let program = if number == 0 { "the-first-of-all" } else { "gnome-software" };
        ((MANY - number) * step, request(&host, [program, "update", "granted"], &json!({"apps": number + 1})))
    });
    write_log(session, entries);
    let newest = format!("Software asked to update {MANY} apps");
    let count = async |window: &Window<'_>| window.tree().await.nodes.iter().filter(|node| node.is_row()).count();

    story.step("The newest are there at once, and no more rows than needed").await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    open_the_repository(&window).await;
    window.press_row("Activity").await;
    window.mentions(&newest).await;
    let rows = count(&window).await;
    assert!(rows < 150, "{rows} rows");

    story.step("A search finds the oldest").await;
    window.focus().await;
    screen.key("ctrl+f").await;
    window.fill("Search activity", "the-first-of-all").await;
    window.mentions("the-first-of-all asked").await;
    assert_eq!(count(&window).await, 1);
    window.fill("Search activity", "").await;
    window.mentions(&newest).await;

    story.step("So does the keyboard, from day to day").await;
    window.press("Back").await;
    window.ready("Check Repository").await;
    window.press_row("Activity").await;
    let is_first = |tree: &Tree| tree.rows_called("").next().filter(|row| row.nodes[0].is_focused()).map(drop);
    window.wait("the keyboard at the first row", is_first).await;
    let (repeat, at_once) = ((MANY - 1).to_string(), ["--delay", "0", "--repeat-delay", "0"]);
    screen.xdotool(&[&["key", "--repeat", &repeat], &at_once[..], &["Down"]].concat()).await;
    window.mentions("the-first-of-all asked").await;
    let is_last = |tree: &Tree| tree.rows_called("").last().filter(|row| row.nodes[0].is_focused()).map(drop);
    window.wait("the keyboard at the last row", is_last).await;
    wait_until("the last row in view", async || {
        let tree = window.tree().await;
        let row = tree.rows_called("").last().expect("the page has rows");
        let (_, top, _, height) = window.place_of(&row.nodes[0]).await;
        let (_, _, _, window_height) = window.place_of(&tree.nodes[0]).await;
        top >= 0 && top + height <= window_height
    })
    .await;
    story.end().await;
}
