// SPDX-License-Identifier: GPL-3.0-or-later
//! Asks for the file that takes accounts along, and writes it.

use std::path::PathBuf;

use adw::prelude::*;
use gtk::{gio, glib};
use usher_core::takeout::{FILE_NAME, MIME_TYPE};

use crate::{
    i18n::gettext,
    navigation::{self, Destination},
    widgets::toast,
};

/// The ending of the names of such files.
const SUFFIX: &str = "usher";

/// Asks for a file and shows what it brings along.
pub(crate) fn ask_for_file(page: &impl IsA<gtk::Widget>) {
    let dialog = gtk::FileDialog::builder().title(gettext("Open Accounts")).filters(&filters()).modal(true).build();
    let page = page.clone();
    glib::spawn_future_local(async move {
        let window = page.root().and_downcast::<gtk::Window>();
        // Without a file the person has changed their mind.
        if let Ok(file) = dialog.open_future(window.as_ref()).await {
            navigation::go_to(&page, &Destination::File(file));
        }
    });
}

/// Asks where to save the file, and saves it. Returns whether it was.
pub(super) async fn save(page: &impl IsA<gtk::Widget>, content: Vec<u8>) -> bool {
    let dialog = gtk::FileDialog::builder()
        .title(gettext("Export Accounts"))
        .initial_name(FILE_NAME)
        .initial_folder(&gio::File::for_path(documents()))
        .filters(&filters())
        .modal(true)
        .build();
    let window = page.root().and_downcast::<gtk::Window>();
    let Ok(file) = dialog.save_future(window.as_ref()).await else {
        return false;
    };
    let flags = gio::FileCreateFlags::PRIVATE | gio::FileCreateFlags::REPLACE_DESTINATION;
    match file.replace_contents_future(content, None, false, flags).await {
        Ok(_) => true,
        Err((_, error)) => {
            tracing::warn!(%error, "cannot export accounts");
            toast::show(page, &gettext("The file could not be saved"));
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
