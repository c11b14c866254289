// SPDX-License-Identifier: GPL-3.0-or-later
//! The accounts in the keyring: one item per account is the only store. All changes are read-modify-write under one lock
//! file, since window, daemon and usherctl all write.
//!
//! Outside a sandbox the keyring is the Secret Service, inside one a file that only the key of the Secret portal opens.
//! Which one it is, is decided when the store is made; never does one stand in for the other.
//!
//! ```text
//! backend         what a keyring must do     record  how an account is written into an item
//! secret_service  the Secret Service         file    the file
//! absent          who is not on the bus
//! ```

mod absent;
mod backend;
mod file;
mod record;
mod secret_service;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing;

use std::{io, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt};

use self::{backend::Guard, file::FileKeyring, secret_service::SecretService};
use crate::{
    account::{Account, AccountId},
    binding::Link,
    files, names,
    provider::Provider,
    service::ServiceUrl,
};

/// What is known of a keyring item without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Which account, as the attributes say.
    pub id: AccountId,
    /// Its provider, as the attributes say.
    pub provider: Provider,
    /// Its service, as the attributes say.
    pub service: ServiceUrl,
}

/// One item of ours in the keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Readable.
    Open(Box<Account>),
    /// In a locked keyring.
    Locked(Outline),
    /// Cannot be read; kept as it is. The name tells it from others.
    Broken(String),
}

impl Entry {
    /// Whether a broken one of that name is a whole keyring file, with all accounts that are in it.
    pub fn is_whole_keyring(name: &str) -> bool {
        // Items of a service are named by an object path, items of a file by their number.
        !name.contains(['/', '#'])
    }

    /// The same, taken out.
    pub fn into_account(self) -> Option<Account> {
        match self {
            Self::Open(account) => Some(*account),
            Self::Locked(_) | Self::Broken(_) => None,
        }
    }

    /// The account, where it can be read.
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Open(account) => Some(account),
            Self::Locked(_) | Self::Broken(_) => None,
        }
    }
}

/// Why the keyring did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No keyring is running.
    #[error("no keyring is running")]
    NoKeyring,
    /// Inside a sandbox: the desktop offers no portal that gives the key.
    #[error("there is no portal for secrets")]
    NoPortal,
    /// It is locked.
    #[error("the keyring is locked")]
    Locked,
    /// The person did not unlock it.
    #[error("the keyring was not unlocked")]
    Dismissed,
    /// It did not answer in time.
    #[error("the keyring did not answer in time")]
    TimedOut,
    /// Something is wrong with it.
    #[error("the keyring failed: {0}")]
    Keyring(oo7::dbus::Error),
    /// Something is wrong with the portal.
    #[error("the portal for secrets failed: {0}")]
    Portal(zbus::Error),
    /// The keyring file cannot be read or written; what it held is still there.
    #[error("the keyring file cannot be used: {0}")]
    File(io::Error),
    /// What was saved was not what could be read again.
    #[error("the keyring did not keep the account")]
    NotKept,
    /// The lock file cannot be used.
    #[error("the lock file cannot be used: {0}")]
    LockFile(#[from] io::Error),
}

/// The accounts of this person on this computer. Cheap to clone. The keyring is contacted at the first call.
#[derive(Clone)]
pub struct AccountStore {
    inner: Arc<Inner>,
    is_quiet: bool,
}

struct Inner {
    keyring: Keyring,
    limit: Duration,
    lock_file: Option<PathBuf>,
}

enum Keyring {
    Service(SecretService),
    File(FileKeyring),
}

/// Does the same with whichever keyring it is.
macro_rules! with {
    ($store:expr, $keyring:ident => $call:expr) => {
        match &$store.inner.keyring {
            Keyring::Service($keyring) => $call,
            Keyring::File($keyring) => $call,
        }
    };
}

impl AccountStore {
    /// A store over the keyring that this process has to use. No call but [`Self::unlock`] takes longer than about
    /// `limit`.
    pub fn new(limit: Duration) -> Self {
        if names::in_sandbox() {
            return Self::in_file(FileKeyring::of_application(), limit);
        }
        let lock_file = names::runtime_dir().map(|folder| folder.join("accounts.lock"));
        Self::over(Keyring::Service(SecretService::default()), limit, lock_file)
    }

    fn in_file(keyring: FileKeyring, limit: Duration) -> Self {
        let lock_file = keyring.lock_file();
        Self::over(Keyring::File(keyring), limit, lock_file)
    }

    fn over(keyring: Keyring, limit: Duration, lock_file: Option<PathBuf>) -> Self {
        Self { inner: Arc::new(Inner { keyring, limit, lock_file }), is_quiet: false }
    }

    /// The same store for what must not disturb the person. Inside a sandbox nothing tells beforehand whether the desktop
    /// will ask the person to unlock the keyring: this way it is given the occasion at most once per login session. What
    /// cannot be had without counts as locked. Outside a sandbox, and where the key is held already, there is no
    /// difference.
    pub fn quietly(&self) -> Self {
        Self { inner: self.inner.clone(), is_quiet: true }
    }

