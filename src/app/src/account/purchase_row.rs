// SPDX-License-Identifier: GPL-3.0-or-later
//! One purchase in the list.

use adw::prelude::*;

use super::purchase_item::PurchaseItem;
use crate::{
    desktop::install_button,
    purchase::{unfinished::UnfinishedPurchase, unfinished_row},
    services::Services,
    widgets::{Offer, OfferRow, accessible, state_label},
};

/// The row of a purchase.
pub(super) fn purchase_row(services: &Services, item: &PurchaseItem) -> gtk::Widget {
    let app = &item.app;
    if item.is_unfinished() {
        let unfinished =
            UnfinishedPurchase { account: item.account, host: item.host.clone(), app: app.clone(), update: None };
        let entries = vec![unfinished.not_paid_entry(services)];
        return unfinished_row(services, &Offer::unfinished(app, item.subtitle()), &unfinished, entries).upcast();
    }
    let state = item.state_label();
    let button = item.remote.as_ref().filter(|_| state.is_none());
    if let Some(button) = button.and_then(|remote| install_button(app, remote, false, item.with_software)) {
        let row = OfferRow::new(&Offer { title: app.title(), subtitle: item.subtitle(), ..Offer::default() });
        row.set_picture(&app.image(32));
        row.add_suffix(&button);
        row.set_tooltip_text(app.id_beside_title().as_deref());
        return row.upcast();
    }
    let row = adw::ActionRow::builder()
        .title(app.title())
        .subtitle(item.subtitle())
        .use_markup(false)
        .activatable(false)
        .build();
    row.set_tooltip_text(app.id_beside_title().as_deref());
    row.add_prefix(&app.image(32));
    if let Some(state) = state {
        row.add_suffix(&state_label(&state));
        accessible::name(&row, &format!("{}, {}, {state}", app.title(), item.subtitle()));
    }
    row.upcast()
}
