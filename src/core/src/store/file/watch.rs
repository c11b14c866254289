// SPDX-License-Identifier: GPL-3.0-or-later
//! Notices when any process changes the file.

use std::io;

use futures_util::{Stream, stream};
use tokio::sync::watch;

use super::disk::DiskFile;
use crate::file_watch::{self, FileWatch, Watched};

/// Begins to watch the folder of a file.
pub(super) fn begin(file: &DiskFile) -> io::Result<Watched> {
    file.make_folder()?;
    file_watch::begin(file.folder())
}

/// Yields when the file with this name, or one set aside, changes while we hold the key, and when we get the key.
/// Without the key nothing in the file could be read anyway. Yields a last time, then ends, when the folder is gone.
pub(super) fn changes(
    name: &str,
    watched: Watched,
    opened: watch::Receiver<bool>,
) -> io::Result<impl Stream<Item = ()> + Send + use<>> {
    let watch = FileWatch::of(watched, name)?;
    Ok(stream::unfold(Some((watch, opened)), |following| async {
        let (mut watch, mut opened) = following?;
        loop {
            tokio::select! {
                heard = watch.next() => match heard {
                    Some(()) if !*opened.borrow() => {}
                    Some(()) => return Some(((), Some((watch, opened)))),
                    None => return Some(((), None)),
                },
                changed = opened.changed() => return changed.ok().map(|()| ((), Some((watch, opened)))),
            }
        }
    }))
}
