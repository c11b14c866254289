// SPDX-License-Identifier: GPL-3.0-or-later
//! Renews credentials: before they lapse, and after a server has refused one. Once for any number of calls of all processes,
//! under the account's lock, saved before it is used. A renewal that has begun goes on whoever stops waiting for it: the
//! server may have used up the old credential.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::ErrorKind,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::sync::watch;

use super::{
    Session, SessionError, credential_of,
    kept::{Kept, Renewal},
};
use crate::{
    account::{Account, AccountId},
    clock,
    credential::Credential,
    http::HttpError,
    provider::{RenewCall, TokensError},
    store::StoreError,
};

/// For so long a renewed credential is used whatever it says of its end, which may be absurd.
const FRESH: Duration = Duration::from_secs(30);

/// A renewal under way. Everybody who needs it waits for the same one.
type UnderWay = Shared<BoxFuture<'static, Result<Account, SessionError>>>;

/// Work that must not get lost when the process ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// Renewals whose server has not answered.
    pub under_way: usize,
    /// Renewed sign-ins that the keyring has not saved.
    pub unsaved: usize,
}

impl Unfinished {
    /// Whether there is any.
    pub fn is_any(self) -> bool {
        self != Self::default()
    }
}

/// What a session knows of its renewals.
#[derive(Default)]
pub(super) struct Renewals {
    under_way: Mutex<HashMap<AccountId, UnderWay>>,
    last: Mutex<HashMap<AccountId, Instant>>,
    pub(super) kept: Mutex<Kept>,
    pub(super) unfinished: watch::Sender<Unfinished>,
}

impl Session {
    /// Follows what must not get lost when the process ends.
    pub fn unfinished(&self) -> watch::Receiver<Unfinished> {
        self.renewals.unfinished.subscribe()
    }

    /// Waits for renewals under way, then tries once more to save what the keyring has not saved. Gives what is left.
    pub async fn finish(&self) -> Unfinished {
        let mut unfinished = self.unfinished();
        // The sender lives as long as this session.
        let _ = unfinished.wait_for(|unfinished| unfinished.under_way == 0).await;
        self.save_kept().await;
        *self.unfinished().borrow()
    }

    /// The account with a credential to use now: renewed, if it lapses. Reads the keyring only then.
    pub async fn usable<'a>(&self, account: &'a Account) -> Result<Cow<'a, Account>, SessionError> {
        let account = if self.kept_for(account.id).is_some() {
            Cow::Owned(self.newest(account.clone()))
        } else {
            Cow::Borrowed(account)
        };
        let credential = credential_of(&account).ok_or(SessionError::SignedOut)?;
        if self.has_to_be_renewed(&account, credential) {
            return self.renewed(&account, credential).await.map(Cow::Owned);
        }
        Ok(account)
    }

    /// The account with another credential than the one that its server has just refused. `None` if there is no other.
    pub(super) async fn instead_of(&self, account: &Account) -> Result<Option<Account>, SessionError> {
        let Some(refused) = credential_of(account) else { return Ok(None) };
        if !account.binding.provider.is_renewable(refused) {
            return Ok(None);
        }
        let renewed = self.renewed(account, refused).await?;
        Ok(Some(renewed).filter(|renewed| renewed.credential.as_ref() != Some(refused)))
    }

    fn has_to_be_renewed(&self, account: &Account, credential: &Credential) -> bool {
        let provider = account.binding.provider;
        provider.lapses(credential, clock::now()) && provider.is_renewable(credential) && !self.is_fresh(account.id)
    }

    fn is_fresh(&self, id: AccountId) -> bool {
        let last = self.renewals.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.get(&id).is_some_and(|last| last.elapsed() < FRESH)
    }

    /// The account with another credential than `old`.
    async fn renewed(&self, account: &Account, old: &Credential) -> Result<Account, SessionError> {
        let under_way = {
            let mut all = self.renewals.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(account.id).or_insert_with(|| self.begin(account.id, old.clone())).clone()
        };
        under_way.await
    }

    /// Begins a renewal, in a task of its own.
    fn begin(&self, id: AccountId, old: Credential) -> UnderWay {
        self.renewals.unfinished.send_modify(|unfinished| unfinished.under_way += 1);
        let session = self.clone();
        let renewing = tokio::spawn(async move {
            let _over = Over { session: &session, id };
            session.renew_in_turn(id, old).await
        });
        let renewing = async { renewing.await.unwrap_or(Err(SessionError::Unexpected)) };
        renewing.boxed().shared()
    }

    async fn renew_in_turn(&self, id: AccountId, old: Credential) -> Result<Account, SessionError> {
        let turn = self.store.lock_account(id).await;
        if let Err(StoreError::LockFile(error)) = &turn
            && error.kind() == ErrorKind::TimedOut
        {
            // Another process waits for the same server.
            let account = self.account(id).await?;
            return Err(not_renewed(&account, HttpError::TimedOut));
        }
        let _turn = turn?;
        let mut account = self.read_newest(id).await?;
        loop {
            let used = credential_of(&account).ok_or(SessionError::SignedOut)?.clone();
            let is_newer = used != old && !self.has_to_be_renewed(&account, &used);
            if is_newer || !account.binding.provider.is_renewable(&used) {
                return Ok(account);
            }
            match self.renew(&account, &used).await {
                Err(SessionError::Expired) => {
                    // Another process may have saved a newer one.
                    account = self.read_newest(id).await?;
                    if credential_of(&account).is_none_or(|credential| *credential == used) {
                        if let Err(error) = self.reject(id, &used).await {
                            tracing::warn!(%error, "cannot save the end of a sign-in");
                        }
                        return Err(SessionError::Expired);
                    }
                }
                renewed => return renewed,
            }
        }
    }

    async fn read_newest(&self, id: AccountId) -> Result<Account, SessionError> {
        Ok(self.newest(self.account(id).await?))
    }

    /// Asks the server for a new credential, and saves it.
    async fn renew(&self, account: &Account, used: &Credential) -> Result<Account, SessionError> {
        if self.kept_for(account.id).is_none() && self.store.is_marked(account.id).await {
            return Err(SessionError::NotSavedYet);
        }
        let (http, binding, endpoints) = (&self.http, &account.binding, &account.endpoints);
        let call = RenewCall { http, binding, credential: used, endpoints };
        let new = binding.provider.renew(call).await.map_err(|error| match error {
            TokensError::Rejected => SessionError::Expired,
            TokensError::Ended => SessionError::MayHaveEnded,
            TokensError::Moved => SessionError::Moved,
            TokensError::Http(error) => not_renewed(account, error),
            TokensError::NotPossible | TokensError::Unexpected => not_renewed(account, HttpError::Unexpected),
        })?;
        self.renewals.last.lock().unwrap_or_else(PoisonError::into_inner).insert(account.id, Instant::now());
        let mut renewed = account.clone();
        renewed.credential = Some(new.clone());
        self.save(Renewal { account: renewed.clone(), old: used.clone(), new }).await;
        Ok(renewed)
    }
}

fn not_renewed(account: &Account, error: HttpError) -> SessionError {
    SessionError::NotRenewed { host: account.binding.provider.signs_in_at(&account.binding).host(), error }
}

/// Takes a renewal off the list, also if it panics.
struct Over<'a> {
    session: &'a Session,
    id: AccountId,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        let renewals = &self.session.renewals;
        renewals.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
        renewals.unfinished.send_modify(|unfinished| unfinished.under_way -= 1);
    }
}
