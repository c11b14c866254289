// SPDX-License-Identifier: GPL-3.0-or-later
//! How the person comes to the server's page: which way is the first, and how to go over to another one.

use std::{io, rc::Rc, time::Duration};

use url::Url;
use usher_core::{
    account::AccountId,
    binding::Binding,
    listener::Listener,
    provider::{RedirectReceiver, Step, Way},
    redirect::Redirect,
    sign_in,
};

use super::{Flow, SignInRequest};
use crate::{
    browser::Route,
    i18n::{gettext, gettext_f},
    runtime,
    services::Services,
    text,
    web::WebProblem,
};

/// Longest wait for a browser.
const BROWSER_WAIT: Duration = Duration::from_secs(10 * 60);

/// What is known of the ways when a sign-in begins.
pub(super) struct Beginning {
    /// The way to begin with.
    pub(super) way: Way,
    /// The same where the person has chosen it just now.
    pub(super) chosen_way: Option<Way>,
    /// Whether the person has signed in with the browser before.
    pub(super) is_browser_agreed: bool,
}

pub(super) fn beginning(services: &Services, request: &SignInRequest) -> Beginning {
    let is_agreed = is_agreed(services, &request.binding, request.is_typed);
    let ways = request.binding.provider.ways(&request.binding, is_agreed);
    let chosen_way = request.way.filter(|way| ways.contains(way));
    let usual = || usual(services, &request.binding, request.account, is_agreed);
    let is_browser_agreed = last(services, request.account) == Some(Way::Browser);
    Beginning { way: chosen_way.unwrap_or_else(usual), chosen_way, is_browser_agreed }
}

/// The way to begin with, unless the person chooses one.
pub(in crate::sign_in) fn usual(
    services: &Services,
    binding: &Binding,
    account: Option<AccountId>,
    is_agreed: bool,
) -> Way {
    let ways = binding.provider.ways(binding, is_agreed);
    Way::first(&ways, last(services, account), services.settings().prefers_browser())
}

/// Whether the person typed what the binding says, or has signed in there before (rule R24).
pub(in crate::sign_in) fn is_agreed(services: &Services, binding: &Binding, is_typed: bool) -> bool {
    is_typed || sign_in::is_known(&services.accounts().entries(), binding)
}

/// The way that the person took the last time.
fn last(services: &Services, account: Option<AccountId>) -> Option<Way> {
    account.and_then(|id| services.accounts().find(id)).and_then(|account| account.way)
}

impl Flow {
    /// Whether the person typed what the binding says, or has signed in there before (rule R24).
    pub(super) fn is_agreed(&self) -> bool {
        is_agreed(&self.services, &self.request.binding, self.request.is_typed)
    }

    /// The ways that the person can choose from; none where there is but one.
    pub(in crate::sign_in) fn known_ways(&self) -> Vec<Way> {
        self.request.binding.provider.ways(&self.request.binding, self.is_agreed())
    }

    /// How a redirect comes back on the way that the person takes. For the browser it listens from now on.
    pub(super) async fn receiver(&self) -> io::Result<RedirectReceiver> {
        self.listener.take();
        Ok(match self.way.get() {
            Way::Embedded => RedirectReceiver::Embedded,
            Way::Browser => {
                let listener = runtime::spawn(Listener::open()).await?;
                let port = listener.port();
                self.listener.replace(Some(listener));
                RedirectReceiver::Listener(port)
            }
            Way::Code => RedirectReceiver::Nowhere,
        })
    }

    /// Longest time until the server's page leads back.
    pub(super) fn time_limit(&self) -> Duration {
        let limit = self.services.sign_in_limit();
        if self.way.get() == Way::Browser { limit.min(BROWSER_WAIT) } else { limit }
    }

    /// Starts over, on another way to the sign-in page.
    pub(in crate::sign_in) fn change_way(self: &Rc<Self>, way: Way) {
        let Some(page) = self.page().filter(|_| !self.unsaved.is_kept()) else {
            return;
        };
        self.stop();
        self.listener.take();
        if let Some(sign_in) = self.sign_in.take()
            && let Step::Web { redirect, .. } = sign_in.step()
        {
            self.spent.add(redirect);
        }
        self.way.set(way);
        self.chosen_way.set(Some(way));
        self.replace_page(&page, self.new_page());
        self.begin();
    }

    /// Shows the first page of the server, in Usher or in the browser.
    pub(super) fn show_web_step(self: &Rc<Self>, start: &Url, redirect: &Redirect) {
        if self.way.get() != Way::Browser {
            if let Some(page) = self.web_page() {
                page.load(start);
            }
            return;
        }
        let Some(page) = self.browser_page() else {
            return;
        };
        let Some(listener) = self.listener.take() else {
            return page.show_problem(WebProblem::NoPage);
        };
        let route = Route {
            listener,
            start: start.clone(),
            redirect: redirect.clone(),
            landing: Box::new(|_| None),
            titles: [gettext("Signed In"), gettext("Not Signed In")],
            limit: self.time_limit(),
        };
        let needs_warning = self.request.binding.provider.has_secret_redirect() && !self.is_browser_agreed.get();
        page.go(route, needs_warning.then(|| warning(&self.request.binding.host())).as_deref());
    }
}

/// What speaks against the browser where the redirect carries the credential itself.
fn warning(host: &str) -> String {
    gettext_f(
        "{host} hands the sign-in itself to the browser. Its history or an extension could keep it.",
        &[("host", &text::within(host))],
    )
}
