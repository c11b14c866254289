// SPDX-License-Identifier: GPL-3.0-or-later
//! Windows carry the id of the application, not the bus name of this process.

use adw::prelude::*;
use gdk4_wayland::WaylandToplevel;
use usher_core::names;

/// Gives a window the application's id on Wayland, each time it is mapped: what is set earlier GTK overwrites. On X11
/// the program's name has done it.
pub(crate) fn follow(window: &impl IsA<gtk::Window>) {
    window.upcast_ref::<gtk::Window>().connect_map(|window| {
        if let Some(toplevel) = window.surface().and_downcast::<WaylandToplevel>() {
            toplevel.set_application_id(names::APP_ID);
        }
    });
}
