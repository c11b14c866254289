// SPDX-License-Identifier: GPL-3.0-or-later
//! The keyring file of a sandboxed application, which only the key opens that the Secret portal gives.
//!
//! ```text
//! vault  the secret, asked for once       disk   bytes, leftovers, files set aside
//! portal where it comes from              watch  hears of changes
//! ```

mod disk;
mod portal;
#[cfg(test)]
mod tests;
mod vault;
mod watch;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use futures_util::Stream;
use oo7::file::{Error, Item, LockedKeyring, UnlockedItem, UnlockedKeyring};
use tokio::sync::Mutex;

use self::{
    disk::{Place, Stamp},
    portal::SecretPortal,
    vault::{SecretSource, Vault},
};
use super::{
    StoreError,
    backend::{Backend, Found, Guard},
    record::{self, attribute},
};
use crate::{account::Account, names};

/// A name of our own: libraries in the same sandbox have `default.keyring`.
const FILE_NAME: &str = "usher.keyring";

/// The file, and what is known of it.
pub(in crate::store) struct FileKeyring {
    /// `None` where there is no folder for data.
    place: Option<Place>,
    vault: Arc<Vault>,
    known: Mutex<Known>,
}

/// What was found out about the file, so that the key is derived once.
#[derive(Default)]
struct Known {
    /// The keyring as it was last loaded or written: it holds the key.
    keyring: Option<Arc<UnlockedKeyring>>,
    /// The file as it was then.
    as_of: Option<Stamp>,
    /// Whether the keyring holds what the file held then; not so where a writing failed.
    is_exact: bool,
    /// The file that could not be read.
    unreadable: Option<Stamp>,
}

/// Where an item is.
pub(in crate::store) enum Spot {
    /// In the file, as it was then.
    Item(usize, Arc<Stamp>),
    /// A whole file of the folder.
    File(String),
}

/// What the file holds.
enum Content {
    None,
    Unreadable,
    Items(Vec<Option<UnlockedItem>>),
}

impl FileKeyring {
    /// The keyring of this application, inside its sandbox.
    pub(in crate::store) fn of_application() -> Self {
        let marker = names::runtime_dir().map(|folder| folder.join("portal-asked"));
        Self::new(data_folder(), Box::new(SecretPortal { bus: None }), marker)
    }

    fn new(data: Option<PathBuf>, source: Box<dyn SecretSource>, marker: Option<PathBuf>) -> Self {
        Self {
            place: data.map(|data| Place::new(data.join("keyrings"), FILE_NAME)),
            vault: Arc::new(Vault::new(source, marker)),
            known: Mutex::default(),
        }
    }

    /// The file that is locked for changes. Not in the folder that is watched.
    pub(in crate::store) fn lock_file(&self) -> Option<PathBuf> {
        Some(self.place.as_ref()?.folder().parent()?.join("accounts.lock"))
    }

    /// Whether the key is held.
    pub(in crate::store) fn is_open(&self) -> bool {
        self.vault.secret().is_some()
    }

    /// Sees to it that the key is held, within `limit`.
    pub(in crate::store) async fn open(&self, is_quiet: bool, limit: Duration) -> Result<(), StoreError> {
        match self.vault.open(is_quiet, Some(limit)).await {
            Err(StoreError::Dismissed) => Err(StoreError::Locked),
            other => other,
        }
    }

    pub(in crate::store) async fn unlock(&self) -> Result<(), StoreError> {
        self.vault.open(false, None).await
    }

    /// The file has changed, or can be read from now on.
    pub(in crate::store) fn changes(&self) -> Result<impl Stream<Item = ()> + Send + use<>, StoreError> {
        watch::changes(self.place()?, self.vault.opened()).map_err(StoreError::File)
    }

    fn place(&self) -> Result<&Place, StoreError> {
        let nowhere = || io::Error::new(io::ErrorKind::NotFound, "there is no folder for it");
        self.place.as_ref().ok_or_else(|| StoreError::File(nowhere()))
    }

    /// Reads the file. Reading needs no lock: writers give a new file the name of the old one.
    async fn read(&self, known: &mut Known, stamp: Option<&Stamp>) -> Result<Content, StoreError> {
        let Some(stamp) = stamp else {
            return Ok(Content::None);
        };
        if known.unreadable.as_ref() == Some(stamp) {
            return Ok(Content::Unreadable);
        }
        if let Some(keyring) = &known.keyring
            && let Some(items) = self.items(keyring.clone()).await?
        {
            return Ok(Content::Items(items));
        }
        // Another salt, and so another key; or nothing that could be read.
        let items = match self.load(known, Some(stamp)).await? {
            Some(keyring) => self.items(keyring).await?,
            None => None,
        };
        Ok(items.map_or(Content::Unreadable, Content::Items))
    }

