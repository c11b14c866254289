// SPDX-License-Identifier: GPL-3.0-or-later
//! The keyring file of a sandboxed application, which only the key from the Secret portal opens.
//!
//! ```text
//! keyring_secret  the secret, fetched once           disk   bytes, leftovers, files set aside
//! portal          where the secret comes from        watch  notices changes
//! content         items, read and written
//! ```

mod content;
mod disk;
mod keyring_secret;
mod portal;
#[cfg(test)]
mod tests;
mod watch;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use futures_util::Stream;
use oo7::file::{UnlockedItem, UnlockedKeyring};
use tokio::sync::Mutex;

#[cfg(any(test, feature = "testing"))]
pub(in crate::store) use self::keyring_secret::NoSecret;
pub(in crate::store) use self::keyring_secret::SecretSource;
use self::{
    content::{Change, Items},
    disk::{DiskFile, Stamp},
    keyring_secret::KeyringSecret,
    portal::SecretPortal,
};
use super::{
    Asking, StoreError,
    backend::{Backend, Guard, StoredItem},
    record::{self, attribute},
};
use crate::{account::Account, names};

/// A name of our own: libraries in the same sandbox use `default.keyring`.
const FILE_NAME: &str = "usher.keyring";

/// The file, and what we know about it.
pub(in crate::store) struct FileKeyring {
    /// `None` if there is no folder for data.
    file: Option<DiskFile>,
    keyring_secret: Arc<KeyringSecret>,
    known: Mutex<Known>,
}

/// What we learned about the file, so as not to derive the key each time.
#[derive(Default)]
struct Known {
    /// A keyring that opens items made with its key, and the bytes that the key was derived from.
    opener: Option<(Arc<UnlockedKeyring>, Vec<u8>)>,
    /// The keyring last written, and the file as it was afterwards.
    written: Option<(Arc<UnlockedKeyring>, Stamp)>,
    /// A file that could not be read.
    unreadable: Option<Stamp>,
}

/// Where an item is.
pub(in crate::store) enum ItemLocation {
    /// An item of the file: its index, and the file as it was then.
    Item(usize, Arc<Stamp>),
    /// A whole file in the folder.
    File(String),
}

/// The content of the file.
enum Content {
    None,
    Unreadable,
    Items(Items),
}

impl FileKeyring {
    /// The keyring of this application inside its sandbox.
    pub(in crate::store) fn of_application() -> Self {
        let marker = names::runtime_dir().map(|folder| folder.join("portal-asked"));
        Self::new(names::data_dir(), Box::new(SecretPortal { bus: None }), marker)
    }

    pub(in crate::store) fn new(data: Option<PathBuf>, source: Box<dyn SecretSource>, marker: Option<PathBuf>) -> Self {
        Self {
            file: data.map(|data| DiskFile::new(data.join("keyrings"), FILE_NAME)),
            keyring_secret: Arc::new(KeyringSecret::new(source, marker)),
            known: Mutex::default(),
        }
    }

    /// The file to lock for changes. Not in the folder that we watch.
    pub(in crate::store) fn lock_file(&self) -> Option<PathBuf> {
        Some(self.file.as_ref()?.folder().parent()?.join("accounts.lock"))
    }

    /// Whether we hold the key.
    pub(in crate::store) fn is_open(&self) -> bool {
        self.keyring_secret.secret().is_some()
    }

    /// Gets the key if we do not hold it, within `limit`.
    pub(in crate::store) async fn open(&self, asking: Asking, limit: Duration) -> Result<(), StoreError> {
        match self.keyring_secret.open(asking, Some(limit)).await {
            Err(StoreError::Dismissed) => Err(StoreError::Locked),
            other => other,
        }
    }

    pub(in crate::store) async fn unlock(&self) -> Result<(), StoreError> {
        self.keyring_secret.open(Asking::Freely, None).await
    }

    /// Yields when the file has changed, or becomes readable.
    pub(in crate::store) fn changes(&self) -> Result<impl Stream<Item = ()> + Send + use<>, StoreError> {
        watch::changes(self.file()?, self.keyring_secret.opened()).map_err(StoreError::File)
    }

    fn file(&self) -> Result<&DiskFile, StoreError> {
        let nowhere = || io::Error::new(io::ErrorKind::NotFound, "there is no folder for it");
        self.file.as_ref().ok_or_else(|| StoreError::File(nowhere()))
    }

    /// Reads the file. Needs no lock: a writer renames a finished file over the old one.
    async fn read(&self, known: &mut Known, stamp: Option<&Stamp>) -> Result<Content, StoreError> {
        let Some(stamp) = stamp else {
            return Ok(Content::None);
        };
        if known.unreadable.as_ref() == Some(stamp) {
            return Ok(Content::Unreadable);
        }
        let Some(key_parameters) = stamp.key_parameters() else {
            known.unreadable = Some(stamp.clone());
            return Ok(Content::Unreadable);
        };
        let path = self.file()?.path();
        let opener = match &known.opener {
            Some((opener, same)) if same == key_parameters => Some(opener.clone()),
            _ => content::load(path.clone(), self.secret()?).await?,
        };
        if let Some(opener) = opener
            && let Some(items) = content::items(path, opener.clone()).await?
        {
            known.opener = Some((opener, key_parameters.to_owned()));
            return Ok(Content::Items(items));
        }
        known.unreadable = Some(stamp.clone());
        Ok(Content::Unreadable)
    }

