// SPDX-License-Identifier: GPL-3.0-or-later
//! Where and how one signs in from a prompt.

use adw::prelude::*;
use gtk::glib;
use usher_core::account::AccountId;

use super::{Form, imp};
use crate::{model::SignInPlace, sign_in};

impl imp::PromptWindow {
    /// Whether the question is about signing in.
    fn asks_to_sign_in(&self) -> bool {
        matches!(self.form(), Form::SignIn | Form::SignInAgain(_))
    }

    /// The account to sign in again.
    fn account_to_sign_in(&self) -> Option<AccountId> {
        match self.form() {
            Form::SignInAgain(account) => Some(account.id),
            Form::SignIn | Form::Allow(_) | Form::Choose(_) | Form::Buy(_) | Form::Unlock => None,
        }
    }

    /// Where a person signs in, if that is asked.
    pub(super) fn sign_in_place(&self) -> Option<SignInPlace> {
        self.asks_to_sign_in().then(|| SignInPlace::of(&self.prompt().details.borrow().ground.binding))
    }

    /// Offers the ways to the sign-in page besides the usual one.
    pub(super) fn offer_ways(&self) {
        let binding = self.prompt().details.borrow().ground.binding.clone();
        let ways = || sign_in::ways(self.services(), &binding, self.account_to_sign_in(), false).others;
        let ways = if self.asks_to_sign_in() { ways() } else { Vec::new() };
        let choose = glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |way| {
                if imp.asks_to_sign_in() && imp.primary.is_sensitive() {
                    imp.sign_in(imp.account_to_sign_in(), Some(way));
                }
            }
        );
        self.more_ways.offer(&ways, choose);
    }
}
