// SPDX-License-Identifier: GPL-3.0-or-later
//! What a locale can show. A terminal whose character set is not Unicode has neither typographic quotes nor an ellipsis:
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
