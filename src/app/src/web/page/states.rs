// SPDX-License-Identifier: GPL-3.0-or-later
//! What is under the header: the page, what went wrong with it, or the spinner while the server's answer is read.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, gio, glib};
use url::Url;
use usher_core::{provider::Way, service};
use webkit6::prelude::*;

use super::imp;
use crate::{
    i18n::gettext,
    navigation,
    web::{
        containment, identity,
        problem::{Bare, NotShown, WebProblem},
    },
    widgets::{BannerText, show_banner},
};

impl imp::WebPage {
    /// Loads the first page, where pages have a sandbox of their own. The address is never shown.
    pub(super) fn load(&self, address: Url) {
        if matches!(*self.shown_problem.borrow(), Some(WebProblem::Stopped)) {
            // The person did not wait for what comes before the page.
            return;
        }
        self.show_page();
        self.cover(&address);
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            async move {
                if containment::is_possible(Some(imp.view())).await && imp.shared().confine(imp.view()).await {
                    identity::under_own_id(|| imp.view().load_uri(address.as_str()));
                } else {
                    imp.show_problem(WebProblem::NotShown(NotShown::NotContained));
                }
            }
        ));
    }

    pub(super) fn show_page(&self) {
        self.shown_problem.take();
        self.stack.set_visible_child_name("page");
        self.show_reload();
        self.obj().action_set_enabled("web.cancel", true);
        self.header_buttons.set_sensitive(true);
    }

    /// The server has answered: hides the page, and lets nobody do anything meanwhile.
    pub(super) fn show_busy(&self, text: &str) {
        self.stop_timers();
        self.view().stop_loading();
        self.close_pop_up();
        show_banner(&self.other_host_banner, None);
        show_banner(&self.slow_banner, None);
        self.hide_refusal();
        self.obj().set_busy_text(text);
        self.stack.set_visible_child_name("busy");
        self.obj().action_set_enabled("web.cancel", false);
        self.header_buttons.set_sensitive(false);
        self.obj().announce(text, AccessibleAnnouncementPriority::Medium);
    }

    /// Shows the server's own page after the answer, until the person has read it.
    pub(super) fn show_landing(&self, address: Url) {
        self.obj().set_is_landing(true);
        self.offer_ways();
        self.close_pop_up();
        show_banner(&self.alone_banner, None);
        // What went to the redirect is still being stopped: the view takes a new address only afterwards.
        glib::idle_add_local_once(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move || imp.load(address)
        ));
        self.done_button.grab_focus();
    }

    /// Says above the page that no program waits any more.
    pub(super) fn show_alone(&self, text: &str) {
        show_banner(&self.alone_banner, Some(&BannerText { title: text.to_owned(), button: None }));
    }

    /// Shows what went wrong, in place of the page.
    pub(super) fn show_problem(&self, problem: WebProblem) {
        let host = service::host_of(self.approved());
        self.show_problem_at(problem, &host);
    }

    pub(super) fn show_problem_at(&self, problem: WebProblem, host: &str) {
        self.stop_timers();
        show_banner(&self.slow_banner, None);
        self.hide_refusal();
        if self.is_landing.get() {
            // All that matters has happened.
            self.done();
            return;
        }
        self.stack.set_visible_child_name("problem");
        let mut words = problem.words(host, self.is_purchase());
        if self.leads_to_browser(&problem) {
            words.again = gettext("Continue in Browser");
        }
        self.problem.show(&words);
        self.problem.take_focus();
        if problem == WebProblem::Bare(Bare::Empty) {
            self.suggest_browser(host);
        }
        self.shown_problem.replace(Some(problem));
        self.show_reload();
        self.obj().action_set_enabled("web.cancel", true);
    }

    /// Whether the person can go on in the browser after a problem.
    pub(super) fn leads_to_browser(&self, problem: &WebProblem) -> bool {
        problem.is_of_the_view() && self.has_way(Way::Browser)
    }

    pub(super) fn close_pop_up(&self) {
        if let Some(pop_up) = self.pop_up.upgrade() {
            pop_up.imp().pop();
        }
    }

    /// Takes a pop-up off the stack of pages.
    pub(super) fn pop(&self) {
        if let Some(stack) = navigation::stack_of(&*self.obj())
            && stack.visible_page().as_ref() == Some(self.obj().upcast_ref())
        {
            stack.pop();
        }
    }

    pub(super) fn is_online(host: &Url) -> bool {
        service::is_literal_loopback(host) || gio::NetworkMonitor::default().is_network_available()
    }
}
