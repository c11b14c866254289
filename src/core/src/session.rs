// SPDX-License-Identifier: GPL-3.0-or-later
//! Gets tokens for an account, for downloads and for listings: the only caller of a provider for that. Finds the
//! credential, renews it under the account's lock, makes the call, notes a rejection, and records what the answer means
//! for purchases.
//!
//! ```text
//! renewal  a new credential, once for all who need it     kept     what the keyring has not saved
//! error    why there are no tokens                        listing  what opens the listing of a repository
//! ```

mod error;
mod kept;
mod listing;
mod renewal;

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

pub use self::{error::SessionError, renewal::Unfinished};
use self::{kept::Renewal, renewal::Renewals};
use crate::{
    account::{Account, AccountId, AccountState},
    ask::Ask,
    binding::Binding,
    clock,
    credential::Credential,
    ground::Ground,
    http::{HttpClient, HttpError},
    provider::{Acceptance, Access, Endpoints, Granted, Grants, Notes, TokensCall, TokensError},
    remote,
    store::{AccountStore, Entry, StoreError},
};

/// The accounts and a client to reach their servers. Cheap to clone. To be used in a tokio runtime.
#[derive(Clone)]
pub struct Session {
    store: AccountStore,
    http: HttpClient,
    renewals: Arc<Renewals>,
    notes: Arc<Notes>,
}

impl Session {
    /// A session for the accounts in this store.
    pub fn new(store: AccountStore, http: HttpClient) -> Self {
        Self { store, http, renewals: Arc::default(), notes: Arc::default() }
    }

    /// The accounts.
    pub fn store(&self) -> &AccountStore {
        &self.store
    }

    /// The HTTP client.
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// The account as the keyring has it now. Fails with [`SessionError::SignedOut`] if it is not signed in.
    pub async fn account(&self, id: AccountId) -> Result<Account, SessionError> {
        let entries = self.store.entries().await?;
        if entries.iter().any(|entry| matches!(entry, Entry::Locked(outline) if outline.id == id)) {
            return Err(StoreError::Locked.into());
        }
        let mut accounts = entries.into_iter().filter_map(Entry::into_account);
        let account = accounts.find(|account| account.id == id).filter(|account| credential_of(account).is_some());
        account.ok_or(SessionError::SignedOut)
    }

    /// Asks the account's server for some apps, or for a listing alone, in as few calls as it allows. The stored binding
    /// decides where the credential goes (rule R1). A credential that lapses is renewed first, and one that the server
    /// refuses is renewed once.
    pub async fn tokens(&self, account: &Account, asks: &[Ask]) -> Result<Grants, SessionError> {
        let stored = credential_of(account).ok_or(SessionError::SignedOut)?;
        if account.binding.provider.may_renew(stored) {
            return self.tokens_in_turn(account.id, asks).await;
        }
        let mut account = self.usable(account).await?;
        let mut answer = self.call(&account, asks).await;
        if matches!(answer, Err(TokensError::Rejected))
            && let Some(renewed) = self.instead_of(&account).await?
        {
            account = Cow::Owned(renewed);
            answer = self.call(&account, asks).await;
        }
        self.take(&account, asks, answer).await
    }

    /// Asks a server that may replace the credential with each call: one call at a time for each account. A second caller
    /// waits here, then finds the newer credential.
    async fn tokens_in_turn(&self, id: AccountId, asks: &[Ask]) -> Result<Grants, SessionError> {
        let _turn = self.store.lock_account(id).await?;
        let account = self.newest(self.account(id).await?);
        let answer = self.call(&account, asks).await;
        self.take(&account, asks, answer).await
    }

    /// Asks the server of a binding for what anybody may have, without an account. Ask only servers that serve anybody
    /// ([`Protocol::serves_anybody`](crate::provider::Protocol::serves_anybody)), for a remote of this computer (rule R25).
    pub async fn tokens_for_anybody(&self, binding: &Binding, asks: &[Ask]) -> Result<Grants, SessionError> {
        let endpoints = Endpoints::new();
        let call =
            TokensCall { http: &self.http, binding, credential: None, endpoints: &endpoints, asks, notes: &self.notes };
        Ok(get(call).await?.grants)
    }

