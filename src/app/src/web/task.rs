// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person is on a server's web page for: to sign in, or to buy. The page shows, the task decides.

use std::{cell::RefCell, rc::Rc};

use url::Url;
use usher_core::{
    account::AccountId,
    provider::Way,
    redirect::{Match, Parameters, Redirect},
    service::ServiceUrl,
};

use super::problem::WebProblem;

/// What a navigation to an address means for a task.
pub(crate) enum Hit {
    /// Nothing: any other address.
    Other,
    /// The redirect address after the answer: nothing more comes of it.
    Spent,
    /// The redirect address, but not this task's answer. The task goes on.
    Wrong,
    /// The answer of the server, which has ended the web step.
    Answer,
}

/// Leads through a web page.
pub(crate) trait WebTask {
    /// The server that the person has agreed to.
    fn service(&self) -> &ServiceUrl;
    /// The server whose page comes first: the same, or one where its people sign in. The person has agreed to it, too.
    fn page_server(&self) -> ServiceUrl {
        self.service().clone()
    }
    /// The account that it is about, where that is known.
    fn account(&self) -> Option<AccountId>;
    /// Whether something can be paid on the page.
    fn is_purchase(&self) -> bool;
    /// How an address relates to the redirect that the task waits for; [`Match::Other`] where it waits for none.
    fn recognise(&self, address: &str) -> Match;
    /// Redirects that have had their answer.
    fn spent(&self) -> &SpentRedirects;
    /// The redirect has come.
    fn answered(self: Rc<Self>, parameters: Parameters);
    /// Goes on after a problem that the page has shown.
    fn again(self: Rc<Self>, problem: WebProblem);
    /// The person does not want to go on.
    fn cancel(self: Rc<Self>);
    /// The ways to go on that the person can change to.
    fn ways(&self) -> Vec<Way>;
    /// Goes on by another way.
    fn change_way(self: Rc<Self>, way: Way);
    /// The person has read the server's own page after the answer.
    fn read(self: Rc<Self>) {}

    /// What a navigation means. Takes an answer at once: the first one counts (rule R5).
    fn navigated(self: Rc<Self>, address: &str) -> Hit {
        match self.recognise(address) {
            Match::Redirect(parameters) => {
                self.answered(parameters);
                Hit::Answer
            }
            _ if self.spent().has(address) => Hit::Spent,
            Match::Other => Hit::Other,
            Match::Invalid => Hit::Wrong,
        }
    }

    /// Whether an address is the redirect's, answer or not: it is never loaded.
    fn is_near(&self, address: &str) -> bool {
        !matches!(self.recognise(address), Match::Other) || self.spent().has(address)
    }
}

/// Redirect addresses that have had their answer.
#[derive(Default)]
pub(crate) struct SpentRedirects(RefCell<Vec<Url>>);

impl SpentRedirects {
    /// A redirect has had its answer.
    pub(crate) fn add(&self, redirect: &Redirect) {
        self.0.borrow_mut().extend(Url::parse(&redirect.uri()));
    }

    /// Whether an address leads to where such a redirect led.
    pub(crate) fn has(&self, address: &str) -> bool {
        Url::parse(address).is_ok_and(|url| {
            self.0.borrow().iter().any(|spent| spent.port() == url.port() && spent.host() == url.host())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w07_a_redirect_that_has_had_its_answer_is_known_as_such() {
        let (spent, redirect) = (SpentRedirects::default(), Redirect::issue().unwrap());
        let address = format!("{}?state=x", redirect.uri());
        assert!(!spent.has(&address));
        spent.add(&redirect);
        assert!(spent.has(&address));
        assert!(!spent.has("https://store.example.org/"));
    }
}
