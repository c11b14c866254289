// SPDX-License-Identifier: GPL-3.0-or-later
//! The one tokio runtime, for sockets and secrets. Widgets stay on the GLib main loop.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads can be started")
});

/// Runs a future on the tokio runtime; the main loop can await its result. Dropping the returned future stops it.
pub(crate) fn spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = T> + Send + 'static {
    let mut task = AbortOnDrop(RUNTIME.spawn(future));
    async move {
        match (&mut task.0).await {
            Ok(value) => value,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
