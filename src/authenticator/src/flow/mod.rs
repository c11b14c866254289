// SPDX-License-Identifier: GPL-3.0-or-later
//! The path of one request: resolve, find the account, get tokens, answer. What it needs comes in through traits, what
//! it decides is a table; nothing here knows of D-Bus.
//!
//! ```text
//! look      find the account, ask its server      obstacle  what can stand in the way
//! rounds    ask the person, and look again        course    what is done about it: the table
//! answer    what the client is told               occasion  what the person may be told
//! ports     what is needed of the world
//! ```

mod answer;
mod course;
mod look;
pub(crate) mod obstacle;
mod occasion;
mod ports;
mod rounds;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::OnceCell;
use usher_core::{
    account::{Account, AccountId},
    ground::{Ground, GroundError},
    names::usherctl,
    pending::{Operation, Pending},
    prompt::{Kind, Reason},
    provider::{Access, Grant},
    remote,
};

use self::course::{Course, Wish};
pub(crate) use self::{
    answer::{After, Answer, Reply, Results},
    obstacle::{Obstacle, question},
    occasion::Occasion,
    ports::{Accounts, Clients, Clock, Ending, Installations, Prompts, Question, Reading, Tokens},
    rounds::{Stop, Wanted},
};
use crate::{
    messages::{self, Names, Place},
    request::Request,
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

/// A request that stands on something.
struct Call<'a> {
    flow: &'a Flow,
    request: &'a Request,
    ground: Ground,
    peer: &'a str,
    /// Whether it is an install or an update, once that was looked up.
    operation: OnceLock<Operation>,
    /// Whether the remote is one of this computer, once that was looked up.
    is_configured: OnceLock<bool>,
    /// The name of the client, once it was asked for.
    client: OnceCell<String>,
}

/// What keyring and server gave.
struct Found {
    /// For each ask; `None` where nothing is known.
    grants: Vec<Option<Grant>>,
    /// The account that was used.
    used: Option<Account>,
}

impl Flow {
    /// Answers a request of `peer`.
    pub(crate) async fn answer(&self, request: &Request, peer: &str) -> Reply {
        let ground = match request.ground() {
            Ok(ground) => ground,
            Err(GroundError::Address(reason)) => {
                // Nothing secret goes there; the pull decides (rule R2).
                tracing::debug!(remote = request.remote, %reason, "no account is used for this address");
                return Answer::without_tokens(&request.asks).into();
            }
            Err(GroundError::Options(error)) => {
                tracing::debug!(remote = request.remote, %error, "the options cannot be used");
                return match self.operation(request) {
                    Operation::Update => Answer::without_tokens(&request.asks).into(),
                    Operation::Install => {
                        self.refuse(&Obstacle::Options(error), Place::Usher, &request.remote, "").into()
                    }
                };
            }
        };
        let call = Call::new(self, request, ground, peer);
        let rounds = self.rounds(&call).await;
        match rounds.blocked {
            None => call.covered(rounds.found).await,
            Some((obstacle, stop)) => call.blocked(rounds.found, &obstacle, stop).await,
        }
    }

    fn refuse(&self, obstacle: &Obstacle, place: Place, remote: &str, host: &str) -> Answer {
        let place = if place == Place::Usher && !self.has_display { Place::Terminal } else { place };
        let names = Names { remote, host, usherctl: usherctl() };
        Answer::failed(obstacle, messages::message(obstacle, place, &names))
    }

    fn operation(&self, request: &Request) -> Operation {
        if self.installations.is_update(&request.refs()) { Operation::Update } else { Operation::Install }
    }

    fn is_configured(&self, request: &Request) -> bool {
        let remotes = self.installations.remotes();
        remote::is_configured(&remotes, &request.remote, &request.remote_uri, &request.options)
    }
}

#[async_trait]
impl Wanted for Call<'_> {
    type Found = Found;

    async fn look(&self, afresh: bool) -> (Found, Option<Obstacle>) {
        let mut found = Found { grants: vec![None; self.request.asks.len()], used: None };
        let looking = self.flow.look(self, afresh, &mut found);
        // The keyring has a shorter limit of its own, so it is the server that is slow.
        let looked = tokio::time::timeout(self.flow.limit, looking).await.unwrap_or(Err(Obstacle::Unreachable));
        (found, looked.err())
    }

    async fn question(&self, obstacle: &Obstacle) -> Option<Question> {
        match course::course(obstacle, self.wish()) {
            Course::Ask(kind, reason) if self.is_configured() => Some(self.ask(kind, reason, obstacle).await),
            _ => None,
        }
    }
}

impl<'a> Call<'a> {
    fn new(flow: &'a Flow, request: &'a Request, ground: Ground, peer: &'a str) -> Self {
        let (operation, is_configured, client) = (OnceLock::new(), OnceLock::new(), OnceCell::new());
        Self { flow, request, ground, peer, operation, is_configured, client }
    }

    fn operation(&self) -> Operation {
        *self.operation.get_or_init(|| self.flow.operation(self.request))
    }

