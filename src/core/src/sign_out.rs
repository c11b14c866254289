// SPDX-License-Identifier: GPL-3.0-or-later
//! Forgets sign-ins and accounts on this computer, then asks their server to end the sign-in, and says what came of it.

use std::time::Duration;

use crate::{
    account::{Account, AccountId},
    binding::Binding,
    credential::Credential,
    http::{HttpClient, HttpError},
    i18n::{gettext, gettext_f},
    patience::within,
    provider::{Endpoints, RenewCall, Revoked},
    session::Session,
    store::{Entry, StoreError},
};

/// Longest time to wait for the server. Nothing on this computer depends on its answer.
const LIMIT: Duration = Duration::from_secs(10);
/// Longest time to wait for a renewal under way.
const RENEWAL_LIMIT: Duration = Duration::from_secs(3);

/// An account after its credential was forgotten.
#[derive(Debug)]
pub struct SignedOut {
    /// The account as it stands in the keyring.
    pub account: Account,
    /// What became of the sign-in at the server.
    pub ending: Ending,
}

/// What became of a sign-in at its server, after this computer forgot it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The server ended it, or had ended it before.
    Ended,
    /// The server keeps no sign-ins, or has no way to end them.
    NotOffered,
    /// The server was not reached, or did not say that it ended it.
    Failed(HttpError),
    /// There was none to end.
    Nothing,
    /// The keyring is locked, so nobody could read what to end.
    Unread,
}

/// A sign-in that this computer has forgotten, and whose server does not know that yet.
#[must_use = "the server still has the sign-in"]
pub struct Forgotten(Option<SignInAtServer>);

/// What a server needs to end a sign-in.
enum SignInAtServer {
    Read(Box<(Binding, Credential, Endpoints)>),
    Unread,
}

/// Forgets the credential of an account, and asks its server to end the sign-in. `None` if the account is gone.
pub async fn sign_out(session: &Session, id: AccountId) -> Result<Option<SignedOut>, StoreError> {
    // A renewal under way brings the credential that there is to end. If it takes too long, it ends that itself.
    let turn = within(RENEWAL_LIMIT, session.store().lock_account(id)).await;
    let mut forgotten = None;
    let Some(account) = session.store().change(id, |account| forgotten = account.sign_out()).await? else {
        return Ok(None);
    };
    let forgotten = session.take_unsaved(id).or(forgotten);
    drop(turn);
    let ending = Forgotten::of(&account, forgotten).end(session.http()).await;
    Ok(Some(SignedOut { account, ending }))
}

/// Removes an account with everything that is stored for it. [`Forgotten::end`] then tells the server.
pub async fn remove(session: &Session, id: AccountId) -> Result<Forgotten, StoreError> {
    let _turn = within(RENEWAL_LIMIT, session.store().lock_account(id)).await;
    let entries = session.store().entries().await?;
    let forgotten = entries.into_iter().find_map(|entry| match entry {
        Entry::Open(account) if account.id == id => {
            Some(Forgotten::of(&account, session.take_unsaved(id).or_else(|| account.credential.clone())))
        }
        Entry::Locked(outline) if outline.id == id => Some(Forgotten(Some(SignInAtServer::Unread))),
        _ => None,
    });
    session.store().remove(id).await?;
    Ok(forgotten.unwrap_or(Forgotten(None)))
}

impl Forgotten {
    fn of(account: &Account, credential: Option<Credential>) -> Self {
        let (binding, endpoints) = (account.binding.clone(), account.endpoints.clone());
        Self(credential.map(|credential| SignInAtServer::Read(Box::new((binding, credential, endpoints)))))
    }

    /// Asks the server to end the sign-in.
    pub async fn end(self, http: &HttpClient) -> Ending {
        let (binding, credential, endpoints) = match self.0 {
            None => return Ending::Nothing,
            Some(SignInAtServer::Unread) => return Ending::Unread,
            Some(SignInAtServer::Read(read)) => *read,
        };
        let call = RenewCall { http, binding: &binding, credential: &credential, endpoints: &endpoints };
        let revoked = within(LIMIT, binding.provider.revoke(call)).await;
        let ending = match revoked.unwrap_or(Err(HttpError::TimedOut)) {
            Ok(Revoked::Ended) => Ending::Ended,
            Ok(Revoked::NotOffered) => Ending::NotOffered,
            Err(error) => Ending::Failed(error),
        };
        if let Ending::Failed(error) = &ending {
            tracing::warn!(%error, "the server did not end a sign-in");
        }
        ending
    }
}

impl Ending {
    /// The word for it in output that programs read.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::NotOffered => "not-offered",
            Self::Failed(_) | Self::Unread => "not-ended",
            Self::Nothing => "nothing-to-end",
        }
    }

    /// What signing out did: for a message in a window. A single sentence has no full stop.
    pub fn signed_out(&self, host: &str) -> String {
        let values = &[("host", host)];
        match self {
            Self::Ended => gettext_f("Signed out of {host}", values),
            Self::Nothing | Self::Unread => gettext("Signed out on this computer"),
            Self::NotOffered => gettext_f("Signed out on this computer. {host} keeps no sign-ins to end.", values),
            Self::Failed(HttpError::Unexpected) => {
                gettext_f("Signed out on this computer only. {host} did not say that it ended the sign-in.", values)
            }
            Self::Failed(HttpError::Certificate(_)) => {
                gettext_f("Signed out on this computer only. The connection to {host} is not secure.", values)
            }
            Self::Failed(_) => gettext_f("Signed out on this computer only. {host} could not be reached.", values),
        }
    }

    /// The same for a terminal: whole sentences.
    pub fn signed_out_sentence(&self, host: &str) -> String {
        match self {
            Self::Ended => gettext_f("Signed out of {host}.", &[("host", host)]),
            Self::Nothing | Self::Unread => gettext("Signed out on this computer."),
            Self::NotOffered | Self::Failed(_) => self.signed_out(host),
        }
    }

    /// What removing an account did: for a message in a window. A single sentence has no full stop.
    pub fn removed(&self, host: &str) -> String {
        let values = &[("host", host)];
        match self {
            Self::Ended | Self::Nothing => gettext("Account removed"),
            Self::NotOffered => gettext_f("Account removed. {host} keeps no sign-ins to end.", values),
            Self::Failed(HttpError::Unexpected) => gettext_f(
                "Account removed on this computer only. {host} did not say that it ended the sign-in.",
                values,
            ),
            Self::Failed(HttpError::Certificate(_)) => {
                gettext_f("Account removed on this computer only. The connection to {host} is not secure.", values)
            }
            Self::Failed(_) => gettext_f("Account removed on this computer only. {host} could not be reached.", values),
            Self::Unread => gettext_f(
                "Account removed on this computer only. The keyring is locked, so the sign-in at {host} was not ended.",
                values,
            ),
        }
    }

    /// The same for a terminal: whole sentences.
    pub fn removed_sentence(&self, host: &str) -> String {
        match self {
            Self::Ended | Self::Nothing => gettext("Account removed."),
            Self::NotOffered | Self::Failed(_) | Self::Unread => self.removed(host),
        }
    }
}

#[cfg(test)]
mod tests;
