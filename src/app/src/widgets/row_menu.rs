// SPDX-License-Identifier: GPL-3.0-or-later
//! The menu of a row.

use std::rc::Rc;

use adw::prelude::*;
use gtk::gio;

use crate::{
    i18n::{gettext, gettext_f},
    widgets::accessible,
};

/// An entry of the menu of a row.
pub(crate) struct MenuEntry {
    label: String,
    act: Rc<dyn Fn(&gtk::MenuButton)>,
}

impl MenuEntry {
    /// Calls `act` with the button of the menu.
    pub(crate) fn new(label: String, act: impl Fn(&gtk::MenuButton) + 'static) -> Self {
        Self { label, act: Rc::new(act) }
    }
}

/// A button with a menu about what the row is about.
pub(crate) fn row_menu(about: &str, entries: Vec<MenuEntry>) -> gtk::MenuButton {
    let menu = gio::Menu::new();
    let button = gtk::MenuButton::builder()
        .icon_name("view-more-symbolic")
        .tooltip_text(gettext("More"))
        .menu_model(&menu)
        .valign(gtk::Align::Center)
        .css_classes(["flat"])
        .build();
    accessible::name(&button, &gettext_f("More About {app}", &[("app", about)]));
    let actions = gio::SimpleActionGroup::new();
    for (number, entry) in entries.into_iter().enumerate() {
        let name = format!("entry-{number}");
        menu.append(Some(&entry.label), Some(&format!("row.{name}")));
        let (weak, act) = (button.downgrade(), entry.act);
        let action = gio::ActionEntry::builder(&name)
            .activate(move |_: &gio::SimpleActionGroup, _, _| {
                if let Some(button) = weak.upgrade() {
                    act(&button);
                }
            })
            .build();
        actions.add_action_entries([action]);
    }
    // Not at the button: assistive technology takes the actions of a widget for what pressing it does.
    if let Some(popover) = button.popover() {
        popover.insert_action_group("row", Some(&actions));
    }
    button
}
