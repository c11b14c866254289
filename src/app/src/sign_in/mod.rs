// SPDX-License-Identifier: GPL-3.0-or-later
//! The pages of a sign-in: the server's web page, and *Done*. The same pages serve the main window and prompts; they are
//! given a flow and know nothing of where they are shown.
//!
//! ```text
//! request    what to sign in to, for whom, and how it goes on
//! flow       one sign-in from the first page to Done
//! unsaved    what is kept until the keyring has it
//! save       one attempt to save it, and what is asked then
//! done       Done: who is signed in where
//! next_step  what the person can do from Done; pure
//! ```

mod done;
mod flow;
mod next_step;
mod request;
mod save;
mod unsaved;

use adw::prelude::*;
use usher_core::account::AccountId;

use self::done::DonePage;
pub(crate) use self::request::{AfterSaving, ClientRequest, Ending, Purpose, SignInRequest};
use crate::{services::Services, web::WebSession};

/// Shows how it goes on after a question that needed no signing in. `finished` is called once the person has read it.
pub(crate) fn end(view: &adw::NavigationView, services: &Services, ending: Ending, finished: impl FnOnce() + 'static) {
    view.replace(&[DonePage::after(services, ending, finished).upcast()]);
}

/// Pushes the web page onto `view` and leads to *Done*.
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
