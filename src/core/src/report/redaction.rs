// SPDX-License-Identifier: GPL-3.0-or-later
//! Takes out of a text what is nobody else's business: the home folder, names of the person and of this computer, users of
//! accounts, e-mail addresses, whatever looks like a token, and what [`WrittenAddress`] hides of an address. Pure.
//!
//! It takes out too much rather than too little: a repository that is called like the person loses its name. Only values
//! from outside go through it, never the words of the report itself.

use crate::{address::WrittenAddress, text};

/// Stands for a user of an account.
pub(super) const ACCOUNT: &str = "[account]";
/// Stands for the name of the person on this computer.
pub(super) const USER: &str = "[user]";
/// Stands for the name of this computer.
pub(super) const COMPUTER: &str = "[computer]";
/// Stands for an e-mail address, or for anything else with “@” in it.
pub(super) const EMAIL: &str = "[e-mail]";
/// Stands for what looks like a token.
pub(super) const TOKEN: &str = "[token]";

/// Names that say nothing of anybody.
const COMMON: [&str; 6] = ["localhost", "localdomain", "root", "user", "usher", "flatpak"];
/// Shortest name to take out, in characters: a shorter one would take letters out of every sentence.
const SHORTEST_NAME: usize = 2;
/// Shortest part of an e-mail address that counts as a name by itself, in characters.
const SHORTEST_PART: usize = 3;
/// Shortest text that can be a token, in characters. Grants have 128 bits at least.
const SHORTEST_TOKEN: usize = 20;
/// What a token without capitals has of digits at least. Names have fewer.
const DIGITS: usize = 5;

/// Takes out what is private.
#[derive(Default)]
pub struct Redaction {
    homes: Vec<String>,
    /// In small letters, the longest first, with what stands for each.
    names: Vec<(String, &'static str)>,
}

impl Redaction {
    /// Takes out the path of this home folder as well.
    #[must_use]
    pub fn and_home(mut self, path: &str) -> Self {
        let path = path.trim_end_matches('/');
        if !path.is_empty() {
            self.homes.push(path.to_owned());
        }
        self
    }

    /// Takes out this name of the person on this computer as well.
    #[must_use]
    pub fn and_user(self, name: &str) -> Self {
        self.and(name, USER)
    }

    /// Takes out this name of the computer as well.
    #[must_use]
    pub fn and_computer(self, name: &str) -> Self {
        let short = name.split_once('.').map(|(short, _)| short);
        self.and(name, COMPUTER).and(short.unwrap_or_default(), COMPUTER)
    }

    /// Takes out this user of an account as well, also where a sentence has cut it.
    #[must_use]
    pub fn and_account(self, user: &str) -> Self {
        let clean = text::clean(user, usize::MAX);
        let cut = text::clean(user, text::NAME_LIMIT);
        let part = clean.split_once('@').map_or("", |(part, _)| part);
        let part = if part.chars().count() < SHORTEST_PART { "" } else { part };
        self.and(&clean, ACCOUNT).and(cut.trim_end_matches('…'), ACCOUNT).and(part, ACCOUNT)
    }

    fn and(mut self, name: &str, stands_for_it: &'static str) -> Self {
        let name = lower(name);
        let is_known = self.names.iter().any(|(known, _)| *known == name);
        if !is_known && !COMMON.contains(&name.as_str()) && name.chars().count() >= SHORTEST_NAME {
            self.names.push((name, stands_for_it));
            self.names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        }
        self
    }

    /// One line that tells nobody anything private.
    pub fn apply(&self, value: &str) -> String {
        let mut line = text::clean(value, usize::MAX);
        for home in &self.homes {
            line = without_home(&line, home);
        }
        let mut shown = String::with_capacity(line.len());
        for word in line.split_inclusive(is_gap) {
            let (word, gap) = word
                .char_indices()
                .next_back()
                .map_or((word, ""), |(at, last)| if is_gap(last) { word.split_at(at) } else { (word, "") });
            shown.push_str(&without_secrets(word));
            shown.push_str(gap);
        }
        self.without_names(&shown)
    }

