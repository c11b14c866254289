// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether a person uses what is shown.

use gtk::{gdk::EventType, glib, prelude::*};

/// Calls back for each key, press, touch or turn of the wheel in a widget; with `pointer` also when the pointer moves.
pub(crate) fn when_used(widget: &impl IsA<gtk::Widget>, pointer: bool, used: impl Fn() + 'static) {
    let events = gtk::EventControllerLegacy::new();
    events.set_propagation_phase(gtk::PropagationPhase::Capture);
    events.connect_event(move |_, event| {
        let is_used = match event.event_type() {
            EventType::KeyPress | EventType::ButtonPress | EventType::TouchBegin | EventType::Scroll => true,
            EventType::MotionNotify => pointer,
            _ => false,
        };
        if is_used {
            used();
        }
        glib::Propagation::Proceed
    });
    widget.add_controller(events);
}
