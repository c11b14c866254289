// SPDX-License-Identifier: GPL-3.0-or-later
//! The path of one request: resolve, find the account, get tokens, answer. What it needs comes in through traits, what
//! it decides is a table ([`decide`]); nothing here knows of D-Bus.

mod answer;
mod decide;
mod look;
mod occasion;
mod ports;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use usher_core::{
    account::{Account, AccountId},
    binding::Binding,
    buying::Access,
    names::usherctl,
    pending::{Operation, Pending},
    prompt::{Kind, Reason},
    provider::Grant,
    remote,
    service::RemoteUrl,
};

use self::decide::{Course, Wish};
pub(crate) use self::{
    answer::{After, Answer, Reply, Results},
    decide::{Obstacle, question},
    occasion::{Asker, Occasion},
    ports::{Accounts, Clients, Clock, Ending, Installations, Prompts, Question, Reading, Tokens},
};
use crate::{
    limits::Request,
    messages::{self, Names, Place},
    token_cache::TokenCache,
};

/// What requests are answered with.
pub(crate) struct Flow {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) tokens: Arc<dyn Tokens>,
    pub(crate) prompts: Arc<dyn Prompts>,
    pub(crate) installations: Arc<dyn Installations>,
    pub(crate) clients: Arc<dyn Clients>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cache: Mutex<TokenCache>,
    /// Longest time for a look at keyring and server, a person's time not counted.
    pub(crate) limit: Duration,
    /// Whether this session has a screen.
    pub(crate) has_display: bool,
}

/// A request whose options and address make sense.
struct Claim<'a> {
    request: &'a Request,
    peer: &'a str,
    binding: Binding,
    remote_url: RemoteUrl,
    ids: BTreeSet<String>,
}

/// What keyring and server gave.
struct Found {
    granted: BTreeMap<String, Grant>,
    used: Option<Account>,
    /// The name of the client, where it was asked for already.
    client: Option<String>,
    obstacle: Option<Obstacle>,
}

impl Flow {
    /// Answers a request of `peer`.
    pub(crate) async fn answer(&self, request: &Request, peer: &str) -> Reply {
        let remote_url = match RemoteUrl::parse(&request.remote_uri) {
            Ok(url) => url,
            Err(reason) => {
                // Nothing secret goes there; the pull decides (rule R2).
                tracing::debug!(remote = request.remote, %reason, "no account is used for this address");
                return Answer::without_tokens(&request.refs).into();
            }
        };
        let binding = match request.claimed() {
            Ok(binding) => binding,
            Err(error) => {
                tracing::debug!(remote = request.remote, %error, "the options cannot be used");
                let obstacle = Obstacle::Options(error);
                return match self.operation(request) {
                    Operation::Update => Answer::without_tokens(&request.refs).into(),
                    Operation::Install => self.refuse(&obstacle, Place::Usher, &request.remote, "").into(),
                };
            }
        };
        let ids = request.app_ids();
        self.pursue(&Claim { request, peer, binding, remote_url, ids }).await
    }

