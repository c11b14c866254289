// SPDX-License-Identifier: GPL-3.0-or-later
//! The surroundings of a request, as traits: keyring, server, window, installations, clock, bus.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::watch;
use url::Url;
use usher_core::{
    account::{Account, AccountId},
    ask::Ask,
    binding::Binding,
    ground::Ground,
    http::HttpError,
    prompt::{Kind, Reason},
    provider::{Access, Grants},
    refs::FlatpakRef,
    remote::Remote,
    session::SessionError,
    store::{Entry, StoreError},
    token_check::KeySet,
};

use super::decision::Wanted;

/// How accounts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Whether to ignore what was read before.
    pub(crate) afresh: bool,
    /// Whether the desktop may ask the person to unlock the keyring (rule R14).
    pub(crate) interactive: bool,
}

/// The accounts in the keyring.
#[async_trait]
pub(crate) trait Accounts: Send + Sync {
    /// All entries: as last read, unless something changed since.
    async fn entries(&self, reading: Reading) -> Result<Arc<[Entry]>, StoreError>;
    /// All entries as last read. `None` if something may have changed since.
    fn known(&self) -> Option<Arc<[Entry]>> {
        None
    }
    /// Signals, from now on, whenever something about them may have changed.
    async fn changes(&self) -> watch::Receiver<()>;
    /// Whether a use should be saved now.
    fn is_use_due(&self, account: &Account) -> bool;
    /// Saves a use.
    async fn note_use(&self, id: AccountId, by: String);
    /// Saves what the server said about apps bought with the account (rule R20).
    async fn settle(&self, id: AccountId, access: Access);
}

/// The servers.
#[async_trait]
pub(crate) trait Tokens: Send + Sync {
    /// Asks an account's server for download tokens. Marks the account as expired if the server no longer accepts its
    /// sign-in.
    async fn get(&self, account: &Account, asks: &[Ask]) -> Result<Grants, SessionError>;
    /// Makes ready what a call to a server needs before it can begin. Contacts nobody.
    async fn prepare(&self, _binding: &Binding) {}
    /// Asks a server for what anybody may have, without a credential.
    ///
    /// Only for a remote of this computer (rule R25).
    async fn get_for_anybody(&self, binding: &Binding, asks: &[Ask]) -> Result<Grants, SessionError>;
}

/// The keys that account servers show, to check tokens with.
#[async_trait]
pub(crate) trait TokenKeys: Send + Sync {
    /// The keys at this address, for tokens that name these. They may have been fetched some minutes ago.
    ///
    /// Only for a server to which an account is linked (rule R25).
    async fn at(&self, address: &Url, ids: &BTreeSet<String>, now: Duration) -> Result<Arc<KeySet>, HttpError>;
}

/// The Flatpak installations on this computer. One that cannot be read in time counts as empty.
#[async_trait]
pub(crate) trait Installations: Send + Sync {
    /// Their remotes.
    async fn remotes(&self) -> Vec<Remote>;
    /// Whether a request for these refs of a remote updates something installed there.
    async fn is_update(&self, remote: &str, remote_uri: &str, refs: &[&FlatpakRef]) -> bool;
    /// Those of a remote's apps for which flatpak asks no token, as far as it has looked.
    async fn free_apps(&self, ground: &Ground, app_ids: &BTreeSet<String>) -> BTreeSet<String>;
}

/// What the person decided about repositories.
#[async_trait]
pub(crate) trait Decisions: Send + Sync {
    /// Whether the remote may not use an account at the server that it names.
    async fn is_refused(&self, ground: &Ground) -> bool;
}

/// The clients of the daemon.
#[async_trait]
pub(crate) trait Clients: Send + Sync {
    /// The name of the program behind a bus name, in the form of [`usher_core::prompt::client`]; empty if unknown.
    async fn name(&self, peer: &str) -> String;

    /// Forgets a program that has left the bus.
    fn forget(&self, _peer: &str) {}

    /// Whether the program behind a bus name can print typographic characters.
    async fn is_unicode(&self, _peer: &str) -> bool {
        true
    }
}

/// Clocks.
pub(crate) trait Clock: Send + Sync {
    /// Seconds since 1970.
    fn now(&self) -> i64;
    /// Time since some fixed moment, including suspended time.
    fn elapsed(&self) -> Duration;
}

/// A question to the person because of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// What to ask for.
    pub(crate) kind: Kind,
    /// Why.
    pub(crate) reason: Reason,
    /// The remote, and the binding that it claims.
    pub(crate) ground: Ground,
    /// The account in question, if known.
    pub(crate) account: Option<AccountId>,
    /// The apps in question.
    pub(crate) app_ids: BTreeSet<String>,
    /// The program that asked.
    pub(crate) client: String,
    /// What it wants.
    pub(crate) wanted: Wanted,
    /// The client's window.
    pub(crate) parent_window: String,
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The person may have done what was asked.
    Done,
    /// The person put it off.
    Dismissed,
    /// The prompt is on screen, but nobody needs to wait.
    Deferred,
    /// The window shows another question; this one is a row in Usher.
    Queued,
    /// No window could be shown.
    Failed,
    /// The service does not sell the app to this account.
    NotOffered,
    /// The person did nothing for as long as a request may wait.
    TimedOut,
    /// The question was not asked: put off a moment ago, or asked too often.
    Withheld,
}

impl Ending {
    /// Whether a window has asked the person.
    pub(crate) fn was_shown(self) -> bool {
        match self {
            Self::Done | Self::Dismissed | Self::Deferred | Self::NotOffered | Self::TimedOut => true,
            Self::Queued | Self::Failed | Self::Withheld => false,
        }
    }
}

/// The window process.
#[async_trait]
pub(crate) trait Prompts: Send + Sync {
    /// Asks, or joins an equal question in progress.
    async fn ask(&self, question: Question) -> Ending;
}
