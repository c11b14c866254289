// SPDX-License-Identifier: GPL-3.0-or-later
//! The real flatpak, as a person or a script uses it.

use std::process::Stdio;
use std::time::Duration;

use tokio::time::timeout;

use crate::processes::Processes;
use crate::terminal::Terminal;

/// How long one command may take, including downloads.
pub(crate) const COMMAND_LIMIT: Duration = Duration::from_secs(180);
/// A shell's code for an end by SIGABRT: libflatpak aborts when an authenticator sends signals in the wrong order.
const ABORTED: i32 = 134;

/// How a command ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The exit code, as a shell reports it.
    pub code: i32,
    /// Everything it printed.
    pub text: String,
}

impl Outcome {
    pub(crate) fn new(command: &str, code: i32, text: String) -> Self {
        assert_ne!(code, ABORTED, "“{command}” aborted:\n{text}");
        Self { code, text }
    }

    /// Fails unless the command succeeded.
    #[track_caller]
    pub fn expect_success(&self) -> &Self {
        assert_eq!(self.code, 0, "the command succeeds; it printed:\n{}", self.text);
        self
    }

    /// Fails unless the command ended with exit code 1 and printed the line “error: `message`”.
    #[track_caller]
    pub fn expect_error(&self, message: &str) -> &Self {
        assert_eq!(self.code, 1, "the command fails; it printed:\n{}", self.text);
        let wanted = format!("error: {message}");
        assert!(self.text.lines().any(|line| line.trim() == wanted), "expected the line\n{wanted}\nin\n{}", self.text);
        self
    }

    /// Fails unless the client reports `message` as the authenticator's answer.
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
    /// Runs a command without a terminal, and waits until it ends.
    pub async fn run(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.run_unrecorded(arguments).await;
        self.processes.transcript().add(&command_line(arguments), &outcome.text);
        outcome
    }

    /// The same without a trace in the story's transcript, for commands that only look at something.
    pub(crate) async fn run_unrecorded(&self, arguments: &[&str]) -> Outcome {
        let mut command = tokio::process::Command::from(self.processes.command("flatpak"));
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        let command_line = command_line(arguments);
        let output = timeout(COMMAND_LIMIT, command.output())
            .await
            .unwrap_or_else(|_| panic!("“{command_line}” ends in time"))
            .expect("flatpak starts");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Outcome::new(&command_line, shell_code(output.status), text)
    }

    /// Starts a command in a terminal, where flatpak asks its questions.
    pub fn in_terminal(&self, arguments: &[&str]) -> Terminal {
        let mut command = vec!["flatpak"];
        command.extend(arguments);
        Terminal::start(self.processes, &command)
    }

    /// Starts `flatpak install --user demo APP` in a terminal, and answers every question with yes.
    pub fn install(&self, app: &str) -> Terminal {
        self.in_terminal(&["install", "--user", "demo", app]).answering_yes()
    }

    /// Whether the app or runtime is installed.
    pub async fn is_installed(&self, id: &str) -> bool {
        self.run(&["info", "--user", id]).await.code == 0
    }

    /// The installed commit of an app or runtime.
    pub async fn commit(&self, id: &str) -> String {
        let outcome = self.run(&["info", "--user", "--show-commit", id]).await;
        outcome.expect_success();
        outcome.text.trim().to_owned()
    }
}

fn command_line(arguments: &[&str]) -> String {
    format!("flatpak {}", arguments.join(" "))
}

/// The exit code as a shell reports it: 128 plus the signal, if a signal ended the process.
fn shell_code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .expect("a process ends with a code or by a signal")
}
