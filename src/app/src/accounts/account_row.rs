// SPDX-License-Identifier: GPL-3.0-or-later
//! One account in the list: how it stands, and the button that mends it.

use adw::prelude::*;
use gtk::glib;
use usher_core::{account::AccountId, service::ServiceUrl};

use super::{account_item::AccountItem, broken_row::broken_row};
use crate::{
    i18n::gettext,
    navigation::{self, Destination},
    services::Services,
    widgets::{Offer, OfferRow, accessible, sign_in_name, state_label},
};

/// Size of the pictures before the titles of all rows.
const PICTURE: i32 = 32;

/// The row of an account.
pub(super) fn account_row(services: &Services, item: &AccountItem) -> OfferRow {
    if let AccountItem::Broken { path } = item {
        return broken_row(services, path);
    }
    let row = OfferRow::new(&offer(item));
    row.set_picture(&avatar(&row));
    match item {
        AccountItem::Account { id, service, .. } => lead_to(services, &row, *id, service),
        AccountItem::Locked { .. } => row.add_suffix(&state_label(&gettext("Locked"))),
        AccountItem::Broken { .. } => {}
    }
    accessible::name(&row, &item.spoken());
    row
}

/// Makes a row show another state of its account. Returns whether it can.
pub(super) fn update_account_row(row: &gtk::Widget, item: &AccountItem) -> bool {
    let Some(row) = row.downcast_ref::<OfferRow>().filter(|row| row.is_activatable() && item.is_readable()) else {
        return false;
    };
    row.show(&offer(item));
    accessible::name(row, &item.spoken());
    true
}

fn offer(item: &AccountItem) -> Offer {
    let has_button = item.needs_sign_in();
    Offer {
        title: item.title(),
        subtitle: item.subtitle(),
        button: if has_button { gettext("Sign In…") } else { String::new() },
        button_name: item.host().map(sign_in_name).unwrap_or_default(),
        ..Offer::default()
    }
}

fn avatar(row: &OfferRow) -> adw::Avatar {
    let avatar = adw::Avatar::new(PICTURE, None, true);
    avatar.upcast_ref::<gtk::Widget>().set_accessible_role(gtk::AccessibleRole::Presentation);
    row.bind_property("heading", &avatar, "text").sync_create().build();
    avatar
}

/// Lets the row lead to the page of its account, and its button to the sign-in.
fn lead_to(services: &Services, row: &OfferRow, id: AccountId, service: &ServiceUrl) {
    row.set_activatable(true);
    row.set_action_target_value(Some(&id.to_string().to_variant()));
    row.set_action_name(Some("app.show-account"));
    row.add_controller(delete_key(id));
    accessible::can_be_pressed(row);
    row.connect_pressed(move |button| navigation::go_to(button, &Destination::SignInAgain(id)));
    row.gate(services.network(), service);
}

/// Del asks whether the account is to be removed.
fn delete_key(id: AccountId) -> gtk::ShortcutController {
    let action = gtk::CallbackAction::new(move |row, _| {
        navigation::go_to(row, &Destination::RemoveAccount(id));
        glib::Propagation::Stop
    });
    let controller = gtk::ShortcutController::new();
    controller.add_shortcut(gtk::Shortcut::new(gtk::ShortcutTrigger::parse_string("Delete|KP_Delete"), Some(action)));
    controller
}
