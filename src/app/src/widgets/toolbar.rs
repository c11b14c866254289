// SPDX-License-Identifier: GPL-3.0-or-later
//! What holds the bars and the content of a page.

use adw::prelude::*;

/// The first such within a page.
pub(super) fn toolbar_view(widget: &gtk::Widget) -> Option<adw::ToolbarView> {
    if let Some(found) = widget.downcast_ref::<adw::ToolbarView>() {
        return Some(found.clone());
    }
    let mut child = widget.first_child();
    while let Some(current) = child {
        if let Some(found) = toolbar_view(&current) {
            return Some(found);
        }
        child = current.next_sibling();
    }
    None
}
