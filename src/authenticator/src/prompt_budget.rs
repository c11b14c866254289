// SPDX-License-Identifier: GPL-3.0-or-later
//! How often Usher may ask the person (rule R25). Pure: time is a parameter.

use std::{collections::VecDeque, time::Duration};

use usher_core::binding::Binding;

/// The time span in which prompts count.
const SPAN: Duration = Duration::from_secs(10 * 60);
/// Most prompts in that span for one binding, and for all.
const BINDING_LIMIT: usize = 3;
const LIMIT: usize = 10;

/// The recent prompts.
#[derive(Debug, Default)]
pub(crate) struct Budget(VecDeque<(Duration, Binding)>);

impl Budget {
    /// Whether Usher may ask the person now. If so, counts the prompt.
    pub(crate) fn take(&mut self, binding: &Binding, elapsed: Duration) -> bool {
        self.0.retain(|(at, _)| elapsed.saturating_sub(*at) < SPAN);
        let of_binding = self.0.iter().filter(|(_, asked)| asked == binding).count();
        if of_binding >= BINDING_LIMIT || self.0.len() >= LIMIT {
            return false;
        }
        self.0.push_back((elapsed, binding.clone()));
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
    fn three_prompts_for_a_server_and_ten_in_all_in_ten_minutes() {
        let mut budget = Budget::default();
        assert_eq!((0..4).map(|at| take(&mut budget, "a", at)).collect::<Vec<_>>(), [true, true, true, false]);
        let others = ["b", "c", "d", "e", "f", "g", "h", "i"].map(|host| take(&mut budget, host, 5));
        assert_eq!(others, [true, true, true, true, true, true, true, false]);
        assert!(take(&mut budget, "a", 601));
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
