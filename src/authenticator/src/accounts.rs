// SPDX-License-Identifier: GPL-3.0-or-later
//! The accounts as the daemon sees them: read once, and kept until the keyring reports a change. Contacts the keyring
//! at the first request that needs it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::StreamExt;
use tokio::sync::{OnceCell, watch};
use usher_core::{
    account::{Account, AccountId, LastUse},
    ask::Ask,
    binding::Binding,
    clock,
    http::{HttpClient, HttpError},
    provider::{Access, Grants},
    session::{Session, SessionError, Unfinished},
    store::{AccountStore, Entry, StoreError},
};
use zbus::Connection;

use crate::{
    activity::Activity,
    flow::{Accounts, Reading, Tokens},
};

/// How often to save a use, in seconds.
const USE_INTERVAL: i64 = 10 * 60;

/// The accounts in the keyring, as last read.
pub(crate) struct KeyringAccounts {
    store: AccountStore,
    /// For work that asks the person nothing.
    quiet: Session,
    connection: Connection,
    watching: OnceCell<()>,
    snapshot: Arc<Mutex<Snapshot>>,
}

struct Snapshot {
    entries: Option<Arc<[Entry]>>,
    /// Grows whenever something may have changed, so that a reading in progress is not kept.
    changes: u64,
    /// Whether we notice changes; if not, we keep nothing.
    is_watched: bool,
    heard: watch::Sender<()>,
}

impl KeyringAccounts {
    /// `activity` counts renewals that must not be lost (rule R22).
    pub(crate) fn new(store: AccountStore, http: HttpClient, connection: Connection, activity: &Activity) -> Self {
        let snapshot = Snapshot { entries: None, changes: 0, is_watched: false, heard: watch::Sender::new(()) };
        let quiet = Session::new(store.quietly(), http);
        tokio::spawn(hold(quiet.unfinished(), activity.clone()));
        Self { quiet, store, connection, watching: OnceCell::new(), snapshot: Arc::new(Mutex::new(snapshot)) }
    }

    /// Follows the keyring's changes from now on.
    async fn watch(&self) {
        let watching = self.watching.get_or_try_init(|| async {
            let mut changes = self.store.changes(&self.connection).await?;
            let snapshot = self.snapshot.clone();
            lock(&snapshot).is_watched = true;
            tokio::spawn(async move {
                while changes.next().await.is_some() {
                    tracing::debug!("the keyring has changed");
                    lock(&snapshot).drop_entries();
                }
                let mut snapshot = lock(&snapshot);
                snapshot.is_watched = false;
                snapshot.drop_entries();
            });
            Ok::<(), StoreError>(())
        });
        if let Err(error) = watching.await {
            tracing::warn!(%error, "cannot watch the keyring for changes");
        }
    }
}

impl Snapshot {
    fn drop_entries(&mut self) {
        self.entries = None;
        self.changes += 1;
        self.heard.send_replace(());
    }
}

/// Keeps the daemon from ending while a renewal is under way, or is not saved.
async fn hold(mut unfinished: watch::Receiver<Unfinished>, activity: Activity) {
    while unfinished.wait_for(|unfinished| unfinished.is_any()).await.is_ok() {
        let _busy = activity.begin();
        if unfinished.wait_for(|unfinished| !unfinished.is_any()).await.is_err() {
            return;
        }
    }
}

fn lock(snapshot: &Mutex<Snapshot>) -> MutexGuard<'_, Snapshot> {
    snapshot.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Accounts for KeyringAccounts {
    async fn entries(&self, reading: Reading) -> Result<Arc<[Entry]>, StoreError> {
        if let Some(entries) = lock(&self.snapshot).entries.clone().filter(|_| !reading.afresh) {
            return Ok(entries);
        }
        let store = if reading.interactive { &self.store } else { self.quiet.store() };
        // Nothing is read before changes are noticed, or one in between would be missed.
        self.watch().await;
        let changes = lock(&self.snapshot).changes;
        let entries: Arc<[Entry]> = store.entries().await?.into();
        let mut snapshot = lock(&self.snapshot);
        // Not every keyring reports that it was unlocked, so do not keep a reading with locked items.
        let is_whole = !entries.iter().any(|entry| matches!(entry, Entry::Locked(_)));
        snapshot.entries = (is_whole && snapshot.is_watched && snapshot.changes == changes).then(|| entries.clone());
        Ok(entries)
    }

    fn known(&self) -> Option<Arc<[Entry]>> {
        lock(&self.snapshot).entries.clone()
    }

    async fn changes(&self) -> watch::Receiver<()> {
        self.watch().await;
        lock(&self.snapshot).heard.subscribe()
    }

    fn is_use_due(&self, account: &Account) -> bool {
        account
            .last_use
            .as_ref()
            .is_none_or(|last| clock::now().saturating_sub(last.at).saturating_abs() >= USE_INTERVAL)
    }

    async fn note_use(&self, id: AccountId, by: String) {
        let last_use = Some(LastUse { at: clock::now(), by });
        if let Err(error) = self.quiet.store().change(id, |account| account.last_use = last_use).await {
            tracing::warn!(%error, "cannot save the use of an account");
        }
        lock(&self.snapshot).drop_entries();
    }

    async fn settle(&self, id: AccountId, access: Access) {
        if let Err(error) = self.quiet.settle(id, &access).await {
            tracing::warn!(%error, "cannot save an account's purchases");
        }
        lock(&self.snapshot).drop_entries();
    }
}

#[async_trait]
impl Tokens for KeyringAccounts {
    async fn get(&self, account: &Account, asks: &[Ask]) -> Result<Grants, SessionError> {
        let grants = self.quiet.tokens(account, asks).await;
        // The store may count what has failed, or forget it.
        let is_noted = matches!(
            grants,
            Err(SessionError::Expired
                | SessionError::Moved
                | SessionError::MayHaveEnded
                | SessionError::Unexpected
                | SessionError::Http(HttpError::Unexpected))
        );
        if is_noted || account.failures > 0 {
            lock(&self.snapshot).drop_entries();
        }
        grants
    }

    async fn prepare(&self, binding: &Binding) {
        self.quiet.http().prepare(binding.service.url()).await;
    }

    async fn get_for_anybody(&self, binding: &Binding, asks: &[Ask]) -> Result<Grants, SessionError> {
        self.quiet.tokens_for_anybody(binding, asks).await
    }
}
