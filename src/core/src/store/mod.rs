// SPDX-License-Identifier: GPL-3.0-or-later
//! The accounts in the keyring, their only store: one item per account. Every change is a read-modify-write under one
//! lock file, since window, daemon and usherctl all write.
//!
//! Outside a sandbox the keyring is the Secret Service. Inside one it is a file that only the key from the Secret
//! portal opens. The store decides between them when it is made; neither ever stands in for the other.
//!
//! ```text
//! backend         what a keyring must do     record  an account as an item
//! secret_service  the Secret Service         file    the file
//! absent          bus errors that mean nobody is there     error   why a keyring failed
//! chances         when to try again                  mark    says that a process holds a newer credential
//! permission      which remotes may use an account, and which may not          entry   an item as others see it
//! ```

pub(crate) mod absent;
mod backend;
mod chances;
mod entry;
mod error;
mod file;
mod mark;
mod permission;
mod record;
mod secret_service;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing;

use std::{io, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use futures_util::Stream;

pub(crate) use self::chances::Chances;
#[cfg(any(test, feature = "testing"))]
pub(crate) use self::file::fuzzing;
use self::{
    backend::Guard,
    file::FileKeyring,
    secret_service::{Bus, SecretService},
};
pub use self::{
    entry::{Entry, Outline},
    error::StoreError,
    mark::{Mark, Unsaved},
};
use crate::{
    account::{Account, AccountId},
    activity_log::{self, ActivityLog},
    binding::Binding,
    clock,
    decisions::DecisionFile,
    files,
    lookup::{self, Lookup},
    names,
    patience::within,
    service::RemoteUrl,
};

/// The accounts of this person on this computer. Cheap to clone. Contacts the keyring at the first call.
#[derive(Clone)]
pub struct AccountStore {
    inner: Arc<Inner>,
    asking: Asking,
    log: Option<ActivityLog>,
}

/// Whether the person may be asked to unlock the keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// Whenever it helps.
    Freely,
    /// Only where nobody can foresee whether the desktop asks, and at most once per login session.
    Rarely,
    /// Never.
    Never,
}

struct Inner {
    keyring: Keyring,
    limit: Duration,
    lock_file: Option<PathBuf>,
    /// What was decided about repositories.
    decisions: Option<DecisionFile>,
}

enum Keyring {
    Service(SecretService),
    File(FileKeyring),
}

/// Makes the same call to either keyring.
macro_rules! with {
    ($store:expr, $keyring:ident => $call:expr) => {
        // Boxed, since these futures are large.
        match &$store.inner.keyring {
            Keyring::Service($keyring) => Box::pin(async { $call }).await,
            Keyring::File($keyring) => Box::pin(async { $call }).await,
        }
    };
}
use with;

impl AccountStore {
    /// A store for the keyring that this process has to use. No call takes longer than about `limit`, unless the keyring
    /// asks the person something: that lasts as long as the person takes.
    pub fn new(limit: Duration) -> Self {
        Self::at(Bus::Session, limit)
    }

    /// The same, for a process that is at the session bus already: it asks the Secret Service over this connection.
    pub fn on(connection: zbus::Connection, limit: Duration) -> Self {
        Self::at(Bus::On(connection), limit)
    }

    fn at(bus: Bus, limit: Duration) -> Self {
        let decisions = DecisionFile::of_person();
        if names::in_sandbox() {
            return Self::in_file(FileKeyring::of_application(), limit, decisions);
        }
        let lock_file = names::runtime_dir().map(|folder| folder.join("accounts.lock"));
        Self::over(Keyring::Service(SecretService::new(bus, limit)), limit, lock_file, decisions)
    }

    fn in_file(keyring: FileKeyring, limit: Duration, decisions: Option<DecisionFile>) -> Self {
        let lock_file = keyring.lock_file();
        Self::over(Keyring::File(keyring), limit, lock_file, decisions)
    }

    fn over(keyring: Keyring, limit: Duration, lock_file: Option<PathBuf>, decisions: Option<DecisionFile>) -> Self {
        Self { inner: Arc::new(Inner { keyring, limit, lock_file, decisions }), asking: Asking::Freely, log: None }
    }

    /// The same store, which writes what happens to accounts in this log.
    #[must_use]
    pub fn logging_to(self, log: Option<ActivityLog>) -> Self {
        Self { log, ..self }
    }

