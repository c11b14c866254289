// SPDX-License-Identifier: GPL-3.0-or-later
//! Steps that flatpak's requests and the stores' questions share: find the account, ask its server, ask the person about an
//! obstacle, and look again.

use std::sync::{Arc, MutexGuard, PoisonError};

use async_trait::async_trait;
use usher_core::{
    account::{Account, AccountId},
    ask::Ask,
    ground::Ground,
    lookup,
    prompt::Kind,
    provider::{Access, Grant, Grants, Sorted},
    store::Entry,
};

use super::{
    Findings, Flow, Missing, RequestAttempt,
    obstacle::{self, Obstacle},
    outcome::Asked,
    ports::{Ending, Question, Reading},
};
use crate::token_cache::{Holder, Timestamp, TokenCache};

/// A goal that a person may be asked about.
#[async_trait]
pub(crate) trait Attempt: Sync {
    /// The result of a look.
    type Findings: Send;

    /// Looks at keyring and server without waiting for a person. `afresh` after an answered question.
    async fn look(&self, afresh: bool) -> (Self::Findings, Option<Obstacle>);

    /// The question to the person about an obstacle. `None` if no question helps, or nobody may be asked.
    async fn question(&self, obstacle: &Obstacle) -> Option<Question>;

    /// Where to note the questions to the person, if it matters.
    fn asked(&self) -> Option<&Asked> {
        None
    }
}

/// The result of the last look, and the obstacle that remains.
pub(crate) struct Attempted<T> {
    pub(crate) findings: T,
    pub(crate) blocked: Option<(Obstacle, Stop)>,
}

/// Why to stop asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// No new question would help, or none may be asked.
    NothingToAsk,
    /// A question ended without success.
    Ended(Ending),
    /// The service does not sell the app.
    NotOffered,
}

impl Flow {
    /// Asks about each obstacle until none is left; asks each kind of question once.
    pub(crate) async fn attempt<W: Attempt>(&self, wanted: &W) -> Attempted<W::Findings> {
        let mut asked: Vec<Kind> = Vec::new();
        let mut is_offered = true;
        loop {
            let (findings, obstacle) = wanted.look(!asked.is_empty()).await;
            let Some(obstacle) = obstacle else {
                return Attempted { findings, blocked: None };
            };
            tracing::debug!(?obstacle, ?asked, "met an obstacle");
            if !is_offered {
                let stop = if obstacle.apps().is_some() { Stop::NotOffered } else { Stop::NothingToAsk };
                return Attempted { findings, blocked: Some((obstacle, stop)) };
            }
            let question = wanted.question(&obstacle).await.filter(|question| !asked.contains(&question.kind));
            let Some(question) = question else {
                return Attempted { findings, blocked: Some((obstacle, Stop::NothingToAsk)) };
            };
            let kind = question.kind;
            let ending = self.ask_person(question, wanted.asked()).await;
            tracing::debug!(?kind, ?ending, "a prompt ended");
            asked.push(kind);
            match ending {
                Ending::Done => {}
                // A window that began with signing in may have ended here, so look again to see what it means.
                Ending::NotOffered => is_offered = false,
                other => return Attempted { findings, blocked: Some((obstacle, Stop::Ended(other))) },
            }
        }
    }

    async fn ask_person(&self, question: Question, noted: Option<&Asked>) -> Ending {
        if let Some(asked) = noted {
            asked.note(question.kind);
        }
        let ending = self.prompts.ask(question).await;
        if let Some(asked) = noted.filter(|_| !ending.was_shown()) {
            asked.take_back();
        }
        ending
    }

    /// Looks at the keyring, then the cache, then the server. `findings` holds what came before an obstacle.
    pub(super) async fn look(
        &self,
        call: &RequestAttempt<'_>,
        afresh: bool,
        findings: &mut Findings,
    ) -> Result<(), Obstacle> {
        let reading = Reading { afresh, interactive: call.request.interactive };
        self.serve_anybody(call, findings).await?;
        if findings.is_complete() {
            return Ok(());
        }
        // The keyring takes a while, and so do certificates.
        let reading = self.account(&call.ground, reading);
        let (account, ()) = tokio::join!(reading, self.tokens.prepare(&call.ground.binding));
        let account = account?;
        findings.used = Some(account.clone());
        let holder = Holder::Account(&account);
        let known = self.cache().find(holder, &call.ground.remote_url, &call.request.asks, self.timestamp());
        findings.add(known);
        self.fetch(call, &account, findings).await
    }

