// SPDX-License-Identifier: GPL-3.0-or-later
//! What `usherctl` prints where nobody reads it any more, and where the locale has no typographic characters.

use std::fs;
use std::process::Stdio;

use usher_tests::usherctl::CommandOutput;
use usher_tests::{Session, Setup};

const PAID: &str = "org.example.Sketchbook";

/// A session with an account, a purchase and a file of another computer.
async fn session() -> Session {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let file = session.folder().join("Accounts.usher").display().to_string();
    session.usherctl(&["export", &file]).await.expect_success();
    session
}

/// Every command that prints a result, with its arguments. Those that change something come last.
fn commands(session: &Session) -> Vec<Vec<String>> {
    let file = session.folder().join("Accounts.usher").display().to_string();
    let host = session.host();
    let commands: &[&[&str]] = &[
        &["list"],
        &["status"],
        &["doctor"],
        &["purchases"],
        &["purchases", "--check"],
        &["query", "demo", PAID],
        &["export"],
        &["import", &file],
        &["generate", "bash"],
        &["generate", "man"],
        &["settings"],
        &["remotes"],
        &["use", "demo"],
        &["allow", "demo"],
        &["rename", &host, "Work"],
        &["revoke", "demo"],
        &["sign-out", &host],
        &["remove", &host, "--yes"],
    ];
    commands.iter().map(|words| words.iter().map(|&word| word.to_owned()).collect()).collect()
}

#[tokio::test]
async fn u06_a_closed_pipe_ends_every_command_quietly() {
    let session = session().await;
    for json in [true, false] {
        for mut arguments in commands(&session) {
            if json {
                // Changes would leave nothing to print for the second round.
                if ["allow", "rename", "revoke", "sign-out", "remove", "generate"].contains(&arguments[0].as_str()) {
                    continue;
                }
                arguments.push("--json".to_owned());
            }
            let (reader, writer) = std::io::pipe().expect("there is a pipe");
            drop(reader);
            let mut command = session.command("usherctl");
            let ended = command.args(&arguments).stdout(writer).output().expect("usherctl starts");
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            // 128 and the number of SIGPIPE, as a shell reports it.
            assert_eq!((ended.status.code(), said.as_str()), (Some(141), ""), "{arguments:?}");
        }
    }
}

#[tokio::test]
async fn u06_help_into_a_closed_pipe_is_no_failure() {
    let session = Session::start(Setup { without_shop: true, ..Setup::without_display() }).await;
    for arguments in [&["--help"][..], &["--version"], &["sign-in", "--help"]] {
        let (reader, writer) = std::io::pipe().expect("there is a pipe");
        drop(reader);
        let mut command = session.command("usherctl");
        let ended = command.args(arguments).stdout(writer).stderr(Stdio::piped()).output().expect("usherctl starts");
        assert!(ended.stderr.is_empty() && matches!(ended.status.code(), Some(0 | 141)), "{arguments:?} {ended:?}");
    }
}

#[tokio::test]
async fn u06_a_locale_without_typographic_characters_gets_ascii_quotes() {
    let session = session().await;
    session.usherctl(&["revoke", "demo"]).await.expect_success();
    let bad = session.folder().join("bad.usher");
    fs::write(&bad, "{}").expect("a file can be written");
    let run = |locale: Option<&str>, arguments: &[&str]| -> CommandOutput {
        let mut command = session.command("usherctl");
        command.env_remove("LANG");
        if let Some(locale) = locale {
            command.env("LC_ALL", locale);
        }
        command.args(arguments).output().expect("usherctl starts").into()
    };
    let bad = bad.display().to_string();
    let commands: [&[&str]; 13] = [
        &["sign-out", "nobody"],
        &["status", "nobody"],
        &["query", "none", PAID],
        &["buy", "demo", PAID],
        &["doctor"],
        &["revoke", "demo"],
        &["sign-in", "a b"],
        &["sign-in", "ada@store.example.org"],
        &["import", &bad],
        &["allow", "demo", "nobody"],
        &["--help"],
        &["import", "--help"],
        &["nonsense"],
    ];
    for arguments in commands {
        for locale in [None, Some("C"), Some("POSIX"), Some("en_US.ISO-8859-1")] {
            let output = run(locale, arguments);
            let printed = output.stdout + &output.stderr;
            assert!(printed.is_ascii() && !printed.is_empty(), "{locale:?} {arguments:?}: {printed}");
        }
    }
    let output = run(Some("C"), &["query", "none", PAID]);
    assert_eq!(output.stderr, "There is no remote \"none\" that uses Usher.\n");
    let output = run(Some("C.UTF-8"), &["query", "none", PAID]);
    assert_eq!(output.stderr, "There is no remote “none” that uses Usher.\n");
}

#[tokio::test]
async fn u06_a_client_whose_locale_has_no_typographic_quotes_gets_a_command_that_can_be_copied() {
    let session = Session::start(Setup::without_display()).await;
    let host = session.host();
    for (locale, quotes) in [("C", ["\"", "\""]), ("POSIX", ["\"", "\""]), ("C.UTF-8", ["“", "”"])] {
        let mut flatpak = session.processes.command("flatpak");
        flatpak.env("LC_ALL", locale).args(["install", "--user", "--noninteractive", "demo", "org.example.Postcard"]);
        let ended = flatpak.output().expect("flatpak starts");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        let [open, close] = quotes;
        let wanted = format!("Account needed. Run {open}usherctl sign-in {host}{close}, then try again.");
        assert!(said.contains(&wanted), "{locale}: {said}");
    }
}
