// SPDX-License-Identifier: GPL-3.0-or-later
//! Dates for people. The daemon has no library with the names of months, so translators provide them.

use jiff::{Timestamp, tz::TimeZone};
use usher_core::i18n::{gettext, gettext_f};

/// A date in this computer's time zone: “12 May 2026”.
pub(super) fn day(seconds_since_1970: i64) -> Option<String> {
    day_in(seconds_since_1970, TimeZone::system())
}

fn day_in(seconds_since_1970: i64, zone: TimeZone) -> Option<String> {
    let day = Timestamp::from_second(seconds_since_1970).ok()?.to_zoned(zone);
    let values = [("day", day.day().to_string()), ("month", month(day.month())), ("year", day.year().to_string())];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    // Translators: a date: “12 May 2026”
    Some(gettext_f("{day} {month} {year}", &values))
}

/// The name of a month within a date.
fn month(number: i8) -> String {
    match number {
        1 => gettext("January"),
        2 => gettext("February"),
        3 => gettext("March"),
        4 => gettext("April"),
        5 => gettext("May"),
        6 => gettext("June"),
        7 => gettext("July"),
        8 => gettext("August"),
        9 => gettext("September"),
        10 => gettext("October"),
        11 => gettext("November"),
        _ => gettext("December"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_told_in_words() {
        let day = |at| day_in(at, TimeZone::UTC);
        assert_eq!(day(0).as_deref(), Some("1 January 1970"));
        assert_eq!(day(1_796_083_199).as_deref(), Some("30 November 2026"));
        assert_eq!(day(i64::MAX), None);
    }
}
