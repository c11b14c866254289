// SPDX-License-Identifier: GPL-3.0-or-later
//! One account in the list.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::account::AccountId;

use super::{account_item::AccountItem, broken_row::broken_row};
use crate::{
    account::ask_to_remove,
    main_window::Window,
    widgets::{accessible, decorative_icon, settle_state},
};

mod imp {
    use super::*;

    #[derive(Default)]
    pub struct AccountRow {
        pub(super) avatar: adw::Avatar,
        pub(super) state: gtk::Label,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AccountRow {
        const NAME: &'static str = "UsherAccountRow";
        type Type = super::AccountRow;
        type ParentType = adw::ActionRow;
    }

    impl ObjectImpl for AccountRow {}
    impl WidgetImpl for AccountRow {}
    impl ListBoxRowImpl for AccountRow {}
    impl PreferencesRowImpl for AccountRow {}
    impl ActionRowImpl for AccountRow {}
}

glib::wrapper! {
    pub struct AccountRow(ObjectSubclass<imp::AccountRow>)
        @extends adw::ActionRow, adw::PreferencesRow, gtk::ListBoxRow, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl AccountRow {
    fn new(listed: &AccountItem) -> Self {
        let row: Self = glib::Object::builder().property("use-markup", false).build();
        let imp = row.imp();
        imp.avatar.set_size(32);
        imp.avatar.set_show_initials(true);
        imp.avatar.set_valign(gtk::Align::Center);
        imp.avatar.upcast_ref::<gtk::Widget>().set_accessible_role(gtk::AccessibleRole::Presentation);
        row.add_prefix(&imp.avatar);
        settle_state(&imp.state);
        row.add_suffix(&imp.state);
        if let (true, Some(id)) = (listed.is_readable(), listed.id()) {
            row.set_activatable(true);
            row.add_suffix(&decorative_icon("go-next-symbolic"));
            row.set_action_target_value(Some(&id.to_string().to_variant()));
            row.set_action_name(Some("app.show-account"));
            row.add_controller(delete_key(id));
            accessible::can_be_pressed(&row);
        }
        row.show(listed);
        row
    }

    fn show(&self, listed: &AccountItem) {
        let imp = self.imp();
        let title = listed.title();
        imp.avatar.set_text(Some(&title));
        self.set_title(&title);
        self.set_subtitle(&listed.subtitle());
        imp.state.set_label(&listed.state_label().unwrap_or_default());
        imp.state.set_visible(listed.state_label().is_some());
        accessible::name(self, &listed.spoken());
    }
}

/// The row of an account.
pub(super) fn account_row(listed: &AccountItem) -> gtk::Widget {
    match listed {
        AccountItem::Account { .. } | AccountItem::Locked { .. } => AccountRow::new(listed).upcast(),
        AccountItem::Broken { path } => broken_row(path),
    }
}

/// Makes a row show another state of its account. Returns whether it can.
pub(super) fn update_account_row(row: &gtk::Widget, listed: &AccountItem) -> bool {
    let Some(row) = row.downcast_ref::<AccountRow>().filter(|row| row.is_activatable() == listed.is_readable()) else {
        return false;
    };
    row.show(listed);
    true
}

/// Del asks whether the account is to be removed.
fn delete_key(id: AccountId) -> gtk::ShortcutController {
    let action = gtk::CallbackAction::new(move |row, _| {
        if let Some(window) = Window::of(row) {
            ask_to_remove(&window, id);
        }
        glib::Propagation::Stop
    });
    let controller = gtk::ShortcutController::new();
    controller.add_shortcut(gtk::Shortcut::new(gtk::ShortcutTrigger::parse_string("Delete|KP_Delete"), Some(action)));
    controller
}
