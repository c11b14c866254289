// SPDX-License-Identifier: GPL-3.0-or-later
//! A prompt can appear under somebody's typing: for a moment its buttons do nothing (rule R18).

use std::time::Duration;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gdk, glib};

use super::{Form, PromptWindow, UNUSED};

/// How long the buttons do nothing.
const GUARD: Duration = Duration::from_millis(700);

impl PromptWindow {
    /// Starts when the window is shown, and anew each time it becomes active.
    pub(super) fn guard_against_stray_keys(&self) {
        self.connect_map(Self::block_buttons);
        self.connect_is_active_notify(|window| {
            if window.is_active() {
                window.block_buttons();
            }
        });
        self.update_buttons();
    }

    /// For a moment the buttons do nothing.
    pub(super) fn block_buttons(&self) {
        let imp = self.imp();
        imp.are_buttons_live.set(false);
        self.update_buttons();
        let timer = glib::timeout_add_local_once(
            GUARD,
            glib::clone!(
                #[weak(rename_to = window)]
                self,
                move || {
                    window.imp().guard_timer.take();
                    window.imp().are_buttons_live.set(true);
                    window.update_buttons();
                }
            ),
        );
        if let Some(earlier) = imp.guard_timer.replace(Some(timer)) {
            earlier.remove();
        }
    }

    /// Which buttons can be pressed now.
    pub(super) fn update_buttons(&self) {
        let imp = self.imp();
        let is_ready = imp.are_buttons_live.get() && !imp.is_busy.get();
        let needs_choice = matches!(&*imp.form.borrow(), Some(Form::Choose(_))) && imp.chosen.get().is_none();
        self.action_set_enabled("prompt.not-now", imp.are_buttons_live.get());
        self.action_set_enabled("prompt.secondary", is_ready);
        self.action_set_enabled("prompt.primary", is_ready && !needs_choice);
        let default = is_ready.then(|| imp.primary.get());
        self.set_default_widget(default.as_ref());
    }

    /// A window that nobody uses closes after a while; the question stays in the main window.
    pub(super) fn close_when_unused(&self) {
        let events = gtk::EventControllerLegacy::new();
        events.set_propagation_phase(gtk::PropagationPhase::Capture);
        events.connect_event(glib::clone!(
            #[weak(rename_to = window)]
            self,
            #[upgrade_or]
            glib::Propagation::Proceed,
            move |_, event| {
                use gdk::EventType;
                if matches!(
                    event.event_type(),
                    EventType::KeyPress | EventType::ButtonPress | EventType::TouchBegin | EventType::Scroll
                ) {
                    window.restart_unused();
                }
                glib::Propagation::Proceed
            }
        ));
        self.add_controller(events);
        self.restart_unused();
    }

    fn restart_unused(&self) {
        let timer = glib::timeout_add_local_once(
            UNUSED,
            glib::clone!(
                #[weak(rename_to = window)]
                self,
                move || {
                    window.imp().unused.take();
                    if window.is_purchase_under_way() {
                        window.restart_unused();
                        return;
                    }
                    window.imp().is_abandoned.set(true);
                    window.close();
                }
            ),
        );
        if let Some(earlier) = self.imp().unused.replace(Some(timer)) {
            earlier.remove();
        }
    }
}
