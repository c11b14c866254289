// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl doctor` in a session without a display: the problems that it finds, and the commands that fix them.

use std::fs;

use serde_json::Value;
use usher_demo_store::{Failure, Reply, Route};
use usher_tests::usherctl::CommandOutput;
use usher_tests::{KeyringState, Session, Setup};

async fn session(keyring: KeyringState) -> Session {
    Session::start(Setup { keyring, ..Setup::without_display() }).await
}

async fn doctor(session: &Session) -> CommandOutput {
    session.usherctl(&["doctor"]).await
}

/// Runs the one fix that the doctor printed.
async fn run_fix(session: &Session, output: &CommandOutput) {
    let fixes: Vec<&str> = output.stdout.lines().filter_map(|line| line.strip_prefix("  Fix: ")).collect();
    let [fix] = fixes.as_slice() else { panic!("one command mends it:\n{}", output.stdout) };
    session.in_terminal(&["sh", "-c", fix]).end().await.expect_success();
}

#[tokio::test]
async fn signing_in_fixes_a_remote_without_an_account_and_doctor_does_not_contact_its_server() {
    let session = session(KeyringState::Unlocked).await;
    let host = session.host();
    session.shop().control().clear_requests();
    let output = doctor(&session).await;
    assert_eq!(output.code, 1);
    assert_eq!(
        output.stdout,
        format!("demo: There is no account at {host}.\n  Fix: usherctl sign-in demo\n1 remote checked, 1 problem.\n")
    );
    assert_eq!(session.shop().requests(), []);

    session.sign_in_as("demo").await;
    let output = doctor(&session).await;
    assert_eq!((output.code, output.stdout.as_str()), (0, "demo: all good\n1 remote checked, no problems.\n"));

    let again = session.usherctl(&["doctor", "--json"]).await;
    let output: Value = serde_json::from_str(&again.stdout).expect("the findings are JSON");
    assert_eq!(output["remotes"][0]["remote"], "demo");
    assert_eq!(output["problems"].as_array().map(Vec::len), Some(0));
    assert_eq!(output["window_installed"], true);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn a_remote_that_changed_its_server_is_reviewed_or_set_back() {
    let session = session(KeyringState::Unlocked).await;
    session.sign_in_as("demo").await;
    let change = ["remote-modify", "--user", "--authenticator-option=url=https://evil.example.org/", "demo"];
    session.flatpak().run(&change).await.expect_success();
    let output = doctor(&session).await;
    assert_eq!(output.code, 1);
    assert!(
        output.stdout.contains("now asks for an account at evil.example.org instead of 127.0.0.1"),
        "{}",
        output.stdout
    );
    let ways: Vec<_> = output.stdout.lines().filter(|line| line.starts_with("  To ")).collect();
    let [accept, back] = ways.as_slice() else { panic!("two ways are named:\n{}", output.stdout) };
    assert_eq!(*accept, "  To review and accept it: usherctl review demo");
    let back = back.strip_prefix("  To set the old one back: ").expect("the second way goes back");
    session.in_terminal(&["sh", "-c", back]).end().await.expect_success();
    assert_eq!(doctor(&session).await.code, 0);

    let change = ["remote-modify", "--user", "--authenticator-name=org.example.Other", "demo"];
    session.flatpak().run(&change).await.expect_success();
    let output = doctor(&session).await;
    assert!(output.stdout.contains("may use an account, but asks another program for it."), "{}", output.stdout);
    run_fix(&session, &output).await;
    assert_eq!(doctor(&session).await.code, 0);
}

#[tokio::test]
async fn the_printed_fix_stops_a_remote_that_could_replace_usher() {
    let session = session(KeyringState::Unlocked).await;
    session.sign_in_as("demo").await;
    session.flatpak().run(&["remote-modify", "--user", "--authenticator-install", "demo"]).await.expect_success();
    let output = doctor(&session).await;
    assert_eq!(output.code, 1);
    assert!(
        output.stdout.starts_with("Usher: “demo” can replace Usher with a program of its own.\n"),
        "{}",
        output.stdout
    );
    run_fix(&session, &output).await;
    assert_eq!(doctor(&session).await.code, 0);
}

#[tokio::test]
async fn doctor_names_the_origin_of_an_app_that_may_act_as_usher() {
    let session = session(KeyringState::Unlocked).await;
    session.sign_in_as("demo").await;
    let install = ["install", "--user", "--noninteractive", "demo", "org.example.Metronome"];
    session.flatpak().run(&install).await.expect_success();
    // Give the app an id with which it may own Usher's bus names.
    let apps = session.folder().join("flatpak/user/app");
    fs::rename(apps.join("org.example.Metronome"), apps.join("io.github.usher"))
        .expect("the app's folder can be renamed");
    let output = doctor(&session).await;
    let mut lines = output.stdout.lines();
    assert_eq!(lines.next(), Some("Usher: “io.github.usher” from “demo” can pretend to be Usher."));
    let fix = lines.next().unwrap_or_default();
    assert!(fix.starts_with("  Fix: flatpak uninstall --user app/io.github.usher/"), "{}", output.stdout);
}

#[tokio::test]
async fn without_a_session_bus_doctor_says_so_and_guesses_nothing_else() {
    let session = session(KeyringState::Unlocked).await;
    session.flatpak().run(&["remote-delete", "--user", "--force", "demo"]).await.expect_success();
    let alone = |command: &str| -> CommandOutput {
        let mut usherctl = session.command("usherctl");
        usherctl.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus").arg(command);
        usherctl.output().expect("usherctl starts").into()
    };
    let output = alone("doctor");
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (1, "Usher: There is no session bus, so flatpak cannot ask for accounts.\n0 remotes checked, 1 problem.\n")
    );
    let output = alone("list");
    assert_eq!((output.code, output.stderr.as_str()), (5, "No keyring is running, so no account can be used.\n"));
}

