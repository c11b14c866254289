// SPDX-License-Identifier: GPL-3.0-or-later
//! The person's two switches. Files that exist or not, beside the log, as for account reminders: the daemon reads no
//! settings service.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::ActivityLog;
use crate::files;

/// Whether there is a log, and whether it names apps. Read afresh whenever it matters. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Settings {
    without_log: PathBuf,
    with_apps: PathBuf,
}

impl ActivityLog {
    /// The person's settings of it.
    pub fn settings(&self) -> Settings {
        let beside = |name| self.path().with_file_name(name);
        Settings { without_log: beside("without-activity-log"), with_apps: beside("activity-log-with-apps") }
    }
}

impl Settings {
    /// Whether a log is kept. True unless somebody switched it off.
    pub fn is_kept(&self) -> bool {
        !exists(&self.without_log)
    }

    /// Whether the log names apps. False unless somebody switched it on.
    pub fn names_apps(&self) -> bool {
        exists(&self.with_apps)
    }

    /// The file that is there while no log is kept, to watch it.
    pub fn switch(&self) -> &Path {
        &self.without_log
    }

    /// Switches the log on or off, for all processes at once. What is in it stays.
    pub fn keep(&self, is_kept: bool) -> io::Result<()> {
        put(&self.without_log, !is_kept)
    }

    /// Switches the names of apps on or off, for what comes.
    pub fn name_apps(&self, names_apps: bool) -> io::Result<()> {
        put(&self.with_apps, names_apps)
    }
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn put(path: &Path, is_there: bool) -> io::Result<()> {
    if is_there { files::write(path, b"") } else { files::remove(path) }
}
