// SPDX-License-Identifier: GPL-3.0-or-later
//! One account in the list.

use adw::prelude::*;
use gtk::glib;
use usher_core::account::AccountId;

use super::{broken_row::broken_row, listed::Listed};
use crate::{accessible, account::ask_to_remove, i18n::gettext_f, text, window::Window};

/// The row of an account.
pub(super) fn account_row(listed: &Listed) -> gtk::Widget {
    match listed {
        Listed::Account { .. } | Listed::Locked { .. } => usable_row(listed),
        Listed::Broken { path } => broken_row(path),
    }
}

fn usable_row(listed: &Listed) -> gtk::Widget {
    let (title, subtitle) = (listed.title(), listed.subtitle());
    let row = adw::ActionRow::builder()
        .title(&title)
        .subtitle(&subtitle)
        .use_markup(false)
        .activatable(listed.is_readable())
        .build();
    row.add_prefix(&avatar(&title, 32));
    if let Some(state) = listed.state_label() {
        let label = gtk::Label::builder().label(state).css_classes(["dimmed"]).wrap(true).build();
        row.add_suffix(&label);
    }
    if listed.is_readable() {
        row.add_suffix(&decorative_icon("go-next-symbolic"));
        row.set_action_target_value(listed.id().map(|id| id.to_string().to_variant()).as_ref());
        row.set_action_name(Some("app.show-account"));
        if let Some(id) = listed.id() {
            row.add_controller(delete_key(id));
        }
    }
    accessible::name(&row, &listed.spoken());
    row.upcast()
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

/// A person's initials.
pub(crate) fn avatar(name: &str, size: i32) -> adw::Avatar {
    adw::Avatar::builder()
        .size(size)
        .text(name)
        .show_initials(true)
        .accessible_role(gtk::AccessibleRole::Presentation)
        .valign(gtk::Align::Center)
        .build()
}

/// An icon that says nothing that the text does not.
pub(super) fn decorative_icon(name: &str) -> gtk::Image {
    gtk::Image::builder().icon_name(name).accessible_role(gtk::AccessibleRole::Presentation).build()
}

/// The accessible name of a button that leads to a sign-in.
pub(super) fn sign_in_name(host: &str) -> String {
    gettext_f("Sign In to {host}", &[("host", &text::plain(host))])
}
