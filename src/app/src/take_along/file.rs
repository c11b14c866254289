// SPDX-License-Identifier: GPL-3.0-or-later
//! The file that takes accounts along: read, written, asked for, and dropped onto the window.

use std::path::PathBuf;

use adw::prelude::*;
use gtk::{gdk, gio, glib};
use usher_core::takeout::{FILE_NAME, MIME_TYPE, SIZE_LIMIT, Takeout, TakeoutError};

use crate::{i18n::gettext, toast, window::Window};

/// The ending of the names of such files.
const SUFFIX: &str = "usher";

/// Why a file does not lead on.
enum Problem {
    /// It cannot be read.
    Unreadable(glib::Error),
    /// It does not hold what it should.
    Content(TakeoutError),
}

impl Problem {
    fn text(&self) -> String {
        match self {
            Self::Unreadable(_) => gettext("The file could not be read"),
            Self::Content(TakeoutError::TooLarge) => gettext("The file is too large"),
            Self::Content(TakeoutError::Malformed) => gettext("The file holds no accounts"),
            Self::Content(TakeoutError::Newer) => gettext("Saved by a newer version of Usher"),
        }
    }
}

/// Shows what a file brings along, or says what is wrong with it.
pub(crate) fn open(window: &Window, file: &gio::File) {
    let (window, file) = (window.clone(), file.clone());
    glib::spawn_future_local(async move {
        match read(&file).await {
            Ok(takeout) => window.welcome_back(takeout),
            Err(problem) => {
                if let Problem::Unreadable(error) = &problem {
                    tracing::warn!(%error, "a file cannot be read");
                }
                toast::show(&window.content_widget(), &problem.text());
            }
        }
    });
}

/// Reads no more than such a file can hold.
async fn read(file: &gio::File) -> Result<Takeout, Problem> {
    let stream = file.read_future(glib::Priority::DEFAULT).await.map_err(Problem::Unreadable)?;
    let mut content = Vec::new();
    while content.len() <= SIZE_LIMIT {
        let room = SIZE_LIMIT + 1 - content.len();
        let part = stream.read_bytes_future(room, glib::Priority::DEFAULT).await.map_err(Problem::Unreadable)?;
        if part.is_empty() {
            break;
        }
        content.extend_from_slice(&part);
    }
    Takeout::parse(&content).map_err(Problem::Content)
}

/// Asks for a file and shows what it brings along.
pub(crate) fn ask_for_file(window: &Window) {
    let dialog = gtk::FileDialog::builder().title(gettext("Open Accounts")).filters(&filters()).modal(true).build();
    let window = window.clone();
    glib::spawn_future_local(async move {
        // Without a file the person has changed their mind.
        if let Ok(file) = dialog.open_future(Some(&window)).await {
            open(&window, &file);
        }
    });
}

/// Asks where to save the file, and saves it. Returns whether it was.
pub(super) async fn save(window: &Window, content: Vec<u8>) -> bool {
    let dialog = gtk::FileDialog::builder()
        .title(gettext("Export Accounts"))
        .initial_name(FILE_NAME)
        .initial_folder(&gio::File::for_path(documents()))
        .filters(&filters())
        .modal(true)
        .build();
    let Ok(file) = dialog.save_future(Some(window)).await else {
        return false;
    };
    let flags = gio::FileCreateFlags::PRIVATE | gio::FileCreateFlags::REPLACE_DESTINATION;
    match file.replace_contents_future(content, None, false, flags).await {
        Ok(_) => true,
        Err((_, error)) => {
            tracing::warn!(%error, "accounts cannot be exported");
            toast::show(&window.content_widget(), &gettext("The file could not be saved"));
            false
        }
    }
}

fn documents() -> PathBuf {
    glib::user_special_dir(glib::UserDirectory::Documents).unwrap_or_else(glib::home_dir)
}

fn filters() -> gio::ListStore {
    let filter = gtk::FileFilter::new();
    filter.set_name(Some(&gettext("Usher accounts")));
    filter.add_mime_type(MIME_TYPE);
    filter.add_suffix(SUFFIX);
    let filters = gio::ListStore::new::<gtk::FileFilter>();
    filters.append(&filter);
    filters
}

/// Lets a file be dropped onto the window.
pub(crate) fn accept_dropped(window: &Window) {
    let target = gtk::DropTarget::new(gdk::FileList::static_type(), gdk::DragAction::COPY);
    let weak = window.downgrade();
    target.connect_drop(move |_, value, _, _| {
        let file = value.get::<gdk::FileList>().ok().and_then(|list| list.files().into_iter().next());
        match (weak.upgrade(), file) {
            (Some(window), Some(file)) => {
                open(&window, &file);
                true
            }
            _ => false,
        }
    });
    window.add_controller(target);
}
