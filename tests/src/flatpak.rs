// SPDX-License-Identifier: GPL-3.0-or-later
//! The real flatpak as a person or a script uses it.

use std::process::Stdio;
use std::time::Duration;

use tokio::time::timeout;

use crate::processes::Processes;
use crate::terminal::Terminal;

/// How long one command may take, downloads included.
pub(crate) const COMMAND_LIMIT: Duration = Duration::from_secs(180);
/// What a shell calls the end by SIGABRT: how libflatpak ends when an authenticator breaks the order of signals.
const ABORTED: i32 = 134;

/// How a command ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its exit code, as a shell gives it.
    pub code: i32,
    /// Everything it printed.
    pub text: String,
}

impl Outcome {
    pub(crate) fn new(command: &str, code: i32, text: String) -> Self {
        assert_ne!(code, ABORTED, "“{command}” aborted:\n{text}");
        Self { code, text }
    }

    /// Fails unless the command went well.
    #[track_caller]
    pub fn expect_success(&self) -> &Self {
        assert_eq!(self.code, 0, "the command succeeds; it printed:\n{}", self.text);
        self
    }

    /// Fails unless the command ended with exit code 1 and `message` as a line of its own after “error: ”.
    #[track_caller]
    pub fn expect_error(&self, message: &str) -> &Self {
        assert_eq!(self.code, 1, "the command fails; it printed:\n{}", self.text);
        let wanted = format!("error: {message}");
        assert!(self.text.lines().any(|line| line.trim() == wanted), "expected the line\n{wanted}\nin\n{}", self.text);
        self
    }

    /// Fails unless the authenticator's answer, as the client words it, is `message`.
    #[track_caller]
    pub fn expect_refusal(&self, message: &str) -> &Self {
        self.expect_error(&format!("Failed to get tokens for ref: {message}"))
    }
}

/// The flatpak of a session.
#[derive(Clone, Copy, Debug)]
pub struct Flatpak<'s> {
    pub(crate) processes: &'s Processes,
}

impl Flatpak<'_> {
    /// Runs a command to its end, without a terminal.
    pub async fn run(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.look(arguments).await;
        self.processes.transcript().add(&shown(arguments), &outcome.text);
        outcome
    }

    /// Runs a command that is no part of what a story tells: it may be run over and over until something is so.
    pub(crate) async fn look(&self, arguments: &[&str]) -> Outcome {
        let mut command = tokio::process::Command::from(self.processes.command("flatpak"));
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        let shown = shown(arguments);
        let output = timeout(COMMAND_LIMIT, command.output())
            .await
            .unwrap_or_else(|_| panic!("“{shown}” has an end"))
            .expect("flatpak starts");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Outcome::new(&shown, shell_code(output.status), text)
    }

    /// Starts a command in a terminal of its own, where flatpak asks its questions.
    pub fn in_terminal(&self, arguments: &[&str]) -> Terminal {
        let mut command = vec!["flatpak"];
        command.extend(arguments);
        Terminal::start(self.processes, &command)
    }

    /// `flatpak install --user demo APP` in a terminal, every question answered with yes.
    pub fn install(&self, app: &str) -> Terminal {
        let terminal = self.in_terminal(&["install", "--user", "demo", app]);
        terminal.answer_yes_to_all();
        terminal
    }

    /// Whether the app or runtime is installed.
    pub async fn has(&self, id: &str) -> bool {
        self.run(&["info", "--user", id]).await.code == 0
    }

    /// The commit that is installed of an app or runtime.
    pub async fn commit(&self, id: &str) -> String {
        let outcome = self.run(&["info", "--user", "--show-commit", id]).await;
        outcome.expect_success();
        outcome.text.trim().to_owned()
    }
}

fn shown(arguments: &[&str]) -> String {
    format!("flatpak {}", arguments.join(" "))
}

/// The exit code as a shell gives it: 128 more than the signal, where one ended the process.
fn shell_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .expect("a process ends with a code or by a signal")
}
