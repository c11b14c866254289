// SPDX-License-Identifier: GPL-3.0-or-later
//! Files that are opened with Usher or dropped onto its window: read, and led on to their pages. They may come from anybody.

use std::path::Path;

use adw::prelude::*;
use gtk::{gdk, gio, glib};
use usher_core::{
    names,
    repository_file::{self, RepositoryFile, RepositoryFileError},
    takeout::{self, Takeout, TakeoutError},
};

use crate::{i18n::gettext, main_window::Window, model::OfferedRepository, widgets::toast};

/// Largest file that is read, in bytes.
const SIZE_LIMIT: usize =
    if takeout::SIZE_LIMIT > repository_file::SIZE_LIMIT { takeout::SIZE_LIMIT } else { repository_file::SIZE_LIMIT };

/// What a file holds.
enum FileContent {
    Accounts(Takeout),
    Repository(OfferedRepository),
}

/// Why a file does not lead on.
enum FileProblem {
    /// It cannot be read.
    Unreadable(Option<glib::Error>),
    /// It is larger than any such file.
    TooLarge,
    /// It does not hold accounts, as it should.
    Accounts(TakeoutError),
    /// It does not hold a repository, as it should.
    Repository(RepositoryFileError),
}

impl FileProblem {
    fn text(&self) -> String {
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

/// Shows what the first of these files holds, or says what is wrong with it.
pub(crate) fn open(window: &Window, files: &[gio::File]) {
    let [file, others @ ..] = files else {
        return;
    };
    if !others.is_empty() {
        toast::show(&window.content_widget(), &gettext("Only the first file was opened"));
    }
    let (window, file) = (window.clone(), file.clone());
    glib::spawn_future_local(async move {
        match read(&file).await {
            Ok(FileContent::Accounts(takeout)) => window.welcome_back(takeout),
            Ok(FileContent::Repository(offered)) => window.add_account_for(offered),
            Err(problem) => tell(&window, &problem),
        }
    });
}

/// The same for files that a program names, which must not thereby have a server contacted (rule R25).
pub(crate) fn open_local(window: &Window, files: &[gio::File]) {
    if files.iter().all(FileExt::is_native) {
        open(window, files);
    } else {
        tell(window, &FileProblem::Unreadable(None));
    }
}

fn tell(window: &Window, problem: &FileProblem) {
    if let FileProblem::Unreadable(Some(error)) = problem {
        tracing::warn!(%error, "a file cannot be read");
    }
    toast::show(&window.content_widget(), &problem.text());
}

/// What a file should hold is told by its name.
async fn read(file: &gio::File) -> Result<FileContent, FileProblem> {
    let name = file.basename().unwrap_or_default();
    let bytes = bytes_of(file).await?;
    if !repository_file::is_named_so(&name) {
        return Takeout::parse(&bytes).map(FileContent::Accounts).map_err(FileProblem::Accounts);
    }
    let repository = RepositoryFile::parse(&bytes, &name).map_err(FileProblem::Repository)?;
    let path = file.path().filter(|path| !names::in_sandbox() || is_same_outside(path));
    Ok(FileContent::Repository(OfferedRepository { file: repository, path }))
}

/// Whether a path within a sandbox is that of the same file outside of it: in the home folder, and where the document portal
/// shows files that were handed in.
fn is_same_outside(path: &Path) -> bool {
    path.starts_with(glib::home_dir()) || path.starts_with(glib::user_runtime_dir().join("doc"))
}

/// Reads no more than such a file can hold. What is no file at all, such as a pipe, might never end.
async fn bytes_of(file: &gio::File) -> Result<Vec<u8>, FileProblem> {
    let unreadable = |error| FileProblem::Unreadable(Some(error));
    let (flags, priority) = (gio::FileQueryInfoFlags::NONE, glib::Priority::DEFAULT);
    let kind = gio::FILE_ATTRIBUTE_STANDARD_TYPE;
    let info = file.query_info_future(kind, flags, priority).await.map_err(unreadable)?;
    if info.file_type() != gio::FileType::Regular {
        return Err(FileProblem::Unreadable(None));
    }
    let stream = file.read_future(priority).await.map_err(unreadable)?;
    let mut bytes = Vec::new();
    while bytes.len() <= SIZE_LIMIT {
        let room = SIZE_LIMIT + 1 - bytes.len();
        let part = stream.read_bytes_future(room, priority).await.map_err(unreadable)?;
        if part.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&part);
    }
    Err(FileProblem::TooLarge)
}

/// Lets files be dropped onto the window, wherever that is: a field would take them for text.
pub(crate) fn accept_dropped(window: &Window) {
    let target = gtk::DropTarget::new(gdk::FileList::static_type(), gdk::DragAction::COPY);
    target.set_propagation_phase(gtk::PropagationPhase::Capture);
    let weak = window.downgrade();
    target.connect_drop(move |_, value, _, _| {
        let files = value.get::<gdk::FileList>().map(|list| list.files()).unwrap_or_default();
        match weak.upgrade() {
            Some(window) if !files.is_empty() => {
                open(&window, &files);
                true
            }
            _ => false,
        }
    });
    window.add_controller(target);
}
