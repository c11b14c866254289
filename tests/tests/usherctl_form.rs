// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl sign-in` at a server that asks for user name and password: in a terminal, and from a program.

use std::io::Write as _;
use std::process::Stdio;

use rustix::process::Signal;
use usher_demo_store::{Failure, Route, SignInKind};
use usher_tests::usherctl::CommandOutput;
use usher_tests::{Session, Setup, Terminal, send_signal};

const PASSWORD: &str = "CANARY: pass:word \"é\\ $x";
const INSTALL: [&str; 4] = ["install", "--user", "--noninteractive", "org.example.Postcard"];
const SIGN_IN: [&str; 3] = ["usherctl", "sign-in", "demo"];

/// A session whose shop asks for a password, and in which that of `demo` is known.
async fn session() -> Session {
    let session = Session::start(Setup { sign_in: SignInKind::Basic, ..Setup::without_display() }).await;
    session.shop().control().set_password("demo", PASSWORD).expect("the shop has this user");
    session
}

/// Agrees to the server, and comes to the question for the password of `demo`.
async fn at_the_password(session: &Session, terminal: &Terminal) {
    terminal.wait_for_text(&format!("First time at {}. Continue? [y/N] ", session.host())).await;
    terminal.enter("y");
    terminal.wait_for_text(&format!("The password goes to {}.\n", session.host())).await;
    terminal.wait_for_text("User name: ").await;
    terminal.enter("demo");
    terminal.wait_for_text("Password: ").await;
}

/// Answers that the remote may use the account, and ends.
async fn allow(terminal: Terminal) -> String {
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    let end = terminal.end().await;
    assert_eq!(end.code, 0, "{}", end.text);
    assert!(!end.text.contains("CANARY"), "a password is shown: {}", end.text);
    end.text
}

/// Runs `usherctl` with this text on standard input.
fn with_input(session: &Session, arguments: &[&str], input: &[u8]) -> CommandOutput {
    let mut command = session.command("usherctl");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("usherctl starts");
    // It may end without reading all.
    let _ = child.stdin.take().expect("standard input is piped").write_all(input);
    child.wait_with_output().expect("usherctl ends").into()
}

/// What the keyring holds for the only account.
async fn stored(session: &Session) -> String {
    session.keyring().only_item().await.text()
}

