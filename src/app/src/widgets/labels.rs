// SPDX-License-Identifier: GPL-3.0-or-later
//! How labels break, also those within widgets of the toolkit.

use adw::prelude::*;
use gtk::pango;

/// Makes all labels within a widget break without hyphens, which would read as part of a host. Titles of groups, banners
/// and button rows wrap rather than being cut.
pub(crate) fn settle(root: &impl IsA<gtk::Widget>) {
    let root = root.upcast_ref::<gtk::Widget>();
    if let Some(label) = root.downcast_ref::<gtk::Label>() {
        settle_label(label);
        return;
    }
    let mut child = root.first_child();
    while let Some(widget) = child {
        settle(&widget);
        child = widget.next_sibling();
    }
}

fn settle_label(label: &gtk::Label) {
    let is_group_title = label.has_css_class("heading")
        && label.ancestor(adw::PreferencesGroup::static_type()).is_some()
        && label.ancestor(gtk::ListBoxRow::static_type()).is_none();
    // A banner shows three lines of its text at most, and may name two hosts.
    let is_banner =
        label.ancestor(adw::Banner::static_type()).is_some() && label.ancestor(gtk::Button::static_type()).is_none();
    let is_button_row = label.ancestor(adw::ButtonRow::static_type()).is_some();
    if is_group_title || is_banner || is_button_row {
        label.set_ellipsize(pango::EllipsizeMode::None);
        label.set_lines(-1);
        label.set_wrap(true);
        label.set_wrap_mode(pango::WrapMode::WordChar);
    }
    if is_button_row {
        label.set_justify(gtk::Justification::Center);
        // On one line wherever there is room for it.
        label.set_natural_wrap_mode(gtk::NaturalWrapMode::None);
    }
    if label.attributes().is_none() {
        let attributes = pango::AttrList::new();
        attributes.insert(pango::AttrInt::new_insert_hyphens(false));
        label.set_attributes(Some(&attributes));
    }
}
