// SPDX-License-Identifier: GPL-3.0-or-later
//! One sign-in, from the first page to *Done*. Its pages own the flow: it ends with the last of them.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use adw::prelude::*;
use gtk::glib;
use usher_core::{
    account::AccountId,
    error_text::UserFacing,
    provider::{Progress, RedirectReceiver, SignIn, SignInError, Step, StepAnswer},
    redirect::{Match, Parameters, Refusal},
    service::ServiceUrl,
    sign_in::{self, Saved},
    text as core_text,
};

use super::{
    done::DonePage,
    request::{AfterSaving, Purpose, SignInRequest},
    save,
    unsaved::UnsavedSignIn,
};
use crate::{
    i18n::{gettext, gettext_f},
    navigation,
    purchase::unfinished,
    runtime,
    services::Services,
    text,
    web::{SpentRedirects, WebPage, WebProblem, WebSession, WebTask},
    widgets::toast,
};

type Finished = Box<dyn FnOnce(Option<AccountId>)>;

pub(super) struct Flow {
    view: glib::WeakRef<adw::NavigationView>,
    origin: Option<glib::WeakRef<adw::NavigationPage>>,
    pub(super) page: glib::WeakRef<WebPage>,
    pub(super) services: Services,
    session: WebSession,
    pub(super) request: SignInRequest,
    /// `None` once the server has answered.
    sign_in: RefCell<Option<Box<dyn SignIn>>>,
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
        let flow = Rc::new(Self {
            view: view.downgrade(),
            origin: view.visible_page().map(|page| page.downgrade()),
            page: glib::WeakRef::new(),
            services: services.clone(),
            session,
            request,
            sign_in: RefCell::default(),
            unsaved: UnsavedSignIn::default(),
            spent: SpentRedirects::default(),
            is_other_person: Cell::default(),
            limit: RefCell::default(),
            finished: RefCell::new(Some(finished)),
        });
        flow.open_page();
    }

    /// The account to sign in again, unless the person said to be somebody else.
    fn expected(&self) -> Option<AccountId> {
        self.request.account.filter(|_| !self.is_other_person.get())
    }

    /// A new web page, in the session of its window.
    fn open_page(self: &Rc<Self>) {
        let Some(view) = self.view.upgrade() else {
            return;
        };
        let page = WebPage::first(self.services.accounts(), self.clone(), &self.session);
        self.page.set(Some(&page));
        view.push(&page);
        self.begin();
    }

    /// Begins the sign-in once it could be saved (rule R16).
    pub(super) fn begin(self: &Rc<Self>) {
        let (flow, store) = (self.clone(), self.services.store.clone());
        glib::spawn_future_local(async move {
            match runtime::spawn(async move { store.prepare_to_save().await }).await {
                Ok(_) => flow.begin_now().await,
                Err(error) => {
                    tracing::warn!(%error, "cannot begin a sign-in that could not be saved");
                    if let Some(page) = flow.page.upgrade() {
                        page.show_problem(WebProblem::CannotSave(error.reason()));
                    }
                }
            }
        });
    }

    /// Begins the sign-in, or begins it anew after the server has answered.
    async fn begin_now(self: &Rc<Self>) {
        if self.sign_in.borrow().is_none() {
            let (binding, http) = (self.request.binding.clone(), self.services.session.http().clone());
            let app_ids = self.request.app_ids();
            let beginning = async move { sign_in::begin(&http, &binding, RedirectReceiver::Embedded, &app_ids).await };
            match runtime::spawn(beginning).await {
                Ok(sign_in) => {
                    self.sign_in.replace(Some(sign_in));
                    self.limit_time();
                }
                Err(error) => return self.failed(&error),
            }
        }
        self.show_step();
    }

    /// Ends the sign-in after a while if the server does not answer (rule R5).
    fn limit_time(self: &Rc<Self>) {
        let timer = glib::timeout_add_local_once(
            self.services.sign_in_limit(),
            glib::clone!(
                #[weak(rename_to = flow)]
                self,
                move || {
                    flow.limit.take();
                    flow.end_unanswered();
                }
            ),
        );
        if let Some(earlier) = self.limit.replace(Some(timer)) {
            earlier.remove();
        }
    }

    /// Whatever the page still does leads nowhere.
    fn end_unanswered(&self) {
        let (Some(sign_in), Some(page)) = (self.sign_in.take(), self.page.upgrade()) else {
            return;
        };
        if let Step::Web { redirect, .. } = sign_in.step() {
            self.spent.add(redirect);
        }
        page.show_problem(WebProblem::TooLate);
    }

    /// Shows what the person does next.
    fn show_step(&self) {
        let (sign_in, Some(page)) = (self.sign_in.borrow(), self.page.upgrade()) else {
            return;
        };
        match sign_in.as_ref().map(|sign_in| sign_in.step()) {
            Some(Step::Web { start, .. }) => page.load(start),
            Some(step @ (Step::Form { .. } | Step::Code { .. })) => {
                tracing::warn!(step = step.kind(), "cannot show this step of a sign-in");
                page.show_problem(WebProblem::NoPage);
            }
            None => {}
        }
    }

    /// Takes the answer to a step, and goes on with the next one or saves.
    async fn go_on(self: Rc<Self>, sign_in: Box<dyn SignIn>, answer: StepAnswer) {
        let http = self.services.session.http().clone();
        match runtime::spawn(async move { sign_in.answer(&http, answer).await }).await {
            Ok(Progress::Next(next)) => {
                self.sign_in.replace(Some(next));
                self.show_step();
            }
            Ok(Progress::Done(signed_in)) => {
                self.unsaved.keep(save::unsaved(&self.request, self.expected(), &signed_in));
                self.save();
            }
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&self, error: &SignInError) {
        tracing::warn!(%error, "cannot begin or finish a sign-in");
        let problem = match error {
            SignInError::Cancelled => return self.give_up(),
            SignInError::Stopped(reason) => WebProblem::Refused(reason.clone()),
            SignInError::NoCredential
            | SignInError::NotPossible
            | SignInError::NotNeeded
            | SignInError::Unexpected
            | SignInError::Http(_) => WebProblem::NoCredential,
            SignInError::Random(_) | SignInError::Address(_) => WebProblem::Unusable,
        };
        if let Some(page) = self.page.upgrade() {
            page.show_problem(problem);
        }
    }

    pub(super) async fn saved(self: &Rc<Self>, saved: Saved, page: &WebPage) {
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
        // The web view ends here; behind *Done* is the page from which the sign-in began.
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

    /// Signs out the wrong person again, and shows the server's page anew.
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
            let kept = self.pages_before(&view);
            self.open_page_after(&view, kept);
        }
    }

    fn open_page_after(self: &Rc<Self>, view: &adw::NavigationView, mut pages: Vec<adw::NavigationPage>) {
        let page = WebPage::first(self.services.accounts(), self.clone(), &self.session);
        self.page.set(Some(&page));
        pages.push(page.upcast());
        view.replace(&pages);
        self.begin();
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

    /// The person has read *Done*.
    fn finish(&self, id: AccountId) {
        if let Some(finished) = self.finished.take() {
            finished(Some(id));
        }
    }
}

