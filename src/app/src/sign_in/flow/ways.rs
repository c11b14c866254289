// SPDX-License-Identifier: GPL-3.0-or-later
//! How the person comes to the server's page: which way is the first, and how to go over to another one.

use std::{io, rc::Rc, time::Duration};

use url::Url;
use usher_core::{
    listener::Listener,
    provider::{RedirectReceiver, Step, Way},
    redirect::Redirect,
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
    let ways = request.binding.provider.ways(&request.binding, request.is_typed);
    let last = request.account.and_then(|id| services.accounts().find(id)).and_then(|account| account.way);
    Beginning {
        way: Way::first(&ways, request.way.or(last), services.settings().prefers_browser()),
        chosen_way: request.way.filter(|way| ways.contains(way)),
        is_browser_agreed: last == Some(Way::Browser),
    }
}

impl Flow {
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

    /// Begins anew, on another way to the sign-in page.
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