    /// The same store, for work that must not disturb the person. Inside a sandbox nobody can foresee whether the
    /// desktop will ask the person to unlock the keyring; this store risks it at most once per login session. Whatever
    /// needs more counts as locked. Outside a sandbox, or once the key is held, both stores do the same.
    pub fn quietly(&self) -> Self {
        Self { asking: Asking::Rarely, ..self.clone() }
    }

    /// The same store, for work that must not ask the person anything, not even once.
    pub(crate) fn silently(&self) -> Self {
        Self { asking: Asking::Never, ..self.clone() }
    }

    /// Prepares for a reading with the keyring that runs, which takes its time. Starts none, and asks for nothing. For a process
    /// that has other things to do first; without it the reading does the same.
    pub async fn meet_keyring(&self) {
        let Keyring::Service(keyring) = &self.inner.keyring else { return };
        if let Err(error) = keyring.meet().await {
            tracing::debug!(%error, "cannot agree on a key with the keyring");
        }
    }

    /// All our items. A broken one does not hide the others. Inside a sandbox the desktop may ask the person to unlock
    /// the keyring; see [`Self::quietly`].
    pub async fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        self.open().await?;
        self.timed(async { with!(self, keyring => backend::entries(keyring).await) }).await
    }

    /// The same, after asking the person to unlock a locked keyring. Some keyrings list nothing while they are locked.
    pub async fn unlocked_entries(&self) -> Result<Vec<Entry>, StoreError> {
        match self.entries().await {
            Ok(entries) if !self.is_locked().await? => return Ok(entries),
            Err(StoreError::Locked) | Ok(_) => {}
            Err(error) => return Err(error),
        }
        if self.asking != Asking::Freely {
            return Err(StoreError::Locked);
        }
        self.unlock().await?;
        self.entries().await
    }

    /// Asks the person to unlock the keyring, then reads it. Says whether that shows which account the remote at `remote`
    /// may use with the binding `claimed`: a person may unlock only some items.
    pub async fn unlock_for(&self, claimed: &Binding, remote: &RemoteUrl) -> Result<bool, StoreError> {
        self.unlock().await?;
        let entries = self.entries().await?;
        Ok(lookup::find(&entries, claimed, remote) != Lookup::Locked)
    }

    /// Makes sure that an account can be saved, before a person is sent to a sign-in (rule R16): that the lock file is
    /// usable, and the keyring there and open. May ask the person to unlock the keyring, or to make one. Gives all our
    /// items.
    pub async fn prepare_to_save(&self) -> Result<Vec<Entry>, StoreError> {
        let entries = self.unlocked_entries().await?;
        self.prepare().await?;
        self.lock().await?;
        Ok(entries)
    }

    /// Whether someone must unlock the keyring before accounts can be read. Asks nobody: inside a sandbox a keyring
    /// counts as locked until its key has been fetched.
    pub async fn is_locked(&self) -> Result<bool, StoreError> {
        match &self.inner.keyring {
            Keyring::Service(keyring) => self.timed(keyring.is_locked()).await,
            Keyring::File(keyring) => Ok(!keyring.is_open()),
        }
    }

    /// Whether the keyring is open and only items of ours are locked: then it asks for each program whether it may read
    /// them.
    pub async fn asks_for_each_program(&self) -> Result<bool, StoreError> {
        match &self.inner.keyring {
            Keyring::Service(keyring) => self.timed(keyring.asks_for_each_program()).await,
            Keyring::File(_) => Ok(false),
        }
    }

    /// Saves a new account and reads it back before it reports success (rule R16).
    pub async fn add(&self, account: &Account) -> Result<(), StoreError> {
        self.prepare().await?;
        let guard = self.lock().await?;
        let added = self.limited(async {
            use backend::Backend;
            with!(self, keyring => keyring.create(&guard, account, self.asking).await)
        });
        added.await?;
        drop(guard);
        self.log(vec![activity_log::Entry::added(account, clock::now())]).await;
        Ok(())
    }

    /// Applies a change to a fresh copy of an account. Gives `None` and writes nothing if the account is gone.
    pub async fn change(
        &self,
        id: AccountId,
        change: impl FnOnce(&mut Account) + Send,
    ) -> Result<Option<Account>, StoreError> {
        let mut entries = Vec::new();
        let changed = self.change_unlogged(id, |account| {
            let before = account.clone();
            change(account);
            entries = activity_log::Entry::of_change(&before, account, clock::now());
        });
        let changed = changed.await?;
        self.log(entries).await;
        Ok(changed)
    }

    async fn change_unlogged(
        &self,
        id: AccountId,
        change: impl FnOnce(&mut Account) + Send,
    ) -> Result<Option<Account>, StoreError> {
        let guard = self.lock().await?;
        self.limited(async { with!(self, keyring => backend::change(keyring, &guard, self.asking, id, change).await) })
            .await
    }

    /// Removes an account. Does nothing if it is gone already.
    pub async fn remove(&self, id: AccountId) -> Result<(), StoreError> {
        let guard = self.lock().await?;
        let removing = async { with!(self, keyring => backend::remove(keyring, &guard, self.asking, id).await) };
        let removed = self.limited(removing).await?;
        drop(guard);
        self.log(removed.iter().map(|account| activity_log::Entry::removed(account, clock::now())).collect()).await;
        Ok(())
    }

    async fn log(&self, entries: Vec<activity_log::Entry>) {
        if let Some(log) = &self.log {
            log.write(entries).await;
        }
    }

    /// Removes an item that cannot be read, by its name in [`Entry::Broken`].
    pub async fn remove_broken(&self, name: &str) -> Result<(), StoreError> {
        let guard = self.lock().await?;
        self.limited(async { with!(self, keyring => backend::remove_broken(keyring, &guard, self.asking, name).await) })
            .await
    }

    /// Asks the person to unlock the keyring, if needed. Waits as long as the person takes.
    pub async fn unlock(&self) -> Result<(), StoreError> {
        match &self.inner.keyring {
            Keyring::Service(keyring) => keyring.unlock().await,
            Keyring::File(keyring) => keyring.unlock().await,
        }
    }

    /// Yields an item whenever accounts may have changed, or the keyring may have come, gone, or changed its lock.
    /// Follows the keyring's signals, or the file; asks nothing and starts nothing.
    pub async fn changes(
        &self,
        connection: &zbus::Connection,
    ) -> Result<impl Stream<Item = ()> + Send + Unpin + use<>, StoreError> {
        let changes: Pin<Box<dyn Stream<Item = ()> + Send>> = match &self.inner.keyring {
            Keyring::Service(_) => Box::pin(secret_service::changes(connection).await?),
            Keyring::File(keyring) => Box::pin(keyring.changes().await?),
        };
        Ok(changes)
    }

    /// Makes sure that new items have a place, before the lock is taken: a person may have to be asked.
    async fn prepare(&self) -> Result<(), StoreError> {
        match &self.inner.keyring {
            Keyring::Service(keyring) => self.limited(Box::pin(keyring.prepare(self.asking))).await,
            Keyring::File(_) => self.open().await,
        }
    }

    /// Fetches the key of a keyring file. The Secret Service needs nothing first: it shows which items are locked.
    async fn open(&self) -> Result<(), StoreError> {
        match &self.inner.keyring {
            Keyring::Service(_) => Ok(()),
            Keyring::File(keyring) => keyring.open(self.asking, self.inner.limit).await,
        }
    }

    /// Locks one account. Whoever may get its credential renewed by the server holds this from before the call until
    /// after the save. Other changes of the account do not wait for it.
    pub async fn lock_account(&self, id: AccountId) -> Result<files::Lock, StoreError> {
        let path = self.lock_file()?.with_file_name(format!("account-{id}.lock"));
        Ok(files::lock(&path, self.inner.limit).await?)
    }

    fn lock_file(&self) -> io::Result<&PathBuf> {
        self.inner.lock_file.as_ref().ok_or_else(nowhere)
    }

    /// Opens the keyring first, so as not to hold the lock while a person answers a dialog.
    async fn lock(&self) -> Result<Guard, StoreError> {
        self.open().await?;
        let path = self.lock_file()?;
        // A caller that just had the lock and wants it again queues behind those already waiting.
        let _turn = files::lock(&path.with_extension("turn"), self.inner.limit).await?;
        Ok(Arc::new(files::lock(path, self.inner.limit).await?))
    }

    /// Limits a call in which the keyring may ask the person something: the person has no limit, and each call of ours
    /// has its own.
    async fn limited<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        match &self.inner.keyring {
            Keyring::Service(_) if self.asking == Asking::Freely => call.await,
            Keyring::Service(_) | Keyring::File(_) => self.timed(call).await,
        }
    }

    async fn timed<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        within(self.inner.limit, call).await.map_err(|_| StoreError::TimedOut)?
    }
}

fn nowhere() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "there is no folder for it")
}
