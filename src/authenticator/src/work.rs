// SPDX-License-Identifier: GPL-3.0-or-later
//! Work of its own, which may fail alone and can be given up.

use tokio::task::JoinHandle;

/// The work on a request. Dropped, it is abandoned: connections are closed, and a prompt that waits for it learns of it.
pub(crate) struct Work<T>(JoinHandle<T>);

impl<T: Send + 'static> Work<T> {
    /// Begins it.
    pub(crate) fn begin(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    /// What it came to; `None` if it panicked.
    pub(crate) async fn done(&mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }
}

impl<T> Drop for Work<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
