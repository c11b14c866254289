// SPDX-License-Identifier: GPL-3.0-or-later
//! Reads and writes the items of a file, through the library.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use oo7::{
    Secret,
    file::{Error, Item, LockedKeyring, UnlockedItem, UnlockedKeyring},
};

use super::disk::{DiskFile, Stamp};
use crate::{
    account::Account,
    files::{self, WRITE_LIMIT},
    store::{
        StoreError,
        backend::Guard,
        record::{self, attribute},
    },
};

/// The items of a file; `None` for an item that the key does not open.
pub(super) type Items = Vec<Option<UnlockedItem>>;

/// A change of the file.
pub(super) enum Change {
    Add(Account),
    Replace(usize, Account),
    /// Indexes of items, the last one first, so that the others keep their places.
    Remove(Vec<usize>),
}

impl Change {
    /// How many bytes the change may add to the file.
    fn size(&self) -> u64 {
        match self {
            Self::Add(account) | Self::Replace(_, account) => {
                record::encode(account).map_or(0, |record| record.len() as u64) + 4096
            }
            Self::Remove(_) => 0,
        }
    }
}

/// The items of a file, opened with the key of `opener`; `None` if that key cannot read the file.
pub(super) async fn items(path: PathBuf, opener: Arc<UnlockedKeyring>) -> Result<Option<Items>, StoreError> {
    let items = apart(&folder_of(&path), async move { read(path, &opener).await }).await?;
    // The library does not load a file if it can read less than half of it.
    Ok(items.filter(|items| items.len() <= 2 * items.iter().flatten().count()))
}

/// Loads a file, and derives its key. `None` if the file cannot be read.
pub(super) async fn load(path: PathBuf, secret: Secret) -> Result<Option<Arc<UnlockedKeyring>>, StoreError> {
    apart(&folder_of(&path), async move {
        let keyring = UnlockedKeyring::load(path, secret).await?;
        keyring.key().await?;
        Ok(Arc::new(keyring))
    })
    .await
}

/// Applies a change to the file whose content is `stamp`. The library writes the new file beside the old one. The new
/// file takes the old one's place only after it was read back (rule R16), because the library does not notice a full
/// disk. `known` is what the library last made of this very file. `None` if the new file cannot be read.
pub(super) async fn write(
    file: DiskFile,
    guard: Guard,
    stamp: Option<Stamp>,
    known: Option<Arc<UnlockedKeyring>>,
    secret: Secret,
    change: Change,
) -> Result<Option<Arc<UnlockedKeyring>>, StoreError> {
    let needed = stamp.as_ref().map_or(0, Stamp::size) + change.size();
    let folder = file.folder().to_owned();
    apart(&folder, async move {
        file.stage(stamp.as_ref())?;
        let written = async {
            let keyring = match known {
                Some(keyring) => keyring,
                None => Arc::new(UnlockedKeyring::load(file.staged(), secret).await?),
            };
            let before = keyring.items().await?;
            let broken = before.iter().filter(|item| item.is_err()).count();
            apply(&keyring, &change, before.len()).await?;
            let after = read(file.staged(), &keyring).await?;
            is_done(&change, before.len(), broken, &after).then_some(keyring).ok_or(Error::NoData)
        }
        .await;
        let ended = match &written {
            Ok(_) => file.publish(),
            Err(Error::Io(_)) => file.remove_parts(),
            Err(_) => file.remove_parts().and_then(|()| file.check_room(needed)),
        };
        // Hold the lock until the last byte is on disk, however long others wait for it.
        drop(guard);
        ended?;
        written
    })
    .await
}

async fn apply(keyring: &UnlockedKeyring, change: &Change, count: usize) -> Result<(), Error> {
    let encode = |account| record::encode(account).map(Secret::from).map_err(|_| Error::NoData);
    match change {
        Change::Add(account) => {
            let (label, attributes) = (record::label(account), record::attributes(account));
            keyring.create_item(&label, &attributes, encode(account)?, false).await?;
        }
        Change::Replace(index, account) => {
            let mut items = keyring.items().await?;
            let Some(Ok(Item::Unlocked(item))) = items.get_mut(*index).filter(|_| *index < count) else {
                return Err(Error::InvalidItemIndex(*index));
            };
            item.set_label(record::label(account));
            item.set_secret(encode(account)?);
            keyring.replace_item_index(*index, item).await?;
        }
        Change::Remove(indices) => {
            for index in indices {
                keyring.delete_item_index(*index).await?;
            }
        }
    }
    Ok(())
}

/// Whether the new file has the change, and everything that was there before.
fn is_done(change: &Change, count: usize, broken: usize, after: &Items) -> bool {
    let holds = |account: &Account| {
        let id = account.id.to_string();
        after.iter().flatten().any(|item| {
            item.attributes().get(attribute::ACCOUNT) == Some(&id) && record::verify(&item.secret(), account).is_ok()
        })
    };
    let is_whole = |expected| after.len() == expected && after.iter().filter(|item| item.is_none()).count() <= broken;
    match change {
        Change::Add(account) => is_whole(count + 1) && holds(account),
        Change::Replace(_, account) => is_whole(count) && holds(account),
        Change::Remove(indices) => is_whole(count - indices.len()),
    }
}

/// Reads a file from disk, opened with the key of `opener`.
async fn read(path: PathBuf, opener: &UnlockedKeyring) -> Result<Items, Error> {
    let mut items = Vec::new();
    for item in LockedKeyring::load(path).await?.items().await? {
        items.push(match item {
            Ok(Item::Locked(item)) => opener.unlock_item(item).await.ok(),
            Ok(Item::Unlocked(item)) => Some(item),
            Err(_) => None,
        });
    }
    Ok(items)
}

/// What stands for the disk of a file.
fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

/// Runs the library's work on a thread where a long calculation or a disk blocks nobody, and where a panic over a damaged
/// file does no harm. `place` is where the file lies. `None` if the file cannot be read.
async fn apart<T, W>(place: &Path, work: W) -> Result<Option<T>, StoreError>
where
    T: Send + 'static,
    W: Future<Output = Result<T, Error>> + Send + 'static,
{
    // The runtime's code for a future is there once for each type of answer, and not for each piece of work.
    let work: BoxFuture<'static, Result<T, Error>> = Box::pin(work);
    let worked = files::apart_within(WRITE_LIMIT, place, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(Error::Io)?;
        runtime.block_on(work)
    });
    match worked.await {
        Ok(Ok(done)) => Ok(Some(done)),
        Ok(Err(Error::Io(error))) => Err(StoreError::File(error)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "cannot read the keyring file");
            Ok(None)
        }
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(StoreError::File(error)),
        Err(error) => {
            tracing::warn!(%error, "the keyring file is damaged");
            Ok(None)
        }
    }
}
