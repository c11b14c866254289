// SPDX-License-Identifier: GPL-3.0-or-later
//! Free memory, which the C library keeps for later. After bursts of requests a daemon that used 1 MB kept more than 20, and
//! more with each burst.

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

/// Makes all threads share one heap: each that works for a moment would leave one of its own behind, never quite empty. To be
/// called before there are threads.
#[cfg_attr(target_env = "gnu", expect(unsafe_code, reason = "the standard library has no such call"))]
pub(crate) fn share_one_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt(3) takes no pointer, and nobody else is at work yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
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

    /// How many heaps this process has beside the first. Each begins at a multiple of 64 MiB.
    #[cfg(all(target_env = "gnu", target_pointer_width = "64"))]
    fn heaps() -> usize {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let starts = maps.lines().filter(|line| line.contains(" rw-p ")).filter_map(|line| line.split('-').next());
        starts.filter(|start| u64::from_str_radix(start, 16).unwrap().is_multiple_of(64 << 20)).count()
    }

    #[cfg(all(target_env = "gnu", target_pointer_width = "64"))]
    #[test]
    fn threads_bring_no_heap_of_their_own() {
        share_one_heap();
        let before = heaps();
        let all_are_there = std::sync::Barrier::new(9);
        let during = std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let kept: Vec<Vec<u8>> = (0..100).map(|_| vec![1; 1000]).collect();
                    all_are_there.wait();
                    all_are_there.wait();
                    drop(kept);
                });
            }
            all_are_there.wait();
            let heaps = heaps();
            all_are_there.wait();
            heaps
        });
        assert_eq!(during, before);
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
