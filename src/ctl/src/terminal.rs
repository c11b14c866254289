// SPDX-License-Identifier: GPL-3.0-or-later
//! Standard output for results, standard error for all else, and questions only where somebody can answer.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use serde_json::Value;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Longest line that is read, in bytes. More is no address.
const LINE_LIMIT: usize = 32 * 1024;

/// Where results go, and in which form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// One JSON value instead of lines.
    pub(crate) is_json: bool,
}

impl Output {
    /// A line of the result.
    pub(crate) fn line(self, line: &str) -> Result<(), Failure> {
        if self.is_json { Ok(()) } else { Ok(writeln!(io::stdout(), "{line}")?) }
    }

    /// The result for programs.
    pub(crate) fn json(self, value: &Value) -> Result<(), Failure> {
        if self.is_json { Ok(writeln!(io::stdout(), "{value:#}")?) } else { Ok(()) }
    }
}

/// Stops by Ctrl+C and by being asked to end, from now on.
pub(crate) struct Interrupts([Signal; 3]);

impl Interrupts {
    pub(crate) fn listen() -> io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        if io::stderr().is_terminal() {
            // What the terminal shows of Ctrl+C has no end of line.
            let _ = writeln!(io::stderr());
        }
    }
}

/// Whether questions reach a person.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Something to know meanwhile.
pub(crate) fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stderr(), "{line}")?)
}

/// A question that is answered by `y`. Anything else is no.
pub(crate) async fn ask(question: &str) -> Result<bool, Failure> {
    write!(io::stderr(), "{question} [y/N] ")?;
    io::stderr().flush()?;
    let answer = in_thread(read_line).await?;
    if answer.is_empty() {
        // The end of the input was typed, which ends no line.
        writeln!(io::stderr())?;
    }
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}

/// A line that nobody sees while it is typed or pasted. `None` at the end of the input.
pub(crate) async fn secret(prompt: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    let is_terminal = io::stdin().is_terminal();
    let unseen = if is_terminal { Some(Unseen::begin()?) } else { None };
    say(prompt)?;
    let line = in_thread(if is_terminal { read_unseen } else { read_line }).await?;
    drop(unseen);
    Ok(Some(line).filter(|line| !line.is_empty()))
}

/// Reads where it holds up nothing else: a read cannot be given up, the wait for it can.
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

/// Reads a line from a terminal that hands over each character: its own lines end after 4,096, and a redirect may be longer.
fn read_unseen() -> io::Result<Zeroizing<String>> {
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

/// While it lasts, the terminal neither shows nor gathers what is typed.
struct Unseen(Termios);

impl Unseen {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON);
        unseen.special_codes[SpecialCodeIndex::VMIN] = 1;
        unseen.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Drain, &unseen)?;
        Ok(Self(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing either.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
    }
}
