// SPDX-License-Identifier: GPL-3.0-or-later
//! The accounts in the keyring: one item per account is the only store. All changes are read-modify-write under one lock
//! file, since window, daemon and usherctl all write.

mod keyring;

use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt};
use oo7::dbus::Item;

use self::keyring::{Found, SecretService};
use crate::{
    account::{Account, AccountId},
    binding::{Link, Provider},
    files, names,
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
    /// Cannot be read; kept as it is. The path tells it from others.
    Broken(String),
}

impl Entry {
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
}

struct Inner {
    keyring: SecretService,
    limit: Duration,
    lock_file: Option<PathBuf>,
}

impl AccountStore {
    /// A store over the Secret Service. No call but [`Self::unlock`] takes longer than `limit`.
    pub fn new(limit: Duration) -> Self {
        let lock_file = names::runtime_dir().map(|folder| folder.join("accounts.lock"));
        Self { inner: Arc::new(Inner { keyring: SecretService::default(), limit, lock_file }) }
    }

    /// All items of ours. A broken one does not hide the others. Never asks the person anything.
    pub async fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        let found = self.timed(self.inner.keyring.list()).await?;
        let mut open: BTreeMap<AccountId, Account> = BTreeMap::new();
        let mut entries = Vec::new();
        for item in found {
            match item {
                // Two items of one account: the newer one counts.
                Found::Open(_, account) => match open.get(&account.id) {
                    Some(known) if known.generation >= account.generation => {}
                    _ => {
                        open.insert(account.id, *account);
                    }
                },
                Found::Locked(outline) => entries.push(Entry::Locked(outline)),
                Found::Broken(item) => entries.push(Entry::Broken(item.path().to_string())),
            }
        }
        entries.extend(open.into_values().map(|account| Entry::Open(Box::new(account))));
        Ok(entries)
    }

    /// Whether accounts could be read now.
    pub async fn is_locked(&self) -> Result<bool, StoreError> {
        self.timed(self.inner.keyring.is_locked()).await
    }

    /// Saves a new account and reads it back before it says so (rule R16).
    pub async fn add(&self, account: &Account) -> Result<(), StoreError> {
        let _lock = self.lock().await?;
        self.timed(self.inner.keyring.create(account)).await
    }

    /// Changes the fresh copy of an account. `None` if it is no longer there: then nothing is written.
    pub async fn change(
        &self,
        id: AccountId,
        change: impl FnOnce(&mut Account) + Send,
    ) -> Result<Option<Account>, StoreError> {
        let _lock = self.lock().await?;
        self.timed(async {
            let Some((item, mut account)) = self.inner.keyring.find(id).await? else {
                return Ok(None);
            };
            write_change(&item, &mut account, change).await?;
            Ok(Some(account))
        })
        .await
    }

    /// Lets a remote use an account, and no other one: a remote uses one account, the one that was chosen last. `false`
    /// if the account is no longer there: then nothing is written.
    pub async fn allow(&self, id: AccountId, link: Link) -> Result<bool, StoreError> {
        let _lock = self.lock().await?;
        self.timed(async {
            let Some((item, mut chosen)) = self.inner.keyring.find(id).await? else {
                return Ok(false);
            };
            let remote_url = link.remote_url.clone();
            write_change(&item, &mut chosen, |account| account.link(link)).await?;
            for found in self.inner.keyring.list().await? {
                if let Found::Open(item, mut other) = found
                    && other.id != id
                {
                    write_change(&item, &mut other, |account| account.unlink(&remote_url)).await?;
                }
            }
            Ok(true)
        })
        .await
    }

    /// Removes an account. Removing what is gone is done already.
    pub async fn remove(&self, id: AccountId) -> Result<(), StoreError> {
        let _lock = self.lock().await?;
        self.timed(self.inner.keyring.delete(|found| {
            matches!(found, Found::Open(_, account) if account.id == id)
                || matches!(found, Found::Locked(outline) if outline.id == id)
        }))
        .await
    }

    /// Removes an item that cannot be read, as [`Entry::Broken`] names it.
    pub async fn remove_broken(&self, path: &str) -> Result<(), StoreError> {
        let _lock = self.lock().await?;
        self.timed(
            self.inner.keyring.delete(|found| matches!(found, Found::Broken(item) if item.path().as_str() == path)),
        )
        .await
    }

    /// Asks the person to unlock the keyring. Lasts as long as the person takes.
    pub async fn unlock(&self) -> Result<(), StoreError> {
        self.inner.keyring.unlock().await
    }

    /// Something about the accounts, or the keyring's being there or locked, may have changed. Follows the keyring's
    /// signals; asks nothing and starts nothing.
    pub async fn changes(
        &self,
        connection: &zbus::Connection,
    ) -> Result<impl Stream<Item = ()> + Send + Unpin + use<>, StoreError> {
        keyring::signals(connection).await.map(|signals| signals.map(|_| ()))
    }

    async fn lock(&self) -> Result<Option<files::Lock>, StoreError> {
        match &self.inner.lock_file {
            Some(path) => Ok(Some(files::lock(path, self.inner.limit).await?)),
            None => Err(StoreError::LockFile(io::Error::new(io::ErrorKind::NotFound, "XDG_RUNTIME_DIR is not set"))),
        }
    }

    async fn timed<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(self.inner.limit, call).await.map_err(|_| StoreError::TimedOut)?
    }
}

/// Changes an account in its item. What stays as it was is not written.
async fn write_change(item: &Item, account: &mut Account, change: impl FnOnce(&mut Account)) -> Result<(), StoreError> {
    let before = account.clone();
    change(account);
    if *account == before {
        return Ok(());
    }
    account.generation = before.generation.saturating_add(1);
    keyring::replace(item, account).await
}
