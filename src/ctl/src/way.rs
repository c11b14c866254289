// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether a person signs in on a page in a browser, or with a code on another device. Pure.

use clap::Args;
use usher_core::provider::Way;

use crate::browser;

/// How a person wants to come to the sign-in page.
#[derive(Args, Debug, Clone, Copy, Default)]
#[group(skip)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) browser: browser::Options,
    /// Sign in with a code on another device, such as a phone, where the server has codes
    #[arg(long, conflicts_with_all = ["browser", "no_browser", "paste"])]
    pub(crate) code: bool,
}

impl Options {
    /// The way to begin with, of those that a server has. `last` is the one that the person chose the last time.
    /// Over ssh the browser is on another computer, so a code is the shorter way there.
    pub(crate) fn first(self, ways: &[Way], last: Option<Way>, is_remote: bool) -> Way {
        let is_code = if self.code || self.browser.is_named() {
            self.code
        } else {
            ways.contains(&Way::Code) && (is_remote || last == Some(Way::Code))
        };
        if is_code { Way::Code } else { Way::Browser }
    }

    /// The way to remember: the one that the person has named. What only follows from the place is no choice.
    pub(crate) fn chosen(self) -> Option<Way> {
        if self.code { Some(Way::Code) } else { self.browser.wants_browser().then_some(Way::Browser) }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn options(words: &[&str]) -> Options {
        Line::try_parse_from([&["usherctl"], words].concat()).map(|line| line.options).unwrap()
    }

    #[test]
    fn a_code_comes_first_over_ssh_and_where_it_was_chosen_before() {
        use Way::{Browser, Code, Embedded};
        let all = &[Embedded, Browser, Code][..];
        for (words, ways, last, is_remote, first, chosen) in [
            (&[][..], all, None, false, Browser, None),
            (&[], all, None, true, Code, None),
            (&[], all, Some(Code), false, Code, None),
            (&[], all, Some(Browser), true, Code, None),
            (&[], all, Some(Embedded), false, Browser, None),
            (&[], &[Embedded, Browser], Some(Code), true, Browser, None),
            (&[], &[], None, true, Browser, None),
            (&["--browser"], all, Some(Code), true, Browser, Some(Browser)),
            (&["--no-browser"], all, Some(Code), true, Browser, None),
            (&["--paste"], all, None, true, Browser, None),
            (&["--listen"], all, None, true, Browser, Some(Browser)),
            (&["--code"], all, Some(Browser), false, Code, Some(Code)),
            // The server says itself that it has none.
            (&["--code"], &[], None, false, Code, Some(Code)),
        ] {
            let options = options(words);
            assert_eq!(options.first(ways, last, is_remote), first, "{words:?} {ways:?} {last:?} {is_remote}");
            assert_eq!(options.chosen(), chosen, "{words:?}");
        }
    }

    #[test]
    fn options_that_contradict_each_other_are_refused() {
        for (words, is_sound) in [
            (&["--browser", "--code"][..], false),
            (&["--no-browser", "--code"], false),
            (&["--paste", "--code"], false),
            (&["--listen", "--code"], false),
            (&["--browser", "--paste"], false),
            (&["--listen", "--paste"], false),
            (&["--browser", "--no-browser"], true),
            (&["--no-browser", "--listen"], true),
            (&["--no-browser", "--paste"], true),
        ] {
            assert_eq!(Line::try_parse_from([&["usherctl"], words].concat()).is_ok(), is_sound, "{words:?}");
        }
    }
}
