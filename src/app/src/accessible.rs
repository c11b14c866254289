// SPDX-License-Identifier: GPL-3.0-or-later
//! Names for screen readers, where they say more than what is shown.

use adw::prelude::*;
use gtk::{AccessibleRelation, accessible::Property};

/// Names a widget in place of what its own labels say.
pub(crate) fn name(widget: &impl IsA<gtk::Widget>, name: &str) {
    let widget = widget.upcast_ref::<gtk::Widget>();
    widget.reset_relation(AccessibleRelation::LabelledBy);
    widget.reset_relation(AccessibleRelation::DescribedBy);
    widget.update_property(&[Property::Label(name)]);
}
