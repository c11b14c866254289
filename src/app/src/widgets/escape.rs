// SPDX-License-Identifier: GPL-3.0-or-later
//! Escape while something goes on that a person need not wait for.

use gtk::{gdk, glib, prelude::*};

/// Lets Escape stop what goes on in `widget`. `stop` does so, and says whether anything went on; if not, Escape does what
/// it does elsewhere. `phase` says whether `widget` gets the key before or after what is in it.
pub(crate) fn stops<T: IsA<gtk::Widget>>(
    widget: &T,
    phase: gtk::PropagationPhase,
    stop: impl Fn(&T) -> bool + 'static,
) {
    let keys = gtk::EventControllerKey::new();
    keys.set_propagation_phase(phase);
    let weak = widget.downgrade();
    keys.connect_key_pressed(move |_, key, _, _| match weak.upgrade() {
        Some(widget) if key == gdk::Key::Escape && stop(&widget) => glib::Propagation::Stop,
        _ => glib::Propagation::Proceed,
    });
    widget.add_controller(keys);
}
