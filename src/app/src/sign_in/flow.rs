// SPDX-License-Identifier: GPL-3.0-or-later
//! One sign-in, from the first page to *Done*. The pages hold the flow; when the last of them is gone it has ended.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use adw::prelude::*;
use gtk::glib;
use url::Url;
use usher_core::{
    account::AccountId,
    provider::{SignIn, SignInError, SignedIn, Step},
    redirect::{Match, Parameters},
    service::ServiceUrl,
};

use super::{
    Purpose, Request,
    done::DonePage,
    save::{self, Saved},
    web::{WebPage, problem::Problem},
};
use crate::services::Services;

type Finished = Box<dyn FnOnce(Option<AccountId>)>;

/// What a navigation to an address means for a flow.
pub(super) enum Hit {
    /// Nothing: any other address.
    Other,
    /// The redirect address after the answer: nothing more comes of it.
    Spent,
    /// The redirect address, but not this flow's answer. The flow goes on.
    Wrong,
    /// The answer of the server, which has ended the web step.
    Answer,
}

pub(super) struct Flow {
    view: glib::WeakRef<adw::NavigationView>,
    origin: Option<glib::WeakRef<adw::NavigationPage>>,
    page: glib::WeakRef<WebPage>,
    services: Services,
    request: Request,
    /// `None` once the server has answered.
    sign_in: RefCell<Option<SignIn>>,
    /// Signed in and not saved yet.
    unsaved: RefCell<Option<SignedIn>>,
    /// Redirect addresses that have had their answer.
    spent: RefCell<Vec<Url>>,
    is_other_person: Cell<bool>,
    finished: RefCell<Option<Finished>>,
}

impl Flow {
    pub(super) fn start(view: &adw::NavigationView, services: &Services, request: Request, finished: Finished) {
        let flow = Rc::new(Self {
            view: view.downgrade(),
            origin: view.visible_page().map(|page| page.downgrade()),
            page: glib::WeakRef::new(),
            services: services.clone(),
            request,
            sign_in: RefCell::default(),
            unsaved: RefCell::default(),
            spent: RefCell::default(),
            is_other_person: Cell::default(),
            finished: RefCell::new(Some(finished)),
        });
        flow.open_page();
    }

    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    pub(super) fn services(&self) -> &Services {
        &self.services
    }

    pub(super) fn service(&self) -> &ServiceUrl {
        &self.request.binding.service
    }

    /// The account to sign in again, unless the person said to be somebody else.
    pub(super) fn expected(&self) -> Option<AccountId> {
        self.request.account.filter(|_| !self.is_other_person.get())
    }

    /// A new web page with a session of its own.
    fn open_page(self: &Rc<Self>) {
        let Some(view) = self.view.upgrade() else {
            return;
        };
        let page = WebPage::first(self);
        self.page.set(Some(&page));
        view.push(&page);
        self.begin();
    }

    /// Begins the sign-in, or begins it anew after the server has answered.
    pub(super) fn begin(&self) {
        let Some(page) = self.page.upgrade() else {
            return;
        };
        match self.first_address() {
            Ok(address) => page.load(&address),
            Err(error) => {
                tracing::warn!(%error, "a sign-in cannot begin");
                page.show_problem(Problem::Unusable);
            }
        }
    }

    fn first_address(&self) -> Result<Url, SignInError> {
        let mut current = self.sign_in.borrow_mut();
        let sign_in = match current.take() {
            Some(sign_in) => sign_in,
            None => SignIn::begin(self.request.binding.clone())?,
        };
        let Step::Web { start } = current.insert(sign_in).step()?;
        Ok(start)
    }

    /// What a navigation means. An answer is taken at once: the first one counts (rule R5).
    pub(super) fn navigated(self: &Rc<Self>, address: &str) -> Hit {
        let found = match &*self.sign_in.borrow() {
            Some(sign_in) => sign_in.redirect().recognise(address),
            None => Match::Other,
        };
        if self.is_spent(address) {
            return Hit::Spent;
        }
        match found {
            Match::Other => Hit::Other,
            Match::Invalid => Hit::Wrong,
            Match::Redirect(parameters) => {
                self.answered(&parameters);
                Hit::Answer
            }
        }
    }

    /// Whether an address is the redirect's, answer or not: it is never loaded.
    pub(super) fn is_near(&self, address: &str) -> bool {
        let sign_in = self.sign_in.borrow();
        let is_current =
            sign_in.as_ref().is_some_and(|sign_in| !matches!(sign_in.redirect().recognise(address), Match::Other));
        is_current || self.is_spent(address)
    }

