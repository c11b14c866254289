// SPDX-License-Identifier: GPL-3.0-or-later
//! Every window carries the application's id, by which a desktop finds its name, its icon and its place in the
//! overview.

use std::collections::BTreeMap;
use std::process::Command;

use usher_tests::{ACCESS, AUTHENTICATOR, Session, Setup, Story, WAYLAND, WINDOW, wait_for};

/// The id of the application.
const APPLICATION: &str = AUTHENTICATOR;

/// Opens the list of keyboard shortcuts, which is a window of its own.
fn show_shortcuts(session: &Session) {
    let path = format!("/{}", WINDOW.replace('.', "/"));
    let action = ["call", "--session", "-d", WINDOW, "-o", &path, "-m", "org.gtk.Actions.Activate"];
    let mut command = session.processes.command("gdbus");
    let output = command.args(action).args(["shortcuts", "[]", "{}"]).output().expect("gdbus starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn output_of(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// A property of every window that the X server shows, where they have it.
fn properties(session: &Session, property: &str) -> Vec<String> {
    let mut search = session.processes.command("xdotool");
    search.args(["search", "--onlyvisible", "--name", "."]);
    let of = |id: &str| {
        let mut xprop = session.processes.command("xprop");
        output_of(xprop.args(["-id", id, property])).trim().to_owned()
    };
    output_of(&mut search).lines().map(of).filter(|property| property.contains('=')).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_window_carries_the_id_of_the_application_on_x11() {
    let story = Story::begin("looks-ids-x11", "The id of every window, on X11", Setup::default()).await;
    let session = &story.session;
    story.step("The main window, the shortcuts, and a prompt").await;
    session.open_usher();
    let screen = session.screen();
    screen.window("Usher").await.ready("Add Account").await;
    show_shortcuts(session);
    screen.front().says("Show Address").await;
    session.flatpak().install("org.example.Postcard").end().await;
    screen.window(&format!("Sign In to {}", session.host())).await;
    let wanted = format!("WM_CLASS(STRING) = \"{APPLICATION}\", \"{APPLICATION}\"");
    wait_for(
        "three windows of the application",
        async || (properties(session, "WM_CLASS") == [&wanted[..], &wanted, &wanted]).then_some(()),
        async || format!("{:?}", properties(session, "WM_CLASS")),
    )
    .await;
    // Each takes the picture after its first frame.
    wait_for(
        "three windows with a picture",
        async || (properties(session, "_NET_WM_ICON").len() == 3).then_some(()),
        async || format!("{:?}", properties(session, "_NET_WM_ICON")),
    )
    .await;
    story.end().await;
}

/// Asks for an account as a store does, and names the store's window as the parent of the prompt.
async fn ask_as_a_store(session: &Session, parent: &str) {
    let remotes = session.flatpak().run(&["remotes", "--user", "--columns=name,url"]).await;
    let url = remotes.text.lines().find_map(|line| line.strip_prefix("demo\t")).expect("the shop has a remote");
    let path = format!("/{}", ACCESS.replace('.', "/"));
    let mut command = session.processes.command("gdbus");
    command.args(["call", "--session", "-d", ACCESS, "-o", &path, "-m", "io.github.usher.Access1.SignIn"]);
    let output = output_of(command.args(["token", "demo", url.trim(), parent]));
    assert_eq!(output.trim(), "(uint32 3,)", "the question is in a window");
}

/// The last title and the last id of every window at the compositor, by client and object.
fn windows(session: &Session) -> BTreeMap<String, (String, String)> {
    let log = session.weston_log();
    let mut known: BTreeMap<String, (String, String)> = BTreeMap::new();
    for line in log.lines() {
        let Some((client, request)) = line.split_once(" rq xdg_toplevel") else { continue };
        let client = client.rsplit("client ").next().unwrap_or_default();
        let object = request.split('.').next().unwrap_or_default();
        let text = request.split('"').nth(1).unwrap_or_default().to_owned();
        let window = known.entry(format!("{client}{object}")).or_default();
        if request.contains(".set_title(") {
            window.0 = text;
        } else if request.contains(".set_app_id(") {
            window.1 = text;
        }
    }
    known
}

#[tokio::test(flavor = "multi_thread")]
async fn every_window_carries_the_id_of_the_application_on_wayland() {
    let story = Story::begin("looks-ids-wayland", "The id of every window, on Wayland", Setup::default()).await;
    let session = &story.session;
    story.step("The main window, the shortcuts, and a prompt").await;
    // Its log records the requests of clients.
    session.start_weston("headless", &["--debug", "--logger-scopes=log,proto"]).await;
    let mut usher = session.processes.command("usher");
    usher.env("WAYLAND_DISPLAY", WAYLAND).env("GDK_BACKEND", "wayland");
    session.processes.start("usher", usher);
    let screen = session.screen();
    screen.window("Usher").await.ready("Add Account").await;
    show_shortcuts(session);
    screen.front().says("Show Address").await;
    ask_as_a_store(session, "wayland:no-window-of-that-handle").await;
    let prompt = format!("Sign In to {}", session.host());
    screen.window(&prompt).await;
    wait_for(
        "three windows of the application",
        async || {
            let windows: Vec<_> = windows(session).into_values().filter(|(title, _)| !title.is_empty()).collect();
            let has = |wanted: &str| windows.iter().any(|(title, _)| title == wanted);
            let is_whole = has("Usher") && has("Keyboard Shortcuts") && has(&prompt);
            (is_whole && windows.iter().all(|(_, id)| id == APPLICATION)).then_some(())
        },
        async || format!("{:?}", windows(session)),
    )
    .await;
    story.end().await;
}
