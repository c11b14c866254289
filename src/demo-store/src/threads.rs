// SPDX-License-Identifier: GPL-3.0-or-later
//! The threads of a server, and the ports where it listens.

use std::{net::Ipv4Addr, thread, time::Duration};

use tokio::{
    net::TcpListener,
    runtime::{Builder, Handle, Runtime},
    sync::oneshot,
};
use url::Url;

use crate::StoreError;

/// Threads of a server's own, so that a test may block while it waits for a program that talks to the server.
///
/// They stop when this is dropped. Dropping the runtime itself would panic in an async context.
#[derive(Debug)]
pub(crate) struct Threads(Option<Runtime>);

impl Threads {
    pub(crate) fn start() -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("demo-store")
            .enable_all()
            .build()
            .map_err(StoreError::Runtime)?;
        Ok(Self(Some(runtime)))
    }

    pub(crate) fn handle(&self) -> Handle {
        self.0.as_ref().expect("the runtime is only taken when the server ends").handle().clone()
    }

    /// Runs a future on these threads.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.handle().spawn(work).await.map_err(|error| StoreError::Runtime(error.into()))?
    }

    /// Stops everything, and waits until the ports are free again.
    pub(crate) async fn stop(&mut self) {
        if let Some(runtime) = self.0.take() {
            let (done, ended) = oneshot::channel();
            thread::spawn(move || {
                runtime.shutdown_timeout(Duration::from_secs(10));
                // The receiver is gone if the future was dropped.
                let _ = done.send(());
            });
            let _ = ended.await;
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Listens on 127.0.0.1. Returns the listener, its port and its address.
pub(crate) async fn listen(port: u16) -> Result<(TcpListener, u16, Url), StoreError> {
    let failed = |source| StoreError::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let url = Url::parse(&format!("http://127.0.0.1:{port}/")).expect("this is a URL for any port");
    Ok((listener, port, url))
}
