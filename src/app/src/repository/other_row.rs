// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository that does not use Usher, but could.

use usher_core::remote::Remote;

use crate::{
    i18n::{gettext, gettext_f},
    navigation::Destination,
    text,
    widgets::{Offer, OfferRow},
};

/// Its row, which leads to the page that makes it use Usher.
pub(crate) fn other_row(remote: &Remote) -> OfferRow {
    let title = text::plain(remote.display_name());
    let offer = Offer {
        icon: "network-server-symbolic",
        subtitle: if remote.is_registry() {
            gettext("Asks again each time")
        } else {
            gettext("Nothing signs in to it")
        },
        button: gettext("Use Usher…"),
        // Translators: the name of a button for screen readers
        button_name: gettext_f("Use Usher for {repository}", &[("repository", &text::within(&title))]),
        title,
    };
    OfferRow::leading_to(&offer, Destination::UseUsher(remote.clone()))
}
