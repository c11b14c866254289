// SPDX-License-Identifier: GPL-3.0-or-later
//! Time limits on what others do. A process that was stopped finds on waking that the limit has passed, although the answer
//! has arrived and only waits to be read. If it gave up then, it would lose that answer, and the answer to a renewal is a
//! sign-in.

use std::{future::pending, pin::pin, time::Duration};

use tokio::time::{Instant, error::Elapsed, timeout};

/// Who notices the end of a limit later than this did not run meanwhile: nothing else takes so long.
const LATE: Duration = Duration::from_millis(250);

/// Waits for `future`, at most for `limit`. If this process was stopped when the limit ended, it waits that long again.
pub async fn within<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    loop {
        let begin = Instant::now();
        #[expect(clippy::disallowed_methods, reason = "this is what stands in its place")]
        let ended = timeout(limit, future.as_mut()).await;
        if ended.is_ok() || begin.elapsed() <= limit.saturating_add(LATE) {
            return ended;
        }
        tracing::debug!("this process was stopped for a while: a time limit starts again");
    }
}

/// Waits for the end of a limit, by the same rule.
pub async fn passed(limit: Duration) {
    let _ = within(limit, pending::<()>()).await;
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(50);

    /// Stops everything in this process for `time`, as SIGSTOP does. What it hands on afterwards arrives some turns later, like
    /// an answer that has to be read from a socket first.
    fn answer_after_a_stop(time: Duration) -> oneshot::Receiver<&'static str> {
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move {
            std::thread::sleep(time);
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            // Whoever waited may be gone.
            let _ = sender.send("an answer");
        });
        receiver
    }

    #[tokio::test]
    async fn an_answer_that_came_while_the_process_was_stopped_counts() {
        let answer = answer_after_a_stop(LIMIT + LATE * 2);
        assert_eq!(within(LIMIT, answer).await, Ok(Ok("an answer")));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_with_the_limit() {
        let begin = Instant::now();
        assert!(within(LIMIT, pending::<()>()).await.is_err());
        assert!(begin.elapsed() <= LIMIT + LATE);
        assert_eq!(within(Duration::MAX, std::future::ready(1)).await, Ok(1), "a limit that never ends");
    }
}
