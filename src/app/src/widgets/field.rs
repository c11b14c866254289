// SPDX-License-Identifier: GPL-3.0-or-later
//! What is wrong with a field: the row says so in its colour, and a screen reader in its words.

use adw::prelude::*;
use gtk::accessible::{Relation, State};

/// Marks a row as wrong; `reason` says why.
pub(crate) fn mark(row: &adw::EntryRow, reason: &gtk::Label) {
    row.add_css_class("error");
    let reason: &gtk::Accessible = reason.upcast_ref();
    for field in parts(row) {
        field.update_state(&[State::Invalid(gtk::AccessibleInvalidState::True)]);
        field.update_relation(&[Relation::DescribedBy(&[reason])]);
    }
}

/// Nothing is wrong with a row any more.
pub(crate) fn clear(row: &adw::EntryRow) {
    row.remove_css_class("error");
    for field in parts(row) {
        field.reset_state(gtk::AccessibleState::Invalid);
        field.reset_relation(gtk::AccessibleRelation::DescribedBy);
    }
}

/// The row and the text in it, which has the keyboard's focus.
fn parts(row: &adw::EntryRow) -> impl Iterator<Item = gtk::Widget> {
    let text = row.delegate().and_then(|text| text.dynamic_cast::<gtk::Widget>().ok());
    [Some(row.clone().upcast()), text].into_iter().flatten()
}
