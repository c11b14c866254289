// SPDX-License-Identifier: GPL-3.0-or-later
//! Translated strings with named placeholders, such as `Sign In to {host}`.

use gettextrs::{LocaleCategory, bind_textdomain_codeset, bindtextdomain, setlocale, textdomain};
pub use gettextrs::{gettext, ngettext};

use crate::names;

/// Selects the person's language. Without translations the source strings show.
pub fn init() {
    setlocale(LocaleCategory::LcAll, "");
    // Without its translations the program speaks English; nothing can be done about it.
    let _ = bindtextdomain(names::GETTEXT_DOMAIN, names::LOCALE_DIR);
    let _ = bind_textdomain_codeset(names::GETTEXT_DOMAIN, "UTF-8");
    let _ = textdomain(names::GETTEXT_DOMAIN);
}

/// Translates a text and fills in its placeholders.
pub fn gettext_f(text: &str, values: &[(&str, &str)]) -> String {
    fill(&gettext(text), values)
}

/// Translates a text for `n` things and fills in its placeholders; `{n}` is the number.
pub fn ngettext_f(singular: &str, plural: &str, n: usize, values: &[(&str, &str)]) -> String {
    let translated = ngettext(singular, plural, u32::try_from(n).unwrap_or(u32::MAX));
    let number = n.to_string();
    let values: Vec<_> = values.iter().copied().chain([("n", number.as_str())]).collect();
    fill(&translated, &values)
}

/// Replaces placeholders in one pass, so that a value that looks like a placeholder stays unchanged.
fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        filled.push_str(&rest[..start]);
        rest = &rest[start..];
        let known = values.iter().find_map(|(name, value)| {
            let after = rest[1..].strip_prefix(name)?.strip_prefix('}')?;
            Some((*value, after))
        });
        let (value, after) = known.unwrap_or(("{", &rest[1..]));
        filled.push_str(value);
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once() {
        assert_eq!(fill("{a} and {b} {c}", &[("a", "{b}"), ("b", "x")]), "{b} and x {c}");
    }
}
