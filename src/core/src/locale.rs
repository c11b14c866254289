// SPDX-License-Identifier: GPL-3.0-or-later
//! The languages that a person reads, and what a locale can show. A terminal whose character set is not Unicode has neither typographic quotes nor an ellipsis:
//! there they become question marks, and a command in quotes is copied with them.

use std::borrow::Cow;

/// The variables that name the character set, the first that is set counts (`setlocale(3)`).
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

/// Whether the character set of an environment is Unicode.
pub fn is_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let name = VARIABLES.into_iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
    let charset = name.as_deref().and_then(|name| name.split('@').next()?.split_once('.').map(|(_, charset)| charset));
    charset.is_some_and(|charset| charset.replace('-', "").eq_ignore_ascii_case("utf8"))
}

/// Whether the character set of this process is Unicode.
pub fn is_unicode_here() -> bool {
    is_unicode(|name| std::env::var(name).ok())
}

/// The variables that name the language of messages.
const LANGUAGE_VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The languages of an environment, the best first, as gettext takes them: `de_AT`, `de`.
pub fn languages_in(variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let locale =
        LANGUAGE_VARIABLES.into_iter().find_map(set).filter(|locale| !matches!(locale.as_str(), "C" | "POSIX"));
    let listed = locale.as_ref().and_then(|_| set("LANGUAGE"));
    let named = listed.or(locale).unwrap_or_default();
    let mut found: Vec<String> = Vec::new();
    for whole in named.split(':').filter_map(|name| name.split(['.', '@']).next()) {
        let short = whole.split('_').next().unwrap_or_default();
        for language in [whole, short].into_iter().filter(|language| !language.is_empty() && *language != "C") {
            if !found.iter().any(|known| known == language) {
                found.push(language.to_owned());
            }
        }
    }
    found
}

/// The languages of this process.
pub fn languages() -> Vec<String> {
    languages_in(|name| std::env::var(name).ok())
}

/// A text for a locale without typographic characters. Names from outside stay as they are.
pub fn ascii_punctuation(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '‘' | '’' | '‚' | '‹' | '›' => plain.push('\''),
            '…' => plain.push_str("..."),
            '–' | '—' | '·' => plain.push('-'),
            '\u{a0}' | '\u{202f}' => plain.push(' '),
            '\u{2066}'..='\u{2069}' => {}
            other => plain.push(other),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_languages_of_a_person_come_best_first() {
        for (variables, wanted) in [
            (&[("LANG", "de_AT.UTF-8")][..], &["de_AT", "de"][..]),
            (&[("LANG", "de_AT@euro"), ("LANGUAGE", "fr:de_CH:de")], &["fr", "de_CH", "de"]),
            (&[("LANG", "de_DE.UTF-8"), ("LC_MESSAGES", "pt_BR.UTF-8"), ("LC_ALL", "")], &["pt_BR", "pt"]),
            (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C.UTF-8")], &[]),
            (&[("LANG", "C"), ("LANGUAGE", "de")], &[]),
            (&[], &[]),
        ] {
            let variables: std::collections::BTreeMap<_, _> = variables.iter().copied().collect();
            let found = languages_in(|name| variables.get(name).map(ToString::to_string));
            assert_eq!(found, wanted, "{variables:?}");
        }
    }

    #[test]
    fn u06_a_locale_is_unicode_only_if_its_character_set_is() {
        for (variables, wanted) in [
            (&[("LANG", "C.UTF-8")][..], true),
            (&[("LANG", "en_US.utf8")], true),
            (&[("LANG", "de_DE.UTF-8@euro")], true),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "C")], false),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "")], true),
            (&[("LANG", "C.UTF-8"), ("LC_CTYPE", "POSIX")], false),
            (&[("LANG", "C"), ("LC_CTYPE", "en_GB.UTF-8")], true),
            (&[("LANG", "C"), ("LC_MESSAGES", "en_GB.UTF-8")], false),
            (&[("LANG", "en_US")], false),
            (&[("LANG", "de_DE@euro")], false),
            (&[("LANG", "ru_RU.KOI8-R")], false),
            (&[("LANG", "en_US.ISO-8859-1")], false),
            (&[], false),
        ] {
            let variable =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(is_unicode(variable), wanted, "{variables:?}");
        }
    }

    #[test]
    fn u06_punctuation_has_an_ascii_form_and_names_stay() {
        for (text, plain) in [
            (
                "Run “usherctl sign-in a.example”, then try again.",
                "Run \"usherctl sign-in a.example\", then try again.",
            ),
            ("Waiting… (Ctrl+C to stop)", "Waiting... (Ctrl+C to stop)"),
            ("„Müller’s“ – ‘x’", "\"Müller's\" - 'x'"),
            ("plain", "plain"),
        ] {
            assert_eq!(ascii_punctuation(text), plain);
        }
    }
}
