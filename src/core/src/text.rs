// SPDX-License-Identifier: GPL-3.0-or-later
//! Text from outside: cleaned before it is shown, quoted before it goes into a command (rule R17).

use crate::names;

/// Longest text from a server to show, in characters (rule R17).
pub const SERVER_TEXT_LIMIT: usize = 120;
/// Longest name (host, user, app, repository) in a window, in characters.
pub const NAME_LIMIT: usize = 64;

/// One line of at most `limit` characters, without control or direction-changing characters. White space of any kind
/// becomes single spaces; “…” marks a cut.
pub fn clean(text: &str, limit: usize) -> String {
    let line = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .map(|word| word.chars().filter(|&c| !is_hidden(c)).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    if line.chars().count() <= limit {
        return line;
    }
    let Some(room) = limit.checked_sub(1) else { return String::new() };
    let kept: String = line.chars().take(room).collect();
    format!("{}…", kept.trim_end())
}

/// A name for showing: cleaned, cut, and isolated so that its direction does not leak into the text around it.
pub fn name(text: &str) -> String {
    format!("\u{2068}{}\u{2069}", clean(text, NAME_LIMIT))
}

/// Characters that affect those around them, or are invisible.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A command line for a POSIX shell. `None` if an argument is not plain: such a name never goes into a command for a
/// person to copy (rule R17).
pub fn command(arguments: &[&str]) -> Option<String> {
    let quoted: Option<Vec<String>> = arguments.iter().map(|argument| quote(argument)).collect();
    quoted.map(|arguments| arguments.join(" "))
}

/// A command line that runs `usherctl` with these arguments, from a person's shell.
pub fn usherctl(arguments: &[&str]) -> Option<String> {
    command(&[names::usherctl(), arguments].concat())
}

/// One argument, quoted if the shell needs it. `None` for control, hidden and non-ASCII characters. Whether a program
/// could mistake it for an option is another question: see [`is_plain_name`].
fn quote(argument: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !argument.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return None;
    }
    if !argument.is_empty() && argument.chars().all(plain) {
        return Some(argument.to_owned());
    }
    Some(format!("'{}'", argument.replace('\'', r"'\''")))
}

/// Whether a name may stand alone as an argument of a command, and nothing can mistake it for an option.
pub fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.starts_with('-')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_and_direction_characters_are_removed() {
        assert_eq!(clean("a\u{1b}[31mred\u{202e}x\r\n b", 120), "a [31mredx b");
        assert_eq!(clean("\u{2067}\u{200f}", 120), "");
    }

    #[test]
    fn a_long_text_is_cut_and_marked() {
        assert_eq!(clean("abcdef", 4), "abc…");
        assert_eq!(clean("ab cdef", 4), "ab…");
        assert_eq!(clean("ab cdef", 3), "ab…");
        assert_eq!(clean("a b", 1), "…");
        assert_eq!(clean("a b", 0), "");
    }

    #[test]
    fn quotes_are_quoted_and_odd_names_refused() {
        assert_eq!(command(&["flatpak", "install", "it's"]).as_deref(), Some(r"flatpak install 'it'\''s'"));
        assert_eq!(command(&["flatpak", "a\nb"]), None);
        assert_eq!(command(&["flatpak", "é"]), None);
        assert!(!is_plain_name("--user"));
        assert!(is_plain_name("org.example.App"));
    }

    proptest! {
        #[test]
        fn cleaned_text_is_short_and_visible_and_cleaning_again_changes_nothing(text in any::<String>(), limit in 0usize..200) {
            let cleaned = clean(&text, limit);
            prop_assert!(cleaned.chars().count() <= limit);
            prop_assert!(!cleaned.chars().any(|c| c.is_control() || is_hidden(c)));
            prop_assert_eq!(clean(&cleaned, limit), cleaned);
        }

        #[test]
        fn a_quoted_argument_is_one_word_for_the_shell(text in "[ -~]{0,40}") {
            let quoted = command(&[&text]).unwrap();
            let shell = std::process::Command::new("sh").args(["-c", &format!("printf %s {quoted}")]).output().unwrap();
            prop_assert_eq!(String::from_utf8(shell.stdout).unwrap(), text);
        }
    }
}
