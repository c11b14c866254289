// SPDX-License-Identifier: GPL-3.0-or-later
//! A keyring item of ours, or a whole keyring file, that cannot be read.

use adw::prelude::*;
use gtk::glib;
use usher_core::store::Entry;

use crate::{
    i18n::gettext,
    navigation,
    services::Services,
    widgets::{Offer, OfferRow, toast},
};

/// The row of an item that cannot be read.
pub(super) fn broken_row(services: &Services, path: &str) -> OfferRow {
    let (title, subtitle, button_name) = if Entry::is_whole_keyring(path) {
        (
            gettext("Unreadable accounts"),
            gettext("Their file could not be opened with this desktop’s key"),
            gettext("Remove the unreadable accounts…"),
        )
    } else {
        (
            gettext("Unreadable account"),
            gettext("The keyring entry could not be read"),
            gettext("Remove the unreadable account…"),
        )
    };
    let row = OfferRow::new(&Offer {
        icon: "dialog-warning-symbolic",
        title,
        subtitle,
        button: gettext("Remove…"),
        button_name,
    });
    let (services, path) = (services.clone(), path.to_owned());
    row.connect_pressed(move |button| {
        if let Some(stack) = navigation::stack_of(button) {
            glib::spawn_future_local(ask_to_remove(stack, services.clone(), path.clone()));
        }
    });
    row
}

async fn ask_to_remove(stack: adw::NavigationView, services: Services, path: String) {
    let (heading, body) = if Entry::is_whole_keyring(&path) {
        (
            gettext("Remove the Unreadable Accounts?"),
            gettext(
                "This deletes the keyring file with all accounts in it. The key that it was made with could still open it.",
            ),
        )
    } else {
        (
            gettext("Remove the Unreadable Account?"),
            gettext("This deletes its keyring entry. Another version of Usher may be able to read it."),
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
    if alert.choose_future(Some(&stack)).await != "remove" {
        return;
    }
    let store = services.store.clone();
    match services.accounts().write(async move { store.remove_broken(&path).await }).await {
        Ok(()) => toast::show(&stack, &gettext("Account removed")),
        Err(error) => {
            tracing::warn!(%error, "cannot remove an unreadable account");
            toast::show(&stack, &gettext("The keyring entry could not be removed"));
        }
    }
}
