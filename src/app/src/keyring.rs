// SPDX-License-Identifier: GPL-3.0-or-later
//! Unlocking the keyring from a page.

use adw::prelude::*;
use gtk::glib;
use usher_core::store::StoreError;

use crate::{application::Application, i18n::gettext, runtime, toast};

/// Asks the person to unlock the keyring; the desktop's own dialog does it. The lists follow by themselves.
pub(crate) fn unlock(widget: &impl IsA<gtk::Widget>) {
    let widget = widget.clone();
    glib::spawn_future_local(async move {
        let application = Application::current();
        let store = application.services().store.clone();
        let unlocked = runtime::spawn(async move { store.unlock().await }).await;
        match unlocked {
            // Not otherwise: inside a sandbox reading would ask the person once more.
            Ok(()) => application.accounts().reload(),
            Err(StoreError::Dismissed) => toast::show(&widget, &gettext("The keyring is still locked")),
            Err(error) => {
                tracing::warn!(%error, "the keyring cannot be unlocked");
                toast::show(&widget, &gettext("The keyring is still locked"));
            }
        }
    });
}
