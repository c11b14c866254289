// SPDX-License-Identifier: GPL-3.0-or-later
//! The keyring file of a sandboxed application, which only the key from the Secret portal opens.
//!
//! The portal may give another secret for a while, as on another desktop. Then the file in use is set aside, and a new one
//! takes its place. Every file that there is counts, as far as the secret of the moment opens it.
//!
//! ```text
//! keyring_secret  the secret, fetched once           disk   bytes, leftovers, files set aside
//! portal          where the secret comes from        watch  notices changes
//! content         items, read and written            known  what we learned about the files
//! ```

mod content;
mod disk;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod fuzzing;
mod keyring_secret;
mod known;
mod portal;
#[cfg(test)]
mod tests;
mod watch;

use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc, time::Duration};

use futures_util::Stream;
use oo7::file::UnlockedItem;
use tokio::sync::Mutex;

#[cfg(any(test, feature = "testing"))]
pub(in crate::store) use self::keyring_secret::NoSecret;
pub(in crate::store) use self::keyring_secret::SecretSource;
use self::{
    content::{Change, Items},
    disk::{DiskFile, Stamp},
    keyring_secret::KeyringSecret,
    known::{Known, KnownFile},
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

/// The files, and what we know about them.
pub(in crate::store) struct FileKeyring {
    /// The file in use; `None` if there is no folder for data.
    file: Option<DiskFile>,
    keyring_secret: Arc<KeyringSecret>,
    known: Mutex<Known>,
}

/// Where an item is.
pub(in crate::store) enum ItemLocation {
    /// An item of the file with this name: its index, and the file as it was then.
    Item(String, usize, Arc<Stamp>),
    /// A whole file in the folder.
    File(String),
}

/// One of the files, as it is now.
struct FileContent {
    file: DiskFile,
    stamp: Option<Stamp>,
    /// `None` if it cannot be read.
    items: Option<Items>,
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

    /// Gets the key if we do not hold it, or if a file is there that it does not open, within `limit`.
    pub(in crate::store) async fn open(&self, asking: Asking, limit: Duration) -> Result<(), StoreError> {
        match self.open_within(asking, Some(limit)).await {
            Err(StoreError::Dismissed) => Err(StoreError::Locked),
            other => other,
        }
    }

    pub(in crate::store) async fn unlock(&self) -> Result<(), StoreError> {
        self.open_within(Asking::Freely, None).await
    }

    async fn open_within(&self, asking: Asking, limit: Option<Duration>) -> Result<(), StoreError> {
        self.keyring_secret.open(asking, limit).await?;
        let Some(is_any_open) = self.find_stale_secret().await? else {
            return Ok(());
        };
        tracing::debug!("a keyring file does not open; asking for the secret again");
        match self.keyring_secret.fetch(asking, limit).await {
            Ok(()) => self.find_stale_secret().await.map(|_| ()),
            Err(_) if is_any_open => {
                self.known.lock().await.settle(self.keyring_secret.given());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the portal may have another secret by now, and then whether ours opens any file.
    async fn find_stale_secret(&self) -> Result<Option<bool>, StoreError> {
        let mut known = self.known.lock().await;
        let given = self.keyring_secret.given();
        if !known.forget_older(given) && self.are_judged(&known).await? {
            return Ok(None);
        }
        let contents = self.read_all(&mut known).await?;
        if known.is_secret_stale(given) {
            return Ok(Some(contents.iter().any(|content| content.items.is_some())));
        }
        known.settle(given);
        Ok(None)
    }

    /// Whether all files are as they were when they were last judged.
    async fn are_judged(&self, known: &Known) -> Result<bool, StoreError> {
        let stamps = self.file()?.look(|file| {
            let aside = file.aside()?.into_iter().map(|name| file.sibling(&name));
            let files = [file.clone()].into_iter().chain(aside);
            Ok(files.map(|file| (file.name().to_owned(), file.stamp().ok().flatten())).collect::<Vec<_>>())
        });
        let is_judged =
            |(name, stamp): &(String, Option<Stamp>)| stamp.as_ref().is_none_or(|stamp| known.is_judged(name, stamp));
        Ok(stamps.await?.iter().all(is_judged))
    }

    /// Yields when the file has changed, or becomes readable.
    pub(in crate::store) async fn changes(&self) -> Result<impl Stream<Item = ()> + Send + use<>, StoreError> {
        let file = self.file()?;
        let watched = file.look(watch::begin).await?;
        watch::changes(file.name(), watched, self.keyring_secret.opened()).map_err(StoreError::File)
    }

    fn file(&self) -> Result<&DiskFile, StoreError> {
        let nowhere = || io::Error::new(io::ErrorKind::NotFound, "there is no folder for it");
        self.file.as_ref().ok_or_else(|| StoreError::File(nowhere()))
    }

    /// Reads the file in use and those set aside. Needs no lock: a writer renames a finished file over the old one.
    async fn read_all(&self, known: &mut Known) -> Result<Vec<FileContent>, StoreError> {
        let file = self.file()?;
        let mut contents = Vec::new();
        let stamp = file.look(DiskFile::stamp).await?;
        if stamp.is_some() {
            contents.push(self.read(known.file(file.name()), file.clone(), stamp).await?);
        }
        for name in file.look(DiskFile::aside).await? {
            let aside = file.sibling(&name);
            match aside.look(DiskFile::stamp).await {
                Ok(None) => {}
                Ok(stamp) => contents.push(self.read(known.file(&name), aside, stamp).await?),
                Err(error) => {
                    tracing::debug!(%error, name, "cannot look at a keyring that was set aside");
                    contents.push(FileContent { file: aside, stamp: None, items: None });
                }
            }
        }
        Ok(contents)
    }

    async fn read(
        &self,
        known: &mut KnownFile,
        file: DiskFile,
        stamp: Option<Stamp>,
    ) -> Result<FileContent, StoreError> {
        let items = match &stamp {
            Some(stamp) => known.read(file.path(), stamp, self.secret()?).await?,
            None => None,
        };
        Ok(FileContent { file, stamp, items })
    }

    fn secret(&self) -> Result<oo7::Secret, StoreError> {
        self.keyring_secret.secret().ok_or(StoreError::Locked)
    }

    /// Applies a change to the file whose content is `stamp`.
    async fn write(
        &self,
        guard: &Guard,
        known: &mut KnownFile,
        file: &DiskFile,
        stamp: Option<Stamp>,
        change: Change,
    ) -> Result<(), StoreError> {
        let same = known.take_written(stamp.as_ref());
        let work = content::write(file.clone(), guard.clone(), stamp, same, self.secret()?, change);
        let keyring = work.await?.ok_or(StoreError::NotKept)?;
        if let Some(stamp) = file.look(DiskFile::stamp).await? {
            known.wrote(keyring, stamp);
        }
        Ok(())
    }

    /// The file of that name, if it has not changed since.
    async fn unchanged(&self, name: &str, as_it_was: &Stamp) -> Result<(DiskFile, Stamp), StoreError> {
        let file = self.file()?.sibling(name);
        match file.look(DiskFile::stamp).await? {
            Some(stamp) if *as_it_was == stamp => Ok((file, stamp)),
            _ => Err(StoreError::File(io::Error::other("it was changed by another program"))),
        }
    }

    /// Makes room for new accounts under the name of the file in use: a file that opens, or none.
    async fn file_in_use(&self, guard: &Guard, known: &mut Known) -> Result<Option<Stamp>, StoreError> {
        let file = self.file()?;
        let mut contents = self.read_all(known).await?;
        let readable = contents.iter().position(|content| content.items.is_some());
        let readable = readable.map(|index| contents.swap_remove(index));
        if let Some(content) = &readable
            && content.file.name() == file.name()
        {
            return Ok(content.stamp.clone());
        }
        if file.look(DiskFile::stamp).await?.is_some() {
            file.change(guard, DiskFile::set_aside).await?;
        }
        let Some(content) = readable else { return Ok(None) };
        content.file.change(guard, DiskFile::take_back).await?;
        known.forget(file.name());
        Ok(content.stamp)
    }
}

impl Backend for FileKeyring {
    type Location = ItemLocation;

    async fn list(&self) -> Result<Vec<StoredItem<ItemLocation>>, StoreError> {
        let mut known = self.known.lock().await;
        let mut all = Vec::new();
        for FileContent { file, stamp, items } in self.read_all(&mut known).await? {
            let name = file.name().to_owned();
            match (stamp.map(Arc::new), items) {
                (Some(stamp), Some(items)) => {
                    let location = |index| ItemLocation::Item(name.clone(), index, stamp.clone());
                    let items = items.into_iter().enumerate();
                    all.extend(items.filter_map(|(index, item)| stored_item(&file, item, location(index), index)));
                }
                _ => all.push(StoredItem::Broken(ItemLocation::File(name.clone()), name)),
            }
        }
        Ok(all)
    }

    async fn create(&self, guard: &Guard, account: &Account, _asking: Asking) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let stamp = self.file_in_use(guard, &mut known).await?;
        let file = self.file()?;
        self.write(guard, known.file(file.name()), file, stamp, Change::Add(account.clone())).await
    }

    async fn replace(
        &self,
        guard: &Guard,
        location: &ItemLocation,
        account: &Account,
        _asking: Asking,
    ) -> Result<bool, StoreError> {
        let ItemLocation::Item(name, index, as_it_was) = location else {
            return Err(StoreError::NotKept);
        };
        let mut known = self.known.lock().await;
        let (file, stamp) = self.unchanged(name, as_it_was).await?;
        let change = Change::Replace(*index, account.clone());
        self.write(guard, known.file(name), &file, Some(stamp), change).await?;
        Ok(true)
    }

    async fn delete(&self, guard: &Guard, locations: Vec<ItemLocation>, _asking: Asking) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let mut by_file: BTreeMap<String, (Arc<Stamp>, Vec<usize>)> = BTreeMap::new();
        for location in locations {
            match location {
                ItemLocation::File(name) => self.file()?.change(guard, move |file| file.remove(&name)).await?,
                ItemLocation::Item(name, index, stamp) => {
                    by_file.entry(name).or_insert_with(|| (stamp, Vec::new())).1.push(index);
                }
            }
        }
        for (name, (as_it_was, mut indices)) in by_file {
            let (file, stamp) = self.unchanged(&name, &as_it_was).await?;
            indices.sort_unstable_by(|one, other| other.cmp(one));
            self.write(guard, known.file(&name), &file, Some(stamp), Change::Remove(indices)).await?;
        }
        Ok(())
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
