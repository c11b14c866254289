// SPDX-License-Identifier: GPL-3.0-or-later
//! What happens while a page loads, and what it may lead to.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use url::Url;
use usher_core::service;
use webkit6::{
    AuthenticationRequest, LoadEvent, NavigationAction, NavigationPolicyDecision, NavigationType, PolicyDecision,
    PolicyDecisionType, PolicyError, ResponsePolicyDecision, WebView, prelude::*,
};

use super::{WebPage, imp};
use crate::{
    i18n::gettext,
    navigation,
    web::{
        policy::{self, Navigation},
        problem::{Bare, CertificateFault, NotShown, WebProblem, certificate_details},
        task::Hit,
        view,
    },
    widgets::toast,
};

/// How long a full progress bar stays.
const PROGRESS_END: Duration = Duration::from_millis(150);

/// What is loading.
#[derive(Default)]
pub struct Loading {
    /// Whether the main frame is on its way to another document.
    pub(super) is_pending: Cell<bool>,
    /// Whether what was coming has turned out to be the answer.
    is_taken: Cell<bool>,
    /// Of the document that is coming, where it is an HTTP error.
    pub(super) error_status: Cell<Option<u32>>,
    /// Where a pop-up begins, if that can be asked for again.
    pub(super) start: RefCell<Option<String>>,
    /// How many documents the view has had.
    pub(super) documents: Cell<u32>,
    pub(super) cover_timer: RefCell<Option<glib::SourceId>>,
    pub(super) slow_timer: RefCell<Option<glib::SourceId>>,
    progress_timer: RefCell<Option<glib::SourceId>>,
}

