// SPDX-License-Identifier: GPL-3.0-or-later
//! What a server's page is shown for, and what its answer means.

use std::rc::Rc;

use usher_core::{
    account::AccountId,
    provider::{Step, StepAnswer, Way},
    redirect::{Match, Parameters, Refusal},
    service::ServiceUrl,
};

use super::Flow;
use crate::{
    i18n::gettext,
    web::{SpentRedirects, WebProblem, WebTask},
};

impl WebTask for Flow {
    fn service(&self) -> &ServiceUrl {
        &self.request.binding.service
    }

    fn page_server(&self) -> ServiceUrl {
        self.request.binding.provider.signs_in_at(&self.request.binding)
    }

    fn account(&self) -> Option<AccountId> {
        self.expected()
    }

    fn is_purchase(&self) -> bool {
        false
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
        if self.way.get() == Way::Browser {
            self.is_browser_agreed.set(true);
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

    fn ways(&self) -> Vec<Way> {
        self.known_ways()
    }

    fn change_way(self: Rc<Self>, way: Way) {
        Self::change_way(&self, way);
    }
}
