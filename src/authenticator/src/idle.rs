// SPDX-License-Identifier: GPL-3.0-or-later
//! Waits until the daemon has been idle for a while (rule R22).

use std::time::Duration;

use crate::activity::Activity;

/// Returns once there was no activity for that long.
pub(crate) async fn wait(activity: &Activity, time: Duration) {
    let mut count = activity.watch();
    loop {
        // The sender lives as long as `activity`.
        if count.wait_for(|&count| count == 0).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(time) => return,
            _ = count.changed() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn l05_time_counts_from_the_end_of_the_last_activity() {
        let activity = Activity::default();
        let busy = activity.begin();
        let begin = tokio::time::Instant::now();
        let waiting = tokio::spawn({
            let activity = activity.clone();
            async move { wait(&activity, Duration::from_secs(2)).await }
        });
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert!(!waiting.is_finished());
        drop(busy);
        waiting.await.unwrap();
        assert_eq!(begin.elapsed().as_secs(), 8);
    }
}