    fn without_names(&self, line: &str) -> String {
        let mut shown = String::with_capacity(line.len());
        let (mut rest, mut is_start) = (line, true);
        while let Some(next) = rest.chars().next() {
            let found = self.names.iter().filter(|_| is_start).find_map(|(name, stands_for_it)| {
                let after = after_name(rest, name)?;
                let is_end = !after.starts_with(char::is_alphanumeric);
                is_end.then_some((after, *stands_for_it))
            });
            if let Some((after, stands_for_it)) = found {
                shown.push_str(stands_for_it);
                rest = after;
                is_start = false;
            } else {
                shown.push(next);
                rest = &rest[next.len_utf8()..];
                is_start = !next.is_alphanumeric();
            }
        }
        shown
    }
}

fn lower(name: &str) -> String {
    text::clean(name, usize::MAX).to_lowercase()
}

/// What follows a name, in small letters, at the beginning of a text.
fn after_name<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut expected = name.chars();
    for (at, c) in text.char_indices() {
        if expected.as_str().is_empty() {
            return Some(&text[at..]);
        }
        for c in c.to_lowercase() {
            if expected.next() != Some(c) {
                return None;
            }
        }
    }
    expected.as_str().is_empty().then_some("")
}

fn without_home(line: &str, home: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(home) {
        let after = &rest[at + home.len()..];
        let is_whole = !after.starts_with(|c: char| c.is_alphanumeric() || "-_.".contains(c));
        shown.push_str(&rest[..at]);
        shown.push_str(if is_whole { "~" } else { home });
        rest = after;
    }
    shown + rest
}

/// Where a word ends.
fn is_gap(c: char) -> bool {
    c.is_whitespace() || "“”„«»\"<>".contains(c)
}

/// A word without user info, query, e-mail address and token.
fn without_secrets(word: &str) -> String {
    if let Some(at) = word.find("://") {
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let start = word[..at].trim_end_matches(is_scheme).len();
        return without_secrets(&word[..start]) + &address(&word[start..]);
    }
    let (word, query) = word.split_once('?').filter(|(_, query)| query.contains('=')).unwrap_or((word, ""));
    let core = word.trim_matches(|c: char| "().,;:!?'[]".contains(c));
    if core.find('@').is_some_and(|at| at > 0) && !core.ends_with('@') {
        return word.replace(core, EMAIL);
    }
    let word = without_tokens(word);
    if query.is_empty() { word } else { word + "?…" }
}

/// An address without what is private, and without tokens in its path. Its host stays as it is.
fn address(written: &str) -> String {
    let shown = WrittenAddress::from(written).to_string();
    let path = shown.find("://").map_or(0, |at| at + 3);
    let path = shown[path..].find('/').map_or(shown.len(), |at| path + at);
    let segments = shown[path..].split('/').map(without_tokens);
    shown[..path].to_owned() + &segments.collect::<Vec<_>>().join("/")
}

/// Replaces each run of characters that looks like a token.
fn without_tokens(word: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.+/~%".contains(c);
    let mut shown = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let (run, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        shown.push_str(before);
        shown.push_str(&without_token(run));
        rest = after;
    }
    shown + rest
}

