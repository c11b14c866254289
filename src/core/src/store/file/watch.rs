// SPDX-License-Identifier: GPL-3.0-or-later
//! Notices when any process changes the file.

use std::{io, mem::MaybeUninit, os::fd::OwnedFd};

use futures_util::{Stream, stream};
use rustix::{
    fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags},
    io::Errno,
};
use tokio::{io::unix::AsyncFd, sync::watch};

use super::disk::DiskFile;

/// Begins to watch the folder of a file.
pub(super) fn begin(file: &DiskFile) -> io::Result<OwnedFd> {
    file.make_folder()?;
    let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    let events = WatchFlags::MOVED_TO
        | WatchFlags::MOVED_FROM
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::DELETE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR;
    inotify::add_watch(&inotify, file.folder(), events)?;
    Ok(inotify)
}

/// Yields when the file with this name, or one set aside, changes while we hold the key, and when we get the key.
/// Without the key nothing in the file could be read anyway. Yields a last time, then ends, when the folder is gone.
pub(super) fn changes(
    name: &str,
    inotify: OwnedFd,
    opened: watch::Receiver<bool>,
) -> io::Result<impl Stream<Item = ()> + Send + use<>> {
    // Deprecated because of types whose descriptor may change or be closed elsewhere; this one is owned.
    #[allow(deprecated)]
    let inotify = AsyncFd::new(inotify)?;
    let watched = Watched { inotify, name: name.to_owned() };
    Ok(stream::unfold(Some((watched, opened)), |following| async {
        let (mut watched, mut opened) = following?;
        loop {
            tokio::select! {
                heard = watched.next() => match heard {
                    Some(()) if !*opened.borrow() => {}
                    Some(()) => return Some(((), Some((watched, opened)))),
                    None => return Some(((), None)),
                },
                changed = opened.changed() => return changed.ok().map(|()| ((), Some((watched, opened)))),
            }
        }
    }))
}

struct Watched {
    inotify: AsyncFd<OwnedFd>,
    name: String,
}

impl Watched {
    /// Waits for a change. `None` if the folder is gone, so that no more can come.
    async fn next(&mut self) -> Option<()> {
        loop {
            let mut ready = self.inotify.readable().await.ok()?;
            match ready.try_io(|inotify| read(inotify.get_ref(), &self.name)) {
                Ok(Ok(Heard::Change)) => return Some(()),
                Ok(Ok(Heard::Nothing)) | Err(_) => {}
                Ok(Ok(Heard::End)) => return None,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "cannot watch the keyring file any more");
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
