// SPDX-License-Identifier: GPL-3.0-or-later
//! The steps of a sign-in: begins it, shows what the person does next, and takes the answer back to the server.

use std::rc::Rc;

use gtk::glib;
use usher_core::{
    credential::Secret,
    error_text::UserFacing,
    provider::{Progress, SignIn, SignInError, Step, StepAnswer, Way},
    registry_logins, sign_in,
};

use super::{Flow, StepPage};
use crate::{
    i18n::{gettext, gettext_f},
    runtime,
    sign_in::save,
    text,
    web::{WebProblem, WebTask},
};

impl Flow {
    /// Begins the sign-in once it could be saved (rule R16).
    pub(in crate::sign_in) fn begin(self: &Rc<Self>) {
        let host = text::within(&self.request.binding.sign_in_host());
        if let Some(page) = self.page() {
            page.show_asking(&gettext_f("Asking {host}…", &[("host", &host)]));
        }
        let (flow, store) = (self.clone(), self.services.store.clone());
        self.ask(async move {
            match runtime::spawn(async move { store.prepare_to_save().await }).await {
                Ok(_) => flow.begin_now().await,
                Err(error) => {
                    tracing::warn!(%error, "cannot begin a sign-in that could not be saved");
                    flow.show_problem(WebProblem::CannotSave(error.reason()));
                }
            }
        });
    }

    /// Begins the sign-in, or begins it anew after the server has answered.
    async fn begin_now(self: Rc<Self>) {
        if self.sign_in.borrow().is_none() {
            let (binding, http) = (self.request.binding.clone(), self.services.session.http().clone());
            let (app_ids, is_typed) = (self.request.app_ids(), self.is_agreed());
            let receiver = match self.receiver().await {
                Ok(receiver) => receiver,
                Err(error) => {
                    tracing::warn!(%error, "cannot listen for the browser");
                    return self.show_problem(WebProblem::Unusable);
                }
            };
            let beginning = async move { sign_in::begin(&http, &binding, receiver, &app_ids, is_typed).await };
            let finding = runtime::spawn({
                let (binding, app_ids) = (self.request.binding.clone(), self.request.app_ids());
                async move { registry_logins::find_at(&binding, &app_ids).await }
            });
            match runtime::spawn(beginning).await {
                Ok(sign_in) => _ = self.sign_in.replace(Some(sign_in)),
                Err(error) => return self.failed(&error),
            }
            self.limit_time();
            self.finding.replace(finding.await);
        }
        match self.answer_kept() {
            Some((sign_in, answer)) => self.go_on(sign_in, answer).await,
            None => self.show_step(),
        }
    }

