// SPDX-License-Identifier: GPL-3.0-or-later
//! The pages of a sign-in: the server's web page, and *Done*. The same pages serve the main window and prompts; they are
//! given a flow and know nothing of where they are shown.
//!
//! ```text
//! flow       one sign-in from the first page to Done
//! save       what becomes of the credential
//! done       Done: who is signed in where
//! next_step  what the person can do from Done; pure
//! ```

mod done;
mod flow;
mod next_step;
mod save;

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
};

use adw::prelude::*;
use usher_core::{account::AccountId, binding::Binding, ground::Ground, remote::Remote};

use self::done::DonePage;
use crate::{services::Services, web::WebSession};

/// For whom one signs in: decides the texts of *Done* and the way back.
#[derive(Clone)]
pub(crate) enum Purpose {
    /// From the main window; `remote` is the repository it was added from.
    ByHand {
        /// The repository from whose row the person came. It may use the account from then on.
        remote: Option<Remote>,
    },
    /// A client asked, through a prompt.
    Asked(Rc<ClientRequest>),
}

/// What is shown once an account was saved.
pub(crate) enum AfterSaving {
    /// *Done*, with the way back.
    Done,
    /// Something else, which is shown by calling it.
    Elsewhere(Box<dyn FnOnce()>),
}

/// Says how it goes on when the account was saved.
type Saved = Box<dyn Fn(Rc<ClientRequest>, AccountId) -> Pin<Box<dyn Future<Output = AfterSaving>>>>;

/// What a client wanted when it asked for an account.
pub(crate) struct ClientRequest {
    /// The repository. It may use the account after this sign-in.
    pub(crate) ground: Ground,
    /// The apps that were asked for; more join while the window is open.
    pub(crate) app_ids: RefCell<Vec<String>>,
    /// The program, as the daemon found it.
    pub(crate) client: String,
    /// Whether an update asked.
    pub(crate) is_update: bool,
    /// Whether the program still waits for the end of this sign-in.
    pub(crate) is_waiting: Cell<bool>,
    /// Called when the account was saved, before *Done* is shown; brings this up to date.
    pub(crate) saved: Saved,
}

/// What to sign in to.
#[derive(Clone)]
pub(crate) struct SignInRequest {
    /// The service.
    pub(crate) binding: Binding,
    /// The account to sign in again.
    pub(crate) account: Option<AccountId>,
    /// For whom.
    pub(crate) purpose: Purpose,
}

/// The end of a question that needed no signing in.
pub(crate) struct Ending {
    /// What has been done.
    pub(crate) heading: String,
    /// Whose account it was about.
    pub(crate) user: Option<String>,
    /// What is said instead of user and host.
    pub(crate) text: Option<String>,
    /// Host of the server.
    pub(crate) host: String,
    /// What the client wanted.
    pub(crate) asked: Rc<ClientRequest>,
}

/// Shows the way back after a question that needed no signing in. `finished` is called once the person has read it.
pub(crate) fn end(view: &adw::NavigationView, ending: Ending, finished: impl FnOnce() + 'static) {
    view.replace(&[DonePage::after(ending, Box::new(finished)).upcast()]);
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
