// SPDX-License-Identifier: GPL-3.0-or-later
//! The pages between the shop's pages, and asking the store again on a schedule.

use std::rc::Rc;

use adw::prelude::*;
use gtk::glib;
use usher_core::buying::schedule;

use super::{ButtonAction, CheckReason, PageKind, Purchase, PurchaseEvent, PurchasePage, ShopPage};
use crate::{
    navigation,
    purchase::words::{Names, words},
    widgets::toast,
};

impl Purchase {
    pub(super) fn host(&self) -> String {
        self.request.account.binding.host()
    }

    /// Shows a page in place of what this purchase has shown before.
    pub(super) fn show(self: &Rc<Self>, shown: &PageKind) {
        let Some(view) = self.view.upgrade() else {
            return;
        };
        if matches!(shown, PageKind::Waiting) {
            self.close_shop();
        } else {
            self.end_shop();
        }
        let page = PurchasePage::new(&self.words_of(shown), {
            let purchase = self.clone();
            move |act| purchase.act(act)
        });
        if let Some(text) = self.alone.borrow().as_deref().filter(|_| self.is_under_way()) {
            page.show_alone(text);
        }
        self.page.set(Some(&page));
        self.refresh_list();
        self.put(&view, page.upcast());
    }

    fn words_of(&self, shown: &PageKind) -> crate::purchase::words::PageText {
        let basket = self.basket.borrow();
        let app = self.name(basket.current().unwrap_or_default());
        let next = basket.next().map(|id| self.name(id));
        let (host, user) = (self.host(), self.request.account.label());
        let mut words = words(shown, &Names { app: &app, next: next.as_deref(), host: &host, user: &user });
        if matches!(shown, PageKind::Progress) {
            words.title = basket.progress().unwrap_or_default();
        }
        words
    }

    /// Shows a page above the one from which the purchase began.
    pub(super) fn put(&self, view: &adw::NavigationView, page: adw::NavigationPage) {
        let origin = self.origin.as_ref().and_then(glib::WeakRef::upgrade);
        let mut pages = navigation::pages_up_to(view, origin.as_ref());
        pages.push(page);
        view.replace(&pages);
    }

    /// What has become of each app, where there are several.
    pub(super) fn refresh_list(&self) {
        let Some(page) = self.page.upgrade() else {
            return;
        };
        let basket = self.basket.borrow();
        if basket.items().len() > 1 {
            let (apps, remote) = (self.services.apps(), self.request.ground.remote.as_str());
            page.list(basket.items().iter().map(|item| (apps.get(remote, &item.app_id), item.state.text())));
        }
    }

    /// Leaves the page as it is; a message at its foot says `text`.
    pub(super) fn stay(&self, text: Option<String>) {
        let shop = self.shop_page().and_then(ShopPage::if_shown);
        if let (Some(shop), Some(problem)) = (&shop, self.problem.take()) {
            shop.show_problem(problem);
        }
        let page = shop.map(|shop| shop.page().clone()).or_else(|| self.page.upgrade().map(Cast::upcast));
        if let (Some(page), Some(text)) = (page, text) {
            toast::show(&page, &text);
        }
    }

    /// Shows that the server is being asked, where the person has asked for it.
    pub(super) fn set_busy(&self, act: Option<ButtonAction>) {
        match self.page.upgrade().filter(WidgetExt::is_mapped) {
            Some(page) => page.set_busy(act),
            None => (self.tell)(PurchaseEvent::Busy(true)),
        }
    }

    pub(super) fn set_idle(&self) {
        if let Some(page) = self.page.upgrade() {
            page.set_idle();
        }
        (self.tell)(PurchaseEvent::Busy(false));
    }

    /// No program waits any more; what is open stays.
    pub(crate) fn stay_alone(&self, text: &str) {
        if let Some(page) = self.shop_page() {
            page.show_alone(text);
        }
        if let Some(page) = self.page.upgrade() {
            page.show_alone(text);
        }
        self.alone.replace(Some(text.to_owned()));
    }

    /// Asks the store again a few times, without the person.
    pub(super) fn watch(self: &Rc<Self>, round: usize) {
        let Some(pause) = schedule::pauses().nth(round) else {
            return;
        };
        let weak = Rc::downgrade(self);
        let timer = glib::timeout_add_local_once(pause, move || {
            if let Some(purchase) = weak.upgrade() {
                purchase.watch.take();
                if !purchase.is_ended.get() && purchase.is_awaited.get() {
                    purchase.ask(CheckReason::Again, false);
                    purchase.watch(round + 1);
                }
            }
        });
        if let Some(earlier) = self.watch.replace(Some(timer)) {
            earlier.remove();
        }
    }

    pub(super) fn stop_watch(&self) {
        if let Some(timer) = self.watch.take() {
            timer.remove();
        }
    }
}
