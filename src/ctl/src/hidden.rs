// SPDX-License-Identifier: GPL-3.0-or-later
//! Reads what nobody else may see: from a terminal without showing it, or from a pipe. The terminal is as it was before
//! whenever the person sees something else than the question: after the answer, after Ctrl+C, and while the program is
//! stopped (Ctrl+Z).

use std::{
    io::{self, IsTerminal, Write},
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use usher_core::i18n::gettext;
use zeroize::Zeroizing;

use crate::{
    failure::Failure,
    terminal::{in_thread, shown},
};

/// Longest line to read, in bytes. No address and no password is longer.
const LINE_LIMIT: usize = 32 * 1024;

/// The question whose answer is typed now. There is one terminal, which the whole process shares.
static ASKED: Mutex<Option<Asked>> = Mutex::new(None);
/// Whether what was typed so far counts for nothing: the person came back to the question after a stop.
static STARTS_OVER: AtomicBool = AtomicBool::new(false);

struct Asked {
    question: String,
    /// The terminal's own modes.
    before: Termios,
}

/// Asks a question whose answer is not shown. `None` at the end of the input.
pub(crate) async fn ask(question: &str) -> Result<Option<Zeroizing<String>>, Failure> {
    if !io::stdin().is_terminal() {
        writeln!(io::stderr(), "{}", shown(question))?;
        return text_of(in_thread(|| read_bytes(LINE_LIMIT, true)).await?);
    }
    let typed = {
        let _hidden = Hiding::begin(question)?;
        in_thread(read_typed).await?
    };
    writeln!(io::stderr())?;
    text_of(typed)
}

/// Reads standard input to its end. `None` if there are more than `longest` bytes, besides a line break at the end.
pub(crate) async fn whole_input(longest: usize) -> Result<Option<Zeroizing<String>>, Failure> {
    let longest = longest + "\r\n".len();
    let text = text_of(in_thread(move || read_bytes(longest + 1, false)).await?)?.unwrap_or_default();
    Ok(Some(text).filter(|text| text.len() <= longest))
}

/// Shows what is typed again, while the program is stopped.
pub(crate) fn before_stop() {
    if let Some(asked) = &*asked() {
        restore(&asked.before, OptionalActions::Drain);
    }
}

/// Hides what is typed, and asks again, once the program goes on.
pub(crate) fn after_stop() {
    if let Some(asked) = &*asked() {
        STARTS_OVER.store(true, Ordering::Relaxed);
        let _ = hide(&asked.before).and_then(|()| put(&asked.question));
    }
}

fn asked() -> MutexGuard<'static, Option<Asked>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn put(question: &str) -> io::Result<()> {
    write!(io::stderr(), "{} ", shown(question))?;
    io::stderr().flush()
}

/// While this exists, the terminal neither shows what is typed nor waits for whole lines.
struct Hiding;

impl Hiding {
    fn begin(question: &str) -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        STARTS_OVER.store(false, Ordering::Relaxed);
        hide(&before)?;
        *asked() = Some(Asked { question: question.to_owned(), before });
        let hiding = Self;
        put(question)?;
        Ok(hiding)
    }
}

impl Drop for Hiding {
    fn drop(&mut self) {
        if let Some(asked) = asked().take() {
            // Drops what was pasted after the first line, which nobody asked for and everybody would see.
            restore(&asked.before, OptionalActions::Flush);
        }
    }
}

fn hide(before: &Termios) -> io::Result<()> {
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON);
    hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
    hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
    Ok(tcsetattr(io::stdin(), OptionalActions::Drain, &hidden)?)
}

fn restore(before: &Termios, when: OptionalActions) {
    // A terminal that has gone needs no restoring.
    let _ = tcsetattr(io::stdin(), when, before);
}

/// A line that is typed or pasted.
#[derive(Debug)]
struct Line(Zeroizing<Vec<u8>>);

impl Line {
    fn new() -> Self {
        // Has all of its space at once: growing would leave copies behind.
        Self(Zeroizing::new(Vec::with_capacity(LINE_LIMIT)))
    }

    /// Takes the next character. `true` at the end of the line, or of the input.
    fn take(&mut self, byte: u8) -> bool {
        match byte {
            b'\n' | b'\r' => {
                self.0.push(b'\n');
                return true;
            }
            // End of the input, erase, erase all.
            4 => return true,
            8 | 127 => while self.0.pop().is_some_and(|last| last & 0xc0 == 0x80) {},
            21 => self.0.clear(),
            other if self.0.len() + 1 < LINE_LIMIT => self.0.push(other),
            _ => {}
        }
        false
    }
}

/// Reads a line character by character: a terminal cuts its own lines at 4,096 characters, and a redirect or a token may
/// be longer.
fn read_typed() -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Line::new();
    let mut byte = Zeroizing::new([0]);
    while rustix::io::retry_on_intr(|| rustix::io::read(io::stdin(), &mut *byte))? == 1 {
        if STARTS_OVER.swap(false, Ordering::Relaxed) {
            line.0.clear();
        }
        if line.take(byte[0]) {
            break;
        }
    }
    Ok(line.0)
}

/// Reads a line, or all up to the end of the input, but no more than `longest` bytes.
fn read_bytes(longest: usize, is_line: bool) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(longest));
    let mut byte = Zeroizing::new([0]);
    while bytes.len() < longest && rustix::io::retry_on_intr(|| rustix::io::read(io::stdin(), &mut *byte))? == 1 {
        bytes.push(byte[0]);
        if is_line && byte[0] == b'\n' {
            break;
        }
    }
    Ok(bytes)
}

/// `None` for no text at all.
fn text_of(mut bytes: Zeroizing<Vec<u8>>) -> Result<Option<Zeroizing<String>>, Failure> {
    match String::from_utf8(mem::take(&mut *bytes)) {
        Ok(text) => Ok(Some(Zeroizing::new(text)).filter(|text| !text.is_empty())),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(Failure::Usage(gettext("What was typed is not text in UTF-8.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_line_can_be_corrected() {
        let typed = |keys: &[u8]| {
            let mut line = Line::new();
            let ended = keys.iter().any(|&key| line.take(key));
            (String::from_utf8(line.0.to_vec()).unwrap(), ended)
        };
        for (keys, line, ended) in [
            (&b"pass word:\n"[..], "pass word:\n", true),
            (b"pasted\r", "pasted\n", true),
            (b"ab\x08c\x7f", "a", false),
            ("aé\x7f".as_bytes(), "a", false),
            ("a€\x7f\x7f\x7f".as_bytes(), "", false),
            (b"wrong\x15right\n", "right\n", true),
            (b"half\x04", "half", true),
            (b"\x04", "", true),
        ] {
            assert_eq!(typed(keys), (line.to_owned(), ended), "{keys:?}");
        }
        let (long, ended) = typed(&[vec![b'a'; LINE_LIMIT + 7].as_slice(), b"\n"].concat());
        assert_eq!((long.len(), ended), (LINE_LIMIT, true));
    }
}
