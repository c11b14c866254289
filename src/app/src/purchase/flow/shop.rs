// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's own page, and the redirect that leads back from it (rules R5 and R19).

use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;
use usher_core::{
    account::AccountId,
    redirect::{Match, Parameters},
    service::ServiceUrl,
};

use super::{CheckReason, PageKind, Purchase, WebPage, WebProblem};
use crate::{
    i18n::gettext,
    purchase::departure,
    web::{SpentRedirects, WebTask},
};

impl Purchase {
    /// Shows the shop's page from its beginning. Showing it again begins no other purchase.
    pub(super) fn show_shop(self: &Rc<Self>) {
        let start = self.buying.borrow().as_ref().map(usher_core::buying::Buying::start);
        let (Some(start), Some(view)) = (start, self.view.upgrade()) else {
            return;
        };
        self.problem.take();
        let shown = self.web.upgrade().filter(WidgetExt::is_mapped);
        let page = shown.unwrap_or_else(|| {
            let page = WebPage::first(self.services.accounts(), self.clone(), &self.request.session);
            self.web.set(Some(&page));
            self.put(&view, page.clone().upcast());
            page
        });
        if let Some(text) = self.alone.borrow().as_deref() {
            page.show_alone(text);
        }
        page.load(&start);
    }

    /// Shows the shop's own last page, which may say when the app comes. Tells whether there is one.
    pub(super) fn shows_landing(&self) -> bool {
        let landing = self.landing.take().zip(self.web.upgrade());
        if let Some((landing, page)) = &landing {
            page.show_landing(landing);
        }
        landing.is_some()
    }

    /// The shop's page is not needed any more.
    pub(super) fn end_shop(&self) {
        self.is_awaited.set(false);
        self.stop_watch();
        self.close_shop();
    }

    pub(super) fn close_shop(&self) {
        if let Some(buying) = self.buying.take() {
            self.spent.add(buying.redirect());
        }
        if let Some(page) = self.web.upgrade() {
            page.close();
        }
        self.web.set(None);
    }

    /// Asks before the person leaves the shop's page. Then asks the server before it does anything else.
    async fn confirm_departure(self: Rc<Self>) {
        let Some(page) = self.web.upgrade().filter(|_| !self.is_asking_departure.replace(true)) else {
            return;
        };
        let is_wanted = departure::is_wanted(&page).await;
        self.is_asking_departure.set(false);
        if is_wanted && self.buying.borrow().is_some() {
            page.show_busy(&gettext("Checking…"));
            self.ask(CheckReason::Left, false);
        }
    }

    /// Asks before the window is closed over the shop's page.
    pub(crate) async fn may_close(&self, parent: &impl IsA<gtk::Widget>) -> bool {
        if self.is_asking_departure.replace(true) {
            return false;
        }
        let is_wanted = departure::is_wanted(parent).await;
        self.is_asking_departure.set(false);
        is_wanted
    }
}

impl WebTask for Purchase {
    fn service(&self) -> &ServiceUrl {
        &self.request.account.binding.service
    }

    fn account(&self) -> Option<AccountId> {
        Some(self.request.account.id)
    }

    fn is_purchase(&self) -> bool {
        true
    }

    fn command(&self) -> Option<String> {
        self.terminal_command()
    }

    fn recognise(&self, address: &str) -> Match {
        self.buying.borrow().as_ref().map_or(Match::Other, |buying| buying.redirect().recognise(address))
    }

    fn spent(&self) -> &SpentRedirects {
        &self.spent
    }

    /// The shop's page has led back. That does not say whether it was paid.
    fn answered(self: Rc<Self>, parameters: Parameters) {
        let (Some(buying), Some(page)) = (self.buying.take(), self.web.upgrade()) else {
            return;
        };
        self.spent.add(buying.redirect());
        self.is_awaited.set(true);
        if let Some(refusal) = parameters.refusal() {
            page.show_busy(&gettext("Checking…"));
            self.ask(CheckReason::from(&refusal), false);
            return;
        }
        self.was_paid.set(true);
        page.show_busy(&gettext("Checking…"));
        self.landing.replace(buying.landing(&parameters));
        self.ask(CheckReason::Returned, false);
    }

    /// Does not send the page again: asks the server, then shows the purchase's first page.
    fn again(self: Rc<Self>, problem: WebProblem) {
        if let Some(page) = self.web.upgrade() {
            page.show_busy(&gettext("Checking…"));
            self.problem.replace(Some(problem));
            self.ask(CheckReason::Broken, true);
        }
    }

    fn cancel(self: Rc<Self>) {
        glib::spawn_future_local(self.confirm_departure());
    }

    /// The server is still asked again and again.
    fn read(self: Rc<Self>) {
        self.show(&PageKind::Waiting);
    }
}
