// SPDX-License-Identifier: GPL-3.0-or-later
//! Where pages of the main window lead.

use adw::prelude::*;
use gtk::{
    gio,
    glib::{self, subclass::SignalId},
};
use usher_core::{account::AccountId, binding::Binding, provider::Way, remote::Remote, takeout::TakenAccount};

use crate::{activity::Scope, model::Repository};

/// The signal of the main window that leads to a [`Destination`].
pub(crate) const GO_TO: &str = "go-to";

/// What is to be shown.
#[derive(Debug, Clone, glib::Boxed)]
#[boxed_type(name = "UsherDestination")]
pub(crate) enum Destination {
    /// The page with the accounts.
    FirstPage,
    /// All repositories of this computer.
    Repositories,
    /// One of them.
    Repository(Remote),
    /// The question whether a repository is to use Usher.
    UseUsher(Remote),
    /// The question whether a repository is to stop using Usher.
    StopUsingUsher(Remote),
    /// What happened with an account or a repository.
    Activity(Scope),
    /// What was bought with an account.
    Purchases(AccountId),
    /// The question whether an account is to be removed.
    RemoveAccount(AccountId),
    /// The server of a typed address, before anything of it is opened.
    Server(Binding),
    /// The server of a typed address, and the one that it leaves signing in to, as the person has typed both.
    TypedServer(Binding),
    /// The server of a repository.
    ServerOf(Repository),
    /// The server of an account that another computer has.
    ServerOfTaken(TakenAccount),
    /// The server of an account, to sign in again.
    SignInAgain(AccountId),
    /// The server's own page, now that the person has agreed to the server.
    SignIn {
        /// The server.
        binding: Binding,
        /// The account to sign in again.
        account: Option<AccountId>,
        /// The repository that may use the account from then on.
        remote: Option<Remote>,
        /// How the person chose to come to the sign-in page; `None` for the usual way.
        way: Option<Way>,
        /// Whether the person typed what the binding says.
        is_typed: bool,
    },
    /// The question whether a repository may use an account.
    Permission(Repository),
    /// The question which other account a repository is to use.
    AnotherAccount(Repository),
    /// The question whether something is to be bought, in a window of its own.
    Purchase(Wanted),
    /// The question what is to become of a repository that names another server than its account.
    ChangedServer(Repository, AccountId),
    /// The server that such a repository names now, away from the account that it used.
    AcceptedServer(Repository),
    /// What other programs on this computer have signed in with.
    RegistryLogins,
    /// What a file holds.
    File(gio::File),
}

/// Apps that an account has no access to.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) repository: Repository,
    pub(crate) account: AccountId,
    pub(crate) app_ids: Vec<String>,
    /// The program that asked for them, as the daemon found it; empty if none did.
    pub(crate) client: String,
    /// Whether they are installed and wait for an update.
    pub(crate) is_update: bool,
}

/// Leads from a page of the main window to something else.
pub(crate) fn go_to(from: &impl IsA<gtk::Widget>, destination: &Destination) {
    let window = from.root().filter(|root| SignalId::lookup(GO_TO, root.type_()).is_some());
    if let Some(window) = window {
        window.emit_by_name::<()>(GO_TO, &[destination]);
    } else {
        tracing::warn!("cannot lead on from a page outside the main window");
    }
}