    /// The items of the file that the key of `keyring` opens; `None` if it opens none.
    async fn items(&self, keyring: Arc<UnlockedKeyring>) -> Result<Option<Vec<Option<UnlockedItem>>>, StoreError> {
        let path = self.place()?.path();
        let items = apart(async move {
            let mut items = Vec::new();
            for item in LockedKeyring::load(path).await?.items().await? {
                items.push(match item {
                    Ok(Item::Locked(item)) => keyring.unlock_item(item).await.ok(),
                    Ok(Item::Unlocked(item)) => Some(item),
                    Err(_) => None,
                });
            }
            Ok(items)
        })
        .await?;
        Ok(items.filter(|items| items.is_empty() || items.iter().any(Option::is_some)))
    }

    /// The keyring for writing. `None` if it cannot be read.
    async fn load(&self, known: &mut Known, stamp: Option<&Stamp>) -> Result<Option<Arc<UnlockedKeyring>>, StoreError> {
        if let Some(keyring) = &known.keyring
            && known.is_exact
            && known.as_of.as_ref() == stamp
        {
            return Ok(Some(keyring.clone()));
        }
        let secret = self.vault.secret().ok_or(StoreError::Locked)?;
        let path = self.place()?.path();
        let loaded = if stamp.is_none_or(Stamp::is_plausible) {
            apart(async move {
                let keyring = UnlockedKeyring::load(path, secret).await?;
                keyring.key().await?;
                Ok(Arc::new(keyring))
            })
            .await?
        } else {
            None
        };
        if let Some(keyring) = &loaded {
            known.keyring = Some(keyring.clone());
            (known.as_of, known.is_exact) = (stamp.cloned(), true);
        } else {
            known.unreadable = stamp.cloned();
        }
        Ok(loaded)
    }

    /// Writes by `work`, then reads back what `account` is about.
    async fn write<W>(
        &self,
        guard: &Guard,
        known: &mut Known,
        work: W,
        account: Option<&Account>,
    ) -> Result<(), StoreError>
    where
        W: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let (place, guard) = (self.place()?.clone(), guard.clone());
        // What happens to be written is unknown until it has ended well.
        known.is_exact = false;
        let written = apart(async move {
            let written = work.await;
            // A failure leaves a part behind. The lock is held until the last byte is on disk.
            let synced = place.remove_parts().and_then(|()| place.sync());
            drop(guard);
            written.and_then(|()| synced.map_err(Error::Io))
        });
        if written.await?.is_none() {
            return Err(StoreError::NotKept);
        }
        let place = self.place()?;
        let stamp = place.stamp().map_err(StoreError::File)?;
        if let Some(account) = account {
            let kept = match self.read(known, stamp.as_ref()).await? {
                Content::Items(items) => items,
                Content::None | Content::Unreadable => return Err(StoreError::NotKept),
            };
            let id = account.id.to_string();
            let is_kept = |item: &UnlockedItem| {
                item.attributes().get(attribute::ACCOUNT) == Some(&id)
                    && record::verify(&item.secret(), account).is_ok()
            };
            if !kept.iter().flatten().any(is_kept) {
                return Err(StoreError::NotKept);
            }
        }
        (known.as_of, known.is_exact) = (stamp, true);
        Ok(())
    }
}

impl Backend for FileKeyring {
    type Place = Spot;

    async fn list(&self) -> Result<Vec<Found<Spot>>, StoreError> {
        let mut known = self.known.lock().await;
        let place = self.place()?;
        let stamp = place.stamp().map_err(StoreError::File)?;
        let mut all = match self.read(&mut known, stamp.as_ref()).await? {
            Content::None => Vec::new(),
            Content::Unreadable => vec![Found::Broken(Spot::File(place.name().to_owned()), place.name().to_owned())],
            Content::Items(items) => {
                let stamp = Arc::new(stamp.ok_or(StoreError::NotKept)?);
                let found = |(index, item)| found(place, item, Spot::Item(index, stamp.clone()), index);
                items.into_iter().enumerate().filter_map(found).collect()
            }
        };
        for name in place.aside().map_err(StoreError::File)? {
            all.push(Found::Broken(Spot::File(name.clone()), name));
        }
        Ok(all)
    }

