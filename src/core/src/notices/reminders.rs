// SPDX-License-Identifier: GPL-3.0-or-later
//! The setting “Account Reminders”. The daemon, which has no settings service, and the window both know it by a file that is
//! there or not: nothing in it can be damaged, and nobody has to lock it.

use std::{io, path::PathBuf};

use super::NoticeFile;
use crate::files;

/// Whether the person wants to be reminded. Read anew whenever it matters. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reminders(PathBuf);

impl NoticeFile {
    /// The setting, which is kept beside the notices.
    pub fn reminders(&self) -> Reminders {
        Reminders(self.0.path().with_file_name("without-reminders"))
    }
}

impl Reminders {
    /// Whether they are wanted. They are, unless somebody said otherwise.
    pub fn are_wanted(&self) -> bool {
        self.0.symlink_metadata().is_err()
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
    fn reminders_are_wanted_until_somebody_says_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let file = NoticeFile::in_folder(&folder.path().join("not there yet"));
        let (daemon, window) = (file.reminders(), file.reminders());
        for wanted in [true, false, false, true, true] {
            window.want(wanted).unwrap();
            assert_eq!(daemon.are_wanted(), wanted);
        }
    }

    #[test]
    fn where_nothing_can_be_written_the_setting_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let no_folder = folder.path().join("file");
        std::fs::write(&no_folder, b"").unwrap();
        let reminders = NoticeFile::in_folder(&no_folder).reminders();
        assert!(reminders.want(false).is_err());
        assert!(reminders.are_wanted());
    }
}
