// SPDX-License-Identifier: GPL-3.0-or-later
//! How a code is written, spelled and spoken of. Pure.

use url::Url;

use crate::i18n::{gettext, ngettext_f};

/// The characters of a group.
const GROUP: usize = 4;
/// The marks that servers put between groups of their own.
const MARKS: [char; 2] = ['-', ' '];

/// A code in groups that are easy to type: those of the server where it has made some, else groups of four.
pub(super) fn grouped(code: &str) -> String {
    groups(code).join(if code.contains('-') { "-" } else { " " })
}

/// A code letter by letter, with a pause after each group, for a screen reader.
pub(super) fn spelled(code: &str) -> String {
    let letters = |group: String| group.chars().map(String::from).collect::<Vec<_>>().join(" ");
    groups(code).into_iter().map(letters).collect::<Vec<_>>().join(", ")
}

fn groups(code: &str) -> Vec<String> {
    let code = code.trim();
    if code.contains(MARKS) {
        return code.split(MARKS).filter(|group| !group.is_empty()).map(str::to_owned).collect();
    }
    let letters: Vec<_> = code.chars().collect();
    letters.chunks(GROUP).map(|group| group.iter().collect()).collect()
}

/// The address of a page, as short as one can type it.
pub(super) fn address(page: &Url) -> String {
    let whole = page.as_str();
    let typed = whole.strip_prefix("https://").unwrap_or(whole);
    typed.strip_suffix('/').unwrap_or(typed).to_owned()
}

/// For how many minutes a code that ends at `ends` is still good; a minute that has begun counts.
pub(super) fn minutes_left(ends: i64, now: i64) -> usize {
    usize::try_from(ends.saturating_sub(now).max(0)).unwrap_or(0).div_ceil(60)
}

/// What is said below a code meanwhile.
pub(super) fn validity(minutes: usize) -> String {
    match minutes {
        0 => gettext("Waiting…"),
        _ => ngettext_f(
            "Waiting… The code is valid for {n} minute",
            "Waiting… The code is valid for {n} minutes",
            minutes,
            &[],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_comes_in_the_servers_groups_or_in_groups_of_four() {
        for (code, shown, said) in [
            ("WDJB-MJHT", "WDJB-MJHT", "W D J B, M J H T"),
            ("123 456 789", "123 456 789", "1 2 3, 4 5 6, 7 8 9"),
            ("WDJBMJHT", "WDJB MJHT", "W D J B, M J H T"),
            ("ABCDE", "ABCD E", "A B C D, E"),
            (" abc ", "abc", "a b c"),
            ("-ÄÖ--Ü-", "ÄÖ-Ü", "Ä Ö, Ü"),
            ("", "", ""),
        ] {
            assert_eq!((grouped(code).as_str(), spelled(code).as_str()), (shown, said), "{code:?}");
        }
    }

    #[test]
    fn an_address_to_type_has_nothing_that_one_can_leave_out() {
        for (page, typed) in [
            ("https://id.example.org/device", "id.example.org/device"),
            ("https://id.example.org/", "id.example.org"),
            ("https://id.example.org:8443/device/", "id.example.org:8443/device"),
            ("http://127.0.0.1:8080/device", "http://127.0.0.1:8080/device"),
        ] {
            assert_eq!(address(&Url::parse(page).unwrap()), typed);
        }
    }

    #[test]
    fn a_minute_that_has_begun_counts() {
        for (ends, minutes) in [(640, 9), (541, 8), (540, 8), (101, 1), (100, 0), (0, 0), (i64::MIN, 0)] {
            assert_eq!(minutes_left(ends, 100), minutes, "{ends}");
        }
    }

    #[test]
    fn the_time_left_is_told_in_minutes() {
        assert_eq!(validity(9), "Waiting… The code is valid for 9 minutes");
        assert_eq!(validity(1), "Waiting… The code is valid for 1 minute");
        assert_eq!(validity(0), "Waiting…");
    }
}
