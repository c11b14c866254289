// SPDX-License-Identifier: GPL-3.0-or-later
//! A command in a terminal of its own (from `script`), in which a test reads and types like a person.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::flatpak::{COMMAND_LIMIT, Outcome};
use crate::processes::{Processes, Transcript, children_of, send_signal, wait_for};

/// The endings of flatpak's questions.
const QUESTIONS: [&str; 4] = ["[Y/n]: ", "[y/n]: ", "[Y/n] ", "[y/n] "];
const INTERRUPT: &[u8] = b"\x03";

/// A command in a terminal.
#[derive(Debug)]
pub struct Terminal {
    command_line: String,
    child: Child,
    printed: Arc<Printed>,
    keys: UnboundedSender<Vec<u8>>,
    transcript: Transcript,
}

#[derive(Debug, Default)]
struct Printed {
    text: Mutex<String>,
    /// The length of the text up to the last answered question.
    answered: AtomicUsize,
    answers_yes: AtomicBool,
}

impl Terminal {
    pub(crate) fn start(processes: &Processes, command: &[&str]) -> Self {
        let command_line = command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        // `exec`, so that the child of `script` is the command itself and can be killed by its id.
        let mut script = tokio::process::Command::from(processes.command("script"));
        let mut child = script
            .args(["--quiet", "--return", "--flush", "--echo", "always"])
            .args(["--command", &format!("exec {command_line}"), "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("script starts");
        let printed = Arc::new(Printed::default());
        let (keys, typed) = unbounded_channel();
        let output = child.stdout.take().expect("standard output is piped");
        let input = child.stdin.take().expect("standard input is piped");
        tokio::spawn(read(output, Arc::clone(&printed), keys.clone()));
        tokio::spawn(write(input, typed));
        Self { command_line: command.join(" "), child, printed, keys, transcript: processes.transcript().clone() }
    }

    /// Answers every question with yes.
    pub fn answering_yes(self) -> Self {
        self.printed.answers_yes.store(true, Ordering::Relaxed);
        self.printed.answer(&self.keys);
        self
    }

    /// Types a line.
    pub fn enter(&self, line: &str) {
        self.keys.send(format!("{line}\n").into_bytes()).expect("the terminal is still there");
    }

    /// Types a text without a line break.
    pub fn type_text(&self, text: &str) {
        self.keys.send(text.as_bytes().to_vec()).expect("the terminal is still there");
    }

    /// Types Ctrl+C.
    pub fn interrupt(&self) {
        self.keys.send(INTERRUPT.to_vec()).expect("the terminal is still there");
    }

    /// Kills the command, so that it can do nothing more.
    pub fn kill(&self) {
        let script = self.child.id().expect("the command still runs");
        let command = children_of(script);
        assert!(!command.is_empty(), "the command still runs");
        for id in command {
            send_signal(id, Signal::KILL);
        }
    }

    /// Everything that was printed so far.
    pub fn text(&self) -> String {
        self.printed.text()
    }

    /// The last sign-in or purchase page that the command printed.
    pub fn address(&self) -> String {
        let text = self.text();
        let address = text.lines().rev().find(|line| line.starts_with("http://") && line.contains("state="));
        address.expect("the command has printed an address").trim().to_owned()
    }

    /// Waits until the command has printed `wanted`.
    pub async fn wait_for_text(&self, wanted: &str) {
        wait_for(
            &format!("“{wanted}” from “{}”", self.command_line),
            async || self.text().contains(wanted).then_some(()),
            async || self.text(),
        )
        .await;
    }

    /// Waits until the command has printed `wanted` so many times.
    pub async fn wait_for_nth(&self, wanted: &str, times: usize) {
        wait_for(
            &format!("“{wanted}” {times} times from “{}”", self.command_line),
            async || (self.text().matches(wanted).count() >= times).then_some(()),
            async || self.text(),
        )
        .await;
    }

    /// Whether the command still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until the command ends.
    pub async fn end(mut self) -> Outcome {
        let status = timeout(COMMAND_LIMIT, self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("“{}” ends in time:\n{}", self.command_line, self.text()))
            .expect("a child can be waited for");
        // The reader ends with the terminal; nothing comes after that.
        wait_for(
            "the rest of the output",
            async || (Arc::strong_count(&self.printed) == 1).then_some(()),
            async || self.text(),
        )
        .await;
        self.transcript.add(&self.command_line, &self.text());
        let code = status.code().expect("script gives the code of the command");
        Outcome::new(&self.command_line, code, self.text())
    }
}

impl Printed {
    fn text(&self) -> String {
        visible_text(&self.text.lock().expect("nobody panics with the lock"))
    }

    /// Answers the question at the end of the text, unless it was answered before.
    fn answer(&self, keys: &UnboundedSender<Vec<u8>>) {
        let text = self.text();
        let asks = QUESTIONS.iter().any(|question| text.ends_with(question));
        if asks
            && self.answers_yes.load(Ordering::Relaxed)
            && self.answered.swap(text.len(), Ordering::Relaxed) != text.len()
        {
            let _ = keys.send(b"y\n".to_vec());
        }
    }
}

async fn read(mut output: ChildStdout, printed: Arc<Printed>, keys: UnboundedSender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    let mut pending = Vec::new();
    while let Ok(count @ 1..) = output.read(&mut buffer).await {
        pending.extend_from_slice(&buffer[..count]);
        // The last character may be incomplete.
        let whole = match str::from_utf8(&pending) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text: Vec<u8> = pending.drain(..whole).collect();
        printed.text.lock().expect("nobody panics with the lock").push_str(&String::from_utf8_lossy(&text));
        printed.answer(&keys);
    }
}

async fn write(mut input: ChildStdin, mut typed: UnboundedReceiver<Vec<u8>>) {
    while let Some(keys) = typed.recv().await {
        if input.write_all(&keys).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
}

/// What a person sees: the text without carriage returns, colours and cursor movements.
fn visible_text(printed: &str) -> String {
    let mut text = String::new();
    let mut characters = printed.chars();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {}
            // ESC [ parameters letter
            '\x1b' => while characters.next().is_some_and(|next| !next.is_ascii_alphabetic()) {},
            _ => text.push(character),
        }
    }
    text
}

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
