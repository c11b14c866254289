// SPDX-License-Identifier: GPL-3.0-or-later
//! A prompt can appear under somebody's typing: for a moment its buttons do nothing (rule R18).

use std::time::Duration;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gdk, glib};

use super::{Form, UNUSED, imp};

/// How long the buttons do nothing.
const GUARD: Duration = Duration::from_millis(700);

impl imp::PromptWindow {
    /// Starts when the window is shown, and anew each time it becomes active.
    pub(super) fn guard_against_stray_keys(&self) {
        self.obj().connect_map(|window| window.imp().block_buttons());
        self.obj().connect_is_active_notify(|window| {
            if window.is_active() {
                window.imp().block_buttons();
            }
        });
        self.update_buttons();
    }

    /// For a moment the buttons do nothing.
    pub(super) fn block_buttons(&self) {
        self.are_buttons_live.set(false);
        self.update_buttons();
        let timer = glib::timeout_add_local_once(
            GUARD,
            glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move || {
                    imp.guard_timer.take();
                    imp.are_buttons_live.set(true);
                    imp.update_buttons();
                }
            ),
        );
        if let Some(earlier) = self.guard_timer.replace(Some(timer)) {
            earlier.remove();
        }
    }

    /// Which buttons can be pressed now.
    pub(super) fn update_buttons(&self) {
        let is_ready = self.are_buttons_live.get() && !self.is_busy.get();
        let needs_choice = matches!(&*self.form.borrow(), Some(Form::Choose(_))) && self.chosen.get().is_none();
        self.obj().action_set_enabled("prompt.not-now", self.are_buttons_live.get());
        self.obj().action_set_enabled("prompt.secondary", is_ready);
        let can_go_on = is_ready && !needs_choice && self.reaches_server();
        self.obj().action_set_enabled("prompt.primary", can_go_on);
        let default = can_go_on.then(|| self.primary.get());
        self.obj().set_default_widget(default.as_ref());
    }

    /// Whether the server can be reached, where the button leads there.
    fn reaches_server(&self) -> bool {
        let needs_server = matches!(&*self.form.borrow(), Some(Form::SignIn | Form::SignInAgain(_) | Form::Buy(_)));
        let (Some(services), Some(prompt), true) = (self.services.get(), self.prompt.get(), needs_server) else {
            return true;
        };
        services.network().reaches(&prompt.details.borrow().ground.binding.service)
    }

    /// A window that nobody uses closes after a while; the question stays in the main window.
    pub(super) fn close_when_unused(&self) {
        let events = gtk::EventControllerLegacy::new();
        events.set_propagation_phase(gtk::PropagationPhase::Capture);
        events.connect_event(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            #[upgrade_or]
            glib::Propagation::Proceed,
            move |_, event| {
                use gdk::EventType;
                if matches!(
                    event.event_type(),
                    EventType::KeyPress | EventType::ButtonPress | EventType::TouchBegin | EventType::Scroll
                ) {
                    imp.restart_unused();
                }
                glib::Propagation::Proceed
            }
        ));
        self.obj().add_controller(events);
        self.restart_unused();
    }

    fn restart_unused(&self) {
        let timer = glib::timeout_add_local_once(
            UNUSED,
            glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move || {
                    imp.unused.take();
                    if imp.is_purchase_under_way() || imp.holds_unsaved() {
                        imp.restart_unused();
                        return;
                    }
                    imp.is_abandoned.set(true);
                    imp.obj().close();
                }
            ),
        );
        if let Some(earlier) = self.unused.replace(Some(timer)) {
            earlier.remove();
        }
    }
}
