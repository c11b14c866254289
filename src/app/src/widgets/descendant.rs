// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds a part of a page by its type.

use gtk::{glib::object::IsA, prelude::*};

/// The first widget of a type in this one, which may be that itself.
pub(super) fn first<T: IsA<gtk::Widget>>(widget: &gtk::Widget) -> Option<T> {
    if let Some(found) = widget.downcast_ref::<T>() {
        return Some(found.clone());
    }
    let mut child = widget.first_child();
    while let Some(current) = child {
        if let Some(found) = first(&current) {
            return Some(found);
        }
        child = current.next_sibling();
    }
    None
}
