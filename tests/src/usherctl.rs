// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl` as a process: what it prints, and how it waits for a browser.

use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use crate::processes::LIMIT;
use crate::session::Session;

/// What a command printed, and its exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandOutput {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl CommandOutput {
    /// Fails unless the command succeeded.
    #[track_caller]
    pub fn expect_success(&self) -> &Self {
        assert_eq!(self.code, 0, "the command succeeds; it printed:\n{}{}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for CommandOutput {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("a command prints text");
        Self {
            code: output.status.code().expect("no signal ends the command"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// `usherctl sign-in` or `usherctl buy`, which waits for a browser.
#[derive(Debug)]
pub struct BrowserCommand {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// What it printed before the address.
    pub printed: String,
    /// The address to open.
    pub address: String,
}

impl BrowserCommand {
    /// Starts it without a terminal, and returns once it waits for the browser.
    pub async fn start(session: &Session, arguments: &[&str]) -> Self {
        Self::of(session.command("usherctl"), arguments).await
    }

    /// The same, for a command whose environment the test has changed.
    pub async fn of(command: std::process::Command, arguments: &[&str]) -> Self {
        let mut child = Command::from(command)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("usherctl starts");
        let stderr = BufReader::new(child.stderr.take().expect("standard error is piped"));
        let mut command = Self { child, stderr, printed: String::new(), address: String::new() };
        timeout(LIMIT, command.read_address()).await.expect("usherctl prints an address in time");
        command
    }

    async fn read_address(&mut self) {
        loop {
            let mut line = String::new();
            let read = self.stderr.read_line(&mut line).await.expect("usherctl prints text");
            assert_ne!(read, 0, "usherctl prints an address; it printed: {}", self.printed);
            if line.starts_with("http") {
                line.trim().clone_into(&mut self.address);
                line.clear();
                self.stderr.read_line(&mut line).await.expect("usherctl prints text");
                assert_eq!(line, "Waiting… (Ctrl+C to stop)\n");
                return;
            }
            self.printed.push_str(&line);
        }
    }

    /// Waits until it prints a line with this text on standard error.
    pub async fn says(&mut self, text: &str) {
        let says = async {
            let mut line = String::new();
            while !line.contains(text) {
                line.clear();
                let read = self.stderr.read_line(&mut line).await.expect("usherctl prints text");
                assert_ne!(read, 0, "usherctl says “{text}”; it said: {}", self.printed);
                self.printed.push_str(&line);
            }
        };
        timeout(LIMIT, says).await.expect("usherctl says it in time");
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id().expect("usherctl still runs")
    }

    /// Waits until it ends.
    pub async fn end(mut self) -> CommandOutput {
        let mut stderr = String::new();
        let read = timeout(LIMIT * 4, self.stderr.read_to_string(&mut stderr)).await;
        read.expect("usherctl ends in time").expect("usherctl prints text");
        let output = self.child.wait_with_output().await.expect("usherctl ends");
        CommandOutput { stderr, ..CommandOutput::from(output) }
    }
}
