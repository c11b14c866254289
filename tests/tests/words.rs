// SPDX-License-Identifier: GPL-3.0-or-later
//! The strings that people read keep to one voice: the words, the quotes and the sentences that GNOME's own apps have.

use std::fs;

use usher_tests::workspace;

/// What no string has: words that blame, plead or speak to somebody, typewriter quotes, and phrases that have to be read
/// twice, each with what is said in its place.
const NOWHERE: [(&str, &str); 21] = [
    ("please", "say what to do"),
    ("sorry", "say what happened"),
    ("oops", "say what happened"),
    ("you", "speak of the account, the app or the server"),
    ("your", "speak of the account, the app or the server"),
    ("my", "speak of the account, the app or the server"),
    ("log in to", "sign in to"),
    ("login", "sign-in"),
    ("authenticate", "sign in"),
    ("goes on", "continues"),
    ("go on", "continue"),
    ("any more", "no longer"),
    ("besides", "also"),
    ("taken along", "brought"),
    ("as it should", "responding"),
    ("as it ought", "responding"),
    ("was begun", "unfinished, or started"),
    ("finds out", "checks"),
    ("usable answer", "answered in an unexpected way"),
    ("nobody can", "say what is needed"),
    ("stands before", "everything before"),
];

/// What no string of the window has: words of the protocols. usherctl may say “remote”, flatpak's own word.
const NOT_IN_THE_WINDOW: [(&str, &str); 14] = [
    ("remote", "repository"),
    ("remotes", "repositories"),
    ("origin", "repository"),
    ("session", "sign-in"),
    ("credential", "sign-in"),
    ("credentials", "sign-in"),
    ("token", "access"),
    ("denied", "no access"),
    ("entitlement", "access"),
    ("url", "address"),
    ("api", "server"),
    ("endpoint", "server"),
    ("portal", "keyring"),
    ("secret service", "keyring"),
];

/// The strings of a source file, each with the number of its line. `calls` is what they are given to.
fn strings(source: &str, calls: &[&str]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for call in calls {
        for (at, _) in source.match_indices(call) {
            let mut rest = source[at + call.len()..].trim_start();
            // The forms for one and for several follow each other.
            while let Some((text, after)) = rest.strip_prefix('"').and_then(literal) {
                found.push((source[..at].matches('\n').count() + 1, text));
                rest = after.trim_start().trim_start_matches(',').trim_start();
            }
        }
    }
    found
}

/// The content of a string literal that has begun, and what follows it.
fn literal(rest: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    let end = rest.find(|character| {
        let is_end = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        is_end
    })?;
    Some((rest[..end].to_owned(), &rest[end + 1..]))
}

/// A file of the workspace.
fn read(file: &str) -> String {
    fs::read_to_string(workspace().join(file)).unwrap_or_else(|error| panic!("{file} can be read: {error}"))
}

/// The source files with strings.
fn sources() -> Vec<String> {
    let list = read("po/POTFILES.in");
    list.lines().filter(|line| line.starts_with("src/")).map(str::to_owned).collect()
}

/// Every string that is translated, with the place where it stands.
fn all_strings() -> Vec<(String, String)> {
    sources()
        .iter()
        .flat_map(|file| {
            let source = read(file);
            let found = strings(&source, &["gettext(", "gettext_f(", "_("]);
            found.into_iter().map(move |(line, text)| (format!("{file}:{line}"), text))
        })
        .collect()
}

fn has_words(text: &str, words: &str) -> bool {
    let text = text.to_lowercase();
    let is_part = |character: char| character.is_alphanumeric() || "-_{}’".contains(character);
    text.match_indices(words).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + words.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

/// What is wrong with a string, if anything is.
fn fault(place: &str, text: &str) -> Option<String> {
    // What people paste is called so, by its two words alone.
    let text = &text.replace("access token", "").replace("Access Token", "").replace("Access token", "");
    let window: &[_] = if place.starts_with("src/app/") { &NOT_IN_THE_WINDOW } else { &[] };
    if let Some((words, instead)) = NOWHERE.iter().chain(window).find(|(words, _)| has_words(text, words)) {
        return Some(format!("says “{words}”: {instead}"));
    }
    if text.contains("\\\"") || text.contains('\'') {
        return Some("has typewriter quotes: “ ” and ’".into());
    }
    if text.contains("...") || text.contains('!') {
        return Some("has three dots or an exclamation mark".into());
    }
    None
}

#[test]
fn every_string_keeps_to_the_voice() {
    let all = all_strings();
    assert!(all.len() > 800, "the strings are found: {}", all.len());
    let faults: Vec<_> =
        all.iter().filter_map(|(place, text)| Some(format!("{place}: “{text}” {}", fault(place, text)?))).collect();
    assert_eq!(faults, [] as [String; 0], "{}", faults.join("\n"));
}

#[test]
fn a_string_that_has_to_be_read_twice_is_found() {
    let window = "src/app/src/a.rs:1";
    for bad in ["The install goes on.", "Enter your password", "It's here", "Wait...", "The remote is gone", "Done!"] {
        assert!(fault(window, bad).is_some(), "{bad}");
    }
    for good in ["Paste an access token", "Access Token Accepted"] {
        assert_eq!(fault(window, good), None);
    }
    assert!(fault(window, "The token has ended").is_some());
    for good in ["The install continues.", "Remote Desktop-like", "“{remote}” may use it", "The store’s page"] {
        assert_eq!(fault("src/ctl/src/a.rs:1", good), None);
    }
    let source = "x(gettext(\"One\"));\nngettext_f(\n  \"{n} \\\"a\\\"\",\n  \"{n} b\",\n n);";
    assert_eq!(
        strings(source, &["gettext(", "gettext_f("]),
        [(1, "One".into()), (2, "{n} \\\"a\\\"".into()), (2, "{n} b".into())]
    );
}

#[test]
fn a_translator_sees_every_string() {
    for file in sources() {
        let source = read(&file);
        for call in ["gettext(", "gettext_f("] {
            let given = source.split(call).skip(1).map(str::trim_start);
            assert_eq!(given.filter(|given| !given.starts_with('"')).count(), 0, "{file}: {call} takes a literal");
        }
    }
}

#[test]
fn no_icon_looks_as_if_one_were_missing() {
    let asking: Vec<_> = sources().into_iter().filter(|file| read(file).contains("dialog-question")).collect();
    assert_eq!(asking, [] as [String; 0], "a question mark stands for nothing: show what the row is about");
}

#[test]
fn who_makes_usher_has_one_name() {
    let about = strings(&read("src/app/src/application/about.rs"), &["developer_name(gettext("]);
    let [(_, name)] = about.as_slice() else { panic!("{about:?}") };
    let metainfo = read("data/io.github.usher.Usher.metainfo.xml.in");
    assert!(metainfo.contains(&format!("<name translate=\"no\">{name}</name>")), "{name}");
}