#[tokio::test]
async fn a_locked_or_missing_keyring_is_reported_once() {
    let session = session(KeyringState::Unlocked).await;
    session.sign_in_as("demo").await;
    session.keyring().lock().await;
    let output = doctor(&session).await;
    assert_eq!(output.code, 1);
    assert!(output.stdout.starts_with("Usher: The keyring is locked.\n"), "{}", output.stdout);
    assert_eq!(output.stdout.matches("keyring").count(), 1, "{}", output.stdout);
    let unchecked = "\ndemo: no problem was found, but its account could not be checked\n";
    assert!(output.stdout.contains(unchecked), "{}", output.stdout);
    assert!(!session.keyring().saw_unexpected_prompt());
    drop(session);

    let session = Session::start(Setup { keyring: KeyringState::None, ..Setup::without_display() }).await;
    let output = doctor(&session).await;
    assert!(
        output.stdout.starts_with("Usher: No keyring is running, so no account can be used.\n"),
        "{}",
        output.stdout
    );
}

#[tokio::test]
async fn h40_a_proxy_that_is_not_understood_is_named_without_its_login() {
    let session = session(KeyringState::Unlocked).await;
    session.sign_in_as("demo").await;
    for variable in ["https_proxy", "ALL_PROXY"] {
        let mut command = session.command("usherctl");
        command.arg("doctor").env(variable, "quic://porter:password-CANARY-78@proxy.example:1");
        let output = CommandOutput::from(command.output().expect("it starts"));
        let problem = format!("Usher: The proxy in the variable “{variable}” is not understood");
        assert!(output.code == 1 && output.stdout.starts_with(&problem), "{}", output.stdout);
        let printed = format!("{}{}", output.stdout, output.stderr);
        assert!(!printed.contains("porter") && !printed.contains("CANARY"), "{printed}");
    }
}

