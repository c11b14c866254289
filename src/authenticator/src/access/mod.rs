// SPDX-License-Identifier: GPL-3.0-or-later
//! What stores may ask (`io.github.usher.Access1`), on a separate bus connection: programs that may talk to it see no
//! answers to other clients.
//!
//! ```text
//! interface  the calls, checked                 state    the words of the answers
//! query      “Install or Purchase?”             answers  recent answers
//! lead       signing in and buying              changes  announces changes
//! listing    the accounts, without secrets
//! ```

mod answers;
mod changes;
mod interface;
mod lead;
mod listing;
mod query;
mod state;

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
    daemon::Daemon,
    flow::Installations,
    lifecycle::Event,
    live::{Live, Refusal},
    work::Work,
};

/// What all calls share.
pub(crate) struct Access {
    daemon: Arc<Daemon>,
    connection: Connection,
    /// The open calls.
    pub(crate) calls: Live,
    number: AtomicU64,
    answers: Mutex<Answers>,
    /// Held while a server is being asked: a second caller waits, then finds the answer.
    turns: Mutex<HashMap<Binding, Arc<tokio::sync::Mutex<()>>>>,
    following: OnceCell<()>,
}

/// How a call ended.
enum Ended<T> {
    /// Its work was done.
    Done(T),
    /// It was cancelled, or its caller has left.
    Cancelled,
    /// Its work failed, or the daemon is ending.
    Failed,
}

impl Access {
    /// Serves the interface. Nothing is read or contacted before the first call.
    pub(crate) async fn serve(connection: &Connection, daemon: Arc<Daemon>) -> zbus::Result<Arc<Self>> {
        let access = Arc::new(Self {
            calls: Live::new(daemon.activity.clone(), None),
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
    ) -> Result<Ended<T>, Refusal> {
        let (_admission, mut events) = self.calls.admit(&call_path(peer, name), peer)?;
        let mut work = Work::begin(work);
        Ok(tokio::select! {
            biased;
            Some(event) = events.recv() => match event {
                Event::Closed | Event::PeerGone => Ended::Cancelled,
                Event::Stopped | Event::Failed | Event::Answered(_) => Ended::Failed,
            },
            done = work.done() => done.map_or(Ended::Failed, Ended::Done),
        })
    }

    /// Runs the work of a call without a name.
    async fn run<T: Send + 'static>(
        &self,
        peer: &str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<Ended<T>, Refusal> {
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
fn ground_of(installations: &dyn Installations, remote: &str, remote_uri: &str) -> Option<Ground> {
    let remotes = installations.remotes();
    let is_meant = |known: &&Remote| known.is_ours() && known.name == remote && known.url == remote_uri;
    let mut grounds = remotes.iter().filter(is_meant).map(|known| Ground::of(known).ok());
    let ground = grounds.next()??;
    grounds.all(|other| other.as_ref() == Some(&ground)).then_some(ground)
}
