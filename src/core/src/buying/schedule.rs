// SPDX-License-Identifier: GPL-3.0-or-later
//! When to ask again a server that gives no access yet, after the shop's page redirected back. Pure.

use std::time::Duration;

/// Seconds after the first answer.
const AFTER: [u64; 4] = [2, 5, 15, 60];

/// The pauses between an answer and the next request. After the last one, only the person asks.
pub fn pauses() -> impl Iterator<Item = Duration> {
    let before = [0].into_iter().chain(AFTER);
    AFTER.into_iter().zip(before).map(|(after, before)| Duration::from_secs(after - before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_asked_again_after_2_5_15_and_60_seconds() {
        let times: Vec<u64> = pauses()
            .scan(0, |time, pause| {
                *time += pause.as_secs();
                Some(*time)
            })
            .collect();
        assert_eq!(times, AFTER);
    }
}
