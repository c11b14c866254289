// SPDX-License-Identifier: GPL-3.0-or-later
//! A mark beside the lock files: some process of Usher holds a newer credential of an account than the keyring. Others then
//! leave the saved one alone, since a server may end a sign-in whose old credential comes again. The kernel takes the mark
//! back when the process ends. Holds no secret.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::AccountStore;
use crate::{account::AccountId, files, text};

/// The name of a mark is the account's id between these.
const BEGIN: &str = "account-";
const END: &str = ".unsaved";
/// Longest reason to read, in bytes.
const SIZE_LIMIT: u64 = 1024;

/// An account whose renewed sign-in is not in the keyring yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaved {
    /// The account.
    pub account: AccountId,
    /// Why the keyring did not save it: follows “The keyring did not …:”.
    pub reason: String,
}

/// Says to all processes that this one holds a newer credential than the keyring, until it is dropped.
#[derive(Debug)]
pub struct Mark {
    path: PathBuf,
    _file: File,
}

impl Drop for Mark {
    fn drop(&mut self) {
        if let Err(error) = files::remove(&self.path) {
            tracing::warn!(%error, "cannot remove the mark of a renewed sign-in");
        }
    }
}

impl AccountStore {
    /// Marks an account whose newer credential this process holds. The caller holds the account's lock.
    pub(crate) async fn mark(&self, id: AccountId, reason: String) -> io::Result<Mark> {
        let path = self.mark_path(id)?;
        files::apart(&path.clone(), move || place(path, &reason)).await?
    }

    /// Whether any process holds a newer credential of an account than the keyring.
    pub(crate) async fn is_marked(&self, id: AccountId) -> bool {
        let Ok(path) = self.mark_path(id) else { return false };
        files::apart(&path.clone(), move || read(&path).is_some()).await.unwrap_or_default()
    }

    /// The folder of the marks, to watch it.
    pub fn mark_folder(&self) -> Option<&Path> {
        self.lock_file().ok()?.parent()
    }

    /// Whether a file in that folder is a mark.
    pub fn is_mark(path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension == &END[1..])
    }

    /// The accounts whose renewed sign-in some process holds, since the keyring does not save it.
    pub async fn unsaved(&self) -> Vec<Unsaved> {
        let Some(folder) = self.mark_folder().map(Path::to_owned) else { return Vec::new() };
        files::apart(&folder.clone(), move || all(&folder)).await.unwrap_or_default()
    }

    fn mark_path(&self, id: AccountId) -> io::Result<PathBuf> {
        Ok(self.lock_file()?.with_file_name(format!("{BEGIN}{id}{END}")))
    }
}

fn place(path: PathBuf, reason: &str) -> io::Result<Mark> {
    let mut file = files::open_lock(&path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    // A process that was killed leaves its own.
    file.set_len(0)?;
    file.write_all(reason.as_bytes())?;
    Ok(Mark { path, _file: file })
}

fn all(folder: &Path) -> Vec<Unsaved> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let account = AccountId::parse(name.to_str()?.strip_prefix(BEGIN)?.strip_suffix(END)?)?;
            Some(Unsaved { account, reason: read(&entry.path())? })
        })
        .collect();
    all.sort_by_key(|unsaved| unsaved.account);
    all
}

/// The reason in a mark. `None` if nobody holds it.
fn read(path: &Path) -> Option<String> {
    let mut file = files::open_unlinked(path).ok()?;
    // A shared lock, so that two readers do not take each other for the holder.
    let taken = flock(&file, FlockOperation::NonBlockingLockShared);
    if taken != Err(Errno::WOULDBLOCK) {
        return None;
    }
    let mut reason = String::new();
    Read::by_ref(&mut file).take(SIZE_LIMIT).read_to_string(&mut reason).ok()?;
    Some(text::clean(&reason, text::NAME_LIMIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn a_mark_is_seen_by_every_store_until_its_holder_lets_it_go() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (testing::store(folder.path()), testing::store(folder.path()));
        let id = AccountId::random();
        assert!(!other.is_marked(id).await);
        let mark = one.mark(id, "it is \u{1b}locked".into()).await.unwrap();
        assert!(other.is_marked(id).await && !other.is_marked(AccountId::random()).await);
        assert_eq!(other.unsaved().await, [Unsaved { account: id, reason: "it is locked".into() }]);
        drop(mark);
        assert!(!other.is_marked(id).await);
        assert_eq!(other.unsaved().await, []);
    }

    #[tokio::test]
    async fn the_mark_of_a_process_that_has_ended_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = testing::store(folder.path());
        let id = AccountId::random();
        fs::write(store.mark_path(id).unwrap(), "it is locked").unwrap();
        assert!(!store.is_marked(id).await);
        assert_eq!(store.unsaved().await, []);
        let mark = store.mark(id, "the disk is full".into()).await.unwrap();
        assert_eq!(store.unsaved().await[0].reason, "the disk is full");
        drop(mark);
    }
}
