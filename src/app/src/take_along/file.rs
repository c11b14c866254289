// SPDX-License-Identifier: GPL-3.0-or-later
//! The file that takes accounts along: asked for, and written.

use std::path::PathBuf;

use adw::prelude::*;
use gtk::{gio, glib};
use usher_core::takeout::{FILE_NAME, MIME_TYPE};

use crate::{
    i18n::gettext,
    main_window::{Window, files},
    widgets::toast,
};

/// The ending of the names of such files.
const SUFFIX: &str = "usher";

/// Asks for a file and shows what it brings along.
pub(crate) fn ask_for_file(window: &Window) {
    let dialog = gtk::FileDialog::builder().title(gettext("Open Accounts")).filters(&filters()).modal(true).build();
    let window = window.clone();
    glib::spawn_future_local(async move {
        // Without a file the person has changed their mind.
        if let Ok(file) = dialog.open_future(Some(&window)).await {
            files::open(&window, &[file]);
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
