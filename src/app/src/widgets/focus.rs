// SPDX-License-Identifier: GPL-3.0-or-later
//! Where the keyboard is when a page is shown.

use adw::prelude::*;
use gtk::glib;

/// Calls back when the page is shown for the first time, to place the keyboard. Whenever it is shown again the keyboard is
/// where it was left.
pub(crate) fn when_first_shown<T: IsA<adw::NavigationPage>>(page: &T, place: impl Fn(&T) + 'static) {
    let handler = std::rc::Rc::new(std::cell::Cell::new(None));
    let first = handler.clone();
    let weak = page.downgrade();
    handler.set(Some(page.connect_shown(move |shown| {
        if let (Some(page), Some(handler)) = (weak.upgrade(), first.take()) {
            glib::object::ObjectExt::disconnect(shown, handler);
            place(&page);
        }
    })));
}