    /// Looks for tokens, asks the person where that may help, and looks again.
    async fn pursue(&self, claim: &Claim<'_>) -> Reply {
        let mut asked: Vec<Kind> = Vec::new();
        let mut is_offered = true;
        loop {
            let found = self.look(claim, !asked.is_empty()).await;
            let Some(obstacle) = found.obstacle.clone() else {
                return self.covered(claim, found);
            };
            let operation = self.operation(claim.request);
            let wish = Wish { operation, interactive: claim.request.interactive };
            let course = decide::course(&obstacle, wish);
            tracing::debug!(remote = claim.request.remote, ?obstacle, ?operation, ?course, "an obstacle");
            // Without ground in an installation there is neither a window nor a row in one (rule R25).
            let grounded = self.is_configured(claim.request);
            let client = self.clients.name(claim.peer).await;
            let after = || After {
                note: grounded.then(|| self.note(claim, &obstacle, &found, operation, &client)).flatten(),
                settled: self.settled(&found),
                occasion: found.finished(&claim.asker()),
                ..After::default()
            };
            match course {
                Course::LeaveOut(question) => {
                    let question = question.filter(|_| grounded);
                    let question =
                        question.map(|(kind, reason)| claim.question(kind, reason, &obstacle, &client, true));
                    let answer = Answer::with_tokens(&claim.request.refs, &found.granted);
                    let left_out = || grounded.then(|| Occasion::left_out(&obstacle, wish, &claim.asker())).flatten();
                    let mut after = after();
                    // What is left out is told again with the next update, what was finished is not.
                    after.occasion = after.occasion.or_else(left_out);
                    return Reply { answer, after: After { covered: after.note.is_some(), question, ..after } };
                }
                Course::Ask(..) if !is_offered && obstacle.apps().is_some() => {
                    let message = messages::not_offered(&obstacle, &claim.binding.host());
                    return Reply { answer: Answer::failed(&obstacle, message), after: after() };
                }
                Course::Ask(kind, reason) if grounded && is_offered && !asked.contains(&kind) => {
                    let ending = self.prompts.ask(claim.question(kind, reason, &obstacle, &client, false)).await;
                    tracing::debug!(?kind, ?ending, "a prompt ended");
                    asked.push(kind);
                    match ending {
                        Ending::Done => {}
                        // A window that began with signing in may have come to it: what it means is seen anew.
                        Ending::NotOffered => is_offered = false,
                        other => return Reply { answer: self.after_prompt(claim, &obstacle, other), after: after() },
                    }
                }
                Course::Ask(..) | Course::Refuse => {
                    return Reply { answer: self.refuse_claim(claim, &obstacle, Place::Usher), after: after() };
                }
            }
        }
    }

    /// Keyring, then server. Nothing of it waits for a person.
    async fn look(&self, claim: &Claim<'_>, afresh: bool) -> Found {
        let mut found = Found { granted: BTreeMap::new(), used: None, client: None, obstacle: None };
        if tokio::time::timeout(self.limit, self.look_into(claim, afresh, &mut found)).await.is_err() {
            // The keyring has a shorter limit of its own, so it is the server that is slow.
            found.obstacle = Some(Obstacle::Unreachable);
        }
        found
    }

    async fn look_into(&self, claim: &Claim<'_>, afresh: bool, found: &mut Found) {
        let reading = Reading { afresh, interactive: claim.request.interactive };
        let account = match self.account(&claim.binding, &claim.remote_url, reading).await {
            Ok(account) => account,
            Err(obstacle) => {
                found.obstacle = Some(obstacle);
                return;
            }
        };
        found.granted = self.cache().find(&account, &claim.remote_url, &claim.ids, self.moment());
        let missing: BTreeSet<String> =
            claim.ids.iter().filter(|id| !found.granted.contains_key(*id)).cloned().collect();
        if self.accounts.is_use_due(&account) {
            let (obstacle, client) =
                tokio::join!(self.fetch(claim, &account, &missing, &mut found.granted), self.clients.name(claim.peer));
            (found.obstacle, found.client) = (obstacle, Some(client));
        } else {
            found.obstacle = self.fetch(claim, &account, &missing, &mut found.granted).await;
        }
        found.used = Some(account);
    }

    /// Asks the server for what the cache does not have.
    async fn fetch(
        &self,
        claim: &Claim<'_>,
        account: &Account,
        missing: &BTreeSet<String>,
        granted: &mut BTreeMap<String, Grant>,
    ) -> Option<Obstacle> {
        if missing.is_empty() {
            return None;
        }
        match self.ask(account, missing).await {
            Ok(grants) => {
                let mut cache = self.cache();
                if !grants.denied.is_empty() {
                    cache.forget(account.id);
                }
                cache.keep(account, &claim.remote_url, &grants.granted, self.moment());
                granted.extend(grants.granted);
                (!grants.denied.is_empty()).then(|| Obstacle::not_bought(account, grants.denied))
            }
            Err(obstacle) => {
                if matches!(obstacle, Obstacle::Expired(_)) {
                    granted.clear();
                }
                Some(obstacle)
            }
        }
    }

