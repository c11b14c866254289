// SPDX-License-Identifier: GPL-3.0-or-later
//! Formats times for people.

use jiff::{Timestamp, tz::TimeZone};

/// A date in this computer's time zone: `2026-11-22`.
pub(crate) fn day(seconds_since_1970: i64) -> String {
    format(seconds_since_1970, "%Y-%m-%d")
}

/// A date and a time: `2026-11-22 14:05`.
pub(crate) fn moment(seconds_since_1970: i64) -> String {
    format(seconds_since_1970, "%Y-%m-%d %H:%M")
}

fn format(seconds_since_1970: i64, format: &str) -> String {
    match Timestamp::from_second(seconds_since_1970) {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime(format).to_string(),
        // Beyond the year 9999.
        Err(_) => "–".to_owned(),
    }
}
