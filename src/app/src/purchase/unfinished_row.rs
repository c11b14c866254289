// SPDX-License-Identifier: GPL-3.0-or-later
//! A purchase that was begun and not finished, or an update for which access is missing.

use adw::prelude::*;
use gtk::glib;

use crate::{
    i18n::{gettext, gettext_f},
    model::App,
    purchase::unfinished::UnfinishedPurchase,
    widgets::{Offer, OfferRow},
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
pub(crate) fn unfinished_row(offer: &Offer, unfinished: &UnfinishedPurchase) -> OfferRow {
    let pressed = unfinished.clone();
    let row = OfferRow::with_prefix(offer, &unfinished.app.image(32), move |window, button| {
        let (unfinished, window, button) = (pressed.clone(), window.clone(), button.clone());
        button.set_busy(true);
        glib::spawn_future_local(async move {
            unfinished.check(&window).await;
            button.set_busy(false);
        });
    });
    row.set_tooltip_text(unfinished.app.id_beside_title().as_deref());
    if unfinished.update.is_none() {
        row.add_suffix(&unfinished.menu_button());
    }
    row
}
