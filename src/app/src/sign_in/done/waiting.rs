// SPDX-License-Identifier: GPL-3.0-or-later
//! The setting that lets installs wait for a sign-in. It is offered once: whoever does not take it finds it in the
//! preferences.

use adw::{prelude::*, subclass::prelude::*};
use gtk::AccessibleAnnouncementPriority;

use super::imp;
use crate::{
    i18n::gettext,
    model::Setting,
    sign_in::{next_step::could_have_waited, request::Purpose},
};

impl imp::DonePage {
    /// Offers the setting where it would have made a difference: an install has ended because it did not wait.
    pub(super) fn offer_to_wait(&self, purpose: &Purpose) {
        let settings = self.services().settings();
        let can_be_kept = [Setting::ContinueInstalls, Setting::ContinueInstallsOffered]
            .iter()
            .all(|setting| settings.can_set(*setting));
        let is_settled = settings.is_on(Setting::ContinueInstalls) || settings.is_on(Setting::ContinueInstallsOffered);
        if could_have_waited(purpose) && can_be_kept && !is_settled {
            let page = self.obj();
            page.set_waiting_text(gettext("Next time, the install can wait and continue by itself."));
            page.set_offers_to_wait(true);
        }
    }

    /// The person sees the offer now, so it is not made again.
    pub(super) fn note_the_offer(&self) {
        if self.offers_to_wait.get() {
            self.services().settings().turn_on(Setting::ContinueInstallsOffered);
        }
    }

    /// The person takes the offer.
    pub(super) fn let_installs_wait(&self) {
        if !self.services().settings().turn_on(Setting::ContinueInstalls) {
            return;
        }
        let page = self.obj();
        let said = gettext("Next time, the install waits and continues by itself.");
        page.announce(&said, AccessibleAnnouncementPriority::Medium);
        page.set_waiting_text(said);
        page.set_offers_to_wait(false);
    }
}
