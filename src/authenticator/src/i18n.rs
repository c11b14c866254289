// SPDX-License-Identifier: GPL-3.0-or-later
//! Translated sentences with named placeholders.

use gettextrs::{LocaleCategory, bind_textdomain_codeset, bindtextdomain, gettext, ngettext, setlocale, textdomain};
use usher_core::names;

/// Takes the language of the environment. Without translations the source strings are used.
pub(crate) fn init() {
    setlocale(LocaleCategory::LcAll, "");
    let _ = bindtextdomain(names::GETTEXT_DOMAIN, names::LOCALE_DIR);
    let _ = bind_textdomain_codeset(names::GETTEXT_DOMAIN, "UTF-8");
    let _ = textdomain(names::GETTEXT_DOMAIN);
}

/// Translates a sentence and fills in its placeholders.
pub(crate) fn gettext_f(text: &str, values: &[(&str, &str)]) -> String {
    fill(&gettext(text), values)
}

/// Translates a sentence by number and fills in its placeholders; `{n}` is the number.
pub(crate) fn ngettext_f(one: &str, several: &str, n: usize, values: &[(&str, &str)]) -> String {
    let number = n.to_string();
    let values: Vec<_> = values.iter().copied().chain([("n", number.as_str())]).collect();
    fill(&ngettext(one, several, u32::try_from(n).unwrap_or(u32::MAX)), &values)
}

/// Fills in placeholders in one pass: a value that looks like a placeholder stays what it is.
fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('{') {
        filled.push_str(before);
        let known = from
            .split_once('}')
            .and_then(|(name, after)| values.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value, after)));
        if let Some((value, after)) = known {
            filled.push_str(value);
            rest = after;
        } else {
            filled.push('{');
            rest = from;
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once_and_others_left() {
        assert_eq!(fill("{a} {b} {c} {", &[("a", "{b}"), ("b", "x")]), "{b} x {c} {");
    }
}
