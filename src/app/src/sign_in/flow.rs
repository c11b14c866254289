// SPDX-License-Identifier: GPL-3.0-or-later
//! One sign-in, from the first page to *Done*. Its pages own the flow: it ends with the last of them.
//!
//! ```text
//! pages  the page for each kind of step
//! steps  begins, shows what the person does next, takes the answer to the server
//! ways   how the person comes to the server's page
//! web    what a page of the server is shown for
//! ```

mod pages;
mod steps;
pub(super) mod ways;
mod web;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use adw::prelude::*;
use gtk::glib;
use usher_core::{
    account::AccountId,
    credential::Secret,
    listener::Listener,
    provider::{SignIn, Way},
    registry_logins::Finding,
    sign_in::Saved,
};

use super::{
    code::CodePage,
    done::DonePage,
    form::FormPage,
    request::{AfterSaving, Purpose, SignInRequest},
    step_page::StepPage,
    unsaved::UnsavedSignIn,
};
use crate::{
    i18n::gettext_f,
    navigation,
    purchase::unfinished,
    runtime,
    services::Services,
    text,
    web::{SpentRedirects, WebSession},
    widgets::toast,
};

type Finished = Box<dyn FnOnce(Option<AccountId>)>;

pub(super) struct Flow {
    view: glib::WeakRef<adw::NavigationView>,
    origin: Option<glib::WeakRef<adw::NavigationPage>>,
    page: glib::WeakRef<adw::NavigationPage>,
    pub(super) services: Services,
    session: WebSession,
    pub(super) request: SignInRequest,
    /// `None` while the server is asked, and after that where it has used up the step.
    sign_in: RefCell<Option<Box<dyn SignIn>>>,
    /// How the person comes to the sign-in page.
    way: Cell<Way>,
    /// The way that the person chose, if it was not the usual one.
    chosen_way: Cell<Option<Way>>,
    /// Whether the person has read what speaks against the browser, and opened it nevertheless.
    is_browser_agreed: Cell<bool>,
    /// Where the browser will come back to.
    listener: RefCell<Option<Listener>>,
    /// What the person typed before the sign-in began again.
    kept_answer: RefCell<Option<Vec<Secret>>>,
    /// A sign-in that another program keeps; `None` once the page has shown it.
    finding: RefCell<Option<Finding>>,
    /// What goes on that the person can stop.
    asking: RefCell<Option<glib::JoinHandle<()>>>,
    /// Signed in and not saved yet.
    pub(super) unsaved: UnsavedSignIn,
    spent: SpentRedirects,
    is_other_person: Cell<bool>,
    limit: RefCell<Option<glib::SourceId>>,
    finished: RefCell<Option<Finished>>,
}

impl Flow {
    pub(super) fn start(
        view: &adw::NavigationView,
        services: &Services,
        session: WebSession,
        request: SignInRequest,
        finished: Finished,
    ) {
        let ways::Beginning { way, chosen_way, is_browser_agreed } = ways::beginning(services, &request);
        let flow = Rc::new(Self {
            view: view.downgrade(),
            origin: view.visible_page().map(|page| page.downgrade()),
            page: glib::WeakRef::new(),
            services: services.clone(),
            session,
            request,
            sign_in: RefCell::default(),
            way: Cell::new(way),
            chosen_way: Cell::new(chosen_way),
            is_browser_agreed: Cell::new(is_browser_agreed),
            listener: RefCell::default(),
            kept_answer: RefCell::default(),
            finding: RefCell::default(),
            asking: RefCell::default(),
            unsaved: UnsavedSignIn::default(),
            spent: SpentRedirects::default(),
            is_other_person: Cell::default(),
            limit: RefCell::default(),
            finished: RefCell::new(Some(finished)),
        });
        flow.open_page();
    }

    /// The account to sign in again, unless the person said to be somebody else.
    pub(super) fn expected(&self) -> Option<AccountId> {
        self.request.account.filter(|_| !self.is_other_person.get())
    }

