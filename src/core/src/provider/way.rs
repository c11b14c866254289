// SPDX-License-Identifier: GPL-3.0-or-later
//! How a person comes to a server's sign-in page.

use serde::{Deserialize, Serialize};

/// How a person comes to a server's sign-in page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// In a view of Usher's own.
    Embedded,
    /// In the person's browser.
    Browser,
    /// On another device, with a code to type there.
    Code,
}

impl Way {
    /// The way to begin with, of those that a server has: the one that the person took the last time there, or else the
    /// browser if the person prefers it everywhere, or else the server's first one.
    pub fn first(ways: &[Self], last: Option<Self>, prefers_browser: bool) -> Self {
        let preferred = prefers_browser.then_some(Self::Browser);
        let offered = last.into_iter().chain(preferred).find(|way| ways.contains(way));
        offered.or(ways.first().copied()).unwrap_or(Self::Embedded)
    }
}

/// The words by which a person finds a kind of server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherWay {
    /// What such servers are called.
    pub title: String,
    /// How one signs in there.
    pub subtitle: String,
    /// Which address is wanted: a sentence.
    pub what_to_enter: String,
    /// What else such a server is known by: each an option of a remote, and what it is called.
    pub terms: Vec<(&'static str, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_way_comes_first_then_the_preferred_one_then_the_servers() {
        use Way::{Browser, Code, Embedded};
        for (ways, last, prefers_browser, first) in [
            (&[Embedded, Browser, Code][..], None, false, Embedded),
            (&[Embedded, Browser, Code], None, true, Browser),
            (&[Embedded, Browser, Code], Some(Code), true, Code),
            (&[Embedded, Browser, Code], Some(Embedded), true, Embedded),
            (&[Embedded, Browser], Some(Code), false, Embedded),
            (&[Browser, Embedded], None, false, Browser),
            (&[], None, true, Embedded),
        ] {
            assert_eq!(Way::first(ways, last, prefers_browser), first, "{ways:?} {last:?} {prefers_browser}");
        }
    }
}
