// SPDX-License-Identifier: GPL-3.0-or-later
//! What fuzzing makes of bytes, and what holds for whatever was read. Seeds are text that people can write: an answer of a
//! server looks as it does in HTTP, and parts are lines.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::http::HttpResponse;

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Its letters and digits alone: what somebody could still read of a word that is torn apart.
pub(crate) fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The first `N` lines, without their ends, and the rest. A line that is missing is empty.
pub(crate) fn lines<const N: usize>(bytes: &[u8]) -> ([&[u8]; N], &[u8]) {
    let mut rest = bytes;
    let lines = [(); N].map(|()| {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        line
    });
    (lines, rest)
}

/// An answer: a line with the status, lines with headers, an empty line, the body. `None` where HTTP would not take it.
pub(crate) fn answer(bytes: &[u8]) -> Option<HttpResponse> {
    let ([status], mut rest) = lines(bytes);
    let status = str::from_utf8(status).ok()?.trim().parse().ok()?;
    let mut headers = HeaderMap::new();
    loop {
        let ([line], after) = lines(rest);
        rest = after;
        if line.is_empty() {
            return Some(HttpResponse { status, headers, body: rest.to_vec() });
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(line[..colon].trim_ascii()).ok()?;
        headers.append(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
    }
}

/// Panics if a text could do more on a screen than be read.
pub(crate) fn assert_is_plain(text: &str) {
    let is_odd = |c: char| {
        let turns =
            matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c.is_control() || turns || matches!(c, '\u{200b}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
    };
    assert!(!text.contains(is_odd), "{text:?}");
}

/// What a shell takes this command for. Reads plain words, single quotes and escaped quotes, and panics at anything else.
pub(crate) fn arguments_of(command: &str) -> Vec<String> {
    let (mut arguments, mut word, mut characters) = (Vec::new(), None, command.chars());
    while let Some(c) = characters.next() {
        match c {
            ' ' => arguments.extend(word.take()),
            '\'' => {
                let quoted: String = characters.by_ref().take_while(|c| *c != '\'').collect();
                word.get_or_insert_with(String::new).push_str(&quoted);
            }
            '\\' => {
                assert_eq!(characters.next(), Some('\''), "{command:?}");
                word.get_or_insert_with(String::new).push('\'');
            }
            c if c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c) => {
                word.get_or_insert_with(String::new).push(c);
            }
            _ => panic!("a shell would read more than words: {command:?}"),
        }
    }
    arguments.extend(word);
    arguments
}

/// Panics unless this is a command that a person may be shown: it runs flatpak with these words and no other program. Where
/// a key comes along, that is written to a file before and removed after.
pub(crate) fn assert_runs_flatpak(command: &str) {
    assert_is_plain(command);
    let with_key = command.strip_prefix("key=$(mktemp) && ").map(|rest| {
        let (key, rest) = rest.split_once(r#" | base64 --decode >"$key" && "#).expect("the key is decoded");
        assert!(matches!(arguments_of(key).as_slice(), [program, format, _] if program == "printf" && format == "%s"));
        let (add, what) = rest.rsplit_once(r#" --gpg-import="$key" "#).expect("the key is imported");
        format!("{add} {}", what.strip_suffix(r#" && rm "$key""#).expect("the key is removed"))
    });
    let arguments = arguments_of(with_key.as_deref().unwrap_or(command));
    assert_eq!(arguments.first().map(String::as_str), Some("flatpak"), "{command:?}");
}

/// A private folder of files for what reads no bytes but a file. Gone when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// An empty folder of its own.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("usher-fuzzing-{}-{number}", std::process::id()));
        fs::create_dir(&path).expect("the folder for temporary files can be written");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, with the folders above it; gives its path.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        let above = path.parent().expect("a file is in a folder");
        let written = fs::create_dir_all(above).and_then(|()| fs::write(&path, bytes));
        written.expect("the folder for temporary files can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn an_answer_reads_as_it_was_written() {
        let read = answer(b"401\nwww-authenticate: Basic\nWWW-Authenticate: Bearer\n\n{}\n\nmore").unwrap();
        assert_eq!((read.status, read.body.as_slice()), (401, &b"{}\n\nmore"[..]));
        assert_eq!(read.headers_named("www-authenticate").collect::<Vec<_>>(), ["Basic", "Bearer"]);
        assert!(answer(b"").is_none() && answer(b"200\nno header\n\n").is_none());
    }

    #[test]
    fn a_command_reads_as_its_arguments() {
        for arguments in [&["flatpak", "it's", "a b", "", "$(x) `y` \\"][..], &["a"]] {
            assert_eq!(arguments_of(&text::command(arguments).unwrap()), arguments);
        }
        assert!(std::panic::catch_unwind(|| arguments_of("flatpak; rm")).is_err());
        assert!(std::panic::catch_unwind(|| assert_is_plain("a\u{202e}b")).is_err());
    }
}