    /// A new page, of the kind with which a sign-in begins at this server.
    fn open_page(self: &Rc<Self>) {
        if let Some(view) = self.view.upgrade() {
            view.push(self.new_page().page());
            self.begin();
        }
    }

    pub(super) async fn saved(self: &Rc<Self>, saved: Saved, page: &StepPage) {
        let onward = match &self.request.purpose {
            Purpose::Asked(asked) => (asked.saved)(asked.clone(), saved.account.id).await,
            Purpose::ByHand { .. } => {
                unfinished::look_for_access(&self.services, &saved.account, None);
                AfterSaving::Done
            }
        };
        let Some(view) = self.view.upgrade() else {
            return;
        };
        page.show_saved();
        // The page ends here; behind *Done* is the page from which the sign-in began.
        page.close();
        match onward {
            AfterSaving::Done if self.is_settled(&saved) => {
                self.finish(saved.account.id);
                let user = text::within(&saved.account.label());
                toast::show(&view, &gettext_f("Signed in as {user}", &[("user", &user)]));
            }
            AfterSaving::Done => {
                let (other, finished) = (self.clone(), self.clone());
                let (id, again) = (saved.account.id, saved.clone());
                let done = DonePage::signed_in(
                    &self.services,
                    &self.request,
                    &saved,
                    move || other.start_over(&again),
                    move || finished.finish(id),
                );
                let mut pages = self.pages_before(&view);
                pages.push(done.upcast());
                view.replace(&pages);
            }
            // The prompt shows something else in this place.
            AfterSaving::Elsewhere(lead) => {
                self.finished.take();
                lead();
            }
        }
    }

    /// Whether *Done* would say nothing new: the person has signed in again to an account that was there, and nobody waits.
    fn is_settled(&self, saved: &Saved) -> bool {
        let is_by_hand = matches!(self.request.purpose, Purpose::ByHand { .. });
        is_by_hand && self.expected().is_some() && !saved.is_new
    }

    /// Signs out the wrong person again, and begins anew.
    fn start_over(self: &Rc<Self>, saved: &Saved) {
        self.is_other_person.set(true);
        if saved.is_new {
            let (store, id) = (self.services.store.clone(), saved.account.id);
            glib::spawn_future_local(async move {
                if let Err(error) = runtime::spawn(async move { store.remove(id).await }).await {
                    tracing::warn!(%error, "cannot remove an account again");
                }
            });
        }
        // The server still knows the wrong person in this session.
        self.session.renew();
        if let Some(view) = self.view.upgrade() {
            let mut pages = self.pages_before(&view);
            pages.push(self.new_page().page().clone());
            view.replace(&pages);
            self.begin();
        }
    }

    /// The pages up to the one from which the sign-in began.
    fn pages_before(&self, view: &adw::NavigationView) -> Vec<adw::NavigationPage> {
        navigation::pages_up_to(view, self.origin.as_ref().and_then(glib::WeakRef::upgrade).as_ref())
    }

    /// The person does not want to go on.
    pub(super) fn give_up(&self) {
        let finished = self.finished.take();
        if let (Some(view), Some(origin)) = (self.view.upgrade(), self.origin.as_ref().and_then(glib::WeakRef::upgrade))
        {
            view.pop_to_page(&origin);
        }
        if let Some(finished) = finished {
            finished(None);
        }
    }

    /// The person leaves a page of the sign-in. What is not saved is not lost without a question.
    pub(super) fn leave(self: &Rc<Self>) {
        if !self.unsaved.is_kept() {
            self.stop();
            self.give_up();
            return;
        }
        let flow = self.clone();
        glib::spawn_future_local(async move {
            if flow.lose_unsaved().await {
                flow.give_up();
            }
        });
    }

    /// The person has read *Done*.
    fn finish(&self, id: AccountId) {
        if let Some(finished) = self.finished.take() {
            finished(Some(id));
        }
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        // Nobody waits for a code any more.
        self.stop();
        if let Some(timer) = self.limit.take() {
            timer.remove();
        }
        if let Some(finished) = self.finished.take() {
            finished(None);
        }
    }
}
