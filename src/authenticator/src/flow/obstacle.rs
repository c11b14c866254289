// SPDX-License-Identifier: GPL-3.0-or-later
//! What keeps a request from its tokens, and which question to the person may help. Pure.

use std::{collections::BTreeSet, sync::Arc};

use usher_core::{
    account::{Account, AccountId, AccountState},
    binding::{Binding, OptionsError},
    http::{CertificateFault, HttpError, ProxyFault},
    lookup::Lookup,
    pending,
    prompt::{Kind, Reason},
    server_change,
    session::SessionError,
    store::StoreError,
};

/// What keeps a request from its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The remote's options are missing or malformed.
    Options(OptionsError),
    /// No account at the service.
    NoAccount,
    /// The person signed out of the account.
    SignedOut(AccountId),
    /// The service ended the sign-in.
    Expired(AccountId),
    /// The service gives the sign-in no usable answer, so that it may have ended.
    MayHaveEnded(AccountId),
    /// The remote has no permission to use an account, or may use several. Holds the account if there is only one.
    NoLink(Option<AccountId>),
    /// The person does not let the remote use an account at the service.
    Refused,
    /// The keyring is locked, or does not answer.
    Locked,
    /// No keyring is running.
    NoKeyring,
    /// Inside a sandbox: no portal opens the keyring.
    NoPortal,
    /// The keyring fails.
    KeyringFailed,
    /// The remote names another server than the one the person agreed to.
    Changed {
        /// The account that the remote may use.
        account: AccountId,
        /// Its binding.
        agreed: Box<Binding>,
        /// The hosts of the old and the new server ([`server_change::hosts`]).
        hosts: [String; 2],
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
    /// The account has no access to these apps, and its service sells none.
    NotOffered {
        /// The account.
        account: AccountId,
        /// The person's name at the service.
        user: String,
        /// The apps.
        ids: BTreeSet<String>,
    },
    /// The service cannot be reached.
    Unreachable,
    /// The way to the service leads through a proxy, and no further.
    Proxy(ProxyFault),
    /// The service's answer makes no sense.
    BadAnswer,
    /// The connection to the service is not secure.
    NotSecure(CertificateFault),
    /// The service offers only ways to sign in that flatpak cannot use.
    NotPossible,
    /// The sign-in has to be renewed, and the server that does so gives no usable answer.
    NotRenewed {
        /// That server.
        host: String,
        /// What is wrong there.
        error: HttpError,
    },
    /// Another process has renewed the sign-in, and the keyring has not saved it yet.
    NotSavedYet,
}

/// The question to the person that may remove an obstacle, and the reason for it.
pub(crate) fn question(obstacle: &Obstacle) -> Option<(Kind, Reason)> {
    match obstacle {
        Obstacle::NoAccount => Some((Kind::SignIn, Reason::NoAccount)),
        Obstacle::SignedOut(_) | Obstacle::Expired(_) => Some((Kind::SignIn, Reason::Rejected)),
        Obstacle::MayHaveEnded(_) => Some((Kind::SignIn, Reason::MayHaveEnded)),
        Obstacle::NoLink(_) => Some((Kind::Link, Reason::NoLink)),
        Obstacle::Locked => Some((Kind::Unlock, Reason::Locked)),
        Obstacle::NotBought { .. } => Some((Kind::Purchase, Reason::NotBought)),
        Obstacle::Options(_)
        | Obstacle::Refused
        | Obstacle::NoKeyring
        | Obstacle::NoPortal
        | Obstacle::KeyringFailed
        | Obstacle::Changed { .. }
        | Obstacle::NotOffered { .. }
        | Obstacle::Unreachable
        | Obstacle::Proxy(_)
        | Obstacle::BadAnswer
        | Obstacle::NotSecure(_)
        | Obstacle::NotPossible
        | Obstacle::NotRenewed { .. }
        | Obstacle::NotSavedYet => None,
    }
}

impl Obstacle {
    /// The account in question, if known.
    pub(crate) fn account(&self) -> Option<AccountId> {
        match self {
            Self::SignedOut(id) | Self::Expired(id) | Self::MayHaveEnded(id) => Some(*id),
            Self::NoLink(id) => *id,
            Self::Changed { account, .. } | Self::NotBought { account, .. } | Self::NotOffered { account, .. } => {
                Some(*account)
            }
            _ => None,
        }
    }

    /// The obstacle of a server that denies an account these apps.
    pub(crate) fn denied(account: &Account, ids: BTreeSet<String>) -> Self {
        let (id, user) = (account.id, account.label());
        match account.binding.provider.shop() {
            Some(_) => Self::NotBought { account: id, user, ids },
            None => Self::NotOffered { account: id, user, ids },
        }
    }

