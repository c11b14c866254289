// SPDX-License-Identifier: GPL-3.0-or-later
//! What is under the header: how to go on in the browser, what went wrong, or what the page waits for.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::Medium, glib};
use usher_core::provider::Way;

use super::imp;
use crate::{
    i18n::{gettext, gettext_f},
    text,
    web::WebProblem,
};

impl imp::BrowserPage {
    /// Says what speaks against the browser, before it is opened.
    pub(super) fn show_warning(&self, warning: &str) {
        self.show_page();
        let page = self.obj();
        page.set_text(glib::markup_escape_text(warning));
        page.set_is_warning(true);
        self.place_focus();
        page.announce(warning, Medium);
    }

    /// The browser gets the page.
    pub(super) fn show_waiting(&self) {
        self.has_failed.set(false);
        let is_new = !self.is_shown("browser") || !self.obj().is_waiting();
        self.show_page();
        self.obj().set_is_waiting(true);
        self.obj().set_caption(gettext("Waiting for the browser…"));
        self.say_how();
        if is_new {
            self.place_focus();
        }
    }

    fn say_how(&self) {
        let host = self.host.get().map(|host| text::within(host)).unwrap_or_default();
        let values = [("host", host.as_str())];
        let text = match (self.has_failed.get(), self.is_purchase()) {
            (true, _) => gettext("No browser could be opened. Copy the link into one."),
            (false, false) => {
                gettext_f("Finish signing in to {host} in the browser window. This page notices by itself.", &values)
            }
            (false, true) => {
                gettext_f("Finish the purchase at {host} in the browser window. This page notices by itself.", &values)
            }
        };
        self.obj().set_text(glib::markup_escape_text(&text));
        self.obj().announce(&text, Medium);
    }

    /// The desktop says whether a browser has opened.
    pub(super) fn show_opened(&self, is_open: bool) {
        if self.obj().is_waiting() && self.has_failed.replace(!is_open) == is_open {
            self.say_how();
        }
    }

    /// Nobody came back: nobody can any more.
    pub(super) fn show_expired(&self) {
        self.visit.take();
        if !self.is_shown("browser") {
            return;
        }
        self.show_page();
        let page = self.obj();
        page.set_caption(gettext("The link has expired"));
        page.set_is_expired(true);
        self.place_focus();
        page.announce(&page.caption(), Medium);
    }

    pub(super) fn show_busy(&self, text: &str) {
        self.shown_problem.take();
        self.obj().set_busy_text(text);
        self.stack.set_visible_child_name("busy");
        self.obj().action_set_enabled("browser.cancel", true);
        self.place_focus();
        self.obj().announce(text, Medium);
    }

    pub(super) fn show_problem(&self, problem: WebProblem) {
        // What is not saved yet may still come to a good end.
        if !matches!(problem, WebProblem::NotSaved(_)) {
            self.obj().end(false);
            self.visit.take();
        }
        let host = self.task().map(|task| task.page_server().host()).unwrap_or_default();
        self.stack.set_visible_child_name("problem");
        self.problem.show(&problem.words(&host, self.is_purchase()));
        self.problem.take_focus();
        self.shown_problem.replace(Some(problem));
        self.obj().action_set_enabled("browser.cancel", true);
    }

    fn is_purchase(&self) -> bool {
        self.task().is_some_and(|task| task.is_purchase())
    }

    /// Shows the page in none of its states yet.
    fn show_page(&self) {
        self.shown_problem.take();
        let page = self.obj();
        page.set_is_warning(false);
        page.set_is_waiting(false);
        page.set_is_expired(false);
        page.set_caption("");
        page.set_here_text(self.here_text().unwrap_or_default());
        page.action_set_enabled("browser.cancel", true);
        self.stack.set_visible_child_name("browser");
    }

    fn here_text(&self) -> Option<String> {
        let task = self.task().filter(|task| task.ways().contains(&Way::Embedded))?;
        Some(if task.is_purchase() { gettext("Buy Here Instead") } else { gettext("Sign In Here Instead") })
    }

    fn is_shown(&self, name: &str) -> bool {
        self.stack.visible_child_name().is_some_and(|shown| shown == name)
    }

    /// Puts the keyboard where the person goes on. It stays within the page, which knows what Escape means.
    pub(super) fn place_focus(&self) {
        let page = self.obj();
        if !self.is_shown("browser") {
            if self.is_shown("problem") {
                self.problem.take_focus();
            } else {
                // Whatever is typed on must not press *Cancel*.
                self.busy_page.grab_focus();
            }
        } else if page.is_warning() {
            self.open_button.grab_focus();
        } else if page.is_expired() {
            self.again_button.grab_focus();
        } else {
            self.reopen_row.grab_focus();
        }
    }
}
