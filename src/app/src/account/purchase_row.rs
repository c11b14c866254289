// SPDX-License-Identifier: GPL-3.0-or-later
//! One purchase in the list.

use adw::prelude::*;

use super::purchase_item::PurchaseItem;
use crate::{
    purchase::{unfinished::UnfinishedPurchase, unfinished_row},
    widgets::{Offer, accessible, install_button, state_label},
};

/// The row of a purchase.
pub(super) fn purchase_row(bought: &PurchaseItem) -> gtk::Widget {
    let app = &bought.app;
    if bought.is_unfinished() {
        let unfinished =
            UnfinishedPurchase { account: bought.account, host: bought.host.clone(), app: app.clone(), update: None };
        return unfinished_row(&Offer::unfinished(app, bought.subtitle()), &unfinished).upcast();
    }
    let row = adw::ActionRow::builder()
        .title(app.title())
        .subtitle(bought.subtitle())
        .use_markup(false)
        .activatable(false)
        .build();
    row.set_tooltip_text(app.id_beside_title().as_deref());
    row.add_prefix(&app.image(32));
    if let Some(state) = bought.state_label() {
        row.add_suffix(&state_label(&state));
        accessible::name(&row, &format!("{}, {}, {state}", app.title(), bought.subtitle()));
    } else if let Some(remote) = &bought.remote
        && let Some(button) = install_button(app, remote, false, bought.with_software)
    {
        row.add_suffix(&button);
    }
    row.upcast()
}
