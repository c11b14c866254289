// SPDX-License-Identifier: GPL-3.0-or-later
//! Counts what keeps the daemon from ending.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts what nothing may interrupt: requests, and work that outlives them.
#[derive(Debug, Clone)]
pub(crate) struct Activity(Arc<watch::Sender<usize>>);

/// Keeps the daemon from ending while it is held.
#[derive(Debug)]
pub(crate) struct Busy(Activity);

impl Default for Activity {
    fn default() -> Self {
        Self(Arc::new(watch::channel(0).0))
    }
}

impl Activity {
    /// Counts one more until the result is dropped.
    pub(crate) fn begin(&self) -> Busy {
        self.0.send_modify(|count| *count += 1);
        Busy(self.clone())
    }

    /// Follows the count.
    pub(crate) fn watch(&self) -> watch::Receiver<usize> {
        self.0.subscribe()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}
