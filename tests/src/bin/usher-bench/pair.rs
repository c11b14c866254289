// SPDX-License-Identifier: GPL-3.0-or-later
//! Two computers with accounts at the same shops, whose daemons are asked in turn: whatever else this computer does meets
//! both alike.

use usher_tests::Session;

use crate::WARM_UP;
use crate::bench::{LONG_LIFETIME, SHORT_LIFETIME, Shop};
use crate::caller::{Caller, TokenRequest};
use crate::report::Samples;

/// Both computers, in the order in which their figures come.
pub(crate) struct Pair {
    pub(crate) sessions: [Session; 2],
    pub(crate) callers: [Caller; 2],
    pub(crate) short_lived: Shop,
    pub(crate) long_lived: Shop,
}

impl Pair {
    /// Opens the shops, with `most` apps, and signs in to them in both sessions.
    pub(crate) async fn new(sessions: [Session; 2], most: usize) -> Self {
        let short_lived = Shop::open(&sessions[0], "short_lived", SHORT_LIFETIME, most).await;
        let long_lived = Shop::open(&sessions[0], "long_lived", LONG_LIFETIME, most).await;
        for session in &sessions {
            short_lived.join(session).await;
            long_lived.join(session).await;
        }
        let callers =
            [Caller::connect(&sessions[0].bus.address).await, Caller::connect(&sessions[1].bus.address).await];
        Self { sessions, callers, short_lived, long_lived }
    }

    /// Asks both in turn, `count` times.
    pub(crate) async fn warm(&mut self, wanted: &TokenRequest, count: usize) -> [Samples; 2] {
        let mut samples: [Samples; 2] = std::array::from_fn(|_| Samples::default());
        for run in 0..WARM_UP + count {
            for index in in_turn(run) {
                let (time, _) = self.callers[index].ask_usher(wanted).await;
                if run >= WARM_UP {
                    samples[index].add(time);
                }
            }
        }
        samples
    }

    /// Asks both while neither runs: `end` ends a daemon.
    pub(crate) async fn cold(
        &mut self,
        wanted: &TokenRequest,
        count: usize,
        end: impl AsyncFn(usize, &Session),
    ) -> [Samples; 2] {
        let mut samples: [Samples; 2] = std::array::from_fn(|_| Samples::default());
        for run in 0..=count {
            for (index, session) in self.sessions.iter().enumerate() {
                end(index, session).await;
            }
            for index in in_turn(run) {
                let (time, _) = self.callers[index].ask_usher(wanted).await;
                if run > 0 {
                    samples[index].add(time);
                }
            }
        }
        samples
    }
}

/// Who comes first changes with each run.
pub(crate) fn in_turn(run: usize) -> [usize; 2] {
    if run.is_multiple_of(2) { [0, 1] } else { [1, 0] }
}
