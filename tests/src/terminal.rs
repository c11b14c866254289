// SPDX-License-Identifier: GPL-3.0-or-later
//! A command in a terminal of its own (`script` gives it one), read and typed into as a person would.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use crate::flatpak::{COMMAND_LIMIT, Outcome};
use crate::processes::{Processes, Transcript, children_of, send, wait_for};

/// How flatpak's questions end.
const QUESTIONS: [&str; 4] = ["[Y/n]: ", "[y/n]: ", "[Y/n] ", "[y/n] "];
const INTERRUPT: &[u8] = b"\x03";

/// A command that runs in a terminal.
#[derive(Debug)]
pub struct Terminal {
    shown: String,
    child: Child,
    screen: Arc<Screen>,
    keys: UnboundedSender<Vec<u8>>,
    transcript: Transcript,
}

#[derive(Debug, Default)]
struct Screen {
    text: Mutex<String>,
    /// Up to where questions were answered.
    answered: AtomicUsize,
    says_yes: AtomicBool,
}

impl Terminal {
    pub(crate) fn start(processes: &Processes, command: &[&str]) -> Self {
        let shown = command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        // `exec`, so that what runs below `script` is the command itself and can be ended by its id.
        let mut script = tokio::process::Command::from(processes.command("script"));
        let mut child = script
            .args(["--quiet", "--return", "--flush", "--echo", "always"])
            .args(["--command", &format!("exec {shown}"), "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("script starts");
        let screen = Arc::new(Screen::default());
        let (keys, typed) = unbounded_channel();
        let output = child.stdout.take().expect("its output was piped");
        let input = child.stdin.take().expect("its input was piped");
        tokio::spawn(read(output, Arc::clone(&screen), keys.clone()));
        tokio::spawn(write(input, typed));
        Self { shown: command.join(" "), child, screen, keys, transcript: processes.transcript().clone() }
    }

    /// From now on every question is answered with yes.
    pub fn answer_yes_to_all(&self) {
        self.screen.says_yes.store(true, Ordering::Relaxed);
        self.screen.answer(&self.keys);
    }

    /// Types a line.
    pub fn enter(&self, line: &str) {
        self.keys.send(format!("{line}\n").into_bytes()).expect("the terminal is still there");
    }

    /// Types Ctrl+C.
    pub fn interrupt(&self) {
        self.keys.send(INTERRUPT.to_vec()).expect("the terminal is still there");
    }

    /// Ends the command at once, so that it can do nothing more.
    pub fn kill(&self) {
        let script = self.child.id().expect("the command still runs");
        let command = children_of(script);
        assert!(!command.is_empty(), "the command still runs");
        for id in command {
            send(id, Signal::KILL);
        }
    }

    /// What has been printed so far.
    pub fn text(&self) -> String {
        self.screen.text()
    }

    /// Waits until `wanted` has been printed.
    pub async fn wait_for_text(&self, wanted: &str) {
        wait_for(
            &format!("“{wanted}” from “{}”", self.shown),
            async || self.text().contains(wanted).then_some(()),
            async || self.text(),
        )
        .await;
    }

    /// Whether the command has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for the end of the command.
    pub async fn end(mut self) -> Outcome {
        let status = timeout(COMMAND_LIMIT, self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("“{}” has an end:\n{}", self.shown, self.text()))
            .expect("a child can be waited for");
        // The reader ends with the terminal; after that nothing more is printed.
        wait_for(
            "the rest of the output",
            async || (Arc::strong_count(&self.screen) == 1).then_some(()),
            async || self.text(),
        )
        .await;
        self.transcript.add(&self.shown, &self.text());
        let code = status.code().expect("script gives the code of the command");
        Outcome::new(&self.shown, code, self.text())
    }
}

impl Screen {
    fn text(&self) -> String {
        plain(&self.text.lock().expect("nobody panics with the lock"))
    }

    /// Answers the question at the end of the screen, if it was not answered before.
    fn answer(&self, keys: &UnboundedSender<Vec<u8>>) {
        let text = self.text();
        let asks = QUESTIONS.iter().any(|question| text.ends_with(question));
        if asks
            && self.says_yes.load(Ordering::Relaxed)
            && self.answered.swap(text.len(), Ordering::Relaxed) != text.len()
        {
            let _ = keys.send(b"y\n".to_vec());
        }
    }
}

async fn read(mut output: ChildStdout, screen: Arc<Screen>, keys: UnboundedSender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    let mut pending = Vec::new();
    while let Ok(count @ 1..) = output.read(&mut buffer).await {
        pending.extend_from_slice(&buffer[..count]);
        // A character may have come in part only.
        let whole = match str::from_utf8(&pending) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text: Vec<u8> = pending.drain(..whole).collect();
        screen.text.lock().expect("nobody panics with the lock").push_str(&String::from_utf8_lossy(&text));
        screen.answer(&keys);
    }
}

async fn write(mut input: ChildStdin, mut typed: UnboundedReceiver<Vec<u8>>) {
    while let Some(keys) = typed.recv().await {
        if input.write_all(&keys).await.is_err() || input.flush().await.is_err() {
            return;
        }
    }
}

/// What a person reads of it: without carriage returns, colours and movements of the cursor.
fn plain(printed: &str) -> String {
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

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
