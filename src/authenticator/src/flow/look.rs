// SPDX-License-Identifier: GPL-3.0-or-later
//! The steps that requests and questions of stores have in common: find the account, ask its server.

use std::{
    collections::BTreeSet,
    sync::{MutexGuard, PoisonError},
};

use usher_core::{
    account::{Account, AccountId, AccountState},
    binding::Binding,
    buying::Access,
    lookup,
    provider::{Grants, TokensError},
    purchase,
    service::RemoteUrl,
};

use super::{
    Flow,
    decide::{self, Obstacle},
    ports::Reading,
};
use crate::token_cache::{Moment, TokenCache};

impl Flow {
    /// The account that a remote may use and that is signed in, or what stands in the way.
    pub(crate) async fn account(
        &self,
        claimed: &Binding,
        remote_url: &RemoteUrl,
        reading: Reading,
    ) -> Result<Account, Obstacle> {
        let entries = self.accounts.entries(reading).await.map_err(|error| {
            tracing::debug!(%error, "the keyring gave no accounts");
            Obstacle::from(&error)
        })?;
        decide::judge(&lookup::find(&entries, claimed, remote_url))
    }

    /// Asks the server of an account, in one call. A sign-in that the server does not accept any more is marked.
    pub(crate) async fn ask(&self, account: &Account, ids: &BTreeSet<String>) -> Result<Grants, Obstacle> {
        let credential = account.credential.as_ref().filter(|_| account.state == AccountState::SignedIn);
        let credential = credential.ok_or(Obstacle::SignedOut(account.id))?;
        // The stored binding decides where the credential goes, not the claimed one (rule R1).
        match self.tokens.get(&account.binding, credential, ids).await {
            Ok(grants) => Ok(grants),
            Err(error) => {
                tracing::debug!(host = account.binding.host(), %error, "the server gave no tokens");
                if error == TokensError::Rejected {
                    self.cache().forget(account.id);
                    self.accounts.mark_expired(account.id, credential).await;
                }
                Err(decide::refused(&error, account.id))
            }
        }
    }

    /// What a server has said, if that is news to the account's list of purchases.
    pub(crate) fn news(&self, account: &Account, said: impl FnOnce() -> Access) -> Option<(AccountId, Access)> {
        if account.purchases.is_empty() {
            return None;
        }
        let access = said();
        let mut purchases = account.purchases.clone();
        purchase::settle(&mut purchases, &access.granted, &access.denied, self.clock.now());
        (purchases != account.purchases).then_some((account.id, access))
    }

    pub(super) fn cache(&self) -> MutexGuard<'_, TokenCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), elapsed: self.clock.elapsed() }
    }
}
