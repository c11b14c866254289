// SPDX-License-Identifier: GPL-3.0-or-later
//! What the log says. No token, no user name, no path or query of an address.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    account::AccountId,
    prompt::{Kind, client},
    text,
};

/// Most ids of apps in one entry.
const APPS_LIMIT: usize = 32;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When: seconds since 1970.
    pub at: i64,
    /// Host of the account server; empty where a remote names none.
    pub host: String,
    /// Flatpak's name of the remote, where it was about one: to show, never to choose by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The account, where one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A program asked for tokens, an account or a purchase.
    Request(Request),
    /// The person signed in.
    SignedIn {
        /// Whether the account was new on this computer.
        is_new: bool,
    },
    /// The server no longer accepted the sign-in.
    SignInEnded,
    /// The person signed out.
    SignedOut,
    /// The person removed the account.
    Removed,
    /// The person let a repository use the account.
    Allowed,
    /// The person took that permission back.
    Disallowed,
    /// The person decided that a repository may use no account.
    Refused,
    /// The person began to buy an app.
    PurchaseBegun(Purchase),
    /// The outcome of a purchase is known.
    PurchaseEnded {
        /// The purchase.
        #[serde(flatten)]
        purchase: Purchase,
        /// Whether the account has the app now.
        is_owned: bool,
    },
}

/// A request of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The program, in the form of [`crate::prompt::client`]; empty if it is unknown.
    pub program: String,
    /// What for.
    pub purpose: Purpose,
    /// How many apps.
    pub apps: usize,
    /// Their ids, where the person wants them in the log: no more than some.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub app_ids: BTreeSet<String>,
    /// What came of it.
    pub result: RequestResult,
    /// What windows asked the person because of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<Question>,
}

/// What a program asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To install apps.
    Install,
    /// To update apps.
    Update,
    /// To list what a repository has.
    Listing,
    /// To have an account, for no app in particular.
    Account,
    /// To buy an app.
    Purchase,
}

/// A question to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// To sign in.
    SignIn,
    /// To let a repository use an account.
    Permission,
    /// To buy apps.
    Purchase,
    /// To unlock the keyring.
    Unlock,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestResult {
    /// Everything that it asked for.
    Granted,
    /// An account or a new sign-in is needed.
    AccountNeeded,
    /// The repository may not use an account yet.
    PermissionNeeded,
    /// The person has decided that the repository may use no account.
    Refused,
    /// The account has no access to an app.
    NoAccess,
    /// The keyring is locked or missing.
    Locked,
    /// The repository names another server than the one that the person agreed to.
    ServerChanged,
    /// The remote's options cannot be used.
    Unusable,
    /// The server gave no usable answer.
    Unavailable,
    /// The person or the program stopped it.
    Cancelled,
    /// A fault of Usher's.
    Failed,
}

/// A purchase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The app's id, where the person wants it in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
}

impl From<Kind> for Question {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::SignIn => Self::SignIn,
            Kind::Link => Self::Permission,
            Kind::Purchase => Self::Purchase,
            Kind::Unlock => Self::Unlock,
        }
    }
}

impl Entry {
    /// The same with names of no more than some length: a program may call itself and its remote whatever it likes.
    pub(super) fn cut(mut self) -> Self {
        let cut = |name: &mut String| *name = text::clean(name, text::NAME_LIMIT);
        self.remote.iter_mut().for_each(cut);
        if let Event::Request(request) = &mut self.event {
            request.program = match request.program.strip_prefix(client::CLAIMED) {
                Some(claimed) => format!("{}{}", client::CLAIMED, text::clean(claimed, text::NAME_LIMIT)),
                None => text::clean(&request.program, text::NAME_LIMIT),
            };
        }
        self
    }

    /// The same without anything that names an app.
    pub(crate) fn without_apps(mut self) -> Self {
        match &mut self.event {
            Event::Request(request) => request.app_ids.clear(),
            Event::PurchaseBegun(purchase) | Event::PurchaseEnded { purchase, .. } => purchase.app_id = None,
            Event::SignedIn { .. }
            | Event::SignInEnded
            | Event::SignedOut
            | Event::Removed
            | Event::Allowed
            | Event::Disallowed
            | Event::Refused => {}
        }
        self
    }

    /// The same with no more apps than an entry may have.
    pub(super) fn with_some_apps(mut self) -> Self {
        if let Event::Request(request) = &mut self.event
            && let Some(first_left_out) = request.app_ids.iter().nth(APPS_LIMIT).cloned()
        {
            drop(request.app_ids.split_off(&first_left_out));
        }
        self
    }
}
