// SPDX-License-Identifier: GPL-3.0-or-later
//! A small private file with one JSON value (rule R15). Its content is never trusted: a file that is missing, not ours,
//! too large, damaged or of another version counts as empty, and the next change replaces it.

use std::{
    io,
    marker::PhantomData,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Error as _};

use crate::files::{self, WRITE_LIMIT};

/// Longest wait for another writer.
const LOCK_LIMIT: Duration = Duration::from_secs(5);

/// The version of a file's format, written as a number. Reading any other number fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Version<const N: u32>;

impl<const N: u32> Serialize for Version<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(N)
    }
}

impl<'de, const N: u32> Deserialize<'de> for Version<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if u32::deserialize(deserializer)? == N { Ok(Self) } else { Err(D::Error::custom("another version")) }
    }
}

/// The content of a file.
pub trait Contents: Clone + Default + PartialEq + Serialize + DeserializeOwned + Send + 'static {
    /// Largest file to read or write, in bytes.
    const SIZE_LIMIT: u64;

    /// Drops whatever matters least, if the file would be too large. `false` if there was nothing to drop.
    fn shrink(&mut self) -> bool;
}

/// A file that holds a `T`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct JsonFile<T> {
    path: PathBuf,
    contents: PhantomData<fn() -> T>,
}

impl<T: Contents> JsonFile<T> {
    /// The file at this path. Reads nothing yet.
    pub fn at(path: PathBuf) -> Self {
        Self { path, contents: PhantomData }
    }

    /// Its path, to watch it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads its content. Gives the default if the file cannot be read. From a task, use [`files::apart`].
    pub fn load(&self) -> T {
        let bytes = files::read(&self.path, T::SIZE_LIMIT);
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Writes the file. For its only writer; with several, use [`Self::change`].
    pub fn save(&self, mut contents: T) -> io::Result<()> {
        loop {
            let bytes = serde_json::to_vec(&contents)?;
            // Never write what could not be read again.
            if bytes.len() as u64 <= T::SIZE_LIMIT {
                return files::write(&self.path, &bytes);
            }
            if !contents.shrink() {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
    }

    /// Changes the content under a lock. Writes only if something changed.
    pub async fn change(&self, change: impl FnOnce(&mut T) + Send) -> io::Result<()> {
        self.change_by(Box::new(change)).await
    }

    /// Is there once for each kind of file, and not for each change.
    async fn change_by(&self, change: Box<dyn FnOnce(&mut T) + Send + '_>) -> io::Result<()> {
        let _lock = files::lock(&self.path.with_extension("lock"), LOCK_LIMIT).await?;
        let file = self.clone();
        let before = files::apart_within(WRITE_LIMIT, &self.path, move || file.load()).await?;
        let mut contents = before.clone();
        change(&mut contents);
        if contents == before {
            return Ok(());
        }
        let file = self.clone();
        files::apart_within(WRITE_LIMIT, &self.path, move || file.save(contents)).await?
    }

    /// Removes the file if it exists.
    pub fn remove(&self) -> io::Result<()> {
        files::remove(&self.path)
    }
}

/// Drops the first (oldest) entries of a list until `limit` are left.
pub fn keep_last<T>(list: &mut Vec<T>, limit: usize) {
    list.drain(..list.len().saturating_sub(limit));
}

/// Implements [`Contents::shrink`] for a list with the oldest entry first.
pub fn drop_first<T>(list: &mut Vec<T>) -> bool {
    let has_any = !list.is_empty();
    list.drain(..usize::from(has_any));
    has_any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    struct Numbers {
        version: Version<3>,
        numbers: Vec<u64>,
    }

    impl Contents for Numbers {
        const SIZE_LIMIT: u64 = 64;

        fn shrink(&mut self) -> bool {
            drop_first(&mut self.numbers)
        }
    }

    fn file() -> (tempfile::TempDir, JsonFile<Numbers>) {
        let folder = tempfile::tempdir().unwrap();
        let file = JsonFile::at(folder.path().join("numbers.json"));
        (folder, file)
    }

    #[tokio::test]
    async fn a_change_is_read_again() {
        let (_folder, file) = file();
        assert_eq!(file.load().numbers, [0; 0]);
        file.change(|contents| contents.numbers.push(7)).await.unwrap();
        assert_eq!(file.load().numbers, [7]);
        assert_eq!(std::fs::read(file.path()).unwrap(), br#"{"version":3,"numbers":[7]}"#);
        file.remove().unwrap();
        file.remove().unwrap();
        assert_eq!(file.load(), Numbers::default());
    }

    #[tokio::test]
    async fn an_unchanged_value_is_not_written() {
        let (_folder, file) = file();
        file.change(|_| ()).await.unwrap();
        assert!(!file.path().exists());
    }

    #[test]
    fn g07_a_file_of_other_content_holds_nothing() {
        let (_folder, file) = file();
        for content in [&b"{"[..], b"\xff\0", br#"{"version":2,"numbers":[1]}"#, br#"{"numbers":[1]}"#, &[b' '; 65]] {
            files::write(file.path(), content).unwrap();
            assert_eq!(file.load(), Numbers::default());
        }
    }

    #[test]
    fn a_value_that_could_not_be_read_again_is_not_written() {
        let (_folder, file) = file();
        file.save(Numbers { numbers: (0..100).collect(), ..Numbers::default() }).unwrap();
        assert_eq!(file.load().numbers.last(), Some(&99));
    }
}
