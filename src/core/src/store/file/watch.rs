// SPDX-License-Identifier: GPL-3.0-or-later
//! Notices when any process changes the file.

use std::{io, os::fd::OwnedFd};

use futures_util::{Stream, stream};
use tokio::sync::watch;

use super::disk::DiskFile;
use crate::file_watch::{self, FileWatch};

/// Begins to watch the folder of a file.
pub(super) fn begin(file: &DiskFile) -> io::Result<OwnedFd> {
    file.make_folder()?;
    file_watch::begin(file.folder())
}

/// Yields when the file with this name, or one set aside, changes while we hold the key, and when we get the key.
/// Without the key nothing in the file could be read anyway. Yields a last time, then ends, when the folder is gone.
pub(super) fn changes(
    name: &str,
    inotify: OwnedFd,
    opened: watch::Receiver<bool>,
) -> io::Result<impl Stream<Item = ()> + Send + use<>> {
    let watched = FileWatch::of(inotify, name)?;
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
