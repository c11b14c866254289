// SPDX-License-Identifier: GPL-3.0-or-later
//! The secret that the file's key is made from. It comes from the Secret portal, whose call may raise the desktop's own
//! dialog and may last for ever. Callers share one call, and the secret is kept.

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

use crate::store::{Asking, StoreError};

/// A source of the secret.
#[async_trait]
pub(in crate::store) trait SecretSource: Send + Sync {
    /// Fetches the secret. May raise a dialog.
    async fn retrieve(&self) -> Result<Secret, NoSecret>;
}

/// Why there is no secret.
#[derive(Debug, Clone)]
pub(in crate::store) enum NoSecret {
    /// No portal offers one. No person was asked.
    NoPortal,
    /// The keyring that holds it was not unlocked.
    Refused,
    /// The portal failed.
    Failed(zbus::Error),
}

/// The result of a call to the portal; `None` while it lasts.
type Progress = watch::Receiver<Option<Result<(), NoSecret>>>;

/// The secret, once the portal has given it.
pub(super) struct KeyringSecret {
    source: Box<dyn SecretSource>,
    state: Mutex<State>,
    /// This file exists from the first call to the portal without a person's act in a login session, until the portal
    /// gives the secret.
    marker: Option<PathBuf>,
    opened: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    /// The secret that was given last, and how many were given.
    held: Option<Secret>,
    given: usize,
    /// The call in progress, and when it began.
    asking: Option<(Progress, Instant)>,
}

impl KeyringSecret {
    pub(super) fn new(source: Box<dyn SecretSource>, marker: Option<PathBuf>) -> Self {
        Self { source, state: Mutex::default(), marker, opened: watch::Sender::new(false) }
    }

    /// The secret, if we hold it.
    pub(super) fn secret(&self) -> Option<Secret> {
        self.state().held.clone()
    }

    /// How often the portal has given the secret.
    pub(super) fn given(&self) -> usize {
        self.state().given
    }

    /// Becomes true when we hold the secret.
    pub(super) fn opened(&self) -> watch::Receiver<bool> {
        self.opened.subscribe()
    }

    /// Fetches the secret if we do not hold it. Without `limit`, waits as long as the person takes.
    pub(super) async fn open(self: &Arc<Self>, asking: Asking, limit: Option<Duration>) -> Result<(), StoreError> {
        if self.secret().is_some() { Ok(()) } else { self.fetch(asking, limit).await }
    }

    /// Fetches the secret even if we hold one: the keyring that holds it may have been made anew. Keeps the one that we
    /// hold until the portal gives another.
    pub(super) async fn fetch(self: &Arc<Self>, asking: Asking, limit: Option<Duration>) -> Result<(), StoreError> {
        if asking == Asking::Never {
            return Err(StoreError::Locked);
        }
        let is_quiet = asking == Asking::Rarely;
        let (progress, since) = self.begin(is_quiet)?;
        let ended = ended(progress);
        // Quiet work must not wait for the same dialog again and again.
        let limit = limit.map(|limit| if is_quiet { limit.saturating_sub(since.elapsed()) } else { limit });
        match limit {
            // The call goes on: it counts if the person unlocks later.
            Some(limit) => tokio::time::timeout(limit, ended).await.map_err(|_| StoreError::Locked)?,
            None => ended.await,
        }
    }

    /// The call to the portal in progress, or a new one.
    fn begin(self: &Arc<Self>, is_quiet: bool) -> Result<(Progress, Instant), StoreError> {
        let mut state = self.state();
        if let Some((progress, since)) = &state.asking
            && progress.borrow().is_none()
            && progress.has_changed().is_ok()
        {
            return Ok((progress.clone(), *since));
        }
        if is_quiet {
            self.mark()?;
        }
        let (sender, progress) = watch::channel(None);
        let since = Instant::now();
        state.asking = Some((progress.clone(), since));
        drop(state);
        let keyring_secret = self.clone();
        tokio::spawn(async move {
            let answer = keyring_secret.source.retrieve().await;
            let result = keyring_secret.take(answer, is_quiet);
            sender.send_replace(Some(result));
        });
        Ok((progress, since))
    }

    fn take(&self, answer: Result<Secret, NoSecret>, is_marked: bool) -> Result<(), NoSecret> {
        let mut state = self.state();
        state.asking = None;
        match answer {
            Ok(secret) => {
                state.held = Some(secret);
                state.given += 1;
                drop(state);
                self.unmark();
                self.opened.send_replace(true);
                Ok(())
            }
            Err(error) => {
                tracing::debug!(?error, "the portal gave no secret");
                if is_marked && matches!(error, NoSecret::NoPortal) {
                    self.unmark();
                }
                Err(error)
            }
        }
    }

    /// Records that the portal is being called. Fails if it was called before.
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
                tracing::debug!("the portal was already asked in this session");
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
            tracing::warn!(%error, "cannot remove the mark that the portal was asked");
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
        // Refused, or the call ended without an answer.
        Ok(Some(Err(NoSecret::Refused)) | None) | Err(_) => Err(StoreError::Dismissed),
    }
}
