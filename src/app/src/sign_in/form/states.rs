// SPDX-License-Identifier: GPL-3.0-or-later
//! What is under the header: the form, what went wrong, or what the page waits for.

use adw::{prelude::*, subclass::prelude::*};
use gtk::AccessibleAnnouncementPriority::Medium;
use usher_core::provider::{Field, Form};

use super::{imp, token_host};
use crate::{i18n::gettext_f, text, web::WebProblem, widgets::accessible};

impl imp::FormPage {
    /// Shows a form. What was typed into the one before stays, if that asked for the same.
    pub(super) fn show_form(&self, form: &Form) {
        let is_new = self.form.borrow().as_ref().is_none_or(|shown| shown.fields != form.fields);
        if is_new {
            self.make_rows(&form.fields);
        }
        self.say_where_it_goes(form);
        self.form.replace(Some(form.clone()));
        self.shown_problem.take();
        self.set_sending(false);
        self.show_state("form");
        self.obj().action_set_enabled("form.cancel", true);
        self.clear_fault();
        match &form.fault {
            Some(fault) => self.show_fault(fault, &self.destination(form)),
            None => self.place_focus(),
        }
    }

    /// The host that gets what is filled in.
    fn destination(&self, form: &Form) -> String {
        let host = self.host.get().cloned().unwrap_or_default();
        form.password_host.clone().unwrap_or(host)
    }

    fn say_where_it_goes(&self, form: &Form) {
        let Some(flow) = self.flow.borrow().clone() else {
            return;
        };
        let page = self.obj();
        page.set_what_for(if form.fields.contains(&Field::Token) {
            let host = text::within(&token_host(&flow));
            gettext_f("Usher gives it to flatpak, which sends it to {host}.", &[("host", &host)])
        } else {
            String::new()
        });
        match &form.password_host {
            Some(host) => {
                page.set_password_goes(gettext_f("The password goes to {host}.", &[("host", &text::within(host))]));
                self.familiarity_line.show(flow.services.accounts(), host, None);
            }
            None => page.set_password_goes(""),
        }
    }

    pub(super) fn show_wait(&self, text: &str) {
        self.obj().set_busy_text(text);
        self.set_sending(false);
        self.show_state("busy");
        self.obj().action_set_enabled("form.cancel", true);
        self.place_focus();
        self.obj().announce(text, Medium);
    }

    pub(super) fn show_problem(&self, problem: WebProblem) {
        let host = self.host.get().cloned().unwrap_or_default();
        self.set_sending(false);
        self.clear_fault();
        self.show_state("problem");
        self.problem.show(&problem.words(&host, false));
        self.problem.take_focus();
        self.shown_problem.replace(Some(problem));
        self.obj().action_set_enabled("form.cancel", true);
    }

    pub(super) fn show_state(&self, name: &str) {
        self.stack.set_visible_child_name(name);
        self.bottom.set_visible(name == "form");
        self.set_default(name == "form");
    }

    pub(super) fn is_shown(&self, name: &str) -> bool {
        self.stack.visible_child_name().is_some_and(|shown| shown == name)
    }

    /// What was filled in is on its way: it cannot be changed meanwhile.
    pub(super) fn set_sending(&self, is_sending: bool) {
        self.sign_in_button.set_busy(is_sending);
        if is_sending {
            // What is insensitive has no keyboard.
            self.sign_in_button.grab_focus();
        }
        self.is_accepted.set(false);
        for group in [&self.already_group, &self.fields_group] {
            group.set_sensitive(!is_sending);
            accessible::tell_sensitivity(&**group);
        }
    }

    /// Enter presses the button from wherever the keyboard is in the form.
    pub(super) fn set_default(&self, is_default: bool) {
        if let Some(window) = self.obj().root().and_downcast::<gtk::Window>() {
            let button: &gtk::Widget = self.sign_in_button.upcast_ref();
            if is_default {
                window.set_default_widget(Some(button));
            } else if window.default_widget().as_ref() == Some(button) {
                window.set_default_widget(None::<&gtk::Widget>);
            }
        }
    }

    /// Puts the keyboard where the person goes on. It stays within the page, which knows what Escape means.
    pub(super) fn place_focus(&self) {
        if self.is_shown("form") {
            self.set_default(true);
            self.focus_fields();
        } else if self.is_shown("problem") {
            self.problem.take_focus();
        } else {
            // Whatever is typed on must not press *Cancel*.
            self.busy_page.grab_focus();
        }
    }
}
