// SPDX-License-Identifier: GPL-3.0-or-later
//! Keeps a program that asks without end from washing everything else out of the log (rule R25). Pure.

use super::{Entry, Event};

/// How long the same request is no news, in seconds.
const REPEAT: i64 = 60;
/// The time in which to count requests, in seconds.
const PERIOD: i64 = 60 * 60;
/// Most requests in that time. A whole day of them fills the log no more than twice.
const COUNT_LIMIT: usize = 100;

/// Whether an entry matters for a request now.
pub(super) fn counts(old: &Entry, now: i64) -> bool {
    // A clock that was set back has entries of the future, which say nothing.
    matches!(old.event, Event::Request(_)) && (0..PERIOD).contains(&now.saturating_sub(old.at))
}

/// Whether a request is one too many after these entries.
pub(super) fn is_too_much(known: &[Entry], entry: &Entry) -> bool {
    let recent = || known.iter().rev().filter(|old| counts(old, entry.at));
    let is_same = |old: &Entry| Entry { at: entry.at, ..old.clone() } == *entry;
    recent().any(|old| entry.at.saturating_sub(old.at) < REPEAT && is_same(old)) || recent().count() >= COUNT_LIMIT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity_log::{Purpose, Request, RequestResult};

    fn request(at: i64, apps: usize) -> Entry {
        let request = Request {
            program: "flatpak".to_owned(),
            purpose: Purpose::Install,
            apps,
            app_ids: [].into(),
            result: RequestResult::Granted,
            asked: vec![],
        };
        Entry { at, host: "store.example".to_owned(), remote: None, account: None, event: Event::Request(request) }
    }

    #[test]
    fn the_same_request_is_no_news_for_a_minute() {
        let known = [request(100, 1)];
        for (at, apps, expected) in [(100, 1, true), (159, 1, true), (160, 1, false), (100, 2, false), (99, 1, false)] {
            assert_eq!(is_too_much(&known, &request(at, apps)), expected, "{at} {apps}");
        }
    }

    #[test]
    fn a_hundred_requests_in_an_hour_are_enough_and_nothing_else_counts() {
        let mut known: Vec<_> = (0..99).map(|number| request(1000 + number, 1)).collect();
        known.extend((0..99).map(|at| Entry { event: Event::SignedOut, ..request(1000 + at, 1) }));
        assert!(!is_too_much(&known, &request(2000, 1)));
        known.push(request(1500, 1));
        assert!(is_too_much(&known, &request(2000, 1)));
        assert!(!is_too_much(&known, &request(1000 + PERIOD, 1)), "the first is an hour old");
        assert!(!is_too_much(&known, &request(10, 1)), "the clock was set back");
    }
}
