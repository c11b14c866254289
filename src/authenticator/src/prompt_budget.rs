// SPDX-License-Identifier: GPL-3.0-or-later
//! How often the person may be asked (rule R25, and the life of prompts). Pure: time is a parameter.

use std::{collections::VecDeque, time::Duration};

use serde::{Deserialize, Serialize};
use usher_core::{binding::Binding, prompt::Kind, service::RemoteUrl};

/// The span in which prompts are counted.
const SPAN: Duration = Duration::from_secs(10 * 60);
/// Most prompts in that span for one binding, and in all.
const BINDING_LIMIT: usize = 3;
const LIMIT: usize = 10;
/// How long a remote is silent after it was put off, in seconds.
const SILENCE: i64 = 60;
/// How often a remote may be put off within a day before it is silent for good.
const DISMISSALS: usize = 3;
const DAY: i64 = 24 * 60 * 60;
/// Most dismissals that are remembered.
const COUNT_LIMIT: usize = 256;

/// What is asked, for counting how often it was put off.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Subject {
    remote_url: RemoteUrl,
    kind: String,
}

impl Subject {
    pub(crate) fn new(remote_url: RemoteUrl, kind: Kind) -> Self {
        Self { remote_url, kind: kind.as_str().to_owned() }
    }
}

/// A question that was put off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dismissal {
    #[serde(flatten)]
    subject: Subject,
    /// Seconds since 1970.
    at: i64,
}

/// What was asked and put off of late.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    asked: VecDeque<(Duration, Binding)>,
    dismissals: Vec<Dismissal>,
}

impl Budget {
    /// Starts from what was put off before.
    pub(crate) fn new(dismissals: Vec<Dismissal>) -> Self {
        Self { dismissals, ..Self::default() }
    }

    /// Whether the person may be asked now; then it counts.
    pub(crate) fn take(&mut self, binding: &Binding, subject: &Subject, now: i64, elapsed: Duration) -> bool {
        self.asked.retain(|(at, _)| elapsed.saturating_sub(*at) < SPAN);
        self.forget_old(now);
        let mut put_off = self.dismissals.iter().filter(|dismissal| &dismissal.subject == subject);
        let is_silent =
            put_off.clone().any(|dismissal| age(dismissal, now) < SILENCE) || put_off.nth(DISMISSALS - 1).is_some();
        let of_binding = self.asked.iter().filter(|(_, asked)| asked == binding).count();
        if is_silent || of_binding >= BINDING_LIMIT || self.asked.len() >= LIMIT {
            return false;
        }
        self.asked.push_back((elapsed, binding.clone()));
        true
    }

    /// The person has put it off.
    pub(crate) fn dismissed(&mut self, subject: Subject, now: i64) {
        self.forget_old(now);
        self.dismissals.push(Dismissal { subject, at: now });
        let excess = self.dismissals.len().saturating_sub(COUNT_LIMIT);
        self.dismissals.drain(..excess);
    }

    /// Usher was opened: what was put off can be seen there. Tells whether that changes anything.
    pub(crate) fn opened(&mut self) -> bool {
        !std::mem::take(&mut self.dismissals).is_empty()
    }

    /// What was put off, to be kept.
    pub(crate) fn dismissals(&self) -> &[Dismissal] {
        &self.dismissals
    }

    fn forget_old(&mut self, now: i64) {
        self.dismissals.retain(|dismissal| age(dismissal, now) < DAY);
    }
}

/// Seconds since a dismissal. A clock that was set back makes it older, not eternal.
fn age(dismissal: &Dismissal, now: i64) -> i64 {
    now.saturating_sub(dismissal.at).saturating_abs()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn binding(host: &str) -> Binding {
        Binding::claimed(&BTreeMap::from([("url".to_owned(), format!("https://{host}/"))])).unwrap()
    }

    fn subject(host: &str) -> Subject {
        Subject::new(RemoteUrl::parse(&format!("https://{host}/")).unwrap(), Kind::SignIn)
    }

    fn take(budget: &mut Budget, host: &str, at: i64) -> bool {
        budget.take(&binding(host), &subject(host), at, Duration::from_secs(at.try_into().unwrap()))
    }

    #[test]
    fn three_prompts_for_a_server_and_ten_in_all_in_ten_minutes() {
        let mut budget = Budget::default();
        assert_eq!((0..4).map(|at| take(&mut budget, "a", at)).collect::<Vec<_>>(), [true, true, true, false]);
        let others = ["b", "c", "d", "e", "f", "g", "h", "i"].map(|host| take(&mut budget, host, 5));
        assert_eq!(others, [true, true, true, true, true, true, true, false]);
        assert!(take(&mut budget, "a", 601));
    }

    #[test]
    fn what_was_put_off_is_silent_for_a_minute() {
        let mut budget = Budget::default();
        budget.dismissed(subject("a"), 100);
        assert!(!take(&mut budget, "a", 159));
        assert!(take(&mut budget, "b", 159), "another remote is not silent");
        assert!(take(&mut budget, "a", 160));
    }

    #[test]
    fn what_was_put_off_three_times_a_day_is_silent_until_usher_is_opened() {
        let mut budget = Budget::default();
        for at in [0, 1000, 2000] {
            assert!(take(&mut budget, "a", at));
            budget.dismissed(subject("a"), at);
        }
        assert!(!take(&mut budget, "a", 40_000));
        let mut later = Budget::new(budget.dismissals().to_vec());
        assert!(!take(&mut later, "a", 40_000), "a daemon that starts anew knows it too");
        assert!(take(&mut later, "a", DAY + 1));
        assert!(budget.opened());
        assert!(take(&mut budget, "a", 40_001));
    }

    proptest! {
        #[test]
        fn never_more_than_ten_in_ten_minutes(steps in proptest::collection::vec((0u8..8, 0i64..120, any::<bool>()), 0..80)) {
            let (mut budget, mut at, mut taken) = (Budget::default(), 0, Vec::new());
            for (host, step, put_off) in steps {
                at += step;
                let host = format!("h{host}");
                if take(&mut budget, &host, at) {
                    taken.push((at, host.clone()));
                    if put_off {
                        budget.dismissed(subject(&host), at);
                    }
                }
                let recent: Vec<_> = taken.iter().filter(|(then, _)| at - then < 600).collect();
                prop_assert!(recent.len() <= 10);
                prop_assert!(recent.iter().filter(|(_, of)| of == &host).count() <= 3);
            }
        }
    }
}