    /// Gets what anybody may have: such refs need no account, whether there is one or not.
    async fn serve_anybody(&self, call: &RequestAttempt<'_>, findings: &mut Findings) -> Result<(), Obstacle> {
        let (binding, remote_url) = (&call.ground.binding, &call.ground.remote_url);
        // Nobody is contacted for a remote that this computer does not have (rule R25).
        if !binding.provider.serves_anybody() || !call.is_configured().await {
            return Ok(());
        }
        let holder = Holder::Anybody(binding);
        findings.grants = self.cache().find(holder, remote_url, &call.request.asks, self.timestamp());
        let missing = findings.missing(&call.request.asks);
        if !missing.asks.is_empty() {
            let said = self.tokens.get_for_anybody(binding, &missing.asks).await.map_err(|error| {
                tracing::debug!(host = binding.host(), %error, "cannot find out what anybody may have");
                obstacle::unserved(&error)
            })?;
            self.cache().keep(holder, remote_url, &missing.asks, &said, self.timestamp());
            for (index, grant) in missing.indexes.into_iter().zip(said) {
                findings.grants[index] = Some(grant).filter(|grant| *grant != Grant::Denied);
            }
        }
        findings.for_anybody = findings.grants.iter().map(Option::is_some).collect();
        Ok(())
    }

    /// The signed-in account that a remote may use, or the obstacle.
    pub(crate) async fn account(&self, ground: &Ground, reading: Reading) -> Result<Arc<Account>, Obstacle> {
        match self.account_by(ground, reading).await {
            // Some keyrings report no changes, so what was read before may hide what has been put right since.
            Err(_) if !reading.afresh => self.account_by(ground, Reading { afresh: true, ..reading }).await,
            found => found,
        }
    }

    async fn account_by(&self, ground: &Ground, reading: Reading) -> Result<Arc<Account>, Obstacle> {
        // What is known already asks nobody to unlock anything, and a permission counts for more than a refusal.
        let known = self.accounts.known().filter(|_| !reading.afresh);
        if let Some(Ok(account)) = known.map(|entries| usable(&entries, ground)) {
            return Ok(account);
        }
        let is_refused = self.decisions.is_refused(ground).await;
        // Nobody unlocks a keyring for a remote that may not use what is in it.
        let reading = Reading { interactive: reading.interactive && !is_refused, ..reading };
        let found = match self.accounts.entries(reading).await {
            Ok(entries) => usable(&entries, ground),
            Err(error) => {
                tracing::debug!(%error, "cannot read the accounts");
                Err(Obstacle::from(&error))
            }
        };
        if is_refused { found.map_err(obstacle::when_refused) } else { found }
    }

    /// Asks the server for what the cache lacks.
    async fn fetch(
        &self,
        call: &RequestAttempt<'_>,
        account: &Arc<Account>,
        findings: &mut Findings,
    ) -> Result<(), Obstacle> {
        let Missing { indexes, asks } = findings.missing(&call.request.asks);
        if asks.is_empty() {
            return Ok(());
        }
        let said = match self.ask(account, &asks).await {
            Ok(said) => said,
            Err(obstacle) => {
                if matches!(obstacle, Obstacle::Expired(_)) {
                    findings.forget_account();
                }
                return Err(obstacle);
            }
        };
        let denied = said.denied(&asks);
        let mut cache = self.cache();
        if !denied.is_empty() {
            cache.forget(account.id);
        }
        cache.keep(Holder::Account(account), &call.ground.remote_url, &asks, &said, self.timestamp());
        for (index, grant) in indexes.into_iter().zip(said) {
            findings.grants[index] = Some(grant);
        }
        if denied.is_empty() { Ok(()) } else { Err(Obstacle::denied(account, denied)) }
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

    fn cache(&self) -> MutexGuard<'_, TokenCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn timestamp(&self) -> Timestamp {
        Timestamp { now: self.clock.now(), elapsed: self.clock.elapsed() }
    }
}

/// The account among these that a remote may use, if it is signed in, or the obstacle.
fn usable(entries: &[Entry], ground: &Ground) -> Result<Arc<Account>, Obstacle> {
    obstacle::judge(&lookup::find(entries, &ground.binding, &ground.remote_url), &ground.binding)
}

/// The server's answer about apps of this repository, if it is news for the account's list of purchases.
pub(crate) fn news(account: &Account, said: Sorted<'_>, ground: Option<&Ground>) -> Option<(AccountId, Access)> {
    let news = account.is_news(&said, ground.is_some()).then(|| Access::from(said))?;
    Some((account.id, Access { ground: ground.cloned(), ..news }))
}
