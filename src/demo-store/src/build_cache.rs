// SPDX-License-Identifier: GPL-3.0-or-later
//! Folders that take a while to build: built once, kept in a cache, copied from there.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use crate::StoreError;

/// Prefix of unfinished folders.
const PART_PREFIX: &str = "part-";
/// Prefix of folders with trees to export.
pub(crate) const WORK_PREFIX: &str = "work-";

/// Provides `folder`, unless it is there: builds it, or copies it from the cache, which gets it first if it lacks it.
///
/// `key` changes whenever `build` would build something else. `folder` never holds something unfinished.
pub(crate) fn provide(
    folder: &Path,
    cache: Option<&Path>,
    key: impl FnOnce() -> Result<String, StoreError>,
    build: impl FnOnce(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    remove_leftovers(folder.parent().unwrap_or(folder))?;
    remove_leftovers(folder)?;
    if folder.exists() {
        return Ok(());
    }
    let Some(cache) = cache else {
        return make(folder, build);
    };
    let cached = cache.join(key()?);
    fs::create_dir_all(cache).map_err(StoreError::file(cache))?;
    let lock_path = cache.join("lock");
    // Held until the end of this function: other processes wait instead of building the same.
    let lock = File::create(&lock_path).map_err(StoreError::file(&lock_path))?;
    lock.lock().map_err(StoreError::file(&lock_path))?;
    if !cached.exists() {
        remove_leftovers(cache)?;
        make(&cached, build)?;
    }
    make(folder, |part| copy_tree(&cached, part))
}

/// Fills a folder beside `folder`, and moves it to its place when it is finished.
fn make(folder: &Path, fill: impl FnOnce(&Path) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let parent = folder.parent().unwrap_or(folder);
    let part = tempfile::Builder::new().prefix(PART_PREFIX).tempdir_in(parent).map_err(StoreError::file(parent))?;
    fill(part.path())?;
    match fs::rename(part.path(), folder) {
        Ok(()) => {
            let _ = part.keep();
            Ok(())
        }
        // Another process was faster. Its folder is as good.
        Err(_) if folder.exists() => Ok(()),
        Err(error) => Err(StoreError::file(folder)(error)),
    }
}

/// Removes the leftovers of a program that was killed.
fn remove_leftovers(folder: &Path) -> Result<(), StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::file(folder)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(StoreError::file(folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PART_PREFIX) || name.starts_with(WORK_PREFIX) {
            fs::remove_dir_all(entry.path()).map_err(StoreError::file(entry.path()))?;
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| StoreError::file(from)(error);
    fs::create_dir_all(to).map_err(StoreError::file(to))?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_tree(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(StoreError::file(&source))?;
        }
    }
    Ok(())
}
