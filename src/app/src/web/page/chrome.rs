// SPDX-License-Identifier: GPL-3.0-or-later
//! What the keys and buttons around a page do.

use adw::{prelude::*, subclass::prelude::*};
use usher_core::provider::Way;
use webkit6::prelude::*;

use super::imp;
use crate::web::WebProblem;

const ZOOM_STEP: f64 = 0.1;
const ZOOM_RANGE: std::ops::RangeInclusive<f64> = 0.3..=3.0;

impl imp::WebPage {
    /// Goes on after a problem.
    pub(super) fn again(&self) {
        let (problem, task) = (self.shown_problem.take(), self.task());
        if let (Some(problem), Some(task)) = (&problem, &task)
            && self.leads_to_browser(problem)
        {
            task.clone().change_way(Way::Browser);
            return;
        }
        match (problem, task.filter(|_| !self.is_pop_up())) {
            (Some(problem), Some(task)) => task.again(problem),
            _ => self.reload(),
        }
    }

    /// Loads once more what the view was at.
    pub(super) fn reload(&self) {
        self.show_page();
        self.cover(&self.committed());
        let start = self.loading.start.borrow().clone().filter(|_| self.loading.documents.get() == 0);
        match start {
            // There is nothing to reload in a view that has had no document.
            Some(start) => self.view().load_uri(&start),
            None => self.view().reload(),
        }
    }

    /// Stops what is under way. A page that is to be seen stays.
    fn stop(&self) {
        let is_covered = self.is_covered();
        self.view().stop_loading();
        if is_covered {
            self.show_problem(WebProblem::Stopped);
        }
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
        if self.is_opening() {
            self.stop();
        } else if self.is_landing.get() {
            self.done();
        } else if !self.is_busy() {
            self.cancel();
        }
    }

    pub(super) fn reload_or_stop(&self) {
        if self.is_opening() {
            self.stop();
        } else if self.is_at_page() {
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