    fn is_spent(&self, address: &str) -> bool {
        Url::parse(address).is_ok_and(|url| {
            self.spent.borrow().iter().any(|spent| spent.port() == url.port() && spent.host() == url.host())
        })
    }

    fn answered(self: &Rc<Self>, parameters: &Parameters) {
        let (Some(sign_in), Some(page)) = (self.sign_in.take(), self.page.upgrade()) else {
            return;
        };
        self.spent.borrow_mut().extend(Url::parse(&sign_in.redirect().uri()));
        match sign_in.finish(parameters) {
            Ok(signed_in) => {
                self.unsaved.replace(Some(signed_in));
                page.show_saving();
                self.save();
            }
            Err(SignInError::Refused(reason)) => page.show_problem(Problem::Refused(reason)),
            Err(error) => {
                tracing::warn!(%error, "a sign-in did not end well");
                page.show_problem(Problem::NoCredential);
            }
        }
    }

    /// Saves what was signed in to and shows *Done*; or says that it was not saved.
    pub(super) fn save(self: &Rc<Self>) {
        let Some(signed_in) = self.unsaved.take() else {
            return;
        };
        let flow = self.clone();
        glib::spawn_future_local(async move {
            let Some(page) = flow.page.upgrade() else {
                return;
            };
            match save::save(&flow, &signed_in, &page).await {
                Ok(Some(saved)) => flow.saved(saved),
                Ok(None) => flow.cancel(),
                Err(error) => {
                    tracing::warn!(%error, "an account was not saved");
                    flow.unsaved.replace(Some(signed_in));
                    page.show_problem(Problem::NotSaved(save::reason(&error)));
                }
            }
        });
    }

    fn saved(self: &Rc<Self>, saved: Saved) {
        if let Purpose::Asked(asked) = &self.request.purpose {
            (asked.saved)(asked, saved.id);
        }
        let (Some(view), Some(page)) = (self.view.upgrade(), self.page.upgrade()) else {
            return;
        };
        // The web view and its session end here; what is behind *Done* is the page one came from.
        let done = DonePage::signed_in(self, saved);
        let kept: Vec<adw::NavigationPage> = self.pages_before(&view).into_iter().chain([done.upcast()]).collect();
        page.close();
        view.replace(&kept);
    }

    /// Signs out the wrong person again, and shows the server's page anew.
    pub(super) fn start_over(self: &Rc<Self>, saved: &Saved) {
        self.is_other_person.set(true);
        if saved.is_new {
            let (store, id) = (self.services.store.clone(), saved.id);
            glib::spawn_future_local(async move {
                if let Err(error) = crate::runtime::spawn(async move { store.remove(id).await }).await {
                    tracing::warn!(%error, "an account was not removed again");
                }
            });
        }
        if let Some(view) = self.view.upgrade() {
            let kept = self.pages_before(&view);
            self.open_page_after(&view, kept);
        }
    }

    fn open_page_after(self: &Rc<Self>, view: &adw::NavigationView, mut pages: Vec<adw::NavigationPage>) {
        let page = WebPage::first(self);
        self.page.set(Some(&page));
        pages.push(page.upcast());
        view.replace(&pages);
        self.begin();
    }

    /// The pages up to the one from which the sign-in was started.
    fn pages_before(&self, view: &adw::NavigationView) -> Vec<adw::NavigationPage> {
        let origin = self.origin.as_ref().and_then(glib::WeakRef::upgrade);
        let stack = view.navigation_stack();
        let pages: Vec<adw::NavigationPage> = stack.iter::<adw::NavigationPage>().map_while(Result::ok).collect();
        let end = pages.iter().position(|page| Some(page) == origin.as_ref()).map_or(0, |index| index + 1);
        pages.into_iter().take(end).collect()
    }

    /// The person does not want to go on.
    pub(super) fn cancel(&self) {
        let finished = self.finished.take();
        if let (Some(view), Some(origin)) = (self.view.upgrade(), self.origin.as_ref().and_then(glib::WeakRef::upgrade))
        {
            view.pop_to_page(&origin);
        }
        if let Some(finished) = finished {
            finished(None);
        }
    }

    /// The person has read *Done*.
    pub(super) fn finish(&self, id: AccountId) {
        if let Some(finished) = self.finished.take() {
            finished(Some(id));
        }
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        if let Some(finished) = self.finished.take() {
            finished(None);
        }
    }
}