    /// The apps that the obstacle concerns; `None` if it concerns the whole request.
    pub(crate) fn apps(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::NotBought { ids, .. } | Self::NotOffered { ids, .. } => Some(ids),
            _ => None,
        }
    }

    /// How to note a request that met the obstacle; `None` if the window can offer nothing.
    pub(crate) fn noted(&self, operation: pending::Operation) -> Option<pending::Obstacle> {
        Some(match self {
            // What was refused is not asked again.
            Self::Options(_) | Self::Refused => return None,
            Self::NoAccount | Self::SignedOut(_) => pending::Obstacle::NoAccount,
            Self::Expired(_) | Self::MayHaveEnded(_) => pending::Obstacle::Expired,
            Self::NoLink(_) => pending::Obstacle::NoLink,
            Self::Locked | Self::NoKeyring | Self::NoPortal | Self::KeyringFailed | Self::NotSavedYet => {
                pending::Obstacle::Locked
            }
            Self::Changed { agreed, .. } => pending::Obstacle::ServerChanged { agreed: (**agreed).clone() },
            Self::NotBought { .. } => pending::Obstacle::NotBought,
            Self::NotOffered { .. } => {
                // Nobody can buy what an install stopped for. An update waits for access that comes in another way.
                return (operation == pending::Operation::Update).then_some(pending::Obstacle::NotBought);
            }
            Self::Unreachable | Self::Proxy(_) | Self::BadAnswer | Self::NotSecure(_) | Self::NotPossible => {
                // An account would not help an install that failed because of its server.
                return (operation == pending::Operation::Update).then_some(pending::Obstacle::Unavailable);
            }
            Self::NotRenewed { host, .. } => {
                let note = || pending::Obstacle::NotRenewed { host: host.clone() };
                return (operation == pending::Operation::Update).then(note);
            }
        })
    }
}

/// The usable account from a lookup for a remote that claims this binding, or the obstacle.
pub(crate) fn judge(found: &Lookup<'_>, claimed: &Binding) -> Result<Arc<Account>, Obstacle> {
    match found {
        Lookup::Linked(account) => match account.state {
            AccountState::SignedIn => Ok(Arc::clone(account)),
            AccountState::Expired => Err(Obstacle::Expired(account.id)),
            AccountState::SignedOut => Err(Obstacle::SignedOut(account.id)),
        },
        Lookup::Unlinked(accounts) => Err(Obstacle::NoLink(match accounts.as_slice() {
            [one] => Some(one.id),
            _ => None,
        })),
        Lookup::Ambiguous(_) => Err(Obstacle::NoLink(None)),
        Lookup::Changed(account) => {
            let hosts = server_change::hosts(&account.binding, claimed);
            Err(Obstacle::Changed { account: account.id, agreed: Box::new(account.binding.clone()), hosts })
        }
        Lookup::Locked => Err(Obstacle::Locked),
        Lookup::Nothing => Err(Obstacle::NoAccount),
    }
}

/// What remains of an obstacle for a remote that the person does not let use an account: nothing that a question could
/// remove. Only a permission, which is newer, counts for more.
pub(crate) fn when_refused(obstacle: Obstacle) -> Obstacle {
    match obstacle {
        Obstacle::NoLink(_) | Obstacle::NoAccount | Obstacle::Locked => Obstacle::Refused,
        other => other,
    }
}

impl From<&StoreError> for Obstacle {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::NoKeyring => Self::NoKeyring,
            StoreError::NoPortal => Self::NoPortal,
            StoreError::Locked | StoreError::Dismissed | StoreError::NotSetUp | StoreError::TimedOut => Self::Locked,
            StoreError::Keyring(_)
            | StoreError::Portal(_)
            | StoreError::File(_)
            | StoreError::NotKept
            | StoreError::LockFile(_) => Self::KeyringFailed,
        }
    }
}

/// The obstacle behind a failed call to the service; `account` is the one used.
pub(crate) fn refused(error: &SessionError, account: AccountId) -> Obstacle {
    match error {
        SessionError::SignedOut => Obstacle::SignedOut(account),
        SessionError::Expired | SessionError::Moved => Obstacle::Expired(account),
        SessionError::MayHaveEnded => Obstacle::MayHaveEnded(account),
        other => unserved(other),
    }
}

/// The obstacle behind a failed call that used no account.
pub(crate) fn unserved(error: &SessionError) -> Obstacle {
    match error {
        SessionError::NotPossible => Obstacle::NotPossible,
        SessionError::SignedOut
        | SessionError::Expired
        | SessionError::Moved
        | SessionError::MayHaveEnded
        | SessionError::Unexpected
        | SessionError::Http(HttpError::Unexpected) => Obstacle::BadAnswer,
        SessionError::Http(HttpError::Proxy(fault)) => Obstacle::Proxy(*fault),
        SessionError::Http(HttpError::Certificate(fault)) => Obstacle::NotSecure(*fault),
        SessionError::Http(
            HttpError::NoSuchHost | HttpError::Unreachable | HttpError::TimedOut | HttpError::Forbidden,
        ) => Obstacle::Unreachable,
        SessionError::NotRenewed { host, error } => Obstacle::NotRenewed { host: host.clone(), error: error.clone() },
        SessionError::NotSavedYet => Obstacle::NotSavedYet,
        SessionError::Store(error) => error.into(),
    }
}