    fn secret(&self) -> Result<oo7::Secret, StoreError> {
        self.keyring_secret.secret().ok_or(StoreError::Locked)
    }

    /// Applies a change to the file whose content is `stamp`.
    async fn write(
        &self,
        guard: &Guard,
        known: &mut Known,
        stamp: Option<Stamp>,
        change: Change,
    ) -> Result<(), StoreError> {
        // Forget this first: after a failure the library's idea of the file is wrong.
        let written = known.written.take();
        let same = written.filter(|(_, as_of)| Some(as_of) == stamp.as_ref()).map(|(keyring, _)| keyring);
        let file = self.file()?;
        let work = content::write(file.clone(), guard.clone(), stamp, same, self.secret()?, change);
        let keyring = work.await?.ok_or(StoreError::NotKept)?;
        if let Some(stamp) = file.stamp().map_err(StoreError::File)? {
            if let Some(key_parameters) = stamp.key_parameters() {
                known.opener = Some((keyring.clone(), key_parameters.to_owned()));
            }
            known.written = Some((keyring, stamp));
        }
        Ok(())
    }

    /// The file and the item's index, if the file has not changed since.
    fn at(&self, location: &ItemLocation) -> Result<(Stamp, usize), StoreError> {
        let stamp = self.file()?.stamp().map_err(StoreError::File)?;
        match (location, stamp) {
            (ItemLocation::Item(index, as_it_was), Some(stamp)) if **as_it_was == stamp => Ok((stamp, *index)),
            _ => Err(StoreError::File(io::Error::other("it was changed by another program"))),
        }
    }
}

impl Backend for FileKeyring {
    type Location = ItemLocation;

    async fn list(&self) -> Result<Vec<StoredItem<ItemLocation>>, StoreError> {
        let mut known = self.known.lock().await;
        let file = self.file()?;
        let stamp = file.stamp().map_err(StoreError::File)?;
        let mut all = match self.read(&mut known, stamp.as_ref()).await? {
            Content::None => Vec::new(),
            Content::Unreadable => {
                vec![StoredItem::Broken(ItemLocation::File(file.name().to_owned()), file.name().to_owned())]
            }
            Content::Items(items) => {
                let stamp = Arc::new(stamp.ok_or(StoreError::NotKept)?);
                let stored = |(index, item)| stored_item(file, item, ItemLocation::Item(index, stamp.clone()), index);
                items.into_iter().enumerate().filter_map(stored).collect()
            }
        };
        for name in file.aside().map_err(StoreError::File)? {
            all.push(StoredItem::Broken(ItemLocation::File(name.clone()), name));
        }
        Ok(all)
    }

    async fn create(&self, guard: &Guard, account: &Account) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let file = self.file()?;
        let mut stamp = file.stamp().map_err(StoreError::File)?;
        if let Content::Unreadable = self.read(&mut known, stamp.as_ref()).await? {
            file.set_aside().map_err(StoreError::File)?;
            stamp = None;
        }
        self.write(guard, &mut known, stamp, Change::Add(account.clone())).await
    }

    async fn replace(&self, guard: &Guard, location: &ItemLocation, account: &Account) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let (stamp, index) = self.at(location)?;
        self.write(guard, &mut known, Some(stamp), Change::Replace(index, account.clone())).await
    }

    async fn delete(&self, guard: &Guard, locations: Vec<ItemLocation>) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let (mut indices, mut as_it_is) = (Vec::new(), None);
        for location in &locations {
            if let ItemLocation::File(name) = location {
                self.file()?.remove(name).map_err(StoreError::File)?;
            } else {
                let (stamp, index) = self.at(location)?;
                indices.push(index);
                as_it_is = Some(stamp);
            }
        }
        if indices.is_empty() {
            return Ok(());
        }
        indices.sort_unstable_by(|one, other| other.cmp(one));
        self.write(guard, &mut known, as_it_is, Change::Remove(indices)).await
    }
}

/// What an item of the file holds, if it is one of ours.
fn stored_item(
    file: &DiskFile,
    item: Option<UnlockedItem>,
    location: ItemLocation,
    index: usize,
) -> Option<StoredItem<ItemLocation>> {
    let broken = |location| Some(StoredItem::Broken(location, format!("{}#{index}", file.name())));
    let Some(item) = item else { return broken(location) };
    if item.attributes().get(attribute::SCHEMA).is_none_or(|schema| schema != names::KEYRING_SCHEMA) {
        return None;
    }
    let account = record::outline(item.attributes()).and_then(|outline| record::account(&outline, &item.secret()));
    match account {
        Some(account) => Some(StoredItem::Open(location, Box::new(account))),
        None => broken(location),
    }
}
