// SPDX-License-Identifier: GPL-3.0-or-later
//! How often a window of Usher may open by itself (rule R25). Limits windows, not questions: what joins an open window
//! costs nothing, and what may open none is a row in Usher. Pure: time is a parameter.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use usher_core::binding::Binding;

/// The time span in which windows count.
const SPAN: Duration = Duration::from_secs(10 * 60);
/// Most windows in that span for one binding, and for all.
const BINDING_LIMIT: usize = 3;
const LIMIT: usize = 10;

/// The recent windows.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    recent: VecDeque<(Duration, Binding)>,
    opened: Option<SystemTime>,
}

impl Budget {
    /// Forgets the windows so far if the person has opened Usher since, and so has seen what waits. `opened` is when
    /// they last did.
    pub(crate) fn note_opening(&mut self, opened: Option<SystemTime>) {
        if self.opened != opened {
            self.opened = opened;
            self.recent.clear();
        }
    }

    /// Whether a window may open by itself now. If so, counts it.
    pub(crate) fn take(&mut self, binding: &Binding, elapsed: Duration) -> bool {
        self.recent.retain(|(at, _)| elapsed.saturating_sub(*at) < SPAN);
        let of_binding = self.recent.iter().filter(|(_, asked)| asked == binding).count();
        if of_binding >= BINDING_LIMIT || self.recent.len() >= LIMIT {
            return false;
        }
        self.recent.push_back((elapsed, binding.clone()));
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use usher_core::testing::binding;

    use super::*;

    fn take(budget: &mut Budget, host: &str, at: u64) -> bool {
        budget.take(&binding(host), Duration::from_secs(at))
    }

    #[test]
    fn three_windows_for_a_server_and_ten_in_all_in_ten_minutes() {
        let mut budget = Budget::default();
        assert_eq!((0..4).map(|at| take(&mut budget, "a", at)).collect::<Vec<_>>(), [true, true, true, false]);
        let others = ["b", "c", "d", "e", "f", "g", "h", "i"].map(|host| take(&mut budget, host, 5));
        assert_eq!(others, [true, true, true, true, true, true, true, false]);
        assert!(take(&mut budget, "a", 601));
    }

    #[test]
    fn opening_usher_lets_windows_open_again() {
        let mut budget = Budget::default();
        let opened = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        for (opening, expected) in [(None, [true, true, true, false]), (opened(5), [true, true, true, false])] {
            budget.note_opening(opening);
            assert_eq!((0..4).map(|at| take(&mut budget, "a", at)).collect::<Vec<_>>(), expected);
        }
        budget.note_opening(opened(5));
        assert!(!take(&mut budget, "a", 4), "the same opening counts once");
        budget.note_opening(opened(6));
        assert!(take(&mut budget, "a", 4));
    }

    proptest! {
        #[test]
        fn never_more_than_ten_in_ten_minutes(steps in proptest::collection::vec((0u8..8, 0u64..120), 0..80)) {
            let (mut budget, mut at, mut taken) = (Budget::default(), 0, Vec::new());
            for (host, step) in steps {
                at += step;
                let host = format!("h{host}");
                if take(&mut budget, &host, at) {
                    taken.push((at, host.clone()));
                }
                let recent: Vec<_> = taken.iter().filter(|(then, _)| at - then < 600).collect();
                prop_assert!(recent.len() <= 10);
                prop_assert!(recent.iter().filter(|(_, of)| of == &host).count() <= 3);
            }
        }
    }
}
