// SPDX-License-Identifier: GPL-3.0-or-later
//! The secret that the file's key is made from. It comes from the Secret portal, whose call may raise the desktop's own
//! dialog and may last for ever. Callers share one call, and the secret is kept.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use oo7::Secret;
use tokio::sync::watch;

use crate::{
    files,
    patience::within,
    store::{Asking, StoreError},
};

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
    /// Held while a call without a person's act begins, so that others find it instead of its mark.
    turn: tokio::sync::Mutex<()>,
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
        Self {
            source,
            state: Mutex::default(),
            marker,
            turn: tokio::sync::Mutex::default(),
            opened: watch::Sender::new(false),
        }
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
        let (progress, since) = self.begin(is_quiet).await?;
        let ended = ended(progress);
        // Quiet work must not wait for the same dialog again and again.
        let limit = limit.map(|limit| if is_quiet { limit.saturating_sub(since.elapsed()) } else { limit });
        match limit {
            // The call goes on: it counts if the person unlocks later.
            Some(limit) => within(limit, ended).await.map_err(|_| StoreError::Locked)?,
            None => ended.await,
        }
    }

    /// The call to the portal in progress, or a new one.
    async fn begin(self: &Arc<Self>, is_quiet: bool) -> Result<(Progress, Instant), StoreError> {
        if !is_quiet {
            return Ok(self.call(false).0);
        }
        let _turn = self.turn.lock().await;
        if let Some(begun) = self.state().in_progress() {
            return Ok(begun);
        }
        self.mark().await?;
        let (begun, is_new) = self.call(true);
        if !is_new {
            self.unmark().await;
        }
        Ok(begun)
    }

    /// The call in progress, or a new one, and which it is.
    fn call(self: &Arc<Self>, is_marked: bool) -> ((Progress, Instant), bool) {
        let mut state = self.state();
        if let Some(begun) = state.in_progress() {
            return (begun, false);
        }
        let (sender, progress) = watch::channel(None);
        let begun = (progress, Instant::now());
        state.asking = Some(begun.clone());
        drop(state);
        let keyring_secret = self.clone();
        tokio::spawn(async move {
            let answer = keyring_secret.source.retrieve().await;
            let result = keyring_secret.take(answer, is_marked).await;
            sender.send_replace(Some(result));
        });
        (begun, true)
    }

    async fn take(&self, answer: Result<Secret, NoSecret>, is_marked: bool) -> Result<(), NoSecret> {
        let taken = self.hold(answer);
        if let Err(error) = &taken {
            tracing::debug!(?error, "the portal gave no secret");
        }
        if taken.is_ok() || is_marked && matches!(taken, Err(NoSecret::NoPortal)) {
            self.unmark().await;
        }
        if taken.is_ok() {
            self.opened.send_replace(true);
        }
        taken
    }

    fn hold(&self, answer: Result<Secret, NoSecret>) -> Result<(), NoSecret> {
        let mut state = self.state();
        state.asking = None;
        state.held = Some(answer?);
        state.given += 1;
        Ok(())
    }

    /// Records that the portal is being called. Fails if it was called before.
    async fn mark(&self) -> Result<(), StoreError> {
        let nowhere = || io::Error::new(io::ErrorKind::NotFound, "XDG_RUNTIME_DIR is not set");
        let marker = self.marker.clone().ok_or_else(nowhere).map_err(StoreError::File)?;
        let made = files::apart(&marker.clone(), move || make(&marker)).await;
        match made.and_then(|made| made) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                tracing::debug!("the portal was already asked in this session");
                Err(StoreError::Locked)
            }
            Err(error) => Err(StoreError::File(error)),
        }
    }

    async fn unmark(&self) {
        let Some(marker) = self.marker.clone() else { return };
        let removed = files::apart(&marker.clone(), move || files::remove(&marker)).await;
        if let Err(error) = removed.and_then(|removed| removed) {
            tracing::warn!(%error, "cannot remove the mark that the portal was asked");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The call in progress, if there is one.
    fn in_progress(&self) -> Option<(Progress, Instant)> {
        let lasts = |progress: &Progress| progress.borrow().is_none() && progress.has_changed().is_ok();
        self.asking.clone().filter(|(progress, _)| lasts(progress))
    }
}

/// Makes a file that is not there yet, and its folder.
fn make(path: &Path) -> io::Result<()> {
    let create = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop);
    create().or_else(|error| match (error.kind(), path.parent()) {
        (io::ErrorKind::NotFound, Some(folder)) => {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).and_then(|()| create())
        }
        _ => Err(error),
    })
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
