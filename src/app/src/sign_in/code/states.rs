// SPDX-License-Identifier: GPL-3.0-or-later
//! What is under the header: the code, what went wrong, or what the page waits for.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::Medium, glib};
use usher_core::{clock, user_code};

use super::{imp, words};
use crate::web::WebProblem;

/// How often the page looks at the clock, in seconds. The computer may have slept meanwhile.
const GLANCE: u32 = 5;

impl imp::CodePage {
    pub(super) fn show_code(&self) {
        self.shown_problem.take();
        self.show_state("code");
        self.obj().action_set_enabled("code.cancel", true);
        self.place_focus();
    }

    pub(super) fn show_busy(&self, text: &str, can_leave: bool) {
        self.stop_minutes();
        self.obj().set_busy_text(text);
        self.show_state("busy");
        self.obj().action_set_enabled("code.cancel", can_leave);
        self.place_focus();
        self.obj().announce(text, Medium);
    }

    pub(super) fn show_problem(&self, problem: WebProblem) {
        let host = self.host.get().cloned().unwrap_or_default();
        self.stop_minutes();
        self.show_state("problem");
        self.problem.show(&problem.words(&host, false));
        self.problem.take_focus();
        self.shown_problem.replace(Some(problem));
        self.obj().action_set_enabled("code.cancel", true);
    }

    fn show_state(&self, name: &str) {
        self.stack.set_visible_child_name(name);
        for action in ["code.copy", "code.open-page", "code.sign-in-here"] {
            self.obj().action_set_enabled(action, name == "code");
        }
    }

    pub(super) fn is_shown(&self, name: &str) -> bool {
        self.stack.visible_child_name().is_some_and(|shown| shown == name)
    }

    /// Puts the keyboard where nothing is pressed by what the person is still typing: the page comes when the server has
    /// answered.
    pub(super) fn place_focus(&self) {
        match self.stack.visible_child_name().as_deref() {
            Some("code") => _ = self.heading.grab_focus(),
            Some("problem") => self.problem.take_focus(),
            _ => _ = self.busy_page.grab_focus(),
        }
    }

    /// Says for how long the code is valid, until the page shows something else.
    pub(super) fn count_minutes(&self, ends: i64) {
        self.stop_minutes();
        self.show_minutes(ends);
        let timer = glib::timeout_add_seconds_local(
            GLANCE,
            glib::clone!(
                #[weak(rename_to = imp)]
                self,
                #[upgrade_or]
                glib::ControlFlow::Break,
                move || {
                    imp.show_minutes(ends);
                    glib::ControlFlow::Continue
                }
            ),
        );
        self.minutes.replace(Some(timer));
    }

    fn show_minutes(&self, ends: i64) {
        let validity = words::validity(user_code::minutes_left(ends, clock::now()));
        if self.obj().validity() != validity {
            self.obj().set_validity(validity);
        }
    }

    pub(super) fn stop_minutes(&self) {
        if let Some(timer) = self.minutes.take() {
            timer.remove();
        }
    }
}