    async fn create(&self, guard: &Guard, account: &Account) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let place = self.place()?;
        place.make_folder().and_then(|()| place.remove_parts()).map_err(StoreError::File)?;
        let stamp = place.stamp().map_err(StoreError::File)?;
        let mut keyring = self.load(&mut known, stamp.as_ref()).await?;
        if keyring.is_none() {
            place.set_aside().map_err(StoreError::File)?;
            keyring = self.load(&mut known, None).await?;
        }
        let keyring = keyring.ok_or(StoreError::NotKept)?;
        let secret = record::encode(account)?;
        let (label, attributes) = (record::label(account), record::attributes(account));
        let work = async move { keyring.create_item(&label, &attributes, secret, false).await.map(|_| ()) };
        self.write(guard, &mut known, work, Some(account)).await
    }

    async fn replace(&self, guard: &Guard, spot: &Spot, account: &Account) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let (keyring, index) = self.at(&mut known, spot).await?;
        let (label, secret) = (record::label(account), record::encode(account)?);
        let work = async move {
            let mut items = keyring.items().await?;
            if index >= items.len() {
                return Err(Error::InvalidItemIndex(index));
            }
            let Ok(Item::Unlocked(mut item)) = items.swap_remove(index) else {
                return Err(Error::InvalidItemIndex(index));
            };
            item.set_label(label);
            item.set_secret(secret);
            keyring.replace_item_index(index, &item).await
        };
        self.write(guard, &mut known, work, Some(account)).await
    }

    async fn delete(&self, guard: &Guard, spots: Vec<Spot>) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let (mut items, mut files) = (Vec::new(), Vec::new());
        for spot in &spots {
            match spot {
                Spot::Item(..) => items.push(self.at(&mut known, spot).await?),
                Spot::File(name) => files.push(name),
            }
        }
        for name in files {
            self.place()?.remove(name).map_err(StoreError::File)?;
        }
        let Some((keyring, _)) = items.first() else {
            return Ok(());
        };
        let keyring = keyring.clone();
        let mut indices: Vec<usize> = items.iter().map(|(_, index)| *index).collect();
        // The last one first: the others keep their places.
        indices.sort_unstable_by(|one, other| other.cmp(one));
        let work = async move {
            for index in indices {
                keyring.delete_item_index(index).await?;
            }
            Ok(())
        };
        self.write(guard, &mut known, work, None).await
    }
}

impl FileKeyring {
    /// The keyring for writing, where an item is still where it was.
    async fn at(&self, known: &mut Known, spot: &Spot) -> Result<(Arc<UnlockedKeyring>, usize), StoreError> {
        let moved = || StoreError::File(io::Error::other("it was changed by another program"));
        let Spot::Item(index, as_it_was) = spot else { return Err(moved()) };
        let place = self.place()?;
        place.remove_parts().map_err(StoreError::File)?;
        let stamp = place.stamp().map_err(StoreError::File)?;
        if stamp.as_ref() != Some(as_it_was) {
            return Err(moved());
        }
        let keyring = self.load(known, stamp.as_ref()).await?.ok_or_else(moved)?;
        Ok((keyring, *index))
    }
}

/// An item of the file, if it is one of ours.
fn found(place: &Place, item: Option<UnlockedItem>, spot: Spot, index: usize) -> Option<Found<Spot>> {
    let broken = |spot| Some(Found::Broken(spot, format!("{}#{index}", place.name())));
    let Some(item) = item else { return broken(spot) };
    if item.attributes().get(attribute::SCHEMA).is_none_or(|schema| schema != names::KEYRING_SCHEMA) {
        return None;
    }
    let account = record::outline(item.attributes()).and_then(|outline| record::account(&outline, &item.secret()));
    match account {
        Some(account) => Some(Found::Open(spot, Box::new(account))),
        None => broken(spot),
    }
}

/// Folder of the application's data; inside a sandbox its own.
fn data_folder() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")))
}

/// Works with the library where a long calculation holds up nobody, and where its stumbling over a damaged file does no
/// harm. `None` if the file cannot be read.
async fn apart<T, W>(work: W) -> Result<Option<T>, StoreError>
where
    T: Send + 'static,
    W: Future<Output = Result<T, Error>> + Send + 'static,
{
    let worked = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(Error::Io)?;
        runtime.block_on(work)
    });
    match worked.await {
        Ok(Ok(done)) => Ok(Some(done)),
        Ok(Err(Error::Io(error))) => Err(StoreError::File(error)),
        Ok(Err(error @ (Error::TargetFileChanged(_) | Error::NoParentDir(_) | Error::NoDataDir))) => {
            Err(StoreError::File(io::Error::other(error)))
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "the keyring file cannot be read");
            Ok(None)
        }
        Err(error) => {
            tracing::warn!(%error, "the keyring file is damaged");
            Ok(None)
        }
    }
}
