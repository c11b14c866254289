// SPDX-License-Identifier: GPL-3.0-or-later
//! Work in its own task, which may fail alone and can be abandoned.

use tokio::task::JoinHandle;

/// Work in a task of its own. Dropping this aborts the task: connections close, and a prompt that waits for it notices.
pub(crate) struct AbortOnDrop<T>(JoinHandle<T>);

impl<T: Send + 'static> AbortOnDrop<T> {
    /// Begins it.
    pub(crate) fn begin(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    /// The result; `None` if the task panicked.
    pub(crate) async fn done(&mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