    /// Ends a page of the server after a while if there is no answer (rule R5).
    fn limit_time(self: &Rc<Self>) {
        let timer = glib::timeout_add_local_once(
            self.time_limit(),
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

    /// Whatever the page still does leads nowhere. A form leads nowhere before it is sent, and can wait.
    fn end_unanswered(&self) {
        if matches!(self.page(), Some(StepPage::Code(page)) if page.shows_code()) {
            self.stop();
            self.show_problem(WebProblem::CodeEnded);
            return;
        }
        let sign_in = self.sign_in.borrow_mut().take_if(|sign_in| matches!(sign_in.step(), Step::Web { .. }));
        if let Some(sign_in) = sign_in
            && let Step::Web { redirect, .. } = sign_in.step()
        {
            self.spent.add(redirect);
            self.show_problem(WebProblem::TooLate);
        }
    }

    /// Shows what the person does next.
    fn show_step(self: &Rc<Self>) {
        let sign_in = self.sign_in.borrow();
        match sign_in.as_ref().map(|sign_in| sign_in.step()) {
            Some(Step::Web { start, redirect }) => self.show_web_step(start, redirect),
            Some(Step::Form { form }) => {
                if let Some(page) = self.form_page() {
                    page.show_form(form);
                    if let Some(finding) = self.finding.take() {
                        page.offer(&finding);
                    }
                }
            }
            Some(step @ Step::Code { .. }) => {
                if let Some(page) = self.code_page() {
                    page.show_code(&step, self.time_limit());
                }
            }
            None => {}
        }
        drop(sign_in);
        self.poll();
    }

    /// Waits until the person has entered the code that is shown, or nobody waits any more: the flow ends with its page.
    fn poll(self: &Rc<Self>) {
        let code = self.sign_in.borrow_mut().take_if(|sign_in| matches!(sign_in.step(), Step::Code { .. }));
        let Some(sign_in) = code else { return };
        let (flow, http) = (Rc::downgrade(self), self.services.session.http().clone());
        self.ask(async move {
            let entered = runtime::spawn(async move { sign_in.answer(&http, StepAnswer::Poll).await }).await;
            if let Some(flow) = flow.upgrade() {
                flow.take_progress(entered);
            }
        });
    }

    /// The person has filled in the form.
    pub(in crate::sign_in) fn filled_in(self: &Rc<Self>, fields: Vec<Secret>) {
        if let Some(sign_in) = self.sign_in.take() {
            self.ask(self.clone().go_on(sign_in, StepAnswer::Fields(fields)));
        } else {
            // The person has stopped the last one, and that has used up the form.
            self.kept_answer.replace(Some(fields));
            self.begin();
        }
    }

    /// What the person typed before the sign-in began again, if the form is the same. If the password goes to another host
    /// now, the person is asked again.
    fn answer_kept(&self) -> Option<(Box<dyn SignIn>, StepAnswer)> {
        let fields = self.kept_answer.take()?;
        let is_same = match (self.sign_in.borrow().as_ref()?.step(), self.page()) {
            (Step::Form { form }, Some(StepPage::Form(page))) => page.is_sending(form),
            _ => false,
        };
        let sign_in = self.sign_in.borrow_mut().take_if(|_| is_same)?;
        Some((sign_in, StepAnswer::Fields(fields)))
    }

    /// Takes the answer to a step, and goes on with the next one or saves.
    pub(super) async fn go_on(self: Rc<Self>, sign_in: Box<dyn SignIn>, answer: StepAnswer) {
        let http = self.services.session.http().clone();
        let progress = runtime::spawn(async move { sign_in.answer(&http, answer).await }).await;
        self.take_progress(progress);
    }

    fn take_progress(self: &Rc<Self>, progress: Result<Progress, SignInError>) {
        match progress {
            Ok(Progress::Next(next)) => {
                self.sign_in.replace(Some(next));
                self.show_step();
            }
            Ok(Progress::Done(signed_in)) => {
                if let Some(page) = self.page() {
                    page.show_busy(&gettext("Signing in…"));
                }
                self.unsaved.keep(save::unsaved(&self.request, self.expected(), &signed_in, self.chosen_way.get()));
                self.save();
            }
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&self, error: &SignInError) {
        tracing::warn!(%error, "cannot begin or finish a sign-in");
        self.kept_answer.take();
        self.show_problem(match error {
            SignInError::Cancelled => return self.give_up(),
            SignInError::Stopped(reason) => WebProblem::Refused(reason.clone()),
            SignInError::NoCredential => WebProblem::NoCredential,
            SignInError::NotNeeded => WebProblem::NotNeeded,
            SignInError::NotThisWay if self.way.get() == Way::Code => WebProblem::NoCodes,
            SignInError::NotPossible | SignInError::NotThisWay => WebProblem::NotPossible,
            SignInError::CodeEnded => WebProblem::CodeEnded,
            SignInError::Declined => WebProblem::Declined,
            SignInError::WrongIssuer => WebProblem::OtherServer,
            SignInError::ClockOff => WebProblem::ClockOff,
            SignInError::Unexpected => WebProblem::Unexpected,
            SignInError::Http(error) => {
                let is_online = self.services.network().reaches(&self.page_server());
                WebProblem::of_call(error, is_online)
            }
            SignInError::Random(_) | SignInError::Address(_) => WebProblem::Unusable,
        });
    }

    fn show_problem(&self, problem: WebProblem) {
        if let Some(page) = self.page() {
            page.show_problem(problem);
        }
    }

    /// Goes on after a problem.
    pub(in crate::sign_in) fn try_again(self: &Rc<Self>, problem: &WebProblem) {
        match (problem, self.page()) {
            (WebProblem::NotSaved(_), Some(page)) => {
                page.show_busy(&gettext("Signing in…"));
                self.save();
            }
            (WebProblem::Crashed, Some(StepPage::Web(page))) => page.reload(),
            (WebProblem::NoCodes, _) => self.change_way(Way::Embedded),
            (WebProblem::TooLate, _) => {
                self.sign_in.take();
                self.begin();
            }
            _ => self.begin(),
        }
    }

    /// Lets something go on that the person can stop.
    pub(super) fn ask(&self, work: impl Future<Output = ()> + 'static) {
        self.asking.replace(Some(glib::spawn_future_local(work)));
    }

    /// Stops what the person does not want to wait for.
    pub(in crate::sign_in) fn stop(&self) {
        if let Some(asking) = self.asking.take() {
            asking.abort();
        }
        self.kept_answer.take();
    }
}
