// SPDX-License-Identifier: GPL-3.0-or-later
//! What stores may ask (`io.github.usher.Access1`), on a separate bus connection: programs that may talk to it see no
//! answers to other clients.
//!
//! ```text
//! interface      the calls, checked             state    the words of the answers
//! query          “Install or Purchase?”         answers  recent answers
//! store_request  signing in and buying          changes  announces changes
//! listing        the accounts, without secrets  verify   tokens that somebody shows
//! ```

mod answers;
mod changes;
mod interface;
mod listing;
mod query;
mod state;
mod store_request;
mod verify;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::OnceCell;
use usher_core::{binding::Binding, ground::Ground, names::ACCESS_PATH, remote::Remote};
use zbus::Connection;

use self::answers::Answers;
use crate::{
    abort_on_drop::AbortOnDrop,
    daemon::Daemon,
    flow::Installations,
    lifecycle::Event,
    open_requests::{AdmissionError, OpenRequests},
};

/// What all calls share.
pub(crate) struct AccessService {
    daemon: Arc<Daemon>,
    connection: Connection,
    /// The open calls.
    pub(crate) calls: OpenRequests,
    number: AtomicU64,
    answers: Mutex<Answers>,
    /// Held while a server is being asked: a second caller waits, then finds the answer.
    turns: Mutex<HashMap<Binding, Arc<tokio::sync::Mutex<()>>>>,
    following: OnceCell<()>,
}

/// How a call ended.
enum CallResult<T> {
    /// Its work was done.
    Done(T),
    /// It was cancelled, or its caller has left.
    Cancelled,
    /// Its work failed, or the daemon is ending.
    Failed,
}

impl AccessService {
    /// Serves the interface. Nothing is read or contacted before the first call.
    pub(crate) async fn serve(connection: &Connection, daemon: Arc<Daemon>) -> zbus::Result<Arc<Self>> {
        let access = Arc::new(Self {
            calls: OpenRequests::new(daemon.activity.clone(), None),
            daemon,
            connection: connection.clone(),
            number: AtomicU64::new(0),
            answers: Mutex::default(),
            turns: Mutex::default(),
            following: OnceCell::new(),
        });
        connection.object_server().at(ACCESS_PATH, interface::Access1(access.clone())).await?;
        Ok(access)
    }

    /// Runs the work of a call that its caller has named.
    async fn run_named<T: Send + 'static>(
        &self,
        peer: &str,
        name: &str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<CallResult<T>, AdmissionError> {
        let (_admission, mut events) = self.calls.admit(&call_path(peer, name), peer)?;
        let mut work = AbortOnDrop::begin(work);
        Ok(tokio::select! {
            biased;
            Some(event) = events.recv() => match event {
                Event::Closed | Event::PeerGone => CallResult::Cancelled,
                Event::Stopped | Event::Failed | Event::Answered(_) => CallResult::Failed,
            },
            done = work.done() => done.map_or(CallResult::Failed, CallResult::Done),
        })
    }

    /// Runs the work of a call without a name.
    async fn run<T: Send + 'static>(
        &self,
        peer: &str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<CallResult<T>, AdmissionError> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        // No caller can choose such a name.
        self.run_named(peer, &format!("#{number}"), work).await
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, binding: &Binding) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(binding.clone()).or_default().clone()
    }
}

/// The key of an open call.
fn call_path(peer: &str, name: &str) -> String {
    format!("{peer}/{name}")
}

/// The ground of the remote with this name and address. `None` if there is none, or if installations disagree about its
/// server.
async fn ground_of(installations: &dyn Installations, remote: &str, remote_uri: &str) -> Option<Ground> {
    let remotes = remotes_of(installations, remote, remote_uri).await;
    let mut grounds = remotes.iter().map(|known| Ground::of(known).ok());
    let ground = grounds.next()??;
    grounds.all(|other| other.as_ref() == Some(&ground)).then_some(ground)
}

/// The remotes with this name and address that use Usher, one for each installation that has it.
async fn remotes_of(installations: &dyn Installations, remote: &str, remote_uri: &str) -> Vec<Remote> {
    let is_meant = |known: &Remote| known.is_ours() && known.name == remote && known.url == *remote_uri;
    installations.remotes().await.into_iter().filter(is_meant).collect()
}
