// SPDX-License-Identifier: GPL-3.0-or-later
//! Entries by day, in the person's time zone. Pure.

use gtk::glib::{DateTime, TimeZone};
use usher_core::activity_log::Entry;

/// A day of the calendar: year, month, day.
pub(super) type Date = (i32, i32, i32);

/// One day, and what happened on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Day<T> {
    pub(super) date: Date,
    /// The newest first.
    pub(super) entries: Vec<T>,
}

/// Where a day is, seen from today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distance {
    /// Today.
    Today,
    /// Yesterday.
    Yesterday,
    /// Earlier, or later where the clock was set back since.
    Other,
}

/// The entries of a log, the newest first, whatever the clock was set to in between. Of the same second, what was written
/// last comes first.
pub(super) fn newest_first(mut entries: Vec<&Entry>) -> Vec<&Entry> {
    entries.reverse();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    entries
}

/// What is in this order, by day. What no calendar has is left out.
pub(super) fn days<T>(entries: impl IntoIterator<Item = T>, at: impl Fn(&T) -> i64, zone: &TimeZone) -> Vec<Day<T>> {
    let mut days: Vec<Day<T>> = Vec::new();
    for entry in entries {
        let Some(date) = date(at(&entry), zone) else { continue };
        match days.last_mut() {
            Some(day) if day.date == date => day.entries.push(entry),
            _ => days.push(Day { date, entries: vec![entry] }),
        }
    }
    days
}

/// The day of a moment.
pub(super) fn date(at: i64, zone: &TimeZone) -> Option<Date> {
    Some(DateTime::from_unix_utc(at).ok()?.to_timezone(zone).ok()?.ymd())
}

/// Where a day is, seen from another one.
pub(super) fn distance(date: Date, today: Date) -> Distance {
    // By the calendar: a day has 23 or 25 hours where clocks change.
    let noon = |(year, month, day)| DateTime::from_utc(year, month, day, 12, 0, 0.0).ok();
    let day_before = noon(today).and_then(|noon| noon.add_days(-1).ok()).map(|before| before.ymd());
    if date == today {
        Distance::Today
    } else if Some(date) == day_before {
        Distance::Yesterday
    } else {
        Distance::Other
    }
}

#[cfg(test)]
mod tests {
    use usher_core::activity_log::Event;

    use super::*;

    const HOUR: i64 = 60 * 60;

    fn zone(name: &str) -> TimeZone {
        TimeZone::from_identifier(Some(name)).unwrap()
    }

    /// A time in UTC.
    fn at(year: i32, month: i32, day: i32, hour: i32) -> i64 {
        DateTime::from_utc(year, month, day, hour, 30, 0.0).unwrap().to_unix()
    }

    fn entry(at: i64, host: &str) -> Entry {
        Entry { at, host: host.to_owned(), remote: None, account: None, event: Event::SignedOut }
    }

    fn grouped(times: &[i64], zone: &TimeZone) -> Vec<(Date, Vec<i64>)> {
        let entries: Vec<Entry> = times.iter().map(|at| entry(*at, "")).collect();
        let times = newest_first(entries.iter().collect()).into_iter().map(|entry| entry.at);
        days(times, |at| *at, zone).into_iter().map(|day| (day.date, day.entries)).collect()
    }

    #[test]
    fn the_newest_day_and_its_newest_entry_come_first() {
        let (old, morning, evening) = (at(2026, 5, 12, 9), at(2026, 5, 13, 8), at(2026, 5, 13, 20));
        let expected = [((2026, 5, 13), vec![evening, morning]), ((2026, 5, 12), vec![old])];
        assert_eq!(grouped(&[old, morning, evening], &TimeZone::utc()), expected);
        assert_eq!(grouped(&[], &TimeZone::utc()), []);
    }

    #[test]
    fn of_one_second_what_was_written_last_comes_first() {
        let written = [entry(5, "a"), entry(5, "b"), entry(4, "c"), entry(5, "d")];
        let hosts = newest_first(written.iter().collect()).into_iter().map(|entry| entry.host.as_str());
        assert_eq!(hosts.collect::<Vec<_>>(), ["d", "b", "a", "c"]);
    }

    #[test]
    fn a_day_begins_at_midnight_where_the_person_is() {
        // Half past eleven in the evening in UTC.
        let late = at(2026, 1, 31, 23);
        for (name, date) in [
            ("UTC", (2026, 1, 31)),
            ("Europe/Berlin", (2026, 2, 1)),
            ("America/New_York", (2026, 1, 31)),
            ("Pacific/Kiritimati", (2026, 2, 1)),
        ] {
            assert_eq!(grouped(&[late], &zone(name)), [(date, vec![late])], "{name}");
        }
    }

    #[test]
    fn a_day_of_23_or_25_hours_is_one_day() {
        let berlin = zone("Europe/Berlin");
        for (month, day, midnight, hours) in
            [(3, 29, at(2026, 3, 28, 22) + HOUR / 2, 23), (10, 25, at(2026, 10, 24, 21) + HOUR / 2, 25)]
        {
            let (first, last) = (midnight, midnight + hours * HOUR - 1);
            let found = grouped(&[first - 1, first, last, last + 1], &berlin);
            let expected = [
                ((2026, month, day + 1), vec![last + 1]),
                ((2026, month, day), vec![last, first]),
                ((2026, month, day - 1), vec![first - 1]),
            ];
            assert_eq!(found, expected, "{hours} hours");
            assert_eq!(distance((2026, month, day), (2026, month, day + 1)), Distance::Yesterday);
            assert_eq!(distance((2026, month, day - 1), (2026, month, day)), Distance::Yesterday);
        }
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_day_twice() {
        let (monday, tuesday) = (at(2026, 6, 1, 10), at(2026, 6, 2, 10));
        let found = grouped(&[monday, tuesday, monday + HOUR, tuesday + HOUR], &TimeZone::utc());
        let expected = [((2026, 6, 2), vec![tuesday + HOUR, tuesday]), ((2026, 6, 1), vec![monday + HOUR, monday])];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_day_is_today_yesterday_or_another() {
        for (date, today, expected) in [
            ((2026, 6, 2), (2026, 6, 2), Distance::Today),
            ((2026, 6, 1), (2026, 6, 2), Distance::Yesterday),
            ((2025, 12, 31), (2026, 1, 1), Distance::Yesterday),
            ((2028, 2, 29), (2028, 3, 1), Distance::Yesterday),
            ((2026, 5, 31), (2026, 6, 2), Distance::Other),
            ((2025, 6, 2), (2026, 6, 2), Distance::Other),
            // The clock was set back.
            ((2026, 6, 3), (2026, 6, 2), Distance::Other),
        ] {
            assert_eq!(distance(date, today), expected, "{date:?} on {today:?}");
        }
    }

    #[test]
    fn a_time_that_no_calendar_has_is_left_out() {
        assert_eq!(grouped(&[i64::MAX, i64::MIN, 5], &TimeZone::utc()), [((1970, 1, 1), vec![5])]);
    }
}
