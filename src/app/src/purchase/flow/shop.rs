// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's own page, and the redirect that leads back from it (rules R5 and R19).

use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;
use usher_core::{
    account::AccountId,
    buying::Buying,
    listener::Listener,
    provider::Way,
    redirect::{Match, Parameters, Redirect},
    service::ServiceUrl,
};

use super::{CheckReason, PageKind, Purchase, ShopPage, WAYS, WebProblem};
use crate::{
    browser::{BrowserPage, Route},
    i18n::gettext,
    purchase::departure,
    runtime,
    web::{SpentRedirects, WebPage, WebTask},
};

impl Purchase {
    /// The page that shows the shop.
    pub(super) fn shop_page(&self) -> Option<ShopPage> {
        ShopPage::of(self.shop_page.upgrade()?)
    }

    /// Shows the shop's page from its beginning. Showing it again begins no other purchase.
    pub(super) fn show_shop(self: &Rc<Self>) {
        self.problem.take();
        if self.way.get() == Way::Browser {
            glib::spawn_future_local(self.clone().show_in_browser());
        } else {
            self.show_here();
        }
    }

    fn show_here(self: &Rc<Self>) {
        let Some(start) = self.buying.borrow().as_ref().map(Buying::start) else {
            return;
        };
        let page = if let Some(ShopPage::Web(page)) = self.shop_page().and_then(ShopPage::if_shown) {
            page
        } else {
            let page = WebPage::first(self.services.accounts(), self.clone(), &self.request.session);
            self.put_shop(&ShopPage::Web(page.clone()));
            page
        };
        page.load(&start);
    }

    async fn show_in_browser(self: Rc<Self>) {
        let listener = runtime::spawn(Listener::open()).await;
        if self.buying.borrow().is_none() {
            return;
        }
        let page = if let Some(ShopPage::Browser(page)) = self.shop_page().and_then(ShopPage::if_shown) {
            page
        } else {
            let page = BrowserPage::new(&self.services, self.clone());
            self.put_shop(&ShopPage::Browser(page.clone()));
            page
        };
        match listener.map_err(|error| error.to_string()).and_then(|listener| self.route(listener)) {
            Ok(route) => page.go(route, None),
            Err(reason) => {
                tracing::warn!(reason, "cannot listen for the browser");
                page.show_problem(WebProblem::Unusable);
            }
        }
    }

    /// Leads the shop's page back to a listener.
    fn route(&self, listener: Listener) -> Result<Route, String> {
        let redirect = Redirect::issue_at(listener.port()).map_err(|error| error.to_string())?;
        let mut buying = self.buying.borrow_mut();
        let buying = buying.as_mut().ok_or("the shop has led back")?;
        self.spent.add(buying.redirect());
        buying.lead_back_to(redirect.clone());
        Ok(Route {
            listener,
            start: buying.start(),
            redirect,
            landing: Box::new(buying.landings()),
            titles: [gettext("Done"), gettext("Not Bought")],
            limit: self.services.sign_in_limit(),
        })
    }

    /// Shows a page for the shop in place of the one before.
    fn put_shop(&self, shop: &ShopPage) {
        let earlier = self.shop_page();
        self.shop_page.set(Some(shop.page()));
        if let Some(view) = self.view.upgrade() {
            self.put(&view, shop.page().clone());
        }
        if let Some(earlier) = earlier {
            earlier.close();
        }
        if let Some(text) = self.alone.borrow().as_deref() {
            shop.show_alone(text);
        }
    }

    /// Shows the shop's own last page, which may say when the app comes. Tells whether there is one.
    pub(super) fn shows_landing(&self) -> bool {
        let page = self.shop_page().zip(self.landing.take());
        let Some((ShopPage::Web(page), landing)) = page else {
            return false;
        };
        page.show_landing(&landing);
        true
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
        if let Some(page) = self.shop_page() {
            page.close();
        }
        self.shop_page.set(None);
    }

    /// Asks before the person leaves the shop's page. Then asks the server before it does anything else.
    async fn confirm_departure(self: Rc<Self>) {
        let Some(page) = self.shop_page().filter(|_| !self.is_asking_departure.replace(true)) else {
            return;
        };
        let is_wanted = departure::is_wanted(page.page()).await;
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

    fn recognise(&self, address: &str) -> Match {
        self.buying.borrow().as_ref().map_or(Match::Other, |buying| buying.redirect().recognise(address))
    }

    fn spent(&self) -> &SpentRedirects {
        &self.spent
    }

    /// The shop's page has led back. That does not say whether it was paid.
    fn answered(self: Rc<Self>, parameters: Parameters) {
        let (Some(buying), Some(page)) = (self.buying.take(), self.shop_page()) else {
            return;
        };
        self.spent.add(buying.redirect());
        self.is_awaited.set(true);
        page.end(parameters.refusal().is_none());
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
        if let Some(page) = self.shop_page() {
            page.show_busy(&gettext("Checking…"));
            self.problem.replace(Some(problem));
            self.ask(CheckReason::Broken, true);
        }
    }

    fn cancel(self: Rc<Self>) {
        glib::spawn_future_local(self.confirm_departure());
    }

    fn ways(&self) -> Vec<Way> {
        WAYS.to_vec()
    }

    fn change_way(self: Rc<Self>, way: Way) {
        self.way.set(way);
        self.show_shop();
    }

    /// The server is still asked again and again.
    fn read(self: Rc<Self>) {
        self.show(&PageKind::Waiting);
    }
}
