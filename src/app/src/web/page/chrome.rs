// SPDX-License-Identifier: GPL-3.0-or-later
//! What the keys and buttons around a page do.

use adw::{prelude::*, subclass::prelude::*};
use webkit6::prelude::*;

use super::imp;

const ZOOM_STEP: f64 = 0.1;
const ZOOM_RANGE: std::ops::RangeInclusive<f64> = 0.3..=3.0;

impl imp::WebPage {
    /// Goes on after a problem.
    pub(super) fn again(&self) {
        // Its button has copied that.
        if !self.obj().problem_command().is_empty() {
            return;
        }
        let problem = self.shown_problem.take();
        match (problem, self.task().filter(|_| !self.is_pop_up())) {
            (Some(problem), Some(task)) => task.again(problem),
            _ => self.reload(),
        }
    }

    /// Loads once more what the view was at.
    pub(super) fn reload(&self) {
        self.show_page();
        self.view().reload();
    }

    pub(super) fn cancel(&self) {
        match self.task().filter(|_| !self.is_pop_up()) {
            Some(task) => task.cancel(),
            None => self.pop(),
        }
    }

    /// The server's last page has been read.
    pub(super) fn done(&self) {
        if let Some(task) = self.task() {
            task.read();
        }
    }

    /// Esc stops first, then cancels, or is *Done* where that is all there is to do.
    pub(super) fn escape(&self) {
        let is_page = self.stack.visible_child_name().as_deref() == Some("page");
        if is_page && self.view().is_loading() {
            self.view().stop_loading();
        } else if self.is_landing.get() {
            self.done();
        } else if !self.is_busy() {
            self.cancel();
        }
    }

    pub(super) fn reload_or_stop(&self) {
        if self.view().is_loading() {
            self.view().stop_loading();
        } else if self.stack.visible_child_name().as_deref() == Some("page") {
            self.view().reload();
        }
    }

    pub(super) fn zoom_in(&self) {
        self.zoom(ZOOM_STEP);
    }

    pub(super) fn zoom_out(&self) {
        self.zoom(-ZOOM_STEP);
    }

    fn zoom(&self, step: f64) {
        let level = (self.view().zoom_level() + step).clamp(*ZOOM_RANGE.start(), *ZOOM_RANGE.end());
        self.view().set_zoom_level(level);
    }

    pub(super) fn switch_focus(&self) {
        let is_in_page = self.obj().focus_child().is_some() && self.view().has_focus();
        if is_in_page {
            self.address_button.grab_focus();
        } else {
            self.view().grab_focus();
        }
    }
}
