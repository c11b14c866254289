// SPDX-License-Identifier: GPL-3.0-or-later
//! The setting “Account Reminders”. The window and the daemon, which has no settings service, share it as a file that
//! exists or not: it needs no lock, and no content can be damaged.

use std::{io, path::PathBuf};

use super::NoticeFile;
use crate::files;

/// Whether the person wants reminders. Read afresh whenever it matters. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reminders(PathBuf);

impl NoticeFile {
    /// The setting, kept beside the notices.
    pub fn reminders(&self) -> Reminders {
        Reminders(self.0.path().with_file_name("without-reminders"))
    }
}

impl Reminders {
    /// Whether the person wants them. True unless somebody switched them off.
    pub fn are_wanted(&self) -> bool {
        self.0.symlink_metadata().is_err()
    }

    /// The same, read on a thread of its own. True if the disk does not answer.
    pub async fn are_wanted_now(&self) -> bool {
        let reminders = self.clone();
        files::apart(&self.0, move || reminders.are_wanted()).await.unwrap_or(true)
    }

    /// Switches them on or off, for all processes at once.
    pub fn want(&self, wanted: bool) -> io::Result<()> {
        if wanted { files::remove(&self.0) } else { files::write(&self.0, b"") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_are_on_until_somebody_switches_them_off() {
        let folder = tempfile::tempdir().unwrap();
        let file = NoticeFile::in_folder(&folder.path().join("not there yet"));
        let (daemon, window) = (file.reminders(), file.reminders());
        for wanted in [true, false, false, true, true] {
            window.want(wanted).unwrap();
            assert_eq!(daemon.are_wanted(), wanted);
        }
    }

    #[test]
    fn without_a_writable_folder_the_setting_stays_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let no_folder = folder.path().join("file");
        std::fs::write(&no_folder, b"").unwrap();
        let reminders = NoticeFile::in_folder(&no_folder).reminders();
        assert!(reminders.want(false).is_err());
        assert!(reminders.are_wanted());
    }
}