impl WebTask for Flow {
    fn service(&self) -> &ServiceUrl {
        &self.request.binding.service
    }

    fn account(&self) -> Option<AccountId> {
        self.expected()
    }

    fn is_purchase(&self) -> bool {
        false
    }

    fn command(&self) -> Option<String> {
        let remote = match &self.request.purpose {
            Purpose::Asked(asked) => Some(asked.ground.remote.as_str()),
            Purpose::ByHand { remote } => remote.as_ref().map(|remote| remote.name.as_str()),
        };
        let server = self.request.binding.service.url().as_str();
        let whom = remote.filter(|name| core_text::is_plain_name(name)).unwrap_or(server);
        core_text::usherctl(&["sign-in", whom])
    }

    fn recognise(&self, address: &str) -> Match {
        match self.sign_in.borrow().as_ref().map(|sign_in| sign_in.step()) {
            Some(Step::Web { redirect, .. }) => redirect.recognise(address),
            _ => Match::Other,
        }
    }

    fn spent(&self) -> &SpentRedirects {
        &self.spent
    }

    fn answered(self: Rc<Self>, parameters: Parameters) {
        let (Some(sign_in), Some(page)) = (self.sign_in.take(), self.page.upgrade()) else {
            return;
        };
        if let Step::Web { redirect, .. } = sign_in.step() {
            self.spent.add(redirect);
        }
        // A person who has cancelled waits for nothing more.
        if parameters.refusal() != Some(Refusal::Cancelled) {
            page.show_busy(&gettext("Signing in…"));
        }
        glib::spawn_future_local(self.go_on(sign_in, StepAnswer::Redirect(parameters)));
    }

    fn again(self: Rc<Self>, problem: WebProblem) {
        let Some(page) = self.page.upgrade() else {
            return;
        };
        match problem {
            WebProblem::NotSaved(_) => {
                page.show_busy(&gettext("Signing in…"));
                self.save();
            }
            WebProblem::Crashed => page.reload(),
            _ => self.begin(),
        }
    }

    fn cancel(self: Rc<Self>) {
        if !self.unsaved.is_kept() {
            self.give_up();
            return;
        }
        glib::spawn_future_local(async move {
            if self.lose_unsaved().await {
                self.give_up();
            }
        });
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        if let Some(timer) = self.limit.take() {
            timer.remove();
        }
        if let Some(finished) = self.finished.take() {
            finished(None);
        }
    }
}