    fn wish(&self) -> Wish {
        Wish { operation: self.operation(), interactive: self.request.interactive }
    }

    /// Whether the remote is one of this computer: without that there is neither a window nor a row in one (rule R25).
    fn is_configured(&self) -> bool {
        *self.is_configured.get_or_init(|| self.flow.is_configured(self.request))
    }

    /// The name of the client.
    async fn client(&self) -> &str {
        self.client.get_or_init(|| self.flow.clients.name(self.peer)).await
    }

    async fn ask(&self, kind: Kind, reason: Reason, obstacle: &Obstacle) -> Question {
        Question {
            kind,
            reason,
            ground: self.ground.clone(),
            account: obstacle.account(),
            app_ids: obstacle.apps().cloned().unwrap_or_else(|| self.request.app_ids()),
            client: self.client().await.to_owned(),
            update: self.operation() == Operation::Update,
            parent_window: self.request.parent_window.clone(),
        }
    }

    async fn covered(&self, found: Found) -> Reply {
        let answer = Answer::with_tokens(&self.request.asks, &found.grants);
        let settled = self.settled(&found);
        let Some(account) = found.used else {
            return Reply { answer, after: After { covered: true, settled, ..After::default() } };
        };
        let occasion = Occasion::ends_soon(&account, &self.ground, self.flow.clock.now());
        let is_due = self.flow.accounts.is_use_due(&account);
        let used = if is_due { Some((account.id, self.client().await.to_owned())) } else { None };
        Reply { answer, after: After { covered: true, used, settled, occasion, ..After::default() } }
    }

    /// What is answered where something stands in the way that nobody is asked about any more.
    async fn blocked(&self, found: Found, obstacle: &Obstacle, stop: Stop) -> Reply {
        let note = if self.is_configured() { self.note(obstacle, &found).await } else { None };
        let mut after =
            After { note, settled: self.settled(&found), occasion: found.finished(self), ..After::default() };
        if let Course::LeaveOut(question) = course::course(obstacle, self.wish()) {
            if self.is_configured() {
                if let Some((kind, reason)) = question {
                    after.question = Some(self.ask(kind, reason, obstacle).await);
                }
                // What is left out is told again with the next update, what was finished is not.
                after.occasion = after.occasion.or_else(|| Occasion::left_out(obstacle, self.wish(), &self.ground));
            }
            after.covered = after.note.is_some();
            return Reply { answer: Answer::with_tokens(&self.request.asks, &found.grants), after };
        }
        Reply { answer: self.refused(obstacle, stop), after }
    }

    fn refused(&self, obstacle: &Obstacle, stop: Stop) -> Answer {
        let place = match stop {
            Stop::NotOffered => {
                return Answer::failed(obstacle, messages::not_offered(obstacle, &self.ground.host()));
            }
            Stop::Ended(Ending::Dismissed) => return Answer::Cancelled,
            Stop::Ended(Ending::TimedOut) if matches!(question(obstacle), Some((Kind::SignIn, _))) => {
                return Answer::failed(obstacle, messages::waited_too_long(&self.ground.host()));
            }
            Stop::Ended(Ending::Deferred) => Place::Window,
            Stop::Ended(Ending::Failed) => Place::Terminal,
            Stop::NothingToAsk
            | Stop::Ended(Ending::TimedOut | Ending::Withheld | Ending::Done | Ending::NotOffered) => Place::Usher,
        };
        self.flow.refuse(obstacle, place, &self.ground.remote, &self.ground.host())
    }

    /// What the server has said that is news to the account's list of purchases.
    fn settled(&self, found: &Found) -> Option<(AccountId, Access)> {
        self.flow.news(found.used.as_ref()?, || found.access(self.request))
    }

    async fn note(&self, obstacle: &Obstacle, found: &Found) -> Option<Pending> {
        let noted = obstacle.noted(self.operation())?;
        let left_out = self.request.asks.iter().zip(&found.grants).filter(|(_, grant)| !is_covered(grant.as_ref()));
        Some(Pending {
            operation: self.operation(),
            obstacle: noted,
            ground: self.ground.clone(),
            account: obstacle.account(),
            refs: left_out.filter_map(|(ask, _)| ask.full_ref()).map(ToString::to_string).collect(),
            client: self.client().await.to_owned(),
            at: self.flow.clock.now(),
        })
    }
}

impl Found {
    /// What the server has said of apps.
    fn access(&self, request: &Request) -> Access {
        let mut access = Access::default();
        for (ask, grant) in request.asks.iter().zip(&self.grants) {
            if let Some(grant) = grant {
                access.add(ask, grant);
            }
        }
        access
    }

    /// What was finished although the request that found it gets nothing.
    fn finished(&self, call: &Call<'_>) -> Option<Occasion> {
        Occasion::finished(self.used.as_ref()?, &self.access(call.request).granted, &call.ground)
    }
}

fn is_covered(grant: Option<&Grant>) -> bool {
    matches!(grant, Some(Grant::Free | Grant::Token(..)))
}