/// What is wrong with a remote's address or options, and the end of the sentence about it.
#[tokio::test]
async fn u02_an_address_that_gets_no_account_is_named_with_its_reason_and_shown_without_its_password() {
    let session = session(KeyringState::Unlocked).await;
    let account = session.shop().base_url().to_string();
    for (address, said, is_mended) in [
        ("https://ada:hunter2@127.0.0.1:1/repo", "because its address has a user name in it.", true),
        ("oci+https://hunter2@127.0.0.1:1/repo", "because its address has a user name in it.", true),
        ("https://127.0.0.1:1/repo?t=hunter2", "because its address has “?” in it.", true),
        ("https://127.0.0.1:1/repo#hunter2", "because its address has “#” in it.", true),
        ("http://127.0.0.2:1/repo", "because its address is not secure (https).", false),
        ("file:///srv/repo", "because it is on this computer.", false),
        ("https://127.0.0.1:1/x.flatpakrepo", "because its address leads to a repository file.", false),
    ] {
        let change = ["remote-modify", "--user", &format!("--url={address}"), "demo"];
        session.flatpak().run(&change).await.expect_success();
        let output = doctor(&session).await;
        assert!(output.stdout.contains(&format!("No account is used for “demo”, {said}")), "{}", output.stdout);
        assert!(!output.stdout.contains("hunter2"), "{}", output.stdout);
        for command in
            [&["doctor", "--json"][..], &["export"], &["list", "--json"], &["query", "demo", "org.example.Sketchbook"]]
        {
            let output = session.usherctl(command).await;
            assert!(!output.stdout.contains("hunter2") && !output.stderr.contains("hunter2"), "{command:?}");
        }
        if is_mended {
            let fixes: Vec<_> = output.stdout.lines().filter(|line| line.contains("--url=")).collect();
            let [fix] = fixes.as_slice() else { panic!("one command mends it:\n{}", output.stdout) };
            let fix = fix.trim_start().trim_start_matches("Fix: ");
            session.in_terminal(&["sh", "-c", fix]).end().await.expect_success();
            assert!(!doctor(&session).await.stdout.contains("No account is used for"));
        }
    }
    for (option, said) in [
        ("https://ada:hunter2@127.0.0.1:1/", "has a user name in it."),
        ("oci+https://127.0.0.1:1/", "is that of a repository in a container registry, not of an account server."),
        ("http://127.0.0.2:1/", "is not secure (https)."),
        ("https://127.0.0.1:1/#hunter2", "has “#” in it."),
    ] {
        let options = format!("--authenticator-option=url={option}");
        let address = format!("--url={account}repo");
        session.flatpak().run(&["remote-modify", "--user", &address, &options, "demo"]).await.expect_success();
        let sentence = format!("The address in the authenticator option “url” of remote “demo” {said}\n");
        let output = doctor(&session).await;
        assert!(output.stdout.contains(&sentence) && !output.stdout.contains("hunter2"), "{}", output.stdout);
        let output = session.usherctl(&["sign-in", "demo"]).await;
        assert_eq!((output.code, output.stderr), (2, sentence));
    }
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn a_remote_of_another_type_is_called_so_by_all_and_blocks_no_update() {
    const FREE: &str = "org.example.Metronome";
    const PRIVATE: &str = "org.example.Postcard";
    let session = session(KeyringState::Unlocked).await;
    session.sign_in_as("demo").await;
    let flatpak = session.flatpak();
    for app in [FREE, PRIVATE] {
        flatpak.install(app).end().await.expect_success();
    }
    let change = ["remote-modify", "--user", "--authenticator-option=type=ticket", "demo"];
    flatpak.run(&change).await.expect_success();

    let sentence = "Remote “demo” asks for accounts of the type “ticket”, which Usher does not know. Another program may serve it.";
    let output = doctor(&session).await;
    assert_eq!((output.code, output.stdout), (1, format!("demo: {sentence}\n1 remote checked, 1 problem.\n")));
    for command in [&["sign-in", "demo"][..], &["query", "demo", "org.example.Sketchbook"]] {
        let output = session.usherctl(command).await;
        assert_eq!((output.code, output.stderr), (2, format!("{sentence}\n")), "{command:?}");
    }
    flatpak.install("org.example.Sketchbook").end().await.expect_refusal(sentence);

    for app in [FREE, PRIVATE] {
        session.shop().control().publish_update(app).await.expect("the shop publishes");
    }
    let before = [flatpak.commit(FREE).await, flatpak.commit(PRIVATE).await];
    let outcome = flatpak.run(&["update", "--user", "-y"]).await;
    assert_ne!(before[0], flatpak.commit(FREE).await, "{}", outcome.text);
    assert_eq!(before[1], flatpak.commit(PRIVATE).await, "{}", outcome.text);
    assert!(!outcome.text.contains("Failed to get tokens"), "{}", outcome.text);
}

#[tokio::test]
async fn h32_a_sign_in_past_its_own_end_is_suggested_to_be_made_again() {
    let session = session(KeyringState::Unlocked).await;
    let (host, control) = (session.host(), session.shop().control());
    control.set_claimed_expiry(Some(1000));
    session.sign_in_as("demo").await;
    let output = doctor(&session).await;
    let finding = format!("The sign-in of demo at {host} may have ended. Sign in again if apps cannot be installed.");
    assert_eq!(
        (output.code, output.stdout),
        (1, format!("demo: {finding}\n  Fix: usherctl sign-in demo\n1 remote checked, 1 problem.\n"))
    );

    control.fail(Route::GetTokens, Failure::Reply(Reply::html("<h1>Internal Server Error</h1>")));
    let command = format!("usherctl sign-in {host}");
    let sentence =
        format!("{host} answered in an unexpected way. The sign-in may have ended. Run “{command}”, then try again.");
    let flatpak = session.flatpak();
    flatpak.install("org.example.Postcard").end().await.expect_refusal(&sentence);
    let output = session.usherctl(&["query", "demo", "org.example.Postcard"]).await;
    assert_eq!((output.code, output.stderr), (3, format!("{sentence}\n")));

    control.succeed(Route::GetTokens);
    flatpak.install("org.example.Postcard").end().await.expect_success();
}
