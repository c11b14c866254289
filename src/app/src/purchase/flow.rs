// SPDX-License-Identifier: GPL-3.0-or-later
//! Leads through a purchase: asks the server, shows the shop's page, asks the server again. Its pages own it, and so does
//! the window, which has to know whether it may close.

mod asking;
mod pages;
mod shop;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use adw::prelude::*;
use gtk::glib;
use url::Url;
use usher_core::{
    buying::{
        Buying,
        plan::{CheckReason, NextStep},
    },
    provider::Way,
};

use super::{
    basket::{Basket, ItemState},
    page::PurchasePage,
    request::{PurchaseEvent, PurchaseRequest, Tell},
    shop_page::ShopPage,
    trouble::Trouble,
    words::{ButtonAction, PageKind},
};
use crate::{
    i18n::gettext,
    services::Services,
    web::{SpentRedirects, WebProblem},
};

/// The ways to a shop's page.
const WAYS: [Way; 2] = [Way::Embedded, Way::Browser];

/// What the closing of its window means to a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// Nothing.
    Free,
    /// It may have been paid: the server is asked once more, without the window.
    Settle,
    /// The shop's page is open: the person is asked first.
    Ask,
}

/// A purchase under way.
pub(crate) struct Purchase {
    view: glib::WeakRef<adw::NavigationView>,
    origin: Option<glib::WeakRef<adw::NavigationPage>>,
    services: Services,
    request: PurchaseRequest,
    tell: Tell,
    basket: RefCell<Basket>,
    /// What the shop's page is shown for; `None` once it has led back.
    buying: RefCell<Option<Buying>>,
    spent: SpentRedirects,
    /// How the person comes to the shop's page.
    way: Cell<Way>,
    /// The page that shows the shop.
    shop_page: glib::WeakRef<adw::NavigationPage>,
    page: glib::WeakRef<PurchasePage>,
    /// What stood in place of the shop's page when the server was asked.
    problem: RefCell<Option<WebProblem>>,
    /// The shop's last page, which is shown where the server does not give access at once.
    landing: RefCell<Option<Url>>,
    is_asking: Cell<bool>,
    /// Whether the person waits for the answer.
    is_told: Cell<bool>,
    is_asking_departure: Cell<bool>,
    /// Whether the shop has led back, and may have been paid.
    is_awaited: Cell<bool>,
    /// Whether the shop's page has led back for any app.
    was_paid: Cell<bool>,
    is_ended: Cell<bool>,
    /// What the page says once no program waits any more.
    alone: RefCell<Option<String>>,
    watch: RefCell<Option<glib::SourceId>>,
}

impl Purchase {
    /// Begins, after the person's click, with the first app. The pages are shown above the one that is visible in `view`.
    pub(crate) fn start(
        view: &adw::NavigationView,
        services: &Services,
        request: PurchaseRequest,
        tell: impl Fn(PurchaseEvent) + 'static,
    ) -> Rc<Self> {
        let basket = Basket::new(&request.app_ids);
        let way = Way::first(&WAYS, request.account.way, services.settings().prefers_browser());
        let purchase = Rc::new(Self {
            view: view.downgrade(),
            origin: view.visible_page().map(|page| page.downgrade()),
            services: services.clone(),
            request,
            tell: Rc::new(tell),
            basket: RefCell::new(basket),
            buying: RefCell::default(),
            spent: SpentRedirects::default(),
            way: Cell::new(way),
            shop_page: glib::WeakRef::new(),
            page: glib::WeakRef::new(),
            problem: RefCell::default(),
            landing: RefCell::default(),
            is_asking: Cell::default(),
            is_told: Cell::default(),
            is_asking_departure: Cell::default(),
            is_awaited: Cell::default(),
            was_paid: Cell::default(),
            is_ended: Cell::default(),
            alone: RefCell::default(),
            watch: RefCell::default(),
        });
        purchase.begin(None);
        purchase
    }

    /// More apps are to be bought.
    pub(crate) fn join(&self, app_ids: &[String]) {
        self.basket.borrow_mut().add(app_ids);
        self.refresh_list();
    }

    /// What it means that the window closes now.
    pub(crate) fn closing(&self) -> Closing {
        if self.is_ended.get() {
            Closing::Free
        } else if self.is_awaited.get() {
            Closing::Settle
        } else if self.buying.borrow().is_some() {
            Closing::Ask
        } else {
            Closing::Free
        }
    }

    /// Whether the window must not close by itself.
    pub(crate) fn is_under_way(&self) -> bool {
        self.closing() != Closing::Free
    }

