// SPDX-License-Identifier: GPL-3.0-or-later
//! The keyring file of a sandboxed application, which only the key from the Secret portal opens.
//!
//! ```text
//! vault    the secret, fetched once        disk   bytes, leftovers, files set aside
//! portal   where the secret comes from     watch  notices changes
//! content  items, read and written
//! ```

mod content;
mod disk;
mod portal;
#[cfg(test)]
mod tests;
mod vault;
mod watch;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use futures_util::Stream;
use oo7::file::{UnlockedItem, UnlockedKeyring};
use tokio::sync::Mutex;

#[cfg(any(test, feature = "testing"))]
pub(in crate::store) use self::vault::NoSecret;
pub(in crate::store) use self::vault::SecretSource;
use self::{
    content::{Change, Items},
    disk::{Place, Stamp},
    portal::SecretPortal,
    vault::Vault,
};
use super::{
    StoreError,
    backend::{Backend, Found, Guard},
    record::{self, attribute},
};
use crate::{account::Account, names};

/// A name of our own: libraries in the same sandbox use `default.keyring`.
const FILE_NAME: &str = "usher.keyring";

/// The file, and what we know about it.
pub(in crate::store) struct FileKeyring {
    /// `None` if there is no folder for data.
    place: Option<Place>,
    vault: Arc<Vault>,
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
pub(in crate::store) enum Spot {
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
            place: data.map(|data| Place::new(data.join("keyrings"), FILE_NAME)),
            vault: Arc::new(Vault::new(source, marker)),
            known: Mutex::default(),
        }
    }

    /// The file to lock for changes. Not in the folder that we watch.
    pub(in crate::store) fn lock_file(&self) -> Option<PathBuf> {
        Some(self.place.as_ref()?.folder().parent()?.join("accounts.lock"))
    }

    /// Whether we hold the key.
    pub(in crate::store) fn is_open(&self) -> bool {
        self.vault.secret().is_some()
    }

    /// Gets the key if we do not hold it, within `limit`.
    pub(in crate::store) async fn open(&self, is_quiet: bool, limit: Duration) -> Result<(), StoreError> {
        match self.vault.open(is_quiet, Some(limit)).await {
            Err(StoreError::Dismissed) => Err(StoreError::Locked),
            other => other,
        }
    }

    pub(in crate::store) async fn unlock(&self) -> Result<(), StoreError> {
        self.vault.open(false, None).await
    }

    /// Yields when the file has changed, or becomes readable.
    pub(in crate::store) fn changes(&self) -> Result<impl Stream<Item = ()> + Send + use<>, StoreError> {
        watch::changes(self.place()?, self.vault.opened()).map_err(StoreError::File)
    }

    fn place(&self) -> Result<&Place, StoreError> {
        let nowhere = || io::Error::new(io::ErrorKind::NotFound, "there is no folder for it");
        self.place.as_ref().ok_or_else(|| StoreError::File(nowhere()))
    }

    /// Reads the file. Needs no lock: a writer renames a finished file over the old one.
    async fn read(&self, known: &mut Known, stamp: Option<&Stamp>) -> Result<Content, StoreError> {
        let Some(stamp) = stamp else {
            return Ok(Content::None);
        };
        if known.unreadable.as_ref() == Some(stamp) {
            return Ok(Content::Unreadable);
        }
        let Some(ground) = stamp.ground() else {
            known.unreadable = Some(stamp.clone());
            return Ok(Content::Unreadable);
        };
        let path = self.place()?.path();
        let opener = match &known.opener {
            Some((opener, same)) if same == ground => Some(opener.clone()),
            _ => content::load(path.clone(), self.secret()?).await?,
        };
        if let Some(opener) = opener
            && let Some(items) = content::items(path, opener.clone()).await?
        {
            known.opener = Some((opener, ground.to_owned()));
            return Ok(Content::Items(items));
        }
        known.unreadable = Some(stamp.clone());
        Ok(Content::Unreadable)
    }

    fn secret(&self) -> Result<oo7::Secret, StoreError> {
        self.vault.secret().ok_or(StoreError::Locked)
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
        let place = self.place()?;
        let work = content::write(place.clone(), guard.clone(), stamp, same, self.secret()?, change);
        let keyring = work.await?.ok_or(StoreError::NotKept)?;
        if let Some(stamp) = place.stamp().map_err(StoreError::File)? {
            if let Some(ground) = stamp.ground() {
                known.opener = Some((keyring.clone(), ground.to_owned()));
            }
            known.written = Some((keyring, stamp));
        }
        Ok(())
    }

    /// The file and the item's index, if the file has not changed since.
    fn at(&self, spot: &Spot) -> Result<(Stamp, usize), StoreError> {
        let stamp = self.place()?.stamp().map_err(StoreError::File)?;
        match (spot, stamp) {
            (Spot::Item(index, as_it_was), Some(stamp)) if **as_it_was == stamp => Ok((stamp, *index)),
            _ => Err(StoreError::File(io::Error::other("it was changed by another program"))),
        }
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
        let mut stamp = place.stamp().map_err(StoreError::File)?;
        if let Content::Unreadable = self.read(&mut known, stamp.as_ref()).await? {
            place.set_aside().map_err(StoreError::File)?;
            stamp = None;
        }
        self.write(guard, &mut known, stamp, Change::Add(account.clone())).await
    }

    async fn replace(&self, guard: &Guard, spot: &Spot, account: &Account) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let (stamp, index) = self.at(spot)?;
        self.write(guard, &mut known, Some(stamp), Change::Replace(index, account.clone())).await
    }

    async fn delete(&self, guard: &Guard, spots: Vec<Spot>) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let (mut indices, mut as_it_is) = (Vec::new(), None);
        for spot in &spots {
            if let Spot::File(name) = spot {
                self.place()?.remove(name).map_err(StoreError::File)?;
            } else {
                let (stamp, index) = self.at(spot)?;
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
