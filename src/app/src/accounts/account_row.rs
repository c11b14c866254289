// SPDX-License-Identifier: GPL-3.0-or-later
//! One account in the list.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::account::AccountId;

use super::{account_item::AccountItem, broken_row::broken_row};
use crate::{
    navigation::{self, Destination},
    services::Services,
    widgets::{accessible, decorative_icon, settle_state},
};

mod imp {
    use super::*;

    #[derive(Default)]
    pub struct AccountRow {
        avatar: adw::Avatar,
        state: gtk::Label,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AccountRow {
        const NAME: &'static str = "UsherAccountRow";
        type Type = super::AccountRow;
        type ParentType = adw::ActionRow;
    }

    impl ObjectImpl for AccountRow {
        fn constructed(&self) {
            self.parent_constructed();
            let row = self.obj();
            row.set_use_markup(false);
            self.avatar.set_size(32);
            self.avatar.set_show_initials(true);
            self.avatar.set_valign(gtk::Align::Center);
            self.avatar.upcast_ref::<gtk::Widget>().set_accessible_role(gtk::AccessibleRole::Presentation);
            row.bind_property("title", &self.avatar, "text").build();
            row.add_prefix(&self.avatar);
            settle_state(&self.state);
            row.add_suffix(&self.state);
        }
    }

    impl WidgetImpl for AccountRow {}
    impl ListBoxRowImpl for AccountRow {}
    impl PreferencesRowImpl for AccountRow {}
    impl ActionRowImpl for AccountRow {}

    impl AccountRow {
        /// Lets the row lead to the page of its account.
        pub(super) fn lead_to(&self, id: AccountId) {
            let row = self.obj();
            row.set_activatable(true);
            row.add_suffix(&decorative_icon("go-next-symbolic"));
            row.set_action_target_value(Some(&id.to_string().to_variant()));
            row.set_action_name(Some("app.show-account"));
            row.add_controller(delete_key(id));
            accessible::can_be_pressed(&*row);
        }

        pub(super) fn show(&self, item: &AccountItem) {
            let row = self.obj();
            row.set_title(&item.title());
            row.set_subtitle(&item.subtitle());
            self.state.set_label(&item.state_label().unwrap_or_default());
            self.state.set_visible(item.state_label().is_some());
            accessible::name(&*row, &item.spoken());
        }
    }
}

glib::wrapper! {
    pub struct AccountRow(ObjectSubclass<imp::AccountRow>)
        @extends adw::ActionRow, adw::PreferencesRow, gtk::ListBoxRow, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl AccountRow {
    fn new(item: &AccountItem) -> Self {
        let row: Self = glib::Object::new();
        if let Some(id) = item.id().filter(|_| item.is_readable()) {
            row.imp().lead_to(id);
        }
        row.imp().show(item);
        row
    }
}

/// The row of an account.
pub(super) fn account_row(services: &Services, item: &AccountItem) -> gtk::Widget {
    match item {
        AccountItem::Account { .. } | AccountItem::Locked { .. } => AccountRow::new(item).upcast(),
        AccountItem::Broken { path } => broken_row(services, path),
    }
}

/// Makes a row show another state of its account. Returns whether it can.
pub(super) fn update_account_row(row: &gtk::Widget, item: &AccountItem) -> bool {
    let Some(row) = row.downcast_ref::<AccountRow>().filter(|row| row.is_activatable() == item.is_readable()) else {
        return false;
    };
    row.imp().show(item);
    true
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