#[tokio::test]
async fn u20_a_password_is_typed_without_being_shown_and_is_enough_to_install() {
    let session = session().await;
    let terminal = session.in_terminal(&SIGN_IN);
    at_the_password(&session, &terminal).await;
    assert_eq!(session.leaks(), []);
    terminal.enter(PASSWORD);
    let text = allow(terminal).await;
    assert!(text.contains(&format!("Signed in to {} as demo.", session.host())), "{text}");
    session.flatpak().run(&INSTALL).await.expect_success();
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn u20_a_wrong_password_is_asked_for_again_and_the_user_name_is_kept() {
    let session = session().await;
    let terminal = session.in_terminal(&SIGN_IN);
    at_the_password(&session, &terminal).await;
    terminal.enter("CANARY wrong");
    terminal.wait_for_text("User name or password is wrong.\n").await;
    terminal.wait_for_text("User name [demo]: ").await;
    terminal.enter("");
    terminal.wait_for_nth("Password: ", 2).await;
    terminal.enter(PASSWORD);
    allow(terminal).await;

    // No more than three times.
    let host = session.host();
    let terminal = session.in_terminal(&["usherctl", "sign-in", &format!("demo@{host}")]);
    for attempt in 1..=3 {
        terminal.wait_for_nth("User name [demo]: ", attempt).await;
        terminal.enter("");
        terminal.wait_for_nth("Password: ", attempt).await;
        terminal.enter("CANARY wrong");
    }
    let end = terminal.end().await;
    assert_eq!(end.code, 1, "{}", end.text);
    assert!(end.text.ends_with("Not signed in. User name or password is wrong.\n"), "{}", end.text);
    assert!(!end.text.contains("CANARY"), "{}", end.text);
}

#[tokio::test]
async fn u20_whoever_stops_at_the_password_gets_the_terminal_back_as_it_was() {
    let session = session().await;
    for signal in [None, Some(Signal::INT), Some(Signal::TERM), Some(Signal::HUP)] {
        // A shell that leaves the terminal as a program leaves it.
        let shell = session.in_terminal(&["sh", "-i"]);
        shell.enter("usherctl sign-in demo --user demo; echo ended with $?");
        shell.wait_for_text("Continue? [y/N] ").await;
        shell.enter("y");
        shell.wait_for_text("Password: ").await;
        match signal {
            None => {
                shell.type_text("CANARY half");
                shell.interrupt();
            }
            Some(signal) => send_signal(usherctl(&session), signal),
        }
        shell.wait_for_text("Cancelled.\n").await;
        shell.wait_for_text("ended with 7\n").await;
        assert_eq!(modes(&shell).await, "echo icanon", "{signal:?}");
        assert!(!shell.text().contains("CANARY"), "{}", shell.text());
        shell.enter("exit");
        shell.end().await;
    }
    assert!(session.keyring().items().await.is_empty());
}

#[tokio::test]
async fn u20_a_stop_shows_what_is_typed_to_the_shell_and_the_question_comes_back_afterwards() {
    let session = session().await;
    for by_key in [true, false] {
        let shell = session.in_terminal(&["sh", "-i"]);
        shell.enter("usherctl sign-in demo --user demo");
        shell.wait_for_text("Continue? [y/N] ").await;
        shell.enter("y");
        shell.wait_for_text("Password: ").await;
        if by_key {
            shell.type_text("CANARY half\x1a");
        } else {
            send_signal(usherctl(&session), Signal::TSTP);
        }
        shell.wait_for_text("Stopped").await;
        assert_eq!(modes(&shell).await, "echo icanon");
        shell.enter("fg");
        shell.wait_for_nth("Password: ", 2).await;
        // What was typed before the stop counts for nothing.
        shell.enter(PASSWORD);
        shell.wait_for_text("Allow? [y/N] ").await;
        shell.enter("n");
        shell.wait_for_text("Run “usherctl allow demo").await;
        assert!(!shell.text().contains("CANARY"), "{}", shell.text());
        let item = session.keyring().only_item().await;
        assert!(item.text().contains("CANARY: pass:word"), "the whole password is stored");
        session.keyring().delete_items().await;
    }
}

#[tokio::test]
async fn u21_a_program_hands_over_the_password_on_standard_input() {
    let session = session().await;
    let host = session.host();
    let arguments = ["sign-in", "demo", "--user", "demo", "--password-stdin"];
    for end in ["\n", "", "\r\n"] {
        let output = with_input(&session, &arguments, format!("{PASSWORD}{end}").as_bytes());
        assert_eq!(output.code, 0, "{output:?}");
        let signed_in = format!("Signed in to {host} as demo.\n“demo” may use the account of demo at {host}.\n");
        assert_eq!(output.stdout, signed_in, "{end:?}");
        assert_eq!(output.stderr, format!("The password goes to {host}.\n"));
        session.keyring().delete_items().await;
    }
    let wrong = with_input(&session, &arguments, b"CANARY wrong");
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.stderr.ends_with("Not signed in. User name or password is wrong.\n"), "{wrong:?}");
    for (arguments, input, said) in [
        (&["sign-in", "demo"][..], &b""[..], "Use “--password-stdin” to read it from standard input."),
        (&["sign-in", "demo", "--user", "demo"], PASSWORD.as_bytes(), "Use “--password-stdin” to read it"),
        (&["sign-in", "demo", "--password-stdin"], PASSWORD.as_bytes(), "Name it with “--user”."),
        (&arguments, b"", "Standard input is empty"),
        (&arguments, b"\n", "Standard input is empty"),
        (&arguments, b"\xff\xfe", "is not text in UTF-8"),
        (&arguments, &vec![b'a'; 70_000], "Standard input is too long"),
        (&arguments, b"CANARY\x07bell", "control character cannot be sent"),
        (&["sign-in", "demo", "--user", "a:b", "--password-stdin"], PASSWORD.as_bytes(), "colon"),
    ] {
        let output = with_input(&session, arguments, input);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{arguments:?} {output:?}");
        assert!(output.stderr.contains(said) && !output.stderr.contains("CANARY"), "{arguments:?} {output:?}");
    }
    assert!(session.keyring().items().await.is_empty());
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn u21_a_long_password_arrives_whole_from_terminal_and_program() {
    let session = session().await;
    let long = format!("CANARY:{}", "é: \"\\".repeat(700));
    assert!(long.len() > 4096, "a terminal cuts its own lines there");
    session.shop().control().set_password("demo", &long).expect("the shop has this user");
    let terminal = session.in_terminal(&SIGN_IN);
    at_the_password(&session, &terminal).await;
    terminal.enter(&long);
    allow(terminal).await;
    let typed = stored(&session).await;
    session.keyring().delete_items().await;
    let arguments = ["sign-in", "demo", "--user", "demo", "--password-stdin"];
    assert_eq!(with_input(&session, &arguments, long.as_bytes()).code, 0);
    for stored in [typed, stored(&session).await] {
        let record: serde_json::Value = serde_json::from_str(&stored).expect("a record is JSON");
        assert_eq!(record["credential"]["password"]["password"], long.as_str());
    }
}

#[tokio::test]
async fn u21_names_that_registries_give_to_people_and_robots_are_taken_as_they_are() {
    let session = session().await;
    let host = session.host();
    for name in ["1234567|name", "robot$name", "org+robot", "ada@example.org", "Ada Lovelace", "ädä"] {
        let password = format!("CANARY {name}");
        session.shop().control().add_user(name, &password).expect("the shop takes a new user");
        let arguments = ["sign-in", "demo", "--user", name, "--password-stdin"];
        let output = with_input(&session, &arguments, password.as_bytes());
        assert_eq!(output.code, 0, "{name}: {output:?}");
        assert!(output.stdout.starts_with(&format!("Signed in to {host} as {name}.\n")), "{output:?}");
        // Typed, and pasted with a line break.
        let terminal = session.in_terminal(&["usherctl", "sign-in", &format!("{name}@{host}")]);
        terminal.wait_for_text(&format!("User name [{name}]: ")).await;
        terminal.enter(name);
        terminal.wait_for_text("Password: ").await;
        terminal.enter(&password);
        assert_eq!(terminal.end().await.code, 0, "{name}");
        let removed = session.usherctl(&["remove", &format!("{name}@{host}"), "--yes"]).await;
        removed.expect_success();
    }
}

#[tokio::test]
async fn u21_no_secret_is_seen_while_a_program_signs_in() {
    let session = session().await;
    session.shop().control().fail(Route::GetTokens, Failure::Hang);
    session.shop().control().clear_requests();
    let mut command = session.command("usherctl");
    command.args(["sign-in", "demo", "--user", "demo", "--password-stdin"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("usherctl starts");
    let mut input = child.stdin.take().expect("standard input is piped");
    input.write_all(PASSWORD.as_bytes()).expect("usherctl reads");
    drop(input);
    session.shop().control().wait_for_request(|request| request.path == "/api/v1/get_tokens").await;
    assert_eq!(session.leaks(), []);
    send_signal(child.id(), Signal::INT);
    let output = CommandOutput::from(child.wait_with_output().expect("usherctl ends"));
    assert_eq!(output.code, 7, "{output:?}");
    assert!(!output.stderr.contains("CANARY"), "{output:?}");
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn u21_a_server_that_cannot_be_reached_is_said_and_a_page_takes_no_password() {
    let session = session().await;
    session.shop().control().fail(Route::GetTokens, Failure::Nonsense);
    let arguments = ["sign-in", "demo", "--user", "demo", "--password-stdin"];
    let output = with_input(&session, &arguments, PASSWORD.as_bytes());
    assert_eq!(output.code, 6, "{output:?}");
    assert!(output.stderr.contains(&format!("{} answered in an unexpected way.", session.host())), "{output:?}");

    let with_page = Session::start(Setup::without_display()).await;
    let output = with_input(&with_page, &arguments, PASSWORD.as_bytes());
    assert_eq!(output.code, 2, "{output:?}");
    assert!(output.stderr.contains("on a page of its own. Leave out “--user” and “--password-stdin”."), "{output:?}");
}

#[tokio::test]
async fn u22_a_typed_host_is_asked_what_it_is() {
    let session = session().await;
    let host = session.host();
    let remove = ["remote-delete", "--user", "--force", "demo"];
    session.flatpak().run(&remove).await.expect_success();
    let terminal = session.in_terminal(&["usherctl", "sign-in", &format!("http://{host}")]);
    at_the_password(&session, &terminal).await;
    terminal.enter(PASSWORD);
    terminal.end().await.expect_success();
    let list = session.usherctl(&["list", "--json"]).await.stdout;
    assert!(list.contains("\"provider\": \"basic\""), "{list}");
}

fn usherctl(session: &Session) -> u32 {
    let found = session.processes.of_program("usherctl");
    assert_eq!(found.len(), 1, "usherctl runs");
    found[0].0
}

/// Whether the terminal of a shell shows what is typed, and waits for whole lines.
async fn modes(shell: &Terminal) -> String {
    shell.enter("stty -a | tr ' ' '\\n' | grep -E '^-?(echo|icanon)$' | sort | xargs echo modes:");
    shell.wait_for_text("\nmodes: ").await;
    let text = shell.text();
    let line = text.lines().filter_map(|line| line.strip_prefix("modes: ")).next_back();
    line.expect("stty has printed").trim().to_owned()
}