impl imp::WebPage {
    pub(super) fn follow_loading(&self) {
        let view = self.view();
        view.connect_load_changed(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |_, event| imp.load_changed(event)
        ));
        view.connect_load_failed(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            #[upgrade_or]
            true,
            move |_, _, address, error| imp.load_failed(address, error)
        ));
        view.connect_load_failed_with_tls_errors(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            #[upgrade_or]
            true,
            move |_, address, certificate, errors| {
                let problem = WebProblem::Certificate(CertificateFault::of(errors), certificate_details(certificate));
                imp.meet(problem, &host_of(address));
                true
            }
        ));
        view.connect_web_process_terminated(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |_, _| imp.meet(WebProblem::Crashed, &service::host_of(imp.approved()))
        ));
        view.connect_estimated_load_progress_notify(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |view| imp.progress.set_fraction(view.estimated_load_progress())
        ));
        view.connect_is_loading_notify(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |view| imp.show_activity(view.is_loading())
        ));
        view.connect_uri_notify(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |_| {
                imp.update_history();
                imp.moved();
            }
        ));
    }

    pub(super) fn follow_navigation(&self) {
        let view = self.view();
        view.connect_decide_policy(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            #[upgrade_or_else]
            || true,
            move |_, decision, kind| imp.decide(decision, kind)
        ));
        view.connect_authenticate(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            #[upgrade_or]
            true,
            move |_, request| {
                imp.refuse_authentication(request);
                true
            }
        ));
        view.connect_create(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            #[upgrade_or_default]
            move |_, action| imp.open_pop_up(action).map(glib::object::Cast::upcast)
        ));
        view.connect_close(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |_| {
                if imp.is_pop_up() {
                    imp.pop();
                }
            }
        ));
    }

    fn load_changed(&self, event: LoadEvent) {
        match event {
            LoadEvent::Started => {
                self.loading.is_pending.set(true);
                self.loading.error_status.take();
                self.loading.is_taken.set(false);
                self.show_pending();
                self.await_slow();
                self.follow_way();
            }
            LoadEvent::Redirected => self.follow_way(),
            LoadEvent::Committed => {
                self.loading.is_pending.set(false);
                let address = self.view().uri().unwrap_or_default();
                if !policy::is_showable(&address) && !view::is_blank(self.view()) {
                    self.view().stop_loading();
                    self.show_without_address();
                    return;
                }
                self.hide_refusal();
                self.show_committed();
                self.document_begun();
            }
            LoadEvent::Finished => {
                self.loading.is_pending.set(false);
                if !self.is_covered() {
                    self.stop_waiting();
                }
                self.show_committed();
                self.look_at_document();
                self.look_for_refusal();
            }
            _ => {}
        }
        self.update_history();
    }

    fn load_failed(&self, address: &str, error: &glib::Error) -> bool {
        let is_online = Url::parse(address).is_ok_and(|url| Self::is_online(&url));
        if let Some(problem) = WebProblem::of(error, is_online) {
            tracing::info!(%error, "cannot load a page");
            self.meet(problem, &host_of(address));
        } else if self.is_covered() && error.matches(PolicyError::FrameLoadInterruptedByPolicyChange) {
            // What may not be shown, or may not be gone to, came in place of the first page.
            if !self.loading.is_taken.take() {
                let host = Some(host_of(address)).filter(|host| !host.is_empty());
                let host = host.unwrap_or_else(|| service::host_of(&self.committed()));
                self.meet(WebProblem::Bare(Bare::Unshowable), &host);
            }
        }
        true
    }

    /// Something is wrong with the page. Once the server has answered nothing of the page matters any more.
    pub(super) fn meet(&self, problem: WebProblem, host: &str) {
        if !self.is_busy() {
            self.show_problem_at(problem, host);
        }
    }

    /// Judges where the page wants to go. Says whether that has been decided.
    fn decide(&self, decision: &PolicyDecision, kind: PolicyDecisionType) -> bool {
        match kind {
            PolicyDecisionType::NavigationAction | PolicyDecisionType::NewWindowAction => {
                let Some(action) = decision
                    .downcast_ref::<NavigationPolicyDecision>()
                    .and_then(NavigationPolicyDecision::navigation_action)
                else {
                    decision.ignore();
                    return true;
                };
                if self.may_go(&action, kind) { decision.use_() } else { decision.ignore() }
            }
            PolicyDecisionType::Response => {
                let Some(response) = decision.downcast_ref::<ResponsePolicyDecision>() else {
                    decision.ignore();
                    return true;
                };
                if self.may_show(response) { decision.use_() } else { decision.ignore() }
            }
            _ => decision.ignore(),
        }
        true
    }

    fn may_go(&self, action: &NavigationAction, kind: PolicyDecisionType) -> bool {
        let Some(request) = action.request().filter(|_| !self.is_busy()) else {
            return false;
        };
        let address = request.uri().unwrap_or_default();
        if kind == PolicyDecisionType::NavigationAction && self.is_answer(action, &address) {
            return false;
        }
        if action.navigation_type() == NavigationType::FormResubmitted && self.is_purchase() {
            // What was paid with it would be paid twice.
            toast::show(&*self.obj(), &gettext("The form was not sent again"));
            return false;
        }
        match policy::judge(&address, self.shared().bounds()) {
            Navigation::Allow => true,
            Navigation::Insecure => {
                self.show_problem_at(WebProblem::Unencrypted, &host_of(&address));
                false
            }
            Navigation::Drop => {
                self.tell_once(&gettext("The page tried to open another program"));
                false
            }
        }
    }

    /// Whether this goes to the redirect address, which is never loaded. Only the first view's main frame gets to ask
    /// (see [`policy`]), and only a plain GET is an answer.
    fn is_answer(&self, action: &NavigationAction, address: &str) -> bool {
        let Some(task) = self.task() else {
            return false;
        };
        let is_get = action.request().and_then(|request| request.http_method()).is_none_or(|method| method == "GET");
        if !is_get || self.is_pop_up() {
            return task.is_near(address);
        }
        match task.navigated(address) {
            Hit::Other => false,
            Hit::Answer | Hit::Spent => {
                self.loading.is_taken.set(true);
                true
            }
            Hit::Wrong => {
                self.show_problem(WebProblem::WrongAnswer);
                true
            }
        }
    }

    fn may_show(&self, response: &ResponsePolicyDecision) -> bool {
        let address = response.request().and_then(|request| request.uri()).unwrap_or_default();
        if let Some(bare) = self.bare_answer(response) {
            self.meet(WebProblem::Bare(bare), &host_of(&address));
            return false;
        }
        if !response.is_mime_type_supported() {
            self.tell_once(&gettext("The page tried to download a file"));
            return false;
        }
        if response.is_main_frame_main_resource() && !policy::is_showable(&address) {
            // What is there stays. A pop-up has nothing yet.
            if self.is_pop_up() {
                self.show_without_address();
            }
            return false;
        }
        true
    }

    /// A page wanted to fill the main frame with what belongs to no server.
    fn show_without_address(&self) {
        let host = service::host_of(&self.committed());
        self.show_problem_at(WebProblem::NotShown(NotShown::NoAddress), &host);
    }

    /// A server asks for a password outside its page. `WebKit` would show a box with the server's own text; Usher shows
    /// none (rule R17). Where it is about a part of the page, that part stays away.
    fn refuse_authentication(&self, request: &AuthenticationRequest) {
        request.cancel();
        if self.loading.is_pending.get() {
            let host = host_of(&self.view().uri().unwrap_or_default());
            self.view().stop_loading();
            self.meet(WebProblem::NotShown(NotShown::Authentication), &host);
        } else {
            self.tell_unsupported();
        }
    }

    pub(super) fn tell_once(&self, text: &str) {
        if self.shared().tells(text) {
            toast::show(&*self.obj(), text);
        }
    }

    /// One at a time, and only after a gesture.
    fn open_pop_up(&self, action: &NavigationAction) -> Option<WebView> {
        if !action.is_user_gesture() || self.is_pop_up() || self.pop_up.upgrade().is_some() {
            return None;
        }
        let stack = navigation::stack_of(&*self.obj())?;
        let page = WebPage::opened_by(&self.obj());
        let request = action.request().filter(|request| request.http_method().is_none_or(|method| method == "GET"));
        page.imp().loading.start.replace(request.and_then(|request| request.uri()).map(Into::into));
        self.pop_up.set(Some(&page));
        stack.push(&page);
        Some(page.imp().view().clone())
    }

    fn show_activity(&self, is_loading: bool) {
        if let Some(timer) = self.loading.progress_timer.take() {
            timer.remove();
        }
        self.show_reload();
        if is_loading {
            self.progress.set_visible(true);
            return;
        }
        let timer = glib::timeout_add_local_once(
            PROGRESS_END,
            glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move || {
                    imp.loading.progress_timer.take();
                    imp.progress.set_visible(false);
                }
            ),
        );
        self.loading.progress_timer.replace(Some(timer));
    }

    /// Whether something is under way that a person may stop.
    pub(super) fn is_opening(&self) -> bool {
        self.is_covered() || (self.is_at_page() && self.view().is_loading())
    }

    /// The button that reloads, or stops what is loading.
    pub(super) fn show_reload(&self) {
        let (page, is_loading) = (self.obj(), self.is_opening());
        page.set_reload_icon(if is_loading { "process-stop-symbolic" } else { "view-refresh-symbolic" });
        page.set_reload_text(if is_loading { gettext("Stop") } else { gettext("Reload") });
        for button in [&*self.reload_button, &*self.narrow_reload_button] {
            button.update_property(&[gtk::accessible::Property::Label(&page.reload_text())]);
        }
    }

    fn update_history(&self) {
        // After the answer there is nothing to go back to.
        self.obj().action_set_enabled("web.back", self.view().can_go_back() && !self.is_landing.get());
        self.obj().action_set_enabled("web.forward", self.view().can_go_forward());
    }

    pub(super) fn stop_timers(&self) {
        self.stop_cover_timer();
        for timer in [self.loading.slow_timer.take(), self.loading.progress_timer.take()].into_iter().flatten() {
            timer.remove();
        }
    }
}

/// The host of an address, for showing; nothing else of it. Empty if it has none.
fn host_of(address: &str) -> String {
    Url::parse(address).map(|url| service::host_of(&url)).unwrap_or_default()
}
