// SPDX-License-Identifier: GPL-3.0-or-later
//! When the buttons of a prompt can be pressed, and what happens when nobody uses it.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;

use super::{Form, UNUSED, imp};
use crate::widgets::when_used;

impl imp::PromptWindow {
    /// The guard holds the buttons below; *Not Now* follows it.
    pub(super) fn follow_guard(&self) {
        self.guard.connect_is_open_notify(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |_| imp.update_buttons()
        ));
        self.update_buttons();
    }

    /// Which buttons can be pressed now.
    pub(super) fn update_buttons(&self) {
        let is_open = self.guard.is_open();
        let is_ready = is_open && !self.is_busy.get();
        let needs_choice = matches!(&*self.form.borrow(), Some(Form::Choose(_))) && self.chosen.get().is_none();
        self.obj().action_set_enabled("prompt.not-now", is_open);
        self.obj().action_set_enabled("prompt.secondary", is_ready);
        self.obj().action_set_enabled("prompt.other", is_ready);
        self.obj().action_set_enabled("prompt.primary", is_ready && !needs_choice && self.reaches_server());
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
        let window = self.obj();
        when_used(
            &*window,
            false,
            glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move || imp.restart_unused()
            ),
        );
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
