// SPDX-License-Identifier: GPL-3.0-or-later
//! Notices when any process changes a file, replaces it or removes it: told by the system, or by a look now and then where the
//! system has no more to tell with. It allows a person a certain number of watches, for all programs together.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    mem::MaybeUninit,
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt, fs::MetadataExt},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags},
    io::Errno,
};
use tokio::{
    io::unix::AsyncFd,
    time::{Interval, MissedTickBehavior, interval},
};

use crate::files;

/// The time from one look to the next.
const PAUSE: Duration = Duration::from_secs(2);

/// A folder that is watched from now on.
#[derive(Debug)]
pub(crate) struct Watched(Way<OwnedFd, ()>);

#[derive(Debug)]
enum Way<T, L> {
    /// The system tells.
    Told(T),
    /// A look now and then. What was there at the last one.
    Looking(PathBuf, Files, L),
}

/// The files of a folder, each with what differs once it was changed.
type Files = BTreeMap<OsString, (u64, u64, i64, i64)>;

/// Begins to watch a folder, which has to exist.
pub(crate) fn begin(folder: &Path) -> io::Result<Watched> {
    match watch(folder) {
        Ok(inotify) => Ok(Watched(Way::Told(inotify))),
        Err(error) if is_out_of_watches(error) => {
            tracing::debug!(%error, "the system has no more watches");
            look_at(folder)
        }
        Err(error) => Err(error.into()),
    }
}

/// Begins with a look at the folder.
fn look_at(folder: &Path) -> io::Result<Watched> {
    Ok(Watched(Way::Looking(folder.to_owned(), look(folder)?, ())))
}

fn watch(folder: &Path) -> rustix::io::Result<OwnedFd> {
    let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    let events = WatchFlags::MOVED_TO
        | WatchFlags::MOVED_FROM
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::DELETE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR;
    inotify::add_watch(&inotify, folder, events)?;
    Ok(inotify)
}

/// What inotify(7) says of its limits for a person.
fn is_out_of_watches(error: Errno) -> bool {
    matches!(error, Errno::MFILE | Errno::NFILE | Errno::NOSPC)
}

fn look(folder: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // One that is gone by now is not there.
        if let Ok(data) = entry.metadata() {
            files.insert(entry.file_name(), (data.ino(), data.size(), data.mtime(), data.mtime_nsec()));
        }
    }
    Ok(files)
}

/// Follows the files in a folder whose names begin with `name`.
#[derive(Debug)]
pub struct FileWatch {
    way: Way<AsyncFd<OwnedFd>, Interval>,
    name: String,
}

impl FileWatch {
    /// Follows all files of a folder, which has to exist. To be called in a tokio runtime.
    pub fn of_folder(folder: &Path) -> io::Result<Self> {
        Self::of(begin(folder)?, "")
    }

    /// Follows them from the moment at which [`begin`] was called. To be called in a tokio runtime.
    pub(crate) fn of(watched: Watched, name: &str) -> io::Result<Self> {
        let way = match watched.0 {
            // Deprecated because of types whose descriptor may change or be closed elsewhere; this one is owned.
            #[allow(deprecated)]
            Way::Told(inotify) => Way::Told(AsyncFd::new(inotify)?),
            Way::Looking(folder, files, ()) => {
                let mut pause = interval(PAUSE);
                pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
                Way::Looking(folder, files, pause)
            }
        };
        Ok(Self { way, name: name.to_owned() })
    }

    /// Waits for a change. `None` if the folder is gone, so that no more can come.
    pub async fn next(&mut self) -> Option<()> {
        let name = self.name.as_bytes();
        match &mut self.way {
            Way::Told(inotify) => told(inotify, name).await,
            Way::Looking(folder, before, pause) => seen(folder, before, pause, name).await,
        }
    }
}

async fn told(inotify: &AsyncFd<OwnedFd>, name: &[u8]) -> Option<()> {
    loop {
        let mut ready = inotify.readable().await.ok()?;
        match ready.try_io(|inotify| read(inotify.get_ref(), name)) {
            Ok(Ok(Heard::Change)) => return Some(()),
            Ok(Ok(Heard::Nothing)) | Err(_) => {}
            Ok(Ok(Heard::End)) => return None,
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot watch a file any more");
                return None;
            }
        }
    }
}

async fn seen(folder: &Path, before: &mut Files, pause: &mut Interval, name: &[u8]) -> Option<()> {
    loop {
        pause.tick().await;
        let place = folder.to_owned();
        let now = match files::apart(folder, move || look(&place)).await {
            Ok(Ok(now)) => now,
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return None,
            Ok(Err(error)) | Err(error) => {
                tracing::debug!(%error, "cannot look at a folder");
                continue;
            }
        };
        let is_wanted = |(file, _): &(&OsString, _)| file.as_bytes().starts_with(name);
        let is_same = now.iter().filter(is_wanted).eq(before.iter().filter(is_wanted));
        *before = now;
        if !is_same {
            return Some(());
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Nothing,
    Change,
    End,
}

/// Reads all pending events.
fn read(inotify: &OwnedFd, name: &[u8]) -> io::Result<Heard> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = Reader::new(inotify, &mut buffer);
    let mut heard = None;
    loop {
        match reader.next() {
            Ok(event) => {
                let gone = ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::IGNORED;
                let of_event = if event.events().intersects(gone) {
                    Heard::End
                } else if event.events().contains(ReadFlags::QUEUE_OVERFLOW)
                    || event.file_name().is_some_and(|file| file.to_bytes().starts_with(name))
                {
                    Heard::Change
                } else {
                    Heard::Nothing
                };
                heard = heard.max(Some(of_event));
            }
            // Report what came so far; the next read finds nothing more.
            Err(Errno::WOULDBLOCK) => return heard.ok_or_else(|| Errno::WOULDBLOCK.into()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patience::within;

    async fn next(watch: &mut FileWatch) -> Option<()> {
        within(Duration::from_secs(30), watch.next()).await.expect("the change is noticed")
    }

    #[tokio::test]
    async fn a_file_is_followed_with_and_without_watches_of_the_system() {
        for begin in [begin, look_at] {
            let outside = tempfile::tempdir().unwrap();
            let folder = outside.path().join("folder");
            fs::create_dir(&folder).unwrap();
            let path = folder.join("accounts.keyring");
            let mut watch = FileWatch::of(begin(&folder).unwrap(), "accounts").unwrap();
            fs::write(folder.join("other"), "").unwrap();
            fs::write(&path, "1").unwrap();
            assert_eq!(next(&mut watch).await, Some(()), "made");
            fs::write(outside.path().join("new"), "2").unwrap();
            fs::rename(outside.path().join("new"), &path).unwrap();
            assert_eq!(next(&mut watch).await, Some(()), "replaced");
            fs::remove_file(&path).unwrap();
            assert_eq!(next(&mut watch).await, Some(()), "removed");
            fs::write(folder.join("other"), "3").unwrap();
            let nothing = within(PAUSE * 2, watch.next()).await;
            assert!(nothing.is_err(), "another file is none of ours: {nothing:?}");
            fs::remove_dir_all(&folder).unwrap();
            assert_eq!(next(&mut watch).await, None, "no more can come");
        }
    }

    #[test]
    fn a_limit_of_the_system_is_none_of_ours_and_a_missing_folder_is() {
        let limits = [Errno::MFILE, Errno::NFILE, Errno::NOSPC];
        assert!(limits.into_iter().all(is_out_of_watches));
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(begin(&folder.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
