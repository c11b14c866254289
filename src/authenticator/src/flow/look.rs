// SPDX-License-Identifier: GPL-3.0-or-later
//! Steps that flatpak's requests and the stores' questions share: find the account, ask its server.

use std::sync::{MutexGuard, PoisonError};

use usher_core::{
    account::{Account, AccountId},
    ask::Ask,
    buying::purchases,
    ground::Ground,
    lookup,
    provider::{Access, Grant, Grants},
};

use super::{
    Findings, Flow, RequestAttempt,
    obstacle::{self, Obstacle},
    ports::Reading,
};
use crate::token_cache::{Timestamp, TokenCache};

impl Flow {
    /// Looks at the keyring, then the cache, then the server. `findings` holds what came before an obstacle.
    pub(super) async fn look(
        &self,
        call: &RequestAttempt<'_>,
        afresh: bool,
        findings: &mut Findings,
    ) -> Result<(), Obstacle> {
        let reading = Reading { afresh, interactive: call.request.interactive };
        let account = findings.used.insert(self.account(&call.ground, reading).await?);
        findings.grants = self.cache().find(account, &call.ground.remote_url, &call.request.asks, self.timestamp());
        if !self.accounts.is_use_due(account) {
            return self.fetch(call, account, &mut findings.grants).await;
        }
        // Find out at the same time who uses the account.
        tokio::join!(self.fetch(call, account, &mut findings.grants), call.client()).0
    }

    /// The signed-in account that a remote may use, or the obstacle.
    pub(crate) async fn account(&self, ground: &Ground, reading: Reading) -> Result<Account, Obstacle> {
        let entries = self.accounts.entries(reading).await.map_err(|error| {
            tracing::debug!(%error, "cannot read the accounts");
            Obstacle::from(&error)
        })?;
        obstacle::judge(&lookup::find(&entries, &ground.binding, &ground.remote_url))
    }

    /// Asks the server for what the cache lacks.
    async fn fetch(
        &self,
        call: &RequestAttempt<'_>,
        account: &Account,
        grants: &mut [Option<Grant>],
    ) -> Result<(), Obstacle> {
        let (mut missing, mut asks) = (Vec::new(), Vec::new());
        for (index, ask) in call.request.asks.iter().enumerate().filter(|(index, _)| grants[*index].is_none()) {
            missing.push(index);
            asks.push(ask.clone());
        }
        if asks.is_empty() {
            return Ok(());
        }
        let said = match self.ask(account, &asks).await {
            Ok(said) => said,
            Err(obstacle) => {
                if matches!(obstacle, Obstacle::Expired(_)) {
                    grants.fill(None);
                }
                return Err(obstacle);
            }
        };
        let denied = said.access(&asks).denied;
        let mut cache = self.cache();
        if !denied.is_empty() {
            cache.forget(account.id);
        }
        cache.keep(account, &call.ground.remote_url, &asks, &said, self.timestamp());
        for (index, grant) in missing.into_iter().zip(said) {
            grants[index] = Some(grant);
        }
        if denied.is_empty() { Ok(()) } else { Err(Obstacle::not_bought(account, denied)) }
    }

    /// Asks an account's server, in one call.
    pub(crate) async fn ask(&self, account: &Account, asks: &[Ask]) -> Result<Grants, Obstacle> {
        self.tokens.get(account, asks).await.map_err(|error| {
            tracing::debug!(host = account.binding.host(), %error, "cannot get tokens from the server");
            let obstacle = obstacle::refused(&error, account.id);
            if matches!(obstacle, Obstacle::Expired(_)) {
                self.cache().forget(account.id);
            }
            obstacle
        })
    }

    /// The server's answer, if it is news for the account's list of purchases.
    pub(crate) fn news(&self, account: &Account, said: impl FnOnce() -> Access) -> Option<(AccountId, Access)> {
        if account.purchases.is_empty() {
            return None;
        }
        let access = said();
        let mut purchases = account.purchases.clone();
        purchases::settle(&mut purchases, &access, self.clock.now());
        (purchases != account.purchases).then_some((account.id, access))
    }

    fn cache(&self) -> MutexGuard<'_, TokenCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn timestamp(&self) -> Timestamp {
        Timestamp { now: self.clock.now(), elapsed: self.clock.elapsed() }
    }
}
