// SPDX-License-Identifier: GPL-3.0-or-later
//! The pages of a window, one above the other.

use adw::prelude::*;

/// The stack that a page or something on it is in. It stays when the page goes.
pub(crate) fn stack_of(widget: &impl IsA<gtk::Widget>) -> Option<adw::NavigationView> {
    widget.ancestor(adw::NavigationView::static_type()).and_downcast()
}

/// Shows a page above the one that a widget is on.
pub(crate) fn push(from: &impl IsA<gtk::Widget>, page: &impl IsA<adw::NavigationPage>) {
    if let Some(stack) = stack_of(from) {
        stack.push(page);
    }
}

/// The pages up to one of them, that one included; none where it is not in the stack any more.
pub(crate) fn pages_up_to(stack: &adw::NavigationView, page: Option<&adw::NavigationPage>) -> Vec<adw::NavigationPage> {
    let pages = stack.navigation_stack().iter::<adw::NavigationPage>().map_while(Result::ok).collect::<Vec<_>>();
    let end = pages.iter().position(|known| Some(known) == page).map_or(0, |index| index + 1);
    pages.into_iter().take(end).collect()
}
