// SPDX-License-Identifier: GPL-3.0-or-later
//! A purchase that was begun and not finished, or an update for which access is missing.

use adw::prelude::*;

use crate::{
    i18n::{gettext, gettext_f},
    model::App,
    navigation,
    purchase::unfinished::UnfinishedPurchase,
    services::Services,
    widgets::{BusyButton, MenuEntry, Offer, OfferRow, toast},
};

impl Offer {
    /// Of an app that the server can be asked about again.
    pub(crate) fn unfinished(app: &App, subtitle: String) -> Self {
        let title = app.title();
        Self {
            icon: "package-x-generic-symbolic",
            subtitle,
            button: gettext("Check Again"),
            button_name: gettext_f("Check {app} Again", &[("app", &title)]),
            title,
        }
    }
}

/// The row, which asks the server. Its menu has what the person can do or say besides.
pub(crate) fn unfinished_row(
    services: &Services,
    offer: &Offer,
    unfinished: &UnfinishedPurchase,
    entries: Vec<MenuEntry>,
) -> OfferRow {
    let row = OfferRow::new(offer);
    row.set_picture(&unfinished.app.image(32));
    row.set_tooltip_text(unfinished.app.id_beside_title().as_deref());
    let (asked, pressed) = (services.clone(), unfinished.clone());
    row.connect_pressed(move |button| check(button, asked.clone(), pressed.clone()));
    row.add_menu(&unfinished.app.title(), entries);
    row
}

fn check(button: &BusyButton, services: Services, unfinished: UnfinishedPurchase) {
    // The row may be gone when the answer comes.
    if let Some(stack) = navigation::stack_of(button) {
        button.run(async move { unfinished.check(&services).await }, move |said| toast::show(&stack, &said));
    }
}
