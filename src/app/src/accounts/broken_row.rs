// SPDX-License-Identifier: GPL-3.0-or-later
//! A keyring item of ours, or a whole keyring file, that cannot be read.

use adw::prelude::*;
use gtk::{gio, glib};
use usher_core::store::Entry;

use crate::{
    application::Application,
    i18n::gettext,
    runtime,
    widgets::{accessible, toast},
};

/// The row of an item that cannot be read.
pub(super) fn broken_row(path: &str) -> gtk::Widget {
    let (title, subtitle, act) = if Entry::is_whole_keyring(path) {
        (
            gettext("Unreadable accounts"),
            gettext("A keyring file could not be opened with the key of this desktop"),
            gettext("Remove the unreadable accounts…"),
        )
    } else {
        (
            gettext("Unreadable account"),
            gettext("The keyring entry could not be read"),
            gettext("Remove the unreadable account…"),
        )
    };
    let row = adw::ActionRow::builder().title(title).subtitle(subtitle).use_markup(false).build();
    let button = gtk::Button::builder().label(gettext("Remove…")).valign(gtk::Align::Center).build();
    accessible::name(&button, &act);
    let path = path.to_owned();
    button.connect_clicked(move |button| ask_to_remove(button, path.clone()));
    row.add_suffix(&button);
    row.upcast()
}

fn ask_to_remove(button: &gtk::Button, path: String) {
    let (heading, body) = if Entry::is_whole_keyring(&path) {
        (
            gettext("Remove the Unreadable Accounts?"),
            gettext("The keyring file is deleted, with all accounts in it. The key it was made with could open it."),
        )
    } else {
        (
            gettext("Remove the Unreadable Account?"),
            gettext("Its keyring entry is deleted. Another version of Usher may be able to read it."),
        )
    };
    let alert = adw::AlertDialog::builder()
        .heading(heading)
        .body(body)
        .default_response("cancel")
        .close_response("cancel")
        .build();
    alert.add_responses(&[("cancel", &gettext("Cancel")), ("remove", &gettext("Remove"))]);
    alert.set_response_appearance("remove", adw::ResponseAppearance::Destructive);
    let widget = button.clone();
    alert.choose(Some(button), gio::Cancellable::NONE, move |response| {
        if response != "remove" {
            return;
        }
        glib::spawn_future_local(async move {
            let application = Application::current();
            let store = application.services().store.clone();
            let removed = runtime::spawn(async move { store.remove_broken(&path).await }).await;
            application.accounts().reload();
            match removed {
                Ok(()) => toast::show(&widget, &gettext("Account removed")),
                Err(error) => {
                    tracing::warn!(%error, "an unreadable account cannot be removed");
                    toast::show(&widget, &gettext("The keyring entry could not be removed"));
                }
            }
        });
    });
}