    /// The apps that do not belong to the account, as far as is known.
    pub(crate) fn skipped(&self) -> Vec<String> {
        let basket = self.basket.borrow();
        let skipped = basket.items().iter().filter(|item| item.state != ItemState::Bought);
        skipped.map(|item| item.app_id.clone()).collect()
    }

    fn current(&self) -> String {
        self.basket.borrow().current().map(ToOwned::to_owned).unwrap_or_default()
    }

    fn name(&self, app_id: &str) -> String {
        self.services.apps().get(&self.request.ground.remote, app_id).title()
    }

    /// Where it leads, and what went wrong. `is_told` if the person has asked.
    fn go(self: &Rc<Self>, next: NextStep, trouble: Option<Trouble>, is_told: bool) {
        if self.is_ended.get() {
            return;
        }
        match next {
            NextStep::Shop => self.show_shop(),
            NextStep::Bought => self.bought(),
            NextStep::Wait => {
                if !self.shows_landing() {
                    self.show(&PageKind::Waiting);
                }
                self.watch(0);
            }
            NextStep::Unfinished => self.show(&PageKind::Unfinished),
            NextStep::NotBought => self.cancelled(),
            NextStep::Stay => self.stay(is_told.then(|| gettext("Nothing has changed"))),
            NextStep::StayAfterError => {
                self.stay(trouble.filter(|_| is_told).map(|trouble| trouble.line(&self.host())));
            }
            NextStep::SignIn => {
                self.end();
                (self.tell)(PurchaseEvent::SignIn);
            }
            NextStep::NotOffered => {
                (self.tell)(PurchaseEvent::NotOffered);
                self.show(&PageKind::NotOffered);
            }
            NextStep::NotBegun => {
                if let Some(trouble) = trouble {
                    self.show(&PageKind::Trouble(trouble));
                }
            }
        }
    }

    fn bought(self: &Rc<Self>) {
        self.basket.borrow_mut().settle(ItemState::Bought);
        self.end_shop();
        self.go_on();
    }

    /// To the next app, after another click, or to the end.
    fn go_on(self: &Rc<Self>) {
        if self.basket.borrow().current().is_some() {
            self.show(&PageKind::Progress);
        } else {
            self.finish();
        }
    }

    fn finish(&self) {
        self.end();
        let bought = self.basket.borrow().bought();
        (self.tell)(PurchaseEvent::Over { bought, was_paid: self.was_paid.get() });
    }

    /// A button of a page between the shop's pages.
    fn act(self: &Rc<Self>, act: ButtonAction) {
        match act {
            ButtonAction::Browser => {
                self.way.set(Way::Browser);
                self.begin(Some(act));
            }
            ButtonAction::Check => self.ask(CheckReason::Again, true),
            ButtonAction::NotPaid => self.not_paid(),
            ButtonAction::Retry | ButtonAction::Continue => self.begin(Some(act)),
            ButtonAction::AnotherAccount => {
                self.end();
                (self.tell)(PurchaseEvent::AnotherAccount);
            }
            ButtonAction::Skip => {
                self.basket.borrow_mut().settle(ItemState::Skipped);
                self.begin(Some(act));
            }
            ButtonAction::Stop => {
                self.basket.borrow_mut().stop();
                self.finish();
            }
        }
    }

    /// The person says that it was not paid: it can begin again, after another click.
    fn not_paid(self: &Rc<Self>) {
        let purchase = self.clone();
        glib::spawn_future_local(async move {
            purchase.set_busy(Some(ButtonAction::NotPaid));
            let is_forgotten = purchase.forget().await;
            purchase.set_idle();
            if is_forgotten {
                purchase.go_back();
            } else {
                let trouble = Trouble::Keyring(gettext("it could not be written to"));
                purchase.stay(Some(trouble.line(&purchase.host())));
            }
        });
    }

    /// The person has cancelled on the shop's page, and the server knows of no payment either.
    fn cancelled(self: &Rc<Self>) {
        let purchase = self.clone();
        glib::spawn_future_local(async move {
            if purchase.forget().await {
                purchase.go_back();
            } else {
                purchase.show(&PageKind::Unfinished);
            }
        });
    }

    /// Back to where it can begin again.
    fn go_back(self: &Rc<Self>) {
        self.end_shop();
        if self.basket.borrow().items().len() > 1 {
            self.show(&PageKind::Progress);
        } else {
            self.end();
            (self.tell)(PurchaseEvent::Back);
        }
    }

    /// Ends the purchase.
    pub(crate) fn end(&self) {
        self.is_ended.set(true);
        self.stop_watch();
        self.close_shop();
    }
}
