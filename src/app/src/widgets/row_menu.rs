// SPDX-License-Identifier: GPL-3.0-or-later
//! The menu of a row about an app.

use adw::prelude::*;
use gtk::gio;

use crate::{
    i18n::{gettext, gettext_f},
    widgets::accessible,
};

/// A button with a menu of one entry, which calls `act`.
pub(crate) fn row_menu(app: &str, entry: &str, act: impl Fn(&gtk::MenuButton) + 'static) -> gtk::MenuButton {
    let menu = gio::Menu::new();
    menu.append(Some(entry), Some("row.entry"));
    let button = gtk::MenuButton::builder()
        .icon_name("view-more-symbolic")
        .tooltip_text(gettext("More"))
        .menu_model(&menu)
        .valign(gtk::Align::Center)
        .css_classes(["flat"])
        .build();
    accessible::name(&button, &gettext_f("More About {app}", &[("app", app)]));
    let weak = button.downgrade();
    let entry = gio::ActionEntry::builder("entry")
        .activate(move |_: &gio::SimpleActionGroup, _, _| {
            if let Some(button) = weak.upgrade() {
                act(&button);
            }
        })
        .build();
    let actions = gio::SimpleActionGroup::new();
    actions.add_action_entries([entry]);
    // Not at the button: assistive technology takes the actions of a widget for what pressing it does.
    if let Some(popover) = button.popover() {
        popover.insert_action_group("row", Some(&actions));
    }
    button
}
