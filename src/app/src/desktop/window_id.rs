// SPDX-License-Identifier: GPL-3.0-or-later
//! Windows carry the id of the application, not the bus name of this process.

use adw::prelude::*;
use gdk4_wayland::WaylandToplevel;
use usher_core::names;

/// Gives every window of this process, those of the toolkit included, the application's id on Wayland. On X11 the program's
/// name has done it.
pub(crate) fn follow_windows() {
    gtk::Window::toplevels().connect_items_changed(|windows, position, _, added| {
        let new = (position..position + added).filter_map(|index| windows.item(index).and_downcast::<gtk::Window>());
        new.for_each(|window| follow(&window));
    });
}

/// Each time that the window is mapped: what is set earlier GTK overwrites.
fn follow(window: &gtk::Window) {
    window.connect_map(|window| {
        if let Some(toplevel) = window.surface().and_downcast::<WaylandToplevel>() {
            toplevel.set_application_id(names::APP_ID);
        }
    });
}