fn without_token(run: &str) -> String {
    let is_path = run.starts_with(['/', '~', '.']) || run.contains("./");
    let bare: String = run.chars().filter(|c| !"+/%~".contains(*c)).collect();
    if !is_path && run.contains(['+', '/', '%', '~']) && !run.contains('.') && is_token(&bare) {
        return TOKEN.to_owned();
    }
    let segments = run.split('/').map(|segment| if has_token(segment) { TOKEN } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// Whether a token is among the parts of a dotted text, as in a JWT. Names of hosts are in small letters.
fn has_token(segment: &str) -> bool {
    let is_host = segment.contains('.')
        && segment.chars().all(|c| c.is_ascii_digit() || ".-".contains(c) || c.is_ascii_lowercase());
    !is_host && segment.split('.').any(is_token)
}

fn is_token(text: &str) -> bool {
    let count = |is: fn(&u8) -> bool| text.bytes().filter(is).count();
    let (capitals, small, digits) =
        (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase), count(u8::is_ascii_digit));
    text.len() >= SHORTEST_TOKEN && (capitals > 0 && small > 0 || digits >= DIGITS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn redaction() -> Redaction {
        Redaction::default()
            .and_home("/home/ada/")
            .and_user("ada")
            .and_computer("tower.lovelace.example")
            .and_account("Countess@lovelace.example")
            .and_account("Bücherwurm")
            .and_account(&"long".repeat(20))
            .and_account("x")
    }

    #[test]
    fn what_is_private_is_taken_out_and_the_rest_stays() {
        for (value, shown) in [
            ("", ""),
            ("demo: There is no account at store.example.org.", "demo: There is no account at store.example.org."),
            ("/home/ada/.local/share/flatpak", "~/.local/share/flatpak"),
            ("/home/ada", "~"),
            ("/home/adam and /home/ada-b", "/home/adam and /home/[user]-b"),
            ("file:///home/ada/repo", "file://~/repo"),
            ("Ada runs it, not Adam", "[user] runs it, not Adam"),
            ("on TOWER, or tower.lovelace.example", "on [computer], or [computer]"),
            ("towers", "towers"),
            ("countess@lovelace.example has", "[e-mail] has"),
            ("(bob@example.org).", "([e-mail])."),
            ("https://git.example.org/countess/repo", "https://git.example.org/[account]/repo"),
            ("the sign-in of BÜCHERWURM at", "the sign-in of [account] at"),
            (&format!("of {}", text::clean(&"long".repeat(20), text::NAME_LIMIT)), "of [account]…"),
            ("x is too short to be taken out", "x is too short to be taken out"),
            ("localhost, root and Flatpak say nothing", "localhost, root and Flatpak say nothing"),
            ("https://bob:hunter2@s.example/repo?token=hunter2#hunter2", "https://s.example/repo"),
            ("at oci+https://bob:hunter2@s.example/x.", "at oci+https://s.example/x."),
            ("bob:hunter2@proxy.example:3128", "[e-mail]"),
            ("s.example/repo?token=hunter2", "s.example/repo?…"),
            ("is it so?", "is it so?"),
            ("https://s.example/dl/0123456789abcdef0123456789abcdef/repo", "https://s.example/dl/[token]/repo"),
            ("https://store-of-apps-2024-10.example.org/a", "https://store-of-apps-2024-10.example.org/a"),
            ("store-of-apps-2024-10.example.org", "store-of-apps-2024-10.example.org"),
            (&testing::jwt("{\"sub\":\"somebody somewhere\"}"), "[token]"),
            ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", "Bearer [token]"),
            ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[token]"),
            ("code=0123456789abcdef0123456789abcdef", "code=[token]"),
            ("q83v+nR4YQ/8vZ1kP+0aLm3Yb7dE2w==", "[token]=="),
            ("aB3/dE6gH9jK2mN5pQ8/sT1vW4yZ7bC0", "[token]"),
            ("3fa85f64-5717-4562-b3fc-2c963f66afa6", "[token]"),
            ("/run/user/1000/io.github.usher.Usher.Devel", "/run/user/1000/io.github.usher.Usher.Devel"),
            ("neither XDG_DATA_HOME nor HOME names a folder", "neither XDG_DATA_HOME nor HOME names a folder"),
            ("two\nlines\u{202e}", "two lines"),
        ] {
            assert_eq!(redaction().apply(value), shown, "{value}");
        }
    }

    #[test]
    fn a_name_that_says_nothing_of_anybody_stays() {
        let redaction = Redaction::default().and_home("/").and_user("root").and_computer("localhost.localdomain");
        assert_eq!(redaction.apply("root at localhost: /var/lib"), "root at localhost: /var/lib");
    }

    /// Text around a secret that touches it nowhere.
    fn around() -> impl Strategy<Value = String> {
        "[ a-z“”().,:;/-]{0,30}"
    }

    proptest! {
        #[test]
        fn no_text_around_it_saves_a_secret(
            before in around(), after in around(),
            token in "[A-Z][a-z][0-9][A-Za-z0-9_-]{20,60}", hex in "[a-f][0-9]{5}[0-9a-f]{20,40}",
        ) {
            let jwt = testing::jwt(&format!("{{\"jti\":\"{token}\"}}"));
            for secret in [&token, &hex, &jwt] {
                let shown = redaction().apply(&format!("{before} {secret} {after}"));
                prop_assert!(!shown.contains(secret.as_str()), "{}", shown);
                let shown = redaction().apply(&format!("https://s.example/{secret}/x?t={secret}"));
                prop_assert!(!shown.contains(secret.as_str()), "{}", shown);
                let shown = redaction().apply(&format!("https://u:{secret}@s.example/{before}"));
                prop_assert!(!shown.contains(secret.as_str()), "{}", shown);
            }
        }

        #[test]
        fn no_text_around_it_saves_a_name(before in around(), after in around(), n in 0_usize..5) {
            let name = ["ada", "ADA", "tower", "countess@lovelace.example", "/home/ada"][n];
            let shown = redaction().apply(&format!("{before} {name} {after}")).to_lowercase();
            let words: Vec<_> = shown.split(|c: char| !c.is_alphanumeric()).collect();
            for private in ["ada", "tower", "countess", "lovelace"] {
                prop_assert!(!words.contains(&private), "{}", shown);
            }
        }

        #[test]
        fn any_text_becomes_one_line(text in any::<String>()) {
            prop_assert!(!redaction().apply(&text).contains(char::is_control));
        }
    }
}
