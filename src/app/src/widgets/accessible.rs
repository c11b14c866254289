// SPDX-License-Identifier: GPL-3.0-or-later
//! What assistive technology needs beside what is shown: names that say more, and rows that can be pressed.

use adw::prelude::*;
use gtk::{
    AccessibleRelation,
    accessible::{Property, State},
    gio, glib,
};

/// Names a widget in place of what its own labels say.
pub(crate) fn name(widget: &impl IsA<gtk::Widget>, name: &str) {
    let widget = widget.upcast_ref::<gtk::Widget>();
    widget.reset_relation(AccessibleRelation::LabelledBy);
    widget.reset_relation(AccessibleRelation::DescribedBy);
    widget.update_property(&[Property::Label(name)]);
}

/// Lets assistive technology press a row. GTK offers it only the actions of the widget itself, and a row has none.
pub(crate) fn can_be_pressed(row: &impl IsA<gtk::ListBoxRow>) {
    let row = row.upcast_ref::<gtk::ListBoxRow>();
    let press = gio::ActionEntry::builder("press")
        .activate(glib::clone!(
            #[weak]
            row,
            move |_: &gio::SimpleActionGroup, _, _| {
                if row.is_sensitive() && row.is_activatable() {
                    row.activate();
                }
            }
        ))
        .build();
    let actions = gio::SimpleActionGroup::new();
    actions.add_action_entries([press]);
    row.insert_action_group("row", Some(&actions));
}

/// Tells assistive technology what can be used. GTK tells it of the widget alone whose sensitivity was set, and not of
/// those within, nor of what is added to them later.
pub(crate) fn tell_sensitivity(widget: &impl IsA<gtk::Widget>) {
    let widget = widget.upcast_ref::<gtk::Widget>();
    widget.update_state(&[State::Disabled(!widget.is_sensitive())]);
    let mut child = widget.first_child();
    while let Some(inner) = child {
        tell_sensitivity(&inner);
        child = inner.next_sibling();
    }
}

/// A text without the marks that isolate names, for where no other text is around them.
pub(crate) fn bare(text: &str) -> String {
    text.replace(['\u{2068}', '\u{2069}'], "")
}