    fn after_prompt(&self, claim: &Claim<'_>, obstacle: &Obstacle, ending: Ending) -> Answer {
        match ending {
            Ending::Dismissed => Answer::Cancelled,
            Ending::TimedOut if matches!(question(obstacle), Some((Kind::SignIn, _))) => {
                Answer::failed(obstacle, messages::waited_too_long(&claim.binding.host()))
            }
            Ending::Deferred => self.refuse_claim(claim, obstacle, Place::Window),
            Ending::Failed => self.refuse_claim(claim, obstacle, Place::Terminal),
            Ending::TimedOut | Ending::Withheld | Ending::Done | Ending::NotOffered => {
                self.refuse_claim(claim, obstacle, Place::Usher)
            }
        }
    }

    fn refuse_claim(&self, claim: &Claim<'_>, obstacle: &Obstacle, place: Place) -> Answer {
        self.refuse(obstacle, place, &claim.request.remote, &claim.binding.host())
    }

    fn refuse(&self, obstacle: &Obstacle, place: Place, remote: &str, host: &str) -> Answer {
        let place = if place == Place::Usher && !self.has_display { Place::Terminal } else { place };
        let names = Names { remote, host, usherctl: usherctl() };
        Answer::failed(obstacle, messages::message(obstacle, place, &names))
    }

    fn covered(&self, claim: &Claim<'_>, found: Found) -> Reply {
        let answer = Answer::with_tokens(&claim.request.refs, &found.granted);
        let settled = self.settled(&found);
        let now = self.clock.now();
        let occasion = found.used.as_ref().and_then(|account| Occasion::ends_soon(account, &claim.asker(), now));
        let used = found.used.zip(found.client).map(|(account, client)| (account.id, client));
        Reply { answer, after: After { covered: true, used, settled, occasion, ..After::default() } }
    }

    /// What the server has said that is news to the account's list of purchases.
    fn settled(&self, found: &Found) -> Option<(AccountId, Access)> {
        let account = found.used.as_ref()?;
        let denied = found.obstacle.as_ref().and_then(Obstacle::apps).cloned().unwrap_or_default();
        self.news(account, || Access { granted: found.granted.keys().cloned().collect(), denied })
    }

    fn note(
        &self,
        claim: &Claim<'_>,
        obstacle: &Obstacle,
        found: &Found,
        operation: Operation,
        client: &str,
    ) -> Option<Pending> {
        let left_out = |wanted: &&usher_core::refs::FlatpakRef| !found.granted.contains_key(wanted.app_id());
        let refs = claim.request.refs.iter().filter(left_out).map(ToString::to_string).collect();
        Some(Pending {
            operation,
            obstacle: obstacle.noted(operation)?,
            remote: claim.request.remote.clone(),
            remote_url: claim.request.remote_uri.clone(),
            binding: claim.binding.clone(),
            account: obstacle.account(),
            refs,
            client: client.to_owned(),
            at: self.clock.now(),
        })
    }

    fn operation(&self, request: &Request) -> Operation {
        if self.installations.is_update(&request.refs) { Operation::Update } else { Operation::Install }
    }

    fn is_configured(&self, request: &Request) -> bool {
        let remotes = self.installations.remotes();
        remote::is_configured(&remotes, &request.remote, &request.remote_uri, &request.options)
    }
}

impl Claim<'_> {
    fn asker(&self) -> Asker<'_> {
        let Request { remote, remote_uri, .. } = self.request;
        Asker { remote, remote_uri, binding: &self.binding }
    }

    fn question(&self, kind: Kind, reason: Reason, obstacle: &Obstacle, client: &str, update: bool) -> Question {
        Question {
            kind,
            reason,
            binding: self.binding.clone(),
            account: obstacle.account(),
            remote: self.request.remote.clone(),
            remote_uri: self.request.remote_uri.clone(),
            remote_url: self.remote_url.clone(),
            app_ids: obstacle.apps().unwrap_or(&self.ids).clone(),
            client: client.to_owned(),
            update,
            parent_window: self.request.parent_window.clone(),
        }
    }
}
