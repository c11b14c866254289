// SPDX-License-Identifier: GPL-3.0-or-later
//! The secret from which the key of the file is made, and how it is come by: from the Secret portal, whose call may raise
//! the desktop's own dialog, and may last for ever. Callers share one call, and what it gave is kept.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use oo7::Secret;
use tokio::sync::watch;

use crate::store::StoreError;

/// Where the secret comes from.
#[async_trait]
pub(in crate::store) trait SecretSource: Send + Sync {
    /// Asks for it. May ask the person.
    async fn retrieve(&self) -> Result<Secret, NoSecret>;
}

/// Why there is no secret.
#[derive(Debug, Clone)]
pub(in crate::store) enum NoSecret {
    /// Nobody offers one. No person was asked.
    NoPortal,
    /// The keyring that it is kept in was not unlocked.
    Refused,
    /// The portal failed.
    Failed(zbus::Error),
}

/// What a call to the portal has come to; `None` while it lasts.
type Progress = watch::Receiver<Option<Result<(), NoSecret>>>;

pub(super) struct Vault {
    source: Box<dyn SecretSource>,
    state: Mutex<State>,
    /// Exists once the portal was asked in this login session without a person's act, until it gave the secret.
    marker: Option<PathBuf>,
    opened: watch::Sender<bool>,
}

enum State {
    Closed,
    /// Since then.
    Asking(Progress, Instant),
    Open(Secret),
}

impl Vault {
    pub(super) fn new(source: Box<dyn SecretSource>, marker: Option<PathBuf>) -> Self {
        Self { source, state: Mutex::new(State::Closed), marker, opened: watch::Sender::new(false) }
    }

    /// The secret, if it is held.
    pub(super) fn secret(&self) -> Option<Secret> {
        match &*self.state() {
            State::Open(secret) => Some(secret.clone()),
            State::Closed | State::Asking(..) => None,
        }
    }

    /// Becomes true when the secret is held.
    pub(super) fn opened(&self) -> watch::Receiver<bool> {
        self.opened.subscribe()
    }

    /// Sees to it that the secret is held. Without `limit` it lasts as long as the person takes.
    pub(super) async fn open(self: &Arc<Self>, is_quiet: bool, limit: Option<Duration>) -> Result<(), StoreError> {
        let Some((progress, since)) = self.begin(is_quiet)? else {
            return Ok(());
        };
        let ended = ended(progress);
        // What does not disturb the person does not wait for the same dialog again and again either.
        let limit = limit.map(|limit| if is_quiet { limit.saturating_sub(since.elapsed()) } else { limit });
        match limit {
            // The call goes on: what the person does later counts.
            Some(limit) => tokio::time::timeout(limit, ended).await.map_err(|_| StoreError::Locked)?,
            None => ended.await,
        }
    }

    /// The call to the portal that is under way, or a new one. `None` if the secret is held.
    fn begin(self: &Arc<Self>, is_quiet: bool) -> Result<Option<(Progress, Instant)>, StoreError> {
        let mut state = self.state();
        match &*state {
            State::Open(_) => return Ok(None),
            State::Asking(progress, since) if progress.borrow().is_none() && progress.has_changed().is_ok() => {
                return Ok(Some((progress.clone(), *since)));
            }
            State::Closed | State::Asking(..) => {}
        }
        if is_quiet {
            self.mark()?;
        }
        let (sender, progress) = watch::channel(None);
        let since = Instant::now();
        *state = State::Asking(progress.clone(), since);
        drop(state);
        let vault = self.clone();
        tokio::spawn(async move {
            let answer = vault.source.retrieve().await;
            let result = vault.take(answer, is_quiet);
            sender.send_replace(Some(result));
        });
        Ok(Some((progress, since)))
    }

    fn take(&self, answer: Result<Secret, NoSecret>, is_marked: bool) -> Result<(), NoSecret> {
        match answer {
            Ok(secret) => {
                *self.state() = State::Open(secret);
                self.unmark();
                self.opened.send_replace(true);
                Ok(())
            }
            Err(error) => {
                tracing::debug!(?error, "the portal gave no secret");
                *self.state() = State::Closed;
                if is_marked && matches!(error, NoSecret::NoPortal) {
                    self.unmark();
                }
                Err(error)
            }
        }
    }

    /// Notes that the portal is asked. Fails if it was asked before.
    fn mark(&self) -> Result<(), StoreError> {
        let nowhere = || io::Error::new(io::ErrorKind::NotFound, "XDG_RUNTIME_DIR is not set");
        let marker = self.marker.as_ref().ok_or_else(nowhere).map_err(StoreError::File)?;
        let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(marker);
        let created = create().or_else(|error| match (error.kind(), marker.parent()) {
            (io::ErrorKind::NotFound, Some(folder)) => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).and_then(|()| create())
            }
            _ => Err(error),
        });
        match created {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                tracing::debug!("the portal was asked in this session before");
                Err(StoreError::Locked)
            }
            Err(error) => Err(StoreError::File(error)),
        }
    }

    fn unmark(&self) {
        if let Some(marker) = &self.marker
            && let Err(error) = fs::remove_file(marker)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "that the portal was asked cannot be forgotten");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ended(mut progress: Progress) -> Result<(), StoreError> {
    match progress.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(Ok(()))) => Ok(()),
        Ok(Some(Err(NoSecret::NoPortal))) => Err(StoreError::NoPortal),
        Ok(Some(Err(NoSecret::Failed(error)))) => Err(StoreError::Portal(error.clone())),
        // Or the call came to an end without a word.
        Ok(Some(Err(NoSecret::Refused)) | None) | Err(_) => Err(StoreError::Dismissed),
    }
}