    /// Those of a remote's apps that anybody may have without an account. None at a server that serves nobody without one.
    pub async fn open_to_anybody(
        &self,
        binding: &Binding,
        app_ids: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, SessionError> {
        if !binding.provider.serves_anybody() {
            return Ok(BTreeSet::new());
        }
        let asks: Vec<Ask> = app_ids.iter().map(|id| Ask::of_app(id)).collect();
        Ok(self.tokens_for_anybody(binding, &asks).await?.access(&asks).granted)
    }

    /// Saves what a server said about an account's purchases (rule R20).
    pub async fn settle(&self, id: AccountId, access: &Access) -> Result<(), StoreError> {
        self.store.change(id, |account| account.settle(access, clock::now())).await.map(|_| ())
    }

    /// Asks for tokens, and saves what the answer means for purchases. `ground` says which repository the apps are from.
    pub async fn tokens_settled(
        &self,
        account: &Account,
        asks: &[Ask],
        ground: Option<&Ground>,
    ) -> Result<Grants, SessionError> {
        let grants = self.tokens(account, asks).await?;
        let access = grants.access(asks);
        self.settle(account.id, &ground.map_or_else(|| access.clone(), |ground| access.clone().at(ground))).await?;
        Ok(grants)
    }

    /// Asks the account's server whether it accepts the sign-in, with samples of what its remote guards. `None` where every
    /// call for tokens shows that. If the server says no for good, the account's state says so from now on.
    pub async fn check(&self, account: &Account, samples: &[Ask]) -> Result<Option<Acceptance>, HttpError> {
        // What cannot be renewed now says nothing about the sign-in.
        let Ok(account) = self.usable(account).await else { return Ok(None) };
        let Some(credential) = credential_of(&account) else { return Ok(None) };
        let call = TokensCall {
            http: &self.http,
            binding: &account.binding,
            credential: Some(credential),
            endpoints: &account.endpoints,
            asks: samples,
            notes: &self.notes,
        };
        let answer = account.binding.provider.check(call).await?;
        if answer == Some(Acceptance::Refused { is_final: true })
            && let Err(error) = self.reject(account.id, credential).await
        {
            tracing::warn!(%error, "cannot save the end of a sign-in");
        }
        Ok(answer)
    }

    /// Marks the sign-in as ended, since the server no longer accepts this credential. Leaves a newer credential alone.
    pub async fn reject(&self, id: AccountId, credential: &Credential) -> Result<(), StoreError> {
        self.end(id, credential, false).await
    }

    /// The keyring may hold an older credential than the one that was refused.
    async fn end(&self, id: AccountId, refused: &Credential, is_moved: bool) -> Result<(), StoreError> {
        let kept = self.kept_for(id).filter(|renewal| renewal.new == *refused);
        let stored = kept.as_ref().map_or(refused, |renewal| &renewal.old);
        self.store.change(id, |account| account.reject(stored, is_moved)).await?;
        if kept.is_some() {
            self.take_unsaved(id);
        }
        Ok(())
    }

    async fn call(&self, account: &Account, asks: &[Ask]) -> Result<Granted, TokensError> {
        let call = TokensCall {
            http: &self.http,
            binding: &account.binding,
            credential: account.credential.as_ref(),
            endpoints: &account.endpoints,
            asks,
            notes: &self.notes,
        };
        get(call).await
    }

    /// Notes what an answer means for the account.
    async fn take(
        &self,
        account: &Account,
        asks: &[Ask],
        answer: Result<Granted, TokensError>,
    ) -> Result<Grants, SessionError> {
        let credential = credential_of(account).ok_or(SessionError::SignedOut)?;
        // The sign-in has ended, even if we cannot save that.
        if let Err(fault @ (TokensError::Rejected | TokensError::Moved)) = &answer
            && let Err(error) = self.end(account.id, credential, *fault == TokensError::Moved).await
        {
            tracing::warn!(%error, "cannot save the end of a sign-in");
        }
        // A server need not know listings, so that what it says about one shows nothing of the sign-in.
        let is_telling = !asks.iter().any(Ask::is_listing);
        if let Err(TokensError::Unexpected | TokensError::Http(HttpError::Unexpected)) = answer
            && is_telling
            && self.may_have_ended(account).await
        {
            return Err(SessionError::MayHaveEnded);
        }
        let granted = answer?;
        if account.failures > 0 && is_telling {
            self.note_failures(account.id, credential, 0).await;
        }
        if let Some(new) = granted.renewed {
            self.save(Renewal { account: account.clone(), old: credential.clone(), new }).await;
        }
        Ok(granted.grants)
    }

    /// Whether a sign-in that got no usable answer may have ended. Counts the failure; asks the server without the
    /// credential once there were enough, since one that answers nobody says nothing about the sign-in.
    async fn may_have_ended(&self, account: &Account) -> bool {
        if account.may_have_ended(clock::now()) {
            return true;
        }
        let mut failures = account.failures + 1;
        if failures >= Account::FAILURES {
            let answers = account.binding.provider.probe(&self.http, &account.binding.service).await;
            failures = if answers == Ok(true) { Account::FAILURES } else { Account::FAILURES - 1 };
        }
        if let Some(credential) = &account.credential {
            self.note_failures(account.id, credential, failures).await;
        }
        failures >= Account::FAILURES
    }

    /// Saves how often in a row this credential got no usable answer. Leaves a newer credential alone.
    async fn note_failures(&self, id: AccountId, credential: &Credential, failures: u8) {
        let noted = self.store.change(id, |account| {
            if account.credential.as_ref() == Some(credential) {
                account.failures = failures;
            }
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "cannot save how often a sign-in failed");
        }
    }
}

/// Asks a server for what the call wants: tokens for apps, or one for a listing.
async fn get(call: TokensCall<'_>) -> Result<Granted, TokensError> {
    let provider = call.binding.provider;
    if call.asks.iter().any(Ask::is_listing) {
        return provider.listing(call).await;
    }
    let asks = &complete(call.binding, call.asks).await;
    provider.tokens(TokensCall { asks, ..call }).await
}

/// Puts the refs that flatpak has cached in the place of apps, where a server needs to know more than an app's id.
async fn complete<'a>(binding: &Binding, asks: &'a [Ask]) -> Cow<'a, [Ask]> {
    if !binding.provider.asks_by_ref() || asks.iter().all(|ask| ask.full_ref().is_some()) {
        return asks.into();
    }
    let mut asks = asks.to_vec();
    let ids: Vec<String> = asks.iter().map(|ask| ask.app_id().to_owned()).collect();
    let known = remote::samples_at(binding, &ids).await;
    for ask in asks.iter_mut().filter(|ask| ask.full_ref().is_none()) {
        if let Some(found) = known.iter().find(|found| found.app_id() == ask.app_id()) {
            *ask = found.clone();
        }
    }
    asks.into()
}

/// The account's credential, if it is signed in.
fn credential_of(account: &Account) -> Option<&Credential> {
    account.credential.as_ref().filter(|_| account.state == AccountState::SignedIn)
}

#[cfg(test)]
mod tests;
