// SPDX-License-Identifier: GPL-3.0-or-later
//! The keyring file on disk: its bytes, the leftovers of writing it, and copies set aside.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::SystemTime,
};

use rustix::{
    fs::{CWD, FallocateFlags, RenameFlags, fallocate, renameat_with},
    io::Errno,
};

use crate::{
    files::{self, WRITE_LIMIT},
    store::{StoreError, backend::Guard},
};

/// Start of the names that the library gives to files while it writes them.
const PART: &str = ".tmpkeyring";
/// Follows the name of a file that was set aside.
const ASIDE: &str = ".unreadable-";
/// Largest file to read, in bytes.
const SIZE_LIMIT: u64 = 64 << 20;
/// The first bytes of a keyring file.
const HEADER: &[u8] = b"GnomeKeyring\n\r\0\n\x01\x00";
/// Rounds of the key derivation: at least as many as the library demands, but not so many that they take for ever.
const ROUNDS: std::ops::RangeInclusive<u32> = 100_000..=10_000_000;

/// A file as it was at one moment. Includes the time, since the library refuses to write if only the time differs.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::store) struct Stamp {
    bytes: Vec<u8>,
    modified: Option<SystemTime>,
}

/// Where a keyring file lies: the one in use, or one set aside.
#[derive(Clone)]
pub(super) struct DiskFile {
    folder: PathBuf,
    /// Name of the file in use.
    base: String,
    name: String,
}

impl DiskFile {
    pub(super) fn new(folder: PathBuf, name: &str) -> Self {
        Self { folder, base: name.to_owned(), name: name.to_owned() }
    }

    /// The file of that name in the same folder.
    pub(super) fn sibling(&self, name: &str) -> Self {
        Self { folder: self.folder.clone(), base: self.base.clone(), name: name.to_owned() }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Looks at the file on a thread of its own: a disk that does not answer delays only whoever waits for it.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = self.clone();
        files::apart(&self.folder, move || work(&file)).await.and_then(|looked| looked).map_err(StoreError::File)
    }

    /// Changes the folder in the same way. Holds the lock until that is done, however long others wait for it.
    pub(super) async fn change(
        &self,
        guard: &Guard,
        work: impl FnOnce(&Self) -> io::Result<()> + Send + 'static,
    ) -> Result<(), StoreError> {
        let (file, guard) = (self.clone(), guard.clone());
        let changed = files::apart_within(WRITE_LIMIT, &self.folder, move || {
            let changed = work(&file);
            drop(guard);
            changed
        });
        changed.await.and_then(|changed| changed).map_err(StoreError::File)
    }

    /// Makes the folder, readable by its owner only.
    pub(super) fn make_folder(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let mode = fs::metadata(&self.folder)?.mode();
        if mode & 0o077 == 0 {
            return Ok(());
        }
        fs::set_permissions(&self.folder, Permissions::from_mode(0o700))
    }

    /// The file as it is now. `None` if there is none.
    pub(super) fn stamp(&self) -> io::Result<Option<Stamp>> {
        let file = match files::open_unlinked(&self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let metadata = file.metadata()?;
        if metadata.uid() != rustix::process::getuid().as_raw() || metadata.len() > SIZE_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a keyring of ours"));
        }
        let mut bytes = Vec::new();
        (&file).take(SIZE_LIMIT).read_to_end(&mut bytes)?;
        Ok(Some(Stamp { bytes, modified: metadata.modified().ok() }))
    }

    /// Path of the new file before it takes the old one's place.
    pub(super) fn staged(&self) -> PathBuf {
        self.folder.join(self.staged_name())
    }

    fn staged_name(&self) -> String {
        format!(".{}.new", self.name)
    }

    /// Prepares to write: copies the file with its time, which the library checks before it writes. Call it only with
    /// the lock held.
    pub(super) fn stage(&self, stamp: Option<&Stamp>) -> io::Result<()> {
        self.make_folder()?;
        self.remove_parts()?;
        let Some(stamp) = stamp else { return Ok(()) };
        let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.staged())?;
        let copied = copy.write_all(&stamp.bytes).and_then(|()| match stamp.modified {
            Some(time) => copy.set_modified(time),
            None => Ok(()),
        });
        copied.inspect_err(|_| drop(fs::remove_file(self.staged())))
    }

    /// Fails if the disk has no room for this many more bytes.
    pub(super) fn check_room(&self, bytes: u64) -> io::Result<()> {
        let probe = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.staged())?;
        let room = fallocate(&probe, FallocateFlags::empty(), 0, bytes);
        fs::remove_file(self.staged())?;
        match room {
            Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Puts the new file in the place of the old one.
    pub(super) fn publish(&self) -> io::Result<()> {
        fs::rename(self.staged(), self.path())?;
        self.sync()
    }

    /// Removes the leftovers of an interrupted write. Call it only with the lock held.
    pub(super) fn remove_parts(&self) -> io::Result<()> {
        let is_staged =
            |name: &str| name.starts_with(&format!(".{}", self.base)) && name.strip_suffix(".new").is_some();
        for name in self.names()? {
            if name.starts_with(PART) || is_staged(&name) {
                tracing::debug!(name, "removing a leftover of writing the keyring");
                fs::remove_file(self.folder.join(name))?;
            }
        }
        Ok(())
    }

    /// Renames the file, to keep it under another name.
    pub(super) fn set_aside(&self) -> io::Result<()> {
        for number in 1..u32::MAX {
            let aside = self.folder.join(format!("{}{ASIDE}{number}", self.base));
            match renameat_with(CWD, self.path(), CWD, &aside, RenameFlags::NOREPLACE) {
                Ok(()) => {
                    tracing::warn!(to = %aside.display(), "set aside a keyring that cannot be read");
                    return self.sync();
                }
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Gives the file the name of the one in use, which must be free.
    pub(super) fn take_back(&self) -> io::Result<()> {
        renameat_with(CWD, self.path(), CWD, self.folder.join(&self.base), RenameFlags::NOREPLACE)?;
        self.sync()
    }

    /// Names of the files set aside.
    pub(super) fn aside(&self) -> io::Result<Vec<String>> {
        let mut aside: Vec<_> = self
            .names()?
            .into_iter()
            .filter(|name| name.strip_prefix(&self.base).is_some_and(|rest| rest.starts_with(ASIDE)))
            .collect();
        aside.sort();
        Ok(aside)
    }

    /// Removes a file from the folder.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.sync(),
        }
    }

    /// Makes sure that the folder's entries survive a power cut.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
        Ok(names.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }
}

impl Stamp {
    /// Size of the file in bytes.
    pub(super) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// All that precedes the items: besides the secret, the key is made from it. `None` if the library must not see it,
    /// since it believes what a file says, such as the number of rounds.
    pub(super) fn key_parameters(&self) -> Option<&[u8]> {
        let number = |at: usize| -> Option<u32> {
            Some(u32::from_le_bytes(self.bytes.get(HEADER.len() + at..)?.get(..4)?.try_into().ok()?))
        };
        let salt = usize::try_from(number(0)?).ok()?;
        let rounds = salt.checked_add(4)?.checked_next_multiple_of(4)?;
        let is_plausible = self.bytes.starts_with(HEADER) && ROUNDS.contains(&number(rounds)?);
        self.bytes.get(..HEADER.len() + rounds + 4).filter(|_| is_plausible)
    }
}
