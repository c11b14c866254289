// SPDX-License-Identifier: GPL-3.0-or-later
//! What a server's page is shown for, and what its answer means.

use std::rc::Rc;

use usher_core::{
    account::AccountId,
    provider::{Step, StepAnswer},
    redirect::{Match, Parameters, Refusal},
    service::ServiceUrl,
    text as core_text,
};

use super::Flow;
use crate::{
    i18n::gettext,
    sign_in::request::Purpose,
    web::{SpentRedirects, WebProblem, WebTask},
};

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
        let (Some(sign_in), Some(page)) = (self.sign_in.take(), self.page()) else {
            return;
        };
        if let Step::Web { redirect, .. } = sign_in.step() {
            self.spent.add(redirect);
        }
        // A person who has cancelled waits for nothing more.
        if parameters.refusal() != Some(Refusal::Cancelled) {
            page.show_busy(&gettext("Signing in…"));
        }
        self.ask(self.clone().go_on(sign_in, StepAnswer::Redirect(parameters)));
    }

    fn again(self: Rc<Self>, problem: WebProblem) {
        self.try_again(&problem);
    }

    fn cancel(self: Rc<Self>) {
        self.leave();
    }
}
