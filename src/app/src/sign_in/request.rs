// SPDX-License-Identifier: GPL-3.0-or-later
//! What to sign in to, for whom, and how it goes on.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
};

use usher_core::{account::AccountId, binding::Binding, ground::Ground, provider::Way, remote::Remote};

use crate::{model::App, prompt::NextQuestion};

/// For whom the person signs in: decides what *Done* says.
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
    /// *Done*.
    Done,
    /// Something else, which is shown by calling it.
    Elsewhere(Box<dyn FnOnce()>),
}

/// Says how it goes on when the account was saved.
type SavedCallback = Box<dyn Fn(Rc<ClientRequest>, AccountId) -> Pin<Box<dyn Future<Output = AfterSaving>>>>;

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
    /// What else is asked.
    pub(crate) next: NextQuestion,
    /// Called when the account was saved, before *Done* is shown; brings this up to date.
    pub(crate) saved: SavedCallback,
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
    /// How the person chose to come to the sign-in page; `None` for the usual way.
    pub(crate) way: Option<Way>,
    /// Whether the person typed what the binding says (rule R24).
    pub(crate) is_typed: bool,
}

impl SignInRequest {
    /// The apps that the person wants.
    pub(super) fn app_ids(&self) -> Vec<String> {
        match &self.purpose {
            Purpose::ByHand { .. } => Vec::new(),
            Purpose::Asked(asked) => asked.app_ids.borrow().clone(),
        }
    }
}

/// The end of a question that needed no signing in.
pub(crate) struct Ending {
    /// What has been done.
    pub(crate) heading: String,
    /// Whose account it was about.
    pub(crate) user: Option<String>,
    /// The app that it was about, where it was about one; shown instead of the account.
    pub(crate) app: Option<App>,
    /// What is said instead of user and host.
    pub(crate) text: Option<String>,
    /// Host of the server.
    pub(crate) host: String,
    /// What the client wanted.
    pub(crate) asked: Rc<ClientRequest>,
}
