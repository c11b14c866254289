// SPDX-License-Identifier: GPL-3.0-or-later
//! What the terminal and the window remember together: repositories that stay blocked, and updates that were left out.

use serde_json::Value;
use usher_demo_store::{Failure, Reply, Route};
use usher_tests::{Session, Setup, WINDOW, wait_until};

const PRIVATE: &str = "org.example.Postcard";
const DECIDED: &str = "  It is kept blocked, as decided in Usher.\n";
const ASKS: &str = "Now asks for an account at";
const REVIEW: &str = "Review Demo Store";
const UPDATE: [&str; 3] = ["update", "--user", "-y"];

/// What the doctor prints, and whether its JSON says that the only remote is kept blocked.
async fn doctor(session: &Session) -> (String, bool) {
    let printed = session.usherctl(&["doctor"]).await.stdout;
    let json = session.usherctl(&["doctor", "--json"]).await.stdout;
    let json: Value = serde_json::from_str(&json).expect("the findings are JSON");
    let remotes = json["remotes"].as_array().expect("remotes are listed");
    let demo = remotes.iter().find(|remote| remote["remote"] == "demo").expect("the remote is listed");
    (printed, demo["kept_blocked"].as_bool().expect("it is said"))
}

async fn assert_kept_blocked(session: &Session, is_kept: bool) {
    let (printed, says) = doctor(session).await;
    assert!(printed.contains("Blocked: “demo” now asks for an account at "), "{printed}");
    assert_eq!((printed.contains(DECIDED), says), (is_kept, is_kept), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn u12_what_is_kept_blocked_in_the_terminal_is_so_in_the_window_and_the_other_way_round() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    let host = session.host();
    let other = session.open_another_shop("other").await;
    let option = format!("--authenticator-option=url={}", other.base_url());
    session.flatpak().run(&["remote-modify", "--user", &option, "demo"]).await.expect_success();
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.ready(REVIEW).await;
    assert_kept_blocked(&session, false).await;

    // No in a terminal: the row leaves the open window, and is not in the next one.
    let terminal = session.in_terminal(&["usherctl", "review", "demo"]);
    terminal.wait_for_text(" from now on? [y/N] ").await;
    terminal.enter("n");
    assert_eq!(terminal.end().await.code, 7);
    window.wait("no row of it", |tree| (!tree.mentions(ASKS)).then_some(())).await;
    window.close().await;
    session.bus.wait_until_free(WINDOW).await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.find_row(&format!("demo, {host}")).await;
    assert!(!window.tree().await.mentions(ASKS));
    assert_kept_blocked(&session, true).await;

    // It asks once more, and is shown once more.
    let install = ["install", "--user", "--noninteractive", "demo", PRIVATE];
    assert!(session.flatpak().run(&install).await.text.contains("Blocked: "));
    window.ready(REVIEW).await;
    assert_kept_blocked(&session, false).await;

    // No in the window.
    window.press(REVIEW).await;
    window.press("Keep Blocked").await;
    window.wait("no row of it", |tree| (!tree.mentions(ASKS)).then_some(())).await;
    // The window writes it down by the way.
    wait_until("the window's decision", async || doctor(&session).await.1).await;
    assert_kept_blocked(&session, true).await;
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn u13_doctor_lists_updates_that_nobody_is_asked_about_until_they_have_gone_through() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let (flatpak, host, control) = (session.flatpak(), session.host(), session.shop().control());
    let well = "demo: all good\n1 remote checked, no problems.\n";
    let left_out = format!(
        "demo: 1 update was skipped: {host} answered in an unexpected way.\n  Fix: flatpak update\n1 remote checked, 1 problem.\n"
    );
    flatpak.install(PRIVATE).end().await.expect_success();
    for failure in [
        Failure::Reply(Reply::html("<h1>Checking the browser</h1>")),
        Failure::Reply(Reply::new(500, "<h1>Internal Server Error</h1>")),
    ] {
        control.publish_update(PRIVATE).await.expect("the shop publishes");
        session.stop_daemon().await;
        control.fail(Route::GetTokens, failure);
        flatpak.run(&UPDATE).await;
        control.succeed(Route::GetTokens);
        let output = session.usherctl(&["doctor"]).await;
        assert_eq!((output.code, output.stdout), (1, left_out.clone()));
        flatpak.run(&UPDATE).await.expect_success();
        let output = session.usherctl(&["doctor"]).await;
        assert_eq!((output.code, output.stdout.as_str()), (0, well));
    }

    // The options of the remote cannot be used.
    control.publish_update(PRIVATE).await.expect("the shop publishes");
    let set_type = |value: &str| format!("--authenticator-option=type={value}");
    flatpak.run(&["remote-modify", "--user", &set_type("ticket"), "demo"]).await.expect_success();
    flatpak.run(&UPDATE).await;
    let output = session.usherctl(&["doctor"]).await;
    assert!(output.stdout.contains("\n  1 update is waiting for that\n"), "{}", output.stdout);
    flatpak.run(&["remote-modify", "--user", &set_type("webflow"), "demo"]).await.expect_success();

    // What is not installed any more is not missed.
    session.stop_daemon().await;
    control.fail(Route::GetTokens, Failure::Reply(Reply::html("")));
    flatpak.run(&UPDATE).await;
    control.succeed(Route::GetTokens);
    assert_eq!(session.usherctl(&["doctor"]).await.stdout, left_out);
    flatpak.run(&["uninstall", "--user", "-y", PRIVATE]).await.expect_success();
    assert_eq!(session.usherctl(&["doctor"]).await.stdout, well);
}
