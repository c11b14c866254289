// SPDX-License-Identifier: GPL-3.0-or-later
//! What can wait until a window is on the screen: whatever its first frame does not show.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use gtk::{glib, prelude::*};

/// Calls back once, when the window has painted its first frame. To be called before the window is shown.
pub(crate) fn after_first_frame<W: IsA<gtk::Widget>>(window: &W, act: impl FnOnce(&W) + 'static) {
    let act = RefCell::new(Some(act));
    window.connect_realize(move |window| {
        let (Some(clock), Some(act)) = (window.frame_clock(), act.take()) else { return };
        let (act, handler, window) = (Cell::new(Some(act)), Rc::new(Cell::new(None)), window.downgrade());
        let painted = handler.clone();
        handler.set(Some(clock.connect_after_paint(move |clock| {
            if let Some(handler) = painted.take() {
                clock.disconnect(handler);
            }
            if let (Some(act), Some(window)) = (act.take(), window.upgrade()) {
                // The frame is on its way to the screen before any of this runs.
                glib::idle_add_local_once(move || act(&window));
            }
        })));
    });
}
