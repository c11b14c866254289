// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak on a desktop: opening it, updating it while it runs, and removing it.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use usher_tests::{AUTHENTICATOR, Session, Setup, Story, send_signal, wait_for};

const APP: &str = "org.example.Postcard";

/// Usher's desktop file.
fn desktop_file(session: &Session) -> PathBuf {
    let exports = session.folder().join("home/.local/share/flatpak/exports/share");
    exports.join(format!("applications/{AUTHENTICATOR}.desktop"))
}

/// Opens Usher through its desktop file, as the list of apps does.
async fn launch(session: &Session, arguments: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("helpers/launch.py");
    let mut launch = tokio::process::Command::from(session.processes.command("/usr/bin/python3"));
    let launched = launch.arg(script).arg(desktop_file(session)).args(arguments).output().await.expect("python starts");
    assert!(launched.status.success(), "{launched:?}");
}

/// Closes the window, and ends everything of Usher.
async fn close(session: &Session) {
    let screen = session.screen();
    screen.front().close().await;
    screen.wait_until_empty().await;
    // Without a window the process would end by itself, but only later.
    for (id, _) in session.processes.of_program("usher") {
        send_signal(id, Signal::TERM);
    }
    if session.daemon().is_some() {
        session.stop_daemon().await;
    }
    session.wait_until_no_instance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desktop_opens_usher_when_nothing_of_it_runs() {
    let story =
        Story::begin("sandbox-7-desktop", "Usher as a Flatpak: opened by the desktop", Setup::with_flatpak()).await;
    let session = &story.session;
    let screen = session.screen();
    let text = fs::read_to_string(desktop_file(session)).expect("the desktop file is exported");
    assert!(text.contains("DBusActivatable=true"), "{text}");

    story.step("From the list of apps").await;
    launch(session, &[]).await;
    screen.window("Usher").await;
    close(session).await;

    story.step("By a desktop action").await;
    let actions = text.lines().find_map(|line| line.strip_prefix("Actions=")).expect("there are actions");
    let action = actions.split(';').next().expect("there is one");
    launch(session, &["--action", action]).await;
    screen.window("Usher").await.ready("Address").await;
    close(session).await;

    story.step("With a file from another computer").await;
    let exported = session.folder_of_usher().join("data/Accounts.usher");
    session.sign_in_as("demo").await;
    session.usherctl(&["export", &exported.display().to_string()]).await.expect_success();
    session.usherctl(&["remove", &session.host(), "--yes"]).await;
    if session.daemon().is_some() {
        session.stop_daemon().await;
    }
    session.wait_until_no_instance().await;
    launch(session, &[&format!("file://{}", exported.display())]).await;
    screen.front().mentions("Welcome Back").await;
    close(session).await;
    story.end().await;
}

/// Creates a repository with a newer build of Usher: the same files in another commit.
async fn publish_newer_usher(session: &Session) -> PathBuf {
    let newer = session.folder().join("newer");
    let branch = format!("app/{AUTHENTICATOR}/x86_64/stable");
    let repository = newer.display().to_string();
    let flatpak = session.flatpak();
    let origin = flatpak.run(&["remotes", "--user", "--columns=name,url"]).await;
    let url = origin.text.lines().find_map(|line| line.strip_prefix("usher\tfile://")).expect("Usher has a remote");
    let mut ostree = tokio::process::Command::from(session.processes.command("ostree"));
    let made = ostree.args(["init", "--mode=bare-user-only", "--repo", &repository]).status().await;
    assert!(made.expect("ostree starts").success());
    let source = format!("--src-repo={url}");
    let commit = ["build-commit-from", "--force", "--timestamp=now", &source, &repository, &branch];
    flatpak.run(&commit).await.expect_success();
    flatpak.run(&["build-update-repo", &repository]).await.expect_success();
    newer
}

#[tokio::test(flavor = "multi_thread")]
async fn usher_can_be_updated_while_it_runs_and_leaves_nothing_when_removed() {
    let story =
        Story::begin("sandbox-8-removed", "Usher as a Flatpak: updated and removed", Setup::with_flatpak()).await;
    let session = &story.session;
    let (screen, flatpak) = (session.screen(), session.flatpak());

    story.step("There is an account, and daemon and window run").await;
    session.sign_in_as("demo").await;
    flatpak.install(APP).end().await.expect_success();
    session.open_usher();
    screen.window("Usher").await.mentions("demo").await;
    assert!(session.daemon().is_some());

    story.step("Usher is updated while it runs").await;
    let newer = publish_newer_usher(session).await;
    let url = format!("--url=file://{}", newer.display());
    flatpak.run(&["remote-modify", "--user", &url, "usher"]).await.expect_success();
    let before = flatpak.commit(AUTHENTICATOR).await;
    flatpak.run(&["update", "--user", "--noninteractive", AUTHENTICATOR]).await.expect_success();
    assert_ne!(flatpak.commit(AUTHENTICATOR).await, before);
    fs::remove_dir_all(newer).expect("a repository can be removed");
    screen.window("Usher").await.mentions("Usher was updated").await;

    story.step("One click starts the new version").await;
    let [(old, _)] = &session.processes.of_program("usher")[..] else { panic!("one window process is there") };
    screen.window("Usher").await.press("Restart").await;
    wait_for(
        "another window process",
        async || {
            let now: Vec<u32> = session.processes.of_program("usher").into_iter().map(|(id, _)| id).collect();
            matches!(now[..], [new] if new != *old).then_some(())
        },
        async || format!("{:?}", session.processes.of_program("usher")),
    )
    .await;
    let window = screen.window("Usher").await;
    window.find_row("demo").await;
    assert!(!window.tree().await.mentions("Usher was updated"));

    story.step("Requests are still answered").await;
    flatpak.run(&["uninstall", "--user", "--noninteractive", APP]).await.expect_success();
    flatpak.install(APP).end().await.expect_success();

    story.step("When Usher is removed, nothing of it keeps running").await;
    flatpak.run(&["uninstall", "--user", "--noninteractive", AUTHENTICATOR]).await.expect_success();
    session.wait_until_no_instance().await;
    for program in ["usher", "usher-authenticator"] {
        assert_eq!(session.processes.of_program(program), []);
    }
    assert!(!desktop_file(session).exists());

    story.step("The accounts stay until they are removed as well").await;
    assert!(session.keyring_file().exists());
    let removed = flatpak.in_terminal(&["uninstall", "--user", "--delete-data"]).answering_yes().end().await;
    assert!(!session.folder_of_usher().exists(), "{}", removed.text);
    assert_eq!(session.keyring().items().await.len(), 0);
    story.end().await;
}
