// SPDX-License-Identifier: GPL-3.0-or-later
//! What a credential says about itself, and what a service says about a credential.

use crate::{
    i18n::{gettext, gettext_f},
    text,
};

/// How many prefixes to show.
const SHOWN: usize = 5;

/// What a credential says about itself: to show, never to rely on (rule R12).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// Whether it is what an operator hands out to people, who keep it elsewhere too.
    pub is_handed_out: bool,
    /// How long it lives from when it was issued: seconds.
    pub lifetime: Option<i64>,
    /// The apps that it is for: each of these ids, and the ids below it. An empty list or an empty id stands for every
    /// app. `None` if it does not say.
    pub prefixes: Option<Vec<String>>,
}

impl Hints {
    /// Whether the credential says that it is for every app.
    pub fn covers_all(&self) -> bool {
        let is_all = |prefixes: &Vec<String>| prefixes.is_empty() || prefixes.iter().any(String::is_empty);
        self.prefixes.as_ref().is_some_and(is_all)
    }

    /// For which apps the credential is, in words without a full stop. `None` if it does not say.
    pub fn coverage(&self) -> Option<String> {
        let prefixes = self.prefixes.as_ref()?;
        if self.covers_all() {
            return Some(gettext("For all apps of the repository"));
        }
        // Translators: “prefix” is the beginning of ids of apps, such as “org.example”, or several with commas between
        Some(gettext_f("For apps starting with {prefix}", &[("prefix", &shown(prefixes))]))
    }
}

/// The prefixes, cleaned for showing.
fn shown(prefixes: &[String]) -> String {
    let all: Vec<_> = prefixes.iter().take(SHOWN).map(|prefix| text::clean(prefix, text::NAME_LIMIT)).collect();
    let more = if prefixes.len() > SHOWN { ", …" } else { "" };
    all.join(", ") + more
}

/// What a service says about a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// It gives for the credential what it gives to nobody without.
    Accepted,
    /// It does not accept the credential.
    Refused {
        /// Whether this is its own last word, which ends the sign-in (rule R13).
        is_final: bool,
    },
    /// Nothing that was asked tells.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_which_apps_a_credential_is_comes_in_words() {
        for (prefixes, words) in [
            (&["org.example"][..], "For apps starting with org.example"),
            (&["org.a", "org.b.B"], "For apps starting with org.a, org.b.B"),
            (&["a", "b", "c", "d", "e", "f"], "For apps starting with a, b, c, d, e, …"),
            (&["org.\u{202e}a\n"], "For apps starting with org.a"),
            (&[], "For all apps of the repository"),
            (&["org.a", ""], "For all apps of the repository"),
        ] {
            let prefixes = prefixes.iter().map(ToString::to_string).collect();
            let hints = Hints { prefixes: Some(prefixes), ..Hints::default() };
            assert_eq!(hints.coverage().as_deref(), Some(words));
        }
        assert_eq!(Hints::default().coverage(), None);
        assert!(!Hints::default().covers_all(), "nobody knows");
    }
}
