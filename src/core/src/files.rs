// SPDX-License-Identifier: GPL-3.0-or-later
//! Our own small files: private, written whole or not at all, never through a link (rule R15).

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use rustix::fs::{FlockOperation, OFlags, flock};

/// Reads one of our files. `None` if it does not exist, or if we did not write it: a link, somebody else's, readable by
/// others, or larger than `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let no_follow = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(no_follow).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let ours =
        metadata.is_file() && metadata.uid() == rustix::process::getuid().as_raw() && metadata.mode() & 0o077 == 0;
    if !ours || metadata.len() > limit {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Writes one of our files with mode 0600 in a folder with mode 0700. After a crash it has the old content or the new.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    make_folder(folder)?;
    let part = path.with_extension("part");
    let _ = fs::remove_file(&part);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

/// Removes one of our files if it exists.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Keeps the lock file locked until it is dropped.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code)] File);

/// Takes the lock. Waits at most `limit` for another holder.
pub async fn lock(path: &Path, limit: Duration) -> io::Result<Lock> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let no_follow = OFlags::NOFOLLOW.bits().cast_signed();
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).custom_flags(no_follow).open(path)?;
    // A blocked flock(2) cannot be cancelled, so try again while the lock is taken.
    let taken = async {
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(()),
                Err(rustix::io::Errno::WOULDBLOCK) => tokio::time::sleep(Duration::from_millis(10)).await,
                Err(error) => return Err(error),
            }
        }
    };
    tokio::time::timeout(limit, taken).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    Ok(Lock(file))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn g07_only_private_files_of_ours_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/state.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path, 10).as_deref(), Some(&b"two"[..]));
        assert_eq!(read(&path, 2), None);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);

        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(read(&link, 10), None);
        write(&link, b"new").unwrap();
        assert_eq!(read(&path, 10).as_deref(), Some(&b"two"[..]));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read(&path, 10), None);
    }

    #[tokio::test]
    async fn a_lock_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock(&path, Duration::from_secs(30)).await.unwrap();
        let second = lock(&path, Duration::from_millis(30)).await;
        assert_eq!(second.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(held);
        lock(&path, Duration::from_secs(30)).await.unwrap();
    }
}
