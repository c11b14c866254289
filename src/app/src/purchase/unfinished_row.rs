// SPDX-License-Identifier: GPL-3.0-or-later
//! A purchase that was begun and not finished, or an update for which access is missing.

use adw::prelude::*;
use gtk::glib;

use crate::{
    i18n::{gettext, gettext_f},
    model::App,
    navigation,
    purchase::unfinished::UnfinishedPurchase,
    services::Services,
    widgets::{BusyButton, Offer, OfferRow, toast},
};

impl Offer {
    /// Of an app that the server can be asked about again.
    pub(crate) fn unfinished(app: &App, subtitle: String) -> Self {
        let title = app.title();
        Self {
            icon: "dialog-question-symbolic",
            subtitle,
            button: gettext("Check Again"),
            button_name: gettext_f("Check {app} Again", &[("app", &title)]),
            title,
        }
    }
}

/// The row, which asks the server and takes the person's word.
pub(crate) fn unfinished_row(services: &Services, offer: &Offer, unfinished: &UnfinishedPurchase) -> OfferRow {
    let row = OfferRow::new(offer);
    row.set_picture(&unfinished.app.image(32));
    row.set_tooltip_text(unfinished.app.id_beside_title().as_deref());
    let (asked, pressed) = (services.clone(), unfinished.clone());
    row.connect_pressed(move |button| {
        glib::spawn_future_local(check(button.clone(), asked.clone(), pressed.clone()));
    });
    if unfinished.update.is_none() {
        row.add_suffix(&unfinished.menu_button(services));
    }
    row
}

async fn check(button: BusyButton, services: Services, unfinished: UnfinishedPurchase) {
    // The row may be gone when the answer comes.
    let Some(stack) = navigation::stack_of(&button) else {
        return;
    };
    button.set_busy(true);
    toast::show(&stack, &unfinished.check(&services).await);
    button.set_busy(false);
}
