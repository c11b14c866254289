// SPDX-License-Identifier: GPL-3.0-or-later
//! Asks before the person leaves the shop's page.

use adw::prelude::*;

use crate::i18n::gettext;

const STAY: &str = "stay";
const LEAVE: &str = "leave";

/// Asks whether to leave the purchase page.
pub(super) async fn is_wanted(parent: &impl IsA<gtk::Widget>) -> bool {
    let alert = adw::AlertDialog::new(
        Some(&gettext("Leave the Purchase?")),
        Some(&gettext("If it was already paid, Usher checks with the store.")),
    );
    alert.add_responses(&[(STAY, &gettext("Stay")), (LEAVE, &gettext("Leave"))]);
    alert.set_default_response(Some(STAY));
    alert.set_close_response(STAY);
    alert.choose_future(Some(parent)).await == LEAVE
}
