// SPDX-License-Identifier: GPL-3.0-or-later
//! What is in files that are opened with Usher or dropped onto its window. They may come from anybody.

use std::path::Path;

use adw::prelude::*;
use gtk::{gdk, gio, glib};
use usher_core::{
    names,
    repository_file::{self, RepositoryFile, RepositoryFileError},
    takeout::{self, Takeout, TakeoutError},
};

use crate::{i18n::gettext, model::OfferedRepository};

/// Largest file that is read, in bytes.
const SIZE_LIMIT: usize =
    if takeout::SIZE_LIMIT > repository_file::SIZE_LIMIT { takeout::SIZE_LIMIT } else { repository_file::SIZE_LIMIT };

/// What a file holds.
pub(super) enum FileContent {
    Accounts(Takeout),
    Repository(OfferedRepository),
}

/// Why a file does not lead on.
pub(super) enum FileProblem {
    /// It cannot be read.
    Unreadable(Option<glib::Error>),
    /// It is larger than any such file.
    TooLarge,
    /// It does not hold accounts, as it should.
    Accounts(TakeoutError),
    /// It does not hold a repository, as it should.
    Repository(RepositoryFileError),
}

impl From<glib::Error> for FileProblem {
    fn from(error: glib::Error) -> Self {
        Self::Unreadable(Some(error))
    }
}

impl FileProblem {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Unreadable(_) => gettext("The file could not be read"),
            Self::TooLarge
            | Self::Accounts(TakeoutError::TooLarge)
            | Self::Repository(RepositoryFileError::TooLarge) => gettext("The file is too large"),
            Self::Accounts(TakeoutError::Malformed) => gettext("The file holds no accounts"),
            Self::Accounts(TakeoutError::Newer) => gettext("Saved by a newer version of Usher"),
            Self::Repository(RepositoryFileError::Malformed) => gettext("The file holds no repository"),
            Self::Repository(RepositoryFileError::Key) => gettext("The key of the repository is damaged"),
        }
    }
}

/// Reads a file. Its name says what it should hold.
pub(super) async fn read(file: &gio::File) -> Result<FileContent, FileProblem> {
    let name = file.basename().unwrap_or_default();
    let bytes = bytes_of(file).await?;
    if !repository_file::is_named_so(&name) {
        return Takeout::parse(&bytes).map(FileContent::Accounts).map_err(FileProblem::Accounts);
    }
    let repository = RepositoryFile::parse(&bytes, &name).map_err(FileProblem::Repository)?;
    let path = file.path().filter(|path| !names::in_sandbox() || is_same_outside(path));
    Ok(FileContent::Repository(OfferedRepository::File { file: repository, path }))
}

/// Whether a path within a sandbox is that of the same file outside of it: in the home folder, and where the document portal
/// shows files that were handed in.
fn is_same_outside(path: &Path) -> bool {
    path.starts_with(glib::home_dir()) || path.starts_with(glib::user_runtime_dir().join("doc"))
}

/// Reads no more than such a file can hold. A pipe, for instance, might never end.
async fn bytes_of(file: &gio::File) -> Result<Vec<u8>, FileProblem> {
    let kind = gio::FILE_ATTRIBUTE_STANDARD_TYPE;
    let info = file.query_info_future(kind, gio::FileQueryInfoFlags::NONE, glib::Priority::DEFAULT).await?;
    if info.file_type() != gio::FileType::Regular {
        return Err(FileProblem::Unreadable(None));
    }
    let stream = file.read_future(glib::Priority::DEFAULT).await?;
    let mut bytes = Vec::new();
    while bytes.len() <= SIZE_LIMIT {
        let room = SIZE_LIMIT + 1 - bytes.len();
        let part = stream.read_bytes_future(room, glib::Priority::DEFAULT).await?;
        if part.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&part);
    }
    Err(FileProblem::TooLarge)
}

/// Takes files that are dropped anywhere onto a window: a field would take them for text.
pub(super) fn accept_dropped<T: IsA<gtk::Widget>>(window: &T, dropped: impl Fn(&T, &[gio::File]) + 'static) {
    let target = gtk::DropTarget::new(gdk::FileList::static_type(), gdk::DragAction::COPY);
    target.set_propagation_phase(gtk::PropagationPhase::Capture);
    let window_ref = window.downgrade();
    target.connect_drop(move |_, value, _, _| {
        let files = value.get::<gdk::FileList>().map(|list| list.files()).unwrap_or_default();
        match window_ref.upgrade() {
            Some(window) if !files.is_empty() => {
                dropped(&window, &files);
                true
            }
            _ => false,
        }
    });
    window.add_controller(target);
}
