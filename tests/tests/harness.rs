// SPDX-License-Identifier: GPL-3.0-or-later
//! Tests of the helpers themselves: a story that sees nothing must not pass.

use std::fs;

use usher_tests::{Display, KeyringState, Leak, Role, Session, Setup};

/// A small program with an entry, a row, a switch, a label and a button.
const PROGRAM: &str = r#"
import gi
gi.require_version("Adw", "1")
from gi.repository import Adw, GLib, Gtk
GLib.set_prgname("sample")
def greet(button):
    label.set_label("Hello " + entry.get_text())
def opened(row):
    label.set_label("Opened")
def activate(app):
    global entry, label
    window = Adw.ApplicationWindow(application=app, title="A & B: “Sample”", default_width=360)
    page, group, entry = Adw.PreferencesPage(), Adw.PreferencesGroup(), Adw.EntryRow(title="Name")
    row = Adw.ActionRow(title="Open", activatable=True)
    row.connect("activated", opened)
    switch = Adw.SwitchRow(title="Wait")
    label, button = Gtk.Label(label="Nobody"), Gtk.Button(label="Greet")
    button.connect("clicked", greet)
    for widget in (entry, row, switch, label, button):
        group.add(widget)
    page.add(group)
    view = Adw.ToolbarView(content=page)
    view.add_top_bar(Adw.HeaderBar())
    window.set_content(view)
    window.present()
app = Adw.Application(application_id="org.example.Sample")
app.connect("activate", activate)
app.run()
"#;

fn plain() -> Setup {
    Setup { display: Display::None, keyring: KeyringState::None, without_shop: true, ..Setup::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_read_type_and_press() {
    let session = Session::start(Setup { keyring: KeyringState::None, without_shop: true, ..Setup::default() }).await;
    let script = session.folder().join("sample");
    fs::write(&script, PROGRAM).expect("a file can be written");
    let mut command = session.processes.command("/usr/bin/python3");
    command.arg(&script);
    session.processes.start("sample", command);

    let screen = session.screen().of_program("sample");
    let window = screen.window("A & B: “Sample”").await;
    window.says("Nobody").await;
    window.type_into("Name", "word & more").await;
    window.press("Greet").await;
    window.says("Hello word & more").await;
    window.fill("Name", "another").await;
    window.press("Greet").await;
    window.says("Hello another").await;
    window.press("Open").await;
    window.says("Opened").await;
    assert!(!window.ready("Wait").await.is_on());
    window.press("Wait").await;
    window.wait("the switch to be on", |tree| tree.usable("Wait").filter(|node| node.is_on()).map(drop)).await;
    assert!(window.find(Role::Button, "Greet").await.is_sensitive());
    if std::env::var_os("USHER_STORY_DIR").is_some() {
        let file = std::env::temp_dir().join("sample.png");
        screen.save_picture(&file).await;
    }
    window.close().await;
    screen.wait_until_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyrings_own_prompt_unlocks_it() {
    let session = Session::start(Setup {
        display: Display::None,
        keyring: KeyringState::Locked,
        without_shop: true,
        ..Setup::default()
    })
    .await;
    let keyring = session.keyring();
    assert!(keyring.is_locked().await);
    keyring.dismiss_next_prompt();
    assert!(!keyring.ask_to_unlock().await, "dismissed");
    assert!(keyring.is_locked().await);
    keyring.answer_next_prompt();
    assert!(keyring.ask_to_unlock().await, "answered");
    assert!(!keyring.is_locked().await);
    assert!(keyring.items().await.is_empty());
    assert!(!keyring.saw_unexpected_prompt());
    keyring.lock().await;
    assert!(!keyring.ask_to_unlock().await, "nobody answers");
    assert!(keyring.saw_unexpected_prompt(), "an unexpected question leaves a trace");
    assert_eq!(session.leaks(), [], "not even the keyring's own password");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_for_leaks_finds_planted_secrets() {
    let session = Session::start(plain()).await;
    assert_eq!(session.leaks(), []);

    let file = session.folder().join("home/.cache/forgotten");
    fs::write(&file, "before\0a-CANARY-after").expect("a file can be written");
    let mut careless = session.processes.command("sleep");
    careless.arg("600").env("TOKEN", "a-CANARY");
    session.processes.start("careless", careless);
    let mut loud = session.processes.command("tail");
    loud.args(["-f", "/dev/null", "--", "a-CANARY"]);
    session.processes.start("loud", loud);

    // `tail` complains about the missing file, so its log holds the secret as well.
    let log = session.processes.log_file("loud");
    usher_tests::wait_until("the log", async || fs::metadata(&log).is_ok_and(|log| log.len() > 0)).await;
    let mut found = session.leaks();
    found.sort();
    assert_eq!(
        found,
        [Leak::File(file), Leak::File(log), Leak::Arguments("tail".to_owned()), Leak::Environment("sleep".to_owned()),]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_a_tty_and_its_questions_are_answered() {
    let session = Session::start(plain()).await;
    let terminal = session.flatpak().in_terminal(&["remote-add", "--help"]);
    let outcome = terminal.end().await;
    outcome.expect_success();
    assert!(outcome.text.contains("--authenticator-name"));

    let outcome = session
        .in_terminal(&[
            "bash",
            "-c",
            "test -t 0 && read -p 'Go on? [Y/n]: ' answer && echo \"it was $answer\" && exit 7",
        ])
        .answering_yes()
        .end()
        .await;
    assert_eq!(outcome.code, 7);
    assert!(outcome.text.contains("it was y"), "{}", outcome.text);

    let waiting = session.in_terminal(&["bash", "-c", "echo here; exec sleep 600"]);
    waiting.wait_for_text("here").await;
    waiting.interrupt();
    assert_eq!(waiting.end().await.code, 130);

    let waiting = session.in_terminal(&["bash", "-c", "echo here; exec sleep 600"]);
    waiting.wait_for_text("here").await;
    waiting.kill();
    assert_eq!(waiting.end().await.code, 137);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_leaves_no_process_and_no_file() {
    let session = Session::start(Setup { without_shop: true, ..Setup::default() }).await;
    let folder = session.folder().to_owned();
    let ids = session.processes.ids();
    assert!(ids.len() > 3, "bus, display and keyring are running");
    drop(session);
    for id in ids {
        let state = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "still there: {state}");
    }
    assert!(!folder.exists());
}
