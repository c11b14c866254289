// SPDX-License-Identifier: GPL-3.0-or-later
//! Where and how one signs in from a prompt.

use adw::prelude::*;
use gtk::glib;
use usher_core::account::AccountId;

use super::{Form, imp};
use crate::{model::SignInPlace, sign_in};

impl imp::PromptWindow {
    /// The account to sign in again, where the question is about signing in; `None` where it is not.
    fn to_sign_in(&self) -> Option<Option<AccountId>> {
        match self.form() {
            Form::SignIn => Some(None),
            Form::SignInAgain(account) => Some(Some(account.id)),
            Form::Allow(_) | Form::Choose(_) | Form::Buy(_) | Form::Unlock => None,
        }
    }

    /// Where a person signs in, if that is asked.
    pub(super) fn sign_in_place(&self) -> Option<SignInPlace> {
        self.to_sign_in().map(|_| SignInPlace::of(&self.prompt().details.borrow().ground.binding))
    }

    /// Offers the ways to the sign-in page besides the usual one.
    pub(super) fn offer_ways(&self) {
        let binding = self.prompt().details.borrow().ground.binding.clone();
        let account = self.to_sign_in();
        let ways = account.map(|account| sign_in::ways(self.services(), &binding, account, false));
        let choose = glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |way| {
                if let Some(account) = imp.to_sign_in().filter(|_| imp.primary.is_sensitive()) {
                    imp.sign_in(account, Some(way));
                }
            }
        );
        self.more_ways.offer(&ways.map(|ways| ways.others).unwrap_or_default(), choose);
    }
}
