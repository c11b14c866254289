// SPDX-License-Identifier: GPL-3.0-or-later
//! Notices when any process changes a file, replaces it or removes it.

use std::{io, mem::MaybeUninit, os::fd::OwnedFd, path::Path};

use rustix::{
    fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags},
    io::Errno,
};
use tokio::io::unix::AsyncFd;

/// Begins to watch a folder, which has to exist.
pub(crate) fn begin(folder: &Path) -> io::Result<OwnedFd> {
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

/// Follows the files in a folder whose names begin with `name`.
#[derive(Debug)]
pub(crate) struct FileWatch {
    inotify: AsyncFd<OwnedFd>,
    name: String,
}

impl FileWatch {
    /// Follows them from the moment at which [`begin`] was called. To be called in a tokio runtime.
    pub(crate) fn of(inotify: OwnedFd, name: &str) -> io::Result<Self> {
        // Deprecated because of types whose descriptor may change or be closed elsewhere; this one is owned.
        #[allow(deprecated)]
        let inotify = AsyncFd::new(inotify)?;
        Ok(Self { inotify, name: name.to_owned() })
    }

    /// Waits for a change. `None` if the folder is gone, so that no more can come.
    pub(crate) async fn next(&mut self) -> Option<()> {
        loop {
            let mut ready = self.inotify.readable().await.ok()?;
            match ready.try_io(|inotify| read(inotify.get_ref(), &self.name)) {
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
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Nothing,
    Change,
    End,
}

/// Reads all pending events.
fn read(inotify: &OwnedFd, name: &str) -> io::Result<Heard> {
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
                    || event.file_name().is_some_and(|file| file.to_bytes().starts_with(name.as_bytes()))
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
