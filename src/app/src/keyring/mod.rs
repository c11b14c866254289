// SPDX-License-Identifier: GPL-3.0-or-later
//! What a page about an account says of the keyring, and how the person can help from there.

mod status;

use adw::prelude::*;
use gtk::glib;
use usher_core::{
    account::{Account, AccountId, Standing},
    clock,
    error_text::UserFacing,
    store::{StoreError, Unsaved},
};

pub(crate) use self::status::{KeyringStatus, keyring_status};
use crate::{
    i18n::gettext,
    model::KeyringState,
    navigation::{self, Destination},
    runtime,
    services::Services,
    widgets::{BannerText, toast},
};

/// What the banner of such a page says while the keyring does not tell of its account.
pub(crate) fn banner(state: KeyringState) -> Option<BannerText> {
    let (title, button) = match state {
        KeyringState::Loading | KeyringState::Ready => return None,
        KeyringState::Locked | KeyringState::Sealed => (gettext("The keyring is locked"), gettext("Unlock")),
        KeyringState::Missing | KeyringState::Withheld | KeyringState::Failed => {
            (gettext("The keyring is not responding"), gettext("Try Again"))
        }
    };
    Some(BannerText { title, button: Some(button) })
}

/// What the banner says of an account that has to be signed in to again. It has no button while its server cannot be reached.
pub(crate) fn sign_in_banner(account: &Account, is_reached: bool) -> Option<BannerText> {
    let title = match Standing::of(account, clock::now()) {
        Standing::Ended if account.is_moved => gettext("The password is wanted at another server now"),
        Standing::Ended => gettext("Sign-in has expired"),
        Standing::MayHaveEnded => gettext("Sign-in may have ended"),
        Standing::SignedOut => gettext("Signed out"),
        Standing::Fine | Standing::EndsSoon(_) => return None,
    };
    Some(BannerText { title, button: is_reached.then(|| gettext("Sign In…")) })
}

/// What the banner says of a renewed sign-in that the keyring has not saved. It is saved by itself: there is no button.
pub(crate) fn unsaved_banner(unsaved: &Unsaved) -> BannerText {
    BannerText { title: unsaved.sentence(), button: None }
}

/// Does what the button of the banner on an account's page says. A button acts a moment after it was pressed: what was in
/// the way may be gone by then, and then nothing is left to do.
pub(crate) fn help(page: &impl IsA<gtk::Widget>, services: &Services, id: AccountId) {
    let accounts = services.accounts();
    match accounts.find(id) {
        Some(account) if Standing::of(&account, clock::now()).is_usable() => {}
        Some(_) => navigation::go_to(page, &Destination::SignInAgain(id)),
        None => open(page, services),
    }
}

/// Does what the button of [`banner`] or of [`keyring_status`] says.
pub(crate) fn open(page: &impl IsA<gtk::Widget>, services: &Services) {
    match services.accounts().state() {
        KeyringState::Locked | KeyringState::Sealed => unlock(page, services),
        _ => services.accounts().reload(),
    }
}

/// Asks the person to unlock the keyring; the desktop's own dialog does it. The lists follow by themselves.
pub(crate) fn unlock(page: &impl IsA<gtk::Widget>, services: &Services) {
    let (page, services) = (page.clone(), services.clone());
    glib::spawn_future_local(async move {
        let store = services.store.clone();
        let unlocked = runtime::spawn(async move { store.unlock().await }).await;
        match unlocked {
            // Not otherwise: inside a sandbox reading would ask the person once more.
            Ok(()) => services.accounts().reload(),
            Err(StoreError::Dismissed) => toast::show(&page, &gettext("The keyring is still locked")),
            Err(error) => {
                tracing::warn!(%error, "cannot unlock the keyring");
                toast::show(&page, &gettext("The keyring is still locked"));
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
        let said = |state| banner(state).and_then(|banner| banner.button);
        assert_eq!([said(Ready), said(Loading)], [None, None]);
        for locked in [Locked, Sealed] {
            assert_eq!(said(locked).as_deref(), Some("Unlock"));
        }
        for gone in [Missing, Withheld, Failed] {
            assert_eq!(said(gone).as_deref(), Some("Try Again"));
        }
    }
}
