// SPDX-License-Identifier: GPL-3.0-or-later
//! What a request needs of the world, as traits: keyring, server, window, installations, clock, bus.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::watch;
use usher_core::{
    account::{Account, AccountId},
    ask::Ask,
    ground::Ground,
    prompt::{Kind, Reason},
    provider::{Access, Grants},
    refs::FlatpakRef,
    remote::Remote,
    session::SessionError,
    store::{Entry, StoreError},
};

/// How accounts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Whether what was read before does not do.
    pub(crate) afresh: bool,
    /// Whether the desktop may ask the person to unlock the keyring (rule R14).
    pub(crate) interactive: bool,
}

/// The accounts in the keyring.
#[async_trait]
pub(crate) trait Accounts: Send + Sync {
    /// All entries: as they were last read, unless something has changed since.
    async fn entries(&self, reading: Reading) -> Result<Arc<[Entry]>, StoreError>;
    /// Tells whenever something about them may have changed, from now on.
    async fn changes(&self) -> watch::Receiver<()>;
    /// Whether a use is worth writing down.
    fn is_use_due(&self, account: &Account) -> bool;
    /// Writes down a use.
    async fn note_use(&self, id: AccountId, by: String);
    /// Writes down what the server said of apps that were bought with the account (rule R20).
    async fn settle(&self, id: AccountId, access: Access);
}

/// The servers.
#[async_trait]
pub(crate) trait Tokens: Send + Sync {
    /// Asks the server of an account for download tokens. An account whose sign-in is not accepted any more says so from
    /// then on.
    async fn get(&self, account: &Account, asks: &[Ask]) -> Result<Grants, SessionError>;
}

/// The Flatpak installations on this computer.
pub(crate) trait Installations: Send + Sync {
    /// Their remotes.
    fn remotes(&self) -> Vec<Remote>;
    /// Whether a request for these refs is an update of what is installed there.
    fn is_update(&self, refs: &[&FlatpakRef]) -> bool;
}

/// Who is calling.
#[async_trait]
pub(crate) trait Clients: Send + Sync {
    /// The name of the program behind a bus name, in the form of [`usher_core::prompt::client`]; empty if it cannot be known.
    async fn name(&self, peer: &str) -> String;
}

/// Time.
pub(crate) trait Clock: Send + Sync {
    /// Seconds since 1970.
    fn now(&self) -> i64;
    /// Time since some fixed moment, suspended time included.
    fn elapsed(&self) -> Duration;
}

/// What a person is asked because of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// What is asked.
    pub(crate) kind: Kind,
    /// Why.
    pub(crate) reason: Reason,
    /// The remote, and the binding that it claims.
    pub(crate) ground: Ground,
    /// The account, if one is known.
    pub(crate) account: Option<AccountId>,
    /// The apps that it is about.
    pub(crate) app_ids: BTreeSet<String>,
    /// The program that asked.
    pub(crate) client: String,
    /// Whether an update asked.
    pub(crate) update: bool,
    /// The client's window.
    pub(crate) parent_window: String,
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// What was asked for may be there now.
    Done,
    /// The person put it off.
    Dismissed,
    /// It is on screen, and nobody waits for it.
    Deferred,
    /// No window could be shown.
    Failed,
    /// The service does not sell what was to be bought to this account.
    NotOffered,
    /// Nobody did anything for as long as a request may wait.
    TimedOut,
    /// It was not asked: put off a moment ago, or asked too often.
    Withheld,
}

/// The window.
#[async_trait]
pub(crate) trait Prompts: Send + Sync {
    /// Asks, or joins a question that is being asked already.
    async fn ask(&self, question: Question) -> Ending;
}