    /// All items of ours. A broken one does not hide the others. Inside a sandbox the desktop may ask the person to
    /// unlock the keyring; see [`Self::quietly`].
    pub async fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        self.open().await?;
        self.timed(async { with!(self, keyring => backend::entries(keyring).await) }).await
    }

    /// Whether the keyring would have to be unlocked before accounts can be read. Asks nobody: inside a sandbox a keyring
    /// whose key has not been asked for yet counts as locked.
    pub async fn is_locked(&self) -> Result<bool, StoreError> {
        match &self.inner.keyring {
            Keyring::Service(keyring) => self.timed(keyring.is_locked()).await,
            Keyring::File(keyring) => Ok(!keyring.is_open()),
        }
    }

    /// Saves a new account and reads it back before it says so (rule R16).
    pub async fn add(&self, account: &Account) -> Result<(), StoreError> {
        let guard = self.lock().await?;
        self.timed(async {
            use backend::Backend;
            with!(self, keyring => keyring.create(&guard, account).await)
        })
        .await
    }

    /// Changes the fresh copy of an account. `None` if it is no longer there: then nothing is written.
    pub async fn change(
        &self,
        id: AccountId,
        change: impl FnOnce(&mut Account) + Send,
    ) -> Result<Option<Account>, StoreError> {
        let guard = self.lock().await?;
        self.timed(async { with!(self, keyring => backend::change(keyring, &guard, id, change).await) }).await
    }

    /// Lets a remote use an account, and no other one: a remote uses one account, the one that was chosen last. `false`
    /// if the account is no longer there: then nothing is written.
    pub async fn allow(&self, id: AccountId, link: Link) -> Result<bool, StoreError> {
        let guard = self.lock().await?;
        self.timed(async { with!(self, keyring => backend::allow(keyring, &guard, id, link).await) }).await
    }

    /// Removes an account. Removing what is gone is done already.
    pub async fn remove(&self, id: AccountId) -> Result<(), StoreError> {
        let guard = self.lock().await?;
        self.timed(async { with!(self, keyring => backend::remove(keyring, &guard, id).await) }).await
    }

    /// Removes an item that cannot be read, as [`Entry::Broken`] names it.
    pub async fn remove_broken(&self, name: &str) -> Result<(), StoreError> {
        let guard = self.lock().await?;
        self.timed(async { with!(self, keyring => backend::remove_broken(keyring, &guard, name).await) }).await
    }

    /// Asks the person to unlock the keyring, where that is needed. Lasts as long as the person takes.
    pub async fn unlock(&self) -> Result<(), StoreError> {
        match &self.inner.keyring {
            Keyring::Service(keyring) => keyring.unlock().await,
            Keyring::File(keyring) => keyring.unlock().await,
        }
    }

    /// Something about the accounts, or the keyring's being there or locked, may have changed. Follows the keyring's
    /// signals, or the file; asks nothing and starts nothing.
    pub async fn changes(
        &self,
        connection: &zbus::Connection,
    ) -> Result<impl Stream<Item = ()> + Send + Unpin + use<>, StoreError> {
        let changes: Pin<Box<dyn Stream<Item = ()> + Send>> = match &self.inner.keyring {
            Keyring::Service(_) => Box::pin(secret_service::signals(connection).await?.map(|_| ())),
            Keyring::File(keyring) => Box::pin(keyring.changes()?),
        };
        Ok(changes)
    }

    /// Makes sure that the keyring can be read, where that is not told by reading it.
    async fn open(&self) -> Result<(), StoreError> {
        match &self.inner.keyring {
            Keyring::Service(_) => Ok(()),
            Keyring::File(keyring) => keyring.open(self.is_quiet, self.inner.limit).await,
        }
    }

    /// Takes the turn of one account: whoever is about to have its credential renewed by the server holds it from before
    /// the call until after the save. Other changes of the account do not wait for it.
    pub async fn lock_account(&self, id: AccountId) -> Result<files::Lock, StoreError> {
        let path = self.lock_file()?.with_file_name(format!("account-{id}.lock"));
        Ok(files::lock(&path, self.inner.limit).await?)
    }

    fn lock_file(&self) -> io::Result<&PathBuf> {
        let nowhere = || io::Error::new(io::ErrorKind::NotFound, "there is no folder for it");
        self.inner.lock_file.as_ref().ok_or_else(nowhere)
    }

    /// The lock is not held while a person is waited for.
    async fn lock(&self) -> Result<Guard, StoreError> {
        self.open().await?;
        let path = self.lock_file()?;
        // Who has just had the lock and wants it again queues up behind those who wait for it.
        let _turn = files::lock(&path.with_extension("turn"), self.inner.limit).await?;
        Ok(Arc::new(files::lock(path, self.inner.limit).await?))
    }

    async fn timed<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(self.inner.limit, call).await.map_err(|_| StoreError::TimedOut)?
    }
}
