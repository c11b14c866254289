// SPDX-License-Identifier: GPL-3.0-or-later
//! Prints results to standard output and everything else to standard error, and asks questions only if somebody can
//! answer.

use std::{
    borrow::Cow,
    fs,
    io::{self, BufRead, IsTerminal, Read, Write},
};

use rustix::process::{Pid, Signal as ProcessSignal, getpid, kill_process};
use serde_json::{Value, json};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};
use usher_core::locale;
use zeroize::Zeroizing;

use crate::{failure::Failure, hidden};

/// Longest line to read, in bytes.
const LINE_LIMIT: usize = 4096;

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

    /// Prints one of many results for programs, in a line of its own.
    pub(crate) fn json_line(self, value: &Value) -> Result<(), Failure> {
        if self.is_json { Ok(writeln!(io::stdout(), "{value}")?) } else { Ok(()) }
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

/// Receives Ctrl+Z, and the order to go on. Nothing that is typed to the shell meanwhile stays hidden, and nothing that
/// is typed afterwards is shown.
pub(crate) struct Suspensions {
    stop: Signal,
    go_on: Signal,
}

impl Suspensions {
    pub(crate) fn listen() -> io::Result<Self> {
        let stop = SignalKind::from_raw(ProcessSignal::TSTP.as_raw());
        let go_on = SignalKind::from_raw(ProcessSignal::CONT.as_raw());
        Ok(Self { stop: signal(stop)?, go_on: signal(go_on)? })
    }

    /// Stops and goes on as the person wishes. Never returns.
    pub(crate) async fn follow(&mut self) {
        loop {
            tokio::select! {
                _ = self.stop.recv() => if can_go_on(Stat::of) {
                    hidden::before_stop();
                    let _ = kill_process(getpid(), ProcessSignal::STOP);
                },
                _ = self.go_on.recv() => hidden::after_stop(),
            }
        }
    }
}

/// What the system knows of a process.
#[derive(Debug, Clone, Copy)]
struct Stat {
    parent: i32,
    group: i32,
    session: i32,
}

impl Stat {
    fn of(id: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
    }

    /// Reads `proc_pid_stat(5)`: the name of the program, in brackets, may hold anything.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.rsplit_once(')')?.1.split_ascii_whitespace().skip(1).map_while(|word| word.parse().ok());
        Some(Self { parent: numbers.next()?, group: numbers.next()?, session: numbers.next()? })
    }
}

/// Whether a shell watches this process and can let it go on. Like the system itself, we do not stop otherwise: nobody
/// could wake us.
fn can_go_on(stat: impl Fn(i32) -> Option<Stat>) -> bool {
    let Some(own) = stat(Pid::as_raw(Some(getpid()))) else { return false };
    let mut next = stat(own.parent);
    while let Some(parent) = next {
        if parent.session != own.session {
            return false;
        }
        if parent.group != own.group {
            return true;
        }
        next = stat(parent.parent);
    }
    // The top of a sandbox; what started that cannot be seen.
    true
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
    Ok(line(&format!("{question} {choices}")).await?.unwrap_or_default())
}

/// Asks for a line, which is shown as it is typed. `None` at the end of the input.
pub(crate) async fn line(question: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    write!(io::stderr(), "{} ", shown(question))?;
    io::stderr().flush()?;
    let answer = in_thread(read_line).await?;
    if answer.is_empty() {
        // Ctrl+D ends the input without a line break.
        writeln!(io::stderr())?;
        return Ok(None);
    }
    Ok(Some(answer))
}

/// Reads in a thread of its own, since a read cannot be cancelled, but waiting for the thread can.
pub(crate) async fn in_thread<T: Send + 'static>(
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || sender.send(read()));
    Ok(receiver.await.map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))??)
}

fn read_line() -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().take(LINE_LIMIT as u64).read_line(&mut line)?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_a_shell_watches_is_stopped() {
        let own = Pid::as_raw(Some(getpid()));
        for (own_parent, others, is_stopped) in [
            (10, &[(10, "1 10 10")][..], true),
            // A script in between.
            (11, &[(11, "10 7 10"), (10, "1 10 10")], true),
            // Started by the window of a terminal, which is in a session of its own.
            (20, &[(20, "1 20 20")], false),
            (11, &[(11, "20 7 10"), (20, "1 20 20")], false),
            // In a sandbox.
            (1, &[(1, "0 7 10")], true),
        ] {
            let stat = |id: i32| {
                let known = others.iter().find(|(known, _)| *known == id).map(|(_, numbers)| (*numbers).to_owned());
                let numbers = if id == own { Some(format!("{own_parent} 7 10")) } else { known };
                Stat::parse(&format!("{id} (a) b (c) S {} 34816 7 4194304", numbers?))
            };
            assert_eq!(can_go_on(stat), is_stopped, "{own_parent} {others:?}");
        }
        assert!(Stat::of(own).is_some_and(|stat| stat.parent > 0));
    }
}
