// SPDX-License-Identifier: GPL-3.0-or-later
//! What a page about an account says of the keyring, and what can be done about it from there.

mod status;

use adw::prelude::*;
use gtk::glib;
use usher_core::{
    account::{AccountId, Standing},
    clock,
    store::StoreError,
};

use crate::{
    application::Application, i18n::gettext, main_window::Window, model::KeyringState, runtime, widgets::toast,
};

pub(crate) use self::status::keyring_status;

/// What the banner of such a page says while the keyring does not tell of its account, and what its button is called.
pub(crate) fn banner(state: KeyringState) -> Option<(String, String)> {
    match state {
        KeyringState::Loading | KeyringState::Ready => None,
        KeyringState::Locked | KeyringState::Sealed => Some((gettext("The keyring is locked"), gettext("Unlock"))),
        KeyringState::Missing | KeyringState::Withheld | KeyringState::Failed => {
            Some((gettext("The keyring does not answer as it should"), gettext("Try Again")))
        }
    }
}

/// Does what the button of the banner on an account's page says. A button acts a moment after it was pressed: what was in
/// the way may be gone by then, and then nothing is left to do.
pub(crate) fn help(page: &impl IsA<gtk::Widget>, id: AccountId) {
    let accounts = Application::current().accounts().clone();
    match (accounts.find(id), accounts.state()) {
        (Some(account), _) => {
            let is_over = !Standing::of(&account, clock::now()).is_usable();
            if let Some(window) = Window::of(page).filter(|_| is_over) {
                window.sign_in_again(id);
            }
        }
        (None, KeyringState::Locked | KeyringState::Sealed) => unlock(page),
        (None, _) => accounts.reload(),
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_why_it_shows_nothing_new_and_has_a_way_on() {
        use KeyringState::*;
        let said = |state| banner(state).map(|(_, button)| button);
        assert_eq!([said(Ready), said(Loading)], [None, None]);
        for locked in [Locked, Sealed] {
            assert_eq!(said(locked).as_deref(), Some("Unlock"));
        }
        for gone in [Missing, Withheld, Failed] {
            assert_eq!(said(gone).as_deref(), Some("Try Again"));
        }
    }
}
