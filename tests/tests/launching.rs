// SPDX-License-Identifier: GPL-3.0-or-later
//! The desktop opens Usher by the daemon's name when nothing of Usher runs.

use std::path::Path;

use usher_tests::{AUTHENTICATOR, LIMIT, Session, Setup, WINDOW};

/// Runs a program of the desktop, and waits until it ends.
async fn run(session: &Session, program: &str, arguments: &[&str]) {
    assert!(session.started_names().await.is_empty(), "nothing of Usher runs");
    let mut command = tokio::process::Command::from(session.processes.command(program));
    let ended = tokio::time::timeout(LIMIT, command.args(arguments).output()).await.expect("it ends");
    let ended = ended.expect("it starts");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

/// Launches Usher from the list of apps, as the desktop does, with these files.
async fn launch(session: &Session, files: &[&Path]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/helpers/launch.py");
    let folders = &session.processes.environment()["XDG_DATA_DIRS"];
    let entry =
        format!("{}/applications/{AUTHENTICATOR}.desktop", folders.split(':').next().expect("there is a folder"));
    let files: Vec<_> = files.iter().map(|file| format!("file://{}", file.display())).collect();
    let arguments: Vec<_> = [script, &entry].into_iter().chain(files.iter().map(String::as_str)).collect();
    run(session, "/usr/bin/python3", &arguments).await;
}

/// Fails unless the bus started both the daemon and the window.
async fn expect_both(session: &Session) {
    let started = session.started_names().await;
    assert!(started.contains(AUTHENTICATOR) && started.contains(WINDOW), "{started:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desktop_opens_the_window() {
    let session = Session::start(Setup::default()).await;
    launch(&session, &[]).await;
    session.screen().window("Usher").await.says("Repositories Without an Account").await;
    expect_both(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desktop_opens_a_file() {
    let session = Session::start(Setup::default()).await;
    let file = session.folder().join("home/Accounts.usher");
    session.sign_in_as("demo").await;
    session.usherctl(&["export", file.to_str().expect("a plain path")]).await.expect_success();
    let other = session.another_computer(Setup::default()).await;
    launch(&other, &[&file]).await;
    other.screen().window("Usher").await.says("Welcome Back").await;
    expect_both(&other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desktop_opens_a_repository_file() {
    let session = Session::start(Setup::default()).await;
    let file = session.folder().join("home/demo.flatpakrepo");
    let content = format!("[Flatpak Repo]\nUrl={}\n", session.shop().repository_url());
    std::fs::write(&file, content).expect("a file can be written");
    launch(&session, &[&file]).await;
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press("Continue").await;
    window.ready(&format!("Continue to {}", session.host())).await;
    expect_both(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_of_the_desktop_file_opens_its_page() {
    let session = Session::start(Setup::default()).await;
    run(&session, "gapplication", &["action", AUTHENTICATOR, "add-account"]).await;
    session.screen().window("Usher").await.fill("Address", "store.example.org").await;
    expect_both(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_with_a_parameter_opens_what_it_names() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    let listed = session.usherctl(&["list", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).expect("the list is JSON");
    let id = listed["accounts"][0]["id"].as_str().expect("there is an account").to_owned();
    run(&session, "gapplication", &["action", AUTHENTICATOR, "show-account", &format!("'{id}'")]).await;
    session.screen().window("Usher").await.ready("Sign Out").await;
    expect_both(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_schema_of_its_settings_usher_runs_with_the_defaults_and_says_so() {
    let without_schema = ("XDG_DATA_DIRS", "/usr/local/share:/usr/share".to_owned());
    let session = Session::start(Setup { environment: vec![without_schema], ..Setup::default() }).await;
    session.open_usher();
    let screen = session.screen();
    screen.window("Usher").await.says("Repositories Without an Account").await;
    screen.key("ctrl+comma").await;
    let setting = "Continue Installs After Signing In";
    let switch = screen.front().wait(setting, |tree| tree.usable(setting).cloned()).await;
    assert!(!switch.is_sensitive(), "it could not be kept");
    let log = std::fs::read_to_string(session.processes.log_file("usher")).expect("it has a log");
    assert!(log.contains("the schema of the settings is not installed"), "{log}");
    // A prompt reads a setting as well.
    session.flatpak().install("org.example.Postcard").end().await;
    screen.window(&format!("Sign In to {}", session.host())).await.press("Not Now").await;
}
