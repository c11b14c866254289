// SPDX-License-Identifier: GPL-3.0-or-later
//! What stands between a request and its tokens, and what of it the person can be asked. Pure.

use std::collections::BTreeSet;

use usher_core::{
    account::{Account, AccountId, AccountState},
    binding::{Binding, OptionsError},
    http::{CertificateFault, HttpError},
    lookup::Lookup,
    pending,
    prompt::{Kind, Reason},
    session::SessionError,
    store::StoreError,
};

/// What stands between a request and its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The remote's options are missing or malformed.
    Options(OptionsError),
    /// No account at the service.
    NoAccount,
    /// The person has signed out of it.
    SignedOut(AccountId),
    /// The service has ended the sign-in.
    Expired(AccountId),
    /// No permission for the remote to use an account, or several it could use. The account, if there is but one.
    NoLink(Option<AccountId>),
    /// The keyring is locked, or does not answer.
    Locked,
    /// No keyring is running.
    NoKeyring,
    /// Inside a sandbox: the desktop does not open it.
    NoPortal,
    /// The keyring is there and does not work.
    KeyringFailed,
    /// The remote names another server than the one that was agreed to.
    Changed {
        /// The account that the remote may use.
        account: AccountId,
        /// Its binding.
        agreed: Box<Binding>,
    },
    /// The account has no access to these apps.
    NotBought {
        /// The account.
        account: AccountId,
        /// The person's name at the service.
        user: String,
        /// The apps.
        ids: BTreeSet<String>,
    },
    /// The service cannot be reached.
    Unreachable,
    /// The service's answer makes no sense.
    BadAnswer,
    /// The connection to the service is not secure.
    NotSecure(CertificateFault),
}

/// What the person can be asked about an obstacle.
pub(crate) fn question(obstacle: &Obstacle) -> Option<(Kind, Reason)> {
    match obstacle {
        Obstacle::NoAccount => Some((Kind::SignIn, Reason::NoAccount)),
        Obstacle::SignedOut(_) | Obstacle::Expired(_) => Some((Kind::SignIn, Reason::Rejected)),
        Obstacle::NoLink(_) => Some((Kind::Link, Reason::NoLink)),
        Obstacle::Locked => Some((Kind::Unlock, Reason::Locked)),
        Obstacle::NotBought { .. } => Some((Kind::Purchase, Reason::NotBought)),
        Obstacle::Options(_)
        | Obstacle::NoKeyring
        | Obstacle::NoPortal
        | Obstacle::KeyringFailed
        | Obstacle::Changed { .. }
        | Obstacle::Unreachable
        | Obstacle::BadAnswer
        | Obstacle::NotSecure(_) => None,
    }
}

impl Obstacle {
    /// The account concerned, if one is known.
    pub(crate) fn account(&self) -> Option<AccountId> {
        match self {
            Self::SignedOut(id) | Self::Expired(id) => Some(*id),
            Self::NoLink(id) => *id,
            Self::Changed { account, .. } | Self::NotBought { account, .. } => Some(*account),
            _ => None,
        }
    }

    /// The server denies an account these apps.
    pub(crate) fn not_bought(account: &Account, ids: BTreeSet<String>) -> Self {
        Self::NotBought { account: account.id, user: account.user.clone(), ids }
    }

    /// The apps that the obstacle stands before; `None` if it stands before all that was asked for.
    pub(crate) fn apps(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::NotBought { ids, .. } => Some(ids),
            _ => None,
        }
    }

    /// How a request that met the obstacle is remembered; `None` if the window has nothing to offer about it.
    pub(crate) fn noted(&self, operation: pending::Operation) -> Option<pending::Obstacle> {
        Some(match self {
            Self::Options(_) => return None,
            Self::NoAccount | Self::SignedOut(_) => pending::Obstacle::NoAccount,
            Self::Expired(_) => pending::Obstacle::Expired,
            Self::NoLink(_) => pending::Obstacle::NoLink,
            Self::Locked | Self::NoKeyring | Self::NoPortal | Self::KeyringFailed => pending::Obstacle::Locked,
            Self::Changed { agreed, .. } => pending::Obstacle::ServerChanged { agreed: (**agreed).clone() },
            Self::NotBought { .. } => pending::Obstacle::NotBought,
            Self::Unreachable | Self::BadAnswer | Self::NotSecure(_) => {
                // An install that met a broken server is not one that an account would help.
                return (operation == pending::Operation::Update).then_some(pending::Obstacle::Unavailable);
            }
        })
    }
}

/// What a lookup found: an account that can be used, or the obstacle.
pub(crate) fn judge(found: &Lookup<'_>) -> Result<Account, Obstacle> {
    match found {
        Lookup::Linked(account) => match account.state {
            AccountState::SignedIn => Ok((*account).clone()),
            AccountState::Expired => Err(Obstacle::Expired(account.id)),
            AccountState::SignedOut => Err(Obstacle::SignedOut(account.id)),
        },
        Lookup::Unlinked(accounts) => Err(Obstacle::NoLink(match accounts.as_slice() {
            [one] => Some(one.id),
            _ => None,
        })),
        Lookup::Ambiguous(_) => Err(Obstacle::NoLink(None)),
        Lookup::Changed(account) => {
            Err(Obstacle::Changed { account: account.id, agreed: Box::new(account.binding.clone()) })
        }
        Lookup::Locked => Err(Obstacle::Locked),
        Lookup::Nothing => Err(Obstacle::NoAccount),
    }
}

impl From<&StoreError> for Obstacle {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::NoKeyring => Self::NoKeyring,
            StoreError::NoPortal => Self::NoPortal,
            StoreError::Locked | StoreError::Dismissed | StoreError::TimedOut => Self::Locked,
            StoreError::Keyring(_)
            | StoreError::Portal(_)
            | StoreError::File(_)
            | StoreError::NotKept
            | StoreError::LockFile(_) => Self::KeyringFailed,
        }
    }
}

/// The obstacle behind a failed question to the service; `account` is the one that was used.
pub(crate) fn refused(error: &SessionError, account: AccountId) -> Obstacle {
    match error {
        SessionError::SignedOut => Obstacle::SignedOut(account),
        SessionError::Expired => Obstacle::Expired(account),
        SessionError::Unexpected | SessionError::Http(HttpError::Unexpected) => Obstacle::BadAnswer,
        SessionError::Http(HttpError::Certificate(fault)) => Obstacle::NotSecure(*fault),
        SessionError::Http(
            HttpError::NoSuchHost | HttpError::Unreachable | HttpError::TimedOut | HttpError::Forbidden,
        ) => Obstacle::Unreachable,
        SessionError::Store(error) => error.into(),
    }
}
