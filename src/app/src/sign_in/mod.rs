// SPDX-License-Identifier: GPL-3.0-or-later
//! The pages of a sign-in: the server's web page, a form or a code, and *Done*. The same pages serve the main window and prompts;
//! they are given a flow and know nothing of where they are shown.
//!
//! ```text
//! request    what to sign in to, for whom, and how it goes on
//! flow       one sign-in from the first page to Done
//! step_page  the page that a sign-in is at, of whichever kind
//! form       the form for a user name and a password, or for an access token
//! code       the code that the person types on another device
//! unsaved    what is kept until the keyring has it
//! save       one attempt to save it, and what is asked then
//! done       Done: who is signed in where
//! next_step  what the person can do from Done; pure
//! ```

mod code;
mod done;
mod flow;
mod form;
mod next_step;
mod request;
mod save;
mod step_page;
mod unsaved;

use adw::prelude::*;
use usher_core::{account::AccountId, binding::Binding, provider::Way};

pub(crate) use self::request::{AfterSaving, ClientRequest, Ending, Purpose, SignInRequest};
use self::{done::DonePage, step_page::StepPage};
use crate::{services::Services, web::WebSession};

/// Tags of the pages on which a server is dealt with.
const STEPS: [&str; 4] = ["web", "browser", "form", "code"];

/// How a person can come to the sign-in page of a server.
pub(crate) struct Ways {
    /// The way to begin with.
    pub(crate) usual: Way,
    /// The others.
    pub(crate) others: Vec<Way>,
}

/// The ways to the sign-in page of a server. `account` is the one to sign in again; `is_typed` if the person typed what the
/// binding says.
pub(crate) fn ways(services: &Services, binding: &Binding, account: Option<AccountId>, is_typed: bool) -> Ways {
    let is_agreed = flow::ways::is_agreed(services, binding, is_typed);
    let usual = flow::ways::usual(services, binding, account, is_agreed);
    let all = binding.provider.ways(binding, is_agreed);
    Ways { usual, others: all.into_iter().filter(|way| *way != usual).collect() }
}

/// Whether a sign-in or a purchase is under way in `view`.
pub(crate) fn is_under_way(view: &adw::NavigationView) -> bool {
    STEPS.iter().any(|tag| view.find_page(tag).is_some())
}

/// Whether a page is one that a server is dealt with on.
pub(crate) fn is_step(page: &adw::NavigationPage) -> bool {
    page.tag().is_some_and(|tag| STEPS.contains(&tag.as_str()))
}

/// Whether `view` shows something that was signed in to and is not saved yet.
pub(crate) fn holds_unsaved(view: &adw::NavigationView) -> bool {
    let steps = STEPS.iter().filter_map(|tag| view.find_page(tag)).filter_map(StepPage::of);
    steps.into_iter().any(|step| step.holds_unsaved())
}

/// Shows how it goes on after a question that needed no signing in. `finished` is called once the person has read it.
pub(crate) fn end(view: &adw::NavigationView, services: &Services, ending: Ending, finished: impl FnOnce() + 'static) {
    view.replace(&[DonePage::after(services, ending, finished).upcast()]);
}

/// Pushes the first page onto `view` and leads to *Done*.
///
/// `finished` is called exactly once. With `None` the person cancelled, and the pages of the sign-in have been popped
/// again. With the account's id it was signed in to and saved, and the person pressed *Done*: that page is still shown,
/// and the caller leads on (pops to where it wants to be, or closes the window).
pub(crate) fn start(
    view: &adw::NavigationView,
    services: &Services,
    request: SignInRequest,
    finished: impl FnOnce(Option<AccountId>) + 'static,
) {
    start_within(view, services, WebSession::default(), request, finished);
}

/// The same in a web session that other steps in this window share (rule R19).
pub(crate) fn start_within(
    view: &adw::NavigationView,
    services: &Services,
    session: WebSession,
    request: SignInRequest,
    finished: impl FnOnce(Option<AccountId>) + 'static,
) {
    flow::Flow::start(view, services, session, request, Box::new(finished));
}
