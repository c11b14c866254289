// SPDX-License-Identifier: GPL-3.0-or-later
//! Removing an account, after asking.

use adw::prelude::*;
use gtk::{gio, glib};
use usher_core::account::AccountId;

use super::uses;
use crate::{
    application::Application,
    i18n::{gettext, gettext_f},
    main_window::Window,
    runtime, text,
    widgets::toast,
};

/// Asks whether an account is to be removed, and does it.
pub(crate) fn ask(window: &Window, id: AccountId) {
    let application = Application::current();
    let Some(account) = application.accounts().find(id) else {
        return;
    };
    let alert = adw::AlertDialog::builder()
        .heading(gettext_f("Remove {user}?", &[("user", &text::within(&account.user))]))
        .body(uses::consequence(&account, &application.repositories().all()))
        .default_response("cancel")
        .close_response("cancel")
        .build();
    alert.add_responses(&[("cancel", &gettext("Cancel")), ("remove", &gettext("Remove"))]);
    alert.set_response_appearance("remove", adw::ResponseAppearance::Destructive);
    let shown_in = window.clone();
    alert.choose(Some(window), gio::Cancellable::NONE, move |response| {
        if response == "remove" {
            glib::spawn_future_local(remove(shown_in, id));
        }
    });
}

async fn remove(window: Window, id: AccountId) {
    let application = Application::current();
    let store = application.services().store.clone();
    let removed = runtime::spawn(async move { store.remove(id).await }).await;
    application.accounts().reload();
    match removed {
        Ok(()) => {
            window.show_first_page();
            toast::show(&window.content_widget(), &gettext("Account removed"));
        }
        Err(error) => {
            tracing::warn!(%error, "an account cannot be removed");
            toast::show(&window.content_widget(), &gettext("The account could not be removed"));
        }
    }
}
