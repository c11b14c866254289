// SPDX-License-Identifier: GPL-3.0-or-later
//! What a process remembers of the file, so that it does not read the whole for every entry.

use std::os::unix::fs::MetadataExt;

use super::{ActivityLog, Entry, flood};

/// What the file held when this process last looked.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// `None` if there was none, or it has to be read again.
    stamp: Option<Stamp>,
    /// When its first entry is from.
    pub(super) oldest: Option<i64>,
    /// The entries that count for what comes.
    pub(super) recent: Vec<Entry>,
}

/// Tells whether somebody else has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: u64,
    size: u64,
    changed: (i64, i64),
}

impl Known {
    /// Reads the file if it is another than before. To be called under its lock.
    pub(super) fn update(&mut self, log: &ActivityLog, now: i64) {
        let stamp = Stamp::of(log);
        if stamp.is_none() || stamp != self.stamp {
            let entries = log.read();
            *self = Self { stamp, oldest: entries.first().map(|entry| entry.at), recent: entries };
        }
        self.recent.retain(|old| flood::counts(old, now));
    }

    /// Remembers an entry that this process has just added at the end.
    pub(super) fn add(&mut self, log: &ActivityLog, entry: &Entry) {
        self.stamp = Stamp::of(log);
        self.recent.push(entry.clone());
    }

    /// Size of the file, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.stamp.map_or(0, |stamp| stamp.size)
    }
}

impl Stamp {
    fn of(log: &ActivityLog) -> Option<Self> {
        let metadata = log.path().symlink_metadata().ok()?;
        Some(Self { file: metadata.ino(), size: metadata.len(), changed: (metadata.ctime(), metadata.ctime_nsec()) })
    }
}
