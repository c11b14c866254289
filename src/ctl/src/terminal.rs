// SPDX-License-Identifier: GPL-3.0-or-later
//! Prints results to standard output and everything else to standard error, and asks questions only if somebody can
//! answer.

use std::{
    borrow::Cow,
    io::{self, BufRead, IsTerminal, Read, Write},
};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use serde_json::{Value, json};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};
use usher_core::locale;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Longest line to read, in bytes. No address is longer.
const LINE_LIMIT: usize = 32 * 1024;

/// How to print results.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// One JSON value instead of lines.
    pub(crate) is_json: bool,
}

impl Output {
    /// Prints a line of the result.
    pub(crate) fn line(self, line: &str) -> Result<(), Failure> {
        if self.is_json { Ok(()) } else { Ok(writeln!(io::stdout(), "{}", shown(line))?) }
    }

    /// Prints the result for programs.
    pub(crate) fn json(self, value: &Value) -> Result<(), Failure> {
        if self.is_json { Ok(writeln!(io::stdout(), "{value:#}")?) } else { Ok(()) }
    }

    /// Prints the sentence of a failure, and the JSON for programs.
    pub(crate) fn failure(self, failure: &Failure) {
        if !matches!(failure, Failure::Unheard) {
            failure.say();
            let _ = self.json(&json!({ "error": failure.as_json() }));
        }
    }
}

/// Receives Ctrl+C and other signals to stop.
pub(crate) struct Interrupts([Signal; 3]);

impl Interrupts {
    pub(crate) fn listen() -> io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        if io::stderr().is_terminal() {
            // The terminal echoes Ctrl+C without a line break.
            let _ = writeln!(io::stderr());
        }
    }
}

/// Whether a person can read and answer questions.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A text in characters that the terminal has.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if locale::is_unicode_here() { text.into() } else { locale::ascii_punctuation(text) }
}

/// Prints a line that is not part of the result.
pub(crate) fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stderr(), "{}", shown(line))?)
}

/// Asks a question. `y` means yes, anything else no.
pub(crate) async fn ask(question: &str) -> Result<bool, Failure> {
    let answer = answer_to(question, "[y/N]").await?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}

/// Asks a question where a stray Return must not lose anything: anything but `n` means yes, save the end of the input.
pub(crate) async fn ask_again(question: &str) -> Result<bool, Failure> {
    let answer = answer_to(question, "[Y/n]").await?;
    Ok(!answer.is_empty() && !matches!(answer.trim(), "n" | "N" | "no" | "No"))
}

async fn answer_to(question: &str, choices: &str) -> Result<Zeroizing<String>, Failure> {
    write!(io::stderr(), "{} {choices} ", shown(question))?;
    io::stderr().flush()?;
    let answer = in_thread(read_line).await?;
    if answer.is_empty() {
        // Ctrl+D ends the input without a line break.
        writeln!(io::stderr())?;
    }
    Ok(answer)
}

/// Reads a line without showing it. `None` at the end of the input.
pub(crate) async fn secret(prompt: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    let is_terminal = io::stdin().is_terminal();
    let hidden = if is_terminal { Some(HiddenInput::begin()?) } else { None };
    say(prompt)?;
    let line = in_thread(if is_terminal { read_hidden } else { read_line }).await?;
    drop(hidden);
    Ok(Some(line).filter(|line| !line.is_empty()))
}

/// Reads in a thread of its own, since a read cannot be cancelled, but waiting for the thread can.
async fn in_thread<T: Send + 'static>(read: fn() -> io::Result<T>) -> Result<T, Failure> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || sender.send(read()));
    Ok(receiver.await.map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))??)
}

fn read_line() -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().take(LINE_LIMIT as u64).read_line(&mut line)?;
    Ok(line)
}

/// Reads a line character by character: a terminal cuts its own lines at 4,096 characters, and a redirect may be
/// longer.
fn read_hidden() -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_LIMIT));
    let mut byte = [0];
    while rustix::io::read(io::stdin(), &mut byte)? == 1 {
        match byte[0] {
            b'\n' | b'\r' => {
                line.push(b'\n');
                break;
            }
            // End of the input, erase, erase all.
            4 => break,
            8 | 127 => drop(line.pop()),
            21 => line.clear(),
            other if line.len() < LINE_LIMIT => line.push(other),
            _ => {}
        }
    }
    Ok(Zeroizing::new(String::from_utf8_lossy(&line).into_owned()))
}

/// While this exists, the terminal neither echoes nor buffers lines.
struct HiddenInput(Termios);

impl HiddenInput {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Drain, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        // A terminal that has gone needs no restoring.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
    }
}
