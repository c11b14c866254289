// SPDX-License-Identifier: GPL-3.0-or-later
//! Free memory, which the C library keeps for later. After bursts of requests a daemon that used 1 MB kept more than 20.

use std::{convert::Infallible, time::Duration};

use crate::{activity::Activity, idle};

/// The pause before that. Requests that follow each other closely share what is kept.
const REST: Duration = Duration::from_millis(500);

/// Gives it back to the system each time that nobody has asked for a moment.
pub(crate) async fn give_back_when_idle(activity: &Activity) -> Infallible {
    let mut count = activity.watch();
    loop {
        idle::wait(activity, REST).await;
        give_back();
        count.mark_unchanged();
        // The sender lives as long as `activity`.
        _ = count.changed().await;
    }
}

#[cfg_attr(target_env = "gnu", expect(unsafe_code, reason = "the standard library has no such call"))]
fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: malloc_trim(3) takes no pointer, and any thread may call it at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What this process has in memory, in kB.
    fn resident() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_burst_took_is_given_back_and_after_the_next_one_as_well() {
        let activity = Activity::default();
        let giving = tokio::spawn({
            let activity = activity.clone();
            async move { give_back_when_idle(&activity).await }
        });
        for _ in 0..2 {
            let busy = activity.begin();
            let mut burst: Vec<Vec<u8>> = (0..40_000).map(|_| vec![1; 1000]).collect();
            // One that stays keeps the library from giving back the others by itself.
            let kept = burst.pop();
            drop(burst);
            let before = resident();
            drop(busy);
            tokio::time::sleep(REST * 2).await;
            let after = resident();
            assert!(after + 20_000 < before, "{before} kB, then {after} kB");
            drop(kept);
        }
        giving.abort();
    }
}
