// SPDX-License-Identifier: GPL-3.0-or-later
//! The path of one request: resolve it, find the account, get tokens, answer. Its surroundings come in through traits,
//! its decisions are a table; nothing here knows about D-Bus.
//!
//! ```text
//! look      find the account, ask its server,      obstacle            what can block a request
//!           ask the person, and look again        decision            what to do about it: the table
//! answer    the answer to the client              notification_event  what a notification may say
//! outcome   what the activity log says            ports               the traits for the surroundings
//! ```

mod answer;
mod decision;
mod look;
mod notification_event;
pub(crate) mod obstacle;
mod outcome;
mod ports;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::OnceCell;
use usher_core::{
    account::{Account, AccountId},
    activity_log::RequestResult,
    ask::{self, Ask},
    binding::OptionsError,
    ground::{Ground, GroundError},
    names::usherctl,
    pending::{Pending, Unusable},
    prompt::{Kind, Reason, client},
    provider::{Access, Grant, Sorted},
    remote,
};

use self::decision::{Decision, RequestKind};
pub(crate) use self::{
    answer::{Answer, FollowUp, Reply, Results},
    decision::Wanted,
    look::{Attempt, Attempted, Stop, news},
    notification_event::NotificationEvent,
    obstacle::{Obstacle, question},
    outcome::{Asked, Outcome},
    ports::{
        Accounts, Clients, Clock, Decisions, Ending, Installations, Prompts, Question, Reading, TokenKeys, Tokens,
    },
};
use crate::{
    messages::{self, Names, Place},
    request::Request,
    token_cache::TokenCache,
};

/// Everything needed to answer requests.
pub(crate) struct Flow {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) tokens: Arc<dyn Tokens>,
    pub(crate) token_keys: Arc<dyn TokenKeys>,
    pub(crate) prompts: Arc<dyn Prompts>,
    pub(crate) installations: Arc<dyn Installations>,
    pub(crate) decisions: Arc<dyn Decisions>,
    pub(crate) clients: Arc<dyn Clients>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cache: Mutex<TokenCache>,
    /// Longest time for one look at keyring and server, without the time that a person takes.
    pub(crate) limit: Duration,
    /// Whether this session has a screen.
    pub(crate) has_display: bool,
    /// Whether this is a sandbox, which hides the installations of the administrator.
    pub(crate) in_sandbox: bool,
}

/// The attempt to get tokens for a request with a valid ground.
struct RequestAttempt<'a> {
    flow: &'a Flow,
    request: &'a Request,
    ground: Ground,
    peer: &'a str,
    asked: &'a Asked,
    /// What the tokens are for, once looked up.
    wanted: OnceCell<Wanted>,
    /// Whether this computer has the remote, once looked up.
    is_configured: OnceCell<bool>,
    /// The name of the client, once determined.
    client: OnceCell<String>,
    /// The apps without a grant, as of the last look: what anybody may have needs no account.
    lacking: Mutex<BTreeSet<String>>,
}

/// What keyring and server gave.
struct Findings {
    /// A grant for each ask; `None` if there is none yet.
    grants: Vec<Option<Grant>>,
    /// For each ask, whether anybody gets its grant, so that it says nothing about the account.
    for_anybody: Vec<bool>,
    /// The account that was used.
    used: Option<Arc<Account>>,
}

/// Asks without a grant, and where they stand in the request.
struct Missing<'a> {
    indexes: Vec<usize>,
    asks: Cow<'a, [Ask]>,
}

impl Flow {
    /// Answers a request of `peer`. `asked` is told of the questions to the person.
    pub(crate) async fn answer(&self, request: &Request, peer: &str, asked: &Asked) -> Reply {
        let ground = match request.ground() {
            Ok(ground) => ground,
            Err(GroundError::Address(reason)) => {
                // Nothing secret may go there, so let the pull decide (rule R2).
                tracing::debug!(remote = request.remote, %reason, "ignoring accounts for this address");
                return Reply::with_outcome(Answer::without_tokens(request), Outcome::of(RequestResult::Unusable));
            }
            Err(GroundError::Options(error)) => {
                tracing::debug!(remote = request.remote, %error, "cannot use the remote's options");
                return self.unusable(request, &error).await;
            }
        };
        let call = RequestAttempt::new(self, request, ground, peer, asked);
        let attempted = self.attempt(&call).await;
        match attempted.blocked {
            None => call.covered(attempted.findings),
            Some((obstacle, stop)) => call.blocked(attempted.findings, &obstacle, stop).await,
        }
    }

    /// The answer for a remote whose options cannot be used.
    async fn unusable(&self, request: &Request, error: &OptionsError) -> Reply {
        let wanted = self.wanted(request).await;
        let answer = if wanted.is_update() {
            Answer::without_tokens(request)
        } else {
            self.refuse(&Obstacle::Options(error.clone()), Place::Usher, &request.remote, "")
        };
        let Some(operation) = wanted.operation() else { return answer.into() };
        let refs = request.refs().into_iter().map(ToString::to_string).collect();
        let (remote, remote_uri) = (request.remote.clone(), request.remote_uri.clone());
        let note = Unusable { operation, remote, remote_uri, refs, at: self.clock.now() };
        let unusable = self.is_configured(request).await.then_some(note);
        let outcome = Some(Outcome::of(RequestResult::Unusable));
        Reply { answer, follow_up: FollowUp { unusable, outcome, ..FollowUp::default() } }
    }

    fn refuse(&self, obstacle: &Obstacle, place: Place, remote: &str, host: &str) -> Answer {
        let place = if place == Place::Usher && !self.has_display { Place::Terminal } else { place };
        let names = Names { remote, host, usherctl: usherctl() };
        Answer::failed(obstacle, messages::message(obstacle, place, &names))
    }

    /// What a request wants tokens for.
    pub(crate) async fn wanted(&self, request: &Request) -> Wanted {
        if request.is_listing {
            return Wanted::Listing;
        }
        let is_update = self.installations.is_update(&request.remote, &request.remote_uri, &request.refs()).await;
        if is_update { Wanted::Update } else { Wanted::Install }
    }

    /// Whether this computer has the remote of a request.
    pub(crate) async fn is_configured(&self, request: &Request) -> bool {
        let remotes = self.installations.remotes().await;
        let Request { remote, remote_uri, options, registry, .. } = request;
        remote::is_configured(&remotes, remote, remote_uri, options, registry.as_deref())
    }
}

#[async_trait]
impl Attempt for RequestAttempt<'_> {
    type Findings = Findings;

    async fn look(&self, afresh: bool) -> (Findings, Option<Obstacle>) {
        let mut findings = Findings::none(self.request.asks.len());
        let looking = self.flow.look(self, afresh, &mut findings);
        // The keyring has a shorter limit of its own, so the server is the slow one.
        let looked = usher_core::patience::within(self.flow.limit, looking).await.unwrap_or(Err(Obstacle::Unreachable));
        let lacking = ask::app_ids(&findings.missing(&self.request.asks).asks);
        *self.lacking.lock().unwrap_or_else(PoisonError::into_inner) = lacking;
        (findings, looked.err())
    }

    async fn question(&self, obstacle: &Obstacle) -> Option<Question> {
        match decision::decide(obstacle, self.request_kind().await) {
            Decision::Ask(kind, reason) if self.is_configured().await => Some(self.ask(kind, reason, obstacle).await),
            _ => None,
        }
    }

    fn asked(&self) -> Option<&Asked> {
        Some(self.asked)
    }
}

impl<'a> RequestAttempt<'a> {
    fn new(flow: &'a Flow, request: &'a Request, ground: Ground, peer: &'a str, asked: &'a Asked) -> Self {
        let (wanted, is_configured, client) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { flow, request, ground, peer, asked, wanted, is_configured, client, lacking: Mutex::default() }
    }

    async fn wanted(&self) -> Wanted {
        *self.wanted.get_or_init(|| self.flow.wanted(self.request)).await
    }

    async fn request_kind(&self) -> RequestKind {
        RequestKind { wanted: self.wanted().await, interactive: self.request.interactive }
    }

    /// Whether this computer has the remote: if not, neither a window nor a row in one may show (rule R25).
    async fn is_configured(&self) -> bool {
        *self.is_configured.get_or_init(|| self.flow.is_configured(self.request)).await
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
            app_ids: obstacle.apps().cloned().unwrap_or_else(|| self.lacking()),
            client: self.client().await.to_owned(),
            wanted: self.wanted().await,
            parent_window: self.request.parent_window.clone(),
        }
    }

    /// The apps that a question is about.
    fn lacking(&self) -> BTreeSet<String> {
        let lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if lacking.is_empty() { self.request.app_ids() } else { lacking }
    }

    fn covered(&self, findings: Findings) -> Reply {
        let answer = Answer::with_tokens(self.request, &findings.grants);
        let (settled, covered) = (self.settled(&findings), !self.request.is_listing);
        let outcome = Some(Outcome::granted(findings.used.as_deref()));
        let Some(account) = findings.used else {
            return Reply { answer, follow_up: FollowUp { covered, settled, outcome, ..FollowUp::default() } };
        };
        let notification = NotificationEvent::ends_soon(&account, &self.ground, self.flow.clock.now());
        let used = self.flow.accounts.is_use_due(&account).then_some(account.id);
        Reply { answer, follow_up: FollowUp { covered, used, settled, notification, outcome, ..FollowUp::default() } }
    }

    /// The answer for an obstacle that no further question can remove.
    async fn blocked(&self, findings: Findings, obstacle: &Obstacle, stop: Stop) -> Reply {
        let note = if self.is_configured().await { self.note(obstacle, &findings).await } else { None };
        let mut follow_up = FollowUp {
            note,
            settled: self.settled(&findings),
            notification: findings.finished(self),
            outcome: Some(Outcome::blocked(obstacle, stop, findings.used.as_deref())),
            ..FollowUp::default()
        };
        if let Decision::LeaveOut(question) = decision::decide(obstacle, self.request_kind().await) {
            if self.is_configured().await {
                if let Some((kind, reason)) = question {
                    follow_up.question = Some(self.ask(kind, reason, obstacle).await);
                }
                // The next update repeats what it leaves out; a finished purchase shows only now.
                let kind = self.request_kind().await;
                follow_up.notification =
                    follow_up.notification.or_else(|| NotificationEvent::left_out(obstacle, kind, &self.ground));
            }
            follow_up.covered = follow_up.note.is_some();
            return Reply { answer: Answer::with_tokens(self.request, &findings.grants), follow_up };
        }
        if self.is_withheld(stop).await {
            follow_up.notification = Some(NotificationEvent::stopped(obstacle, &self.ground));
        }
        let answer = match self.unseen_without_permission(obstacle).await {
            Some(message) => Answer::failed(obstacle, message),
            None => self.refused(obstacle, stop),
        };
        Reply { answer, follow_up }
    }

    /// What to do about a permission for a remote that cannot be seen from here, so that no window lists it.
    async fn unseen_without_permission(&self, obstacle: &Obstacle) -> Option<String> {
        if !matches!(obstacle, Obstacle::NoLink(_)) || !self.flow.in_sandbox || self.is_configured().await {
            return None;
        }
        messages::allow_unseen(self.ground.remote_url.as_str(), &self.ground.host(), usherctl())
    }

    /// Whether the person learns nothing of the failure: no window is on the screen, and the program shows no message.
    async fn is_withheld(&self, stop: Stop) -> bool {
        !matches!(stop, Stop::Ended(Ending::Dismissed | Ending::Deferred))
            && self.request.interactive
            && self.is_configured().await
            && client::is_mute(self.client().await)
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
            | Stop::Ended(Ending::Queued | Ending::TimedOut | Ending::Withheld | Ending::Done | Ending::NotOffered) => {
                Place::Usher
            }
        };
        self.flow.refuse(obstacle, place, &self.ground.remote, &self.ground.host())
    }

    /// The server's answers that are news for the account's list of purchases.
    fn settled(&self, findings: &Findings) -> Option<(AccountId, Access)> {
        news(findings.used.as_ref()?, findings.said(self.request), Some(&self.ground))
    }

    async fn note(&self, obstacle: &Obstacle, findings: &Findings) -> Option<Pending> {
        let operation = self.wanted().await.operation()?;
        let noted = obstacle.noted(operation)?;
        let left_out = self.request.asks.iter().zip(&findings.grants).filter(|(_, grant)| !is_covered(grant.as_ref()));
        Some(Pending {
            operation,
            obstacle: noted,
            ground: self.ground.clone(),
            account: obstacle.account(),
            refs: left_out.filter_map(|(ask, _)| ask.full_ref()).map(ToString::to_string).collect(),
            client: self.client().await.to_owned(),
            at: self.flow.clock.now(),
        })
    }
}

impl Findings {
    /// Nothing yet for so many asks.
    fn none(count: usize) -> Self {
        Self { grants: vec![None; count], for_anybody: vec![false; count], used: None }
    }

    fn is_complete(&self) -> bool {
        self.grants.iter().all(Option::is_some)
    }

    /// The asks without a grant.
    fn missing<'a>(&self, asks: &'a [Ask]) -> Missing<'a> {
        let indexes: Vec<usize> = (0..asks.len()).filter(|index| self.grants[*index].is_none()).collect();
        let asks = if indexes.len() == asks.len() {
            asks.into()
        } else {
            indexes.iter().map(|index| asks[*index].clone()).collect()
        };
        Missing { indexes, asks }
    }

    /// Adds grants to the asks that have none.
    fn add(&mut self, known: Vec<Option<Grant>>) {
        for (grant, known) in self.grants.iter_mut().zip(known).filter(|(grant, _)| grant.is_none()) {
            *grant = known;
        }
    }

    /// Takes back what the account got.
    fn forget_account(&mut self) {
        for (grant, _) in self.grants.iter_mut().zip(&self.for_anybody).filter(|(_, for_anybody)| !**for_anybody) {
            *grant = None;
        }
    }

    /// What the server said about apps to the account.
    fn said<'a>(&self, request: &'a Request) -> Sorted<'a> {
        let of_account =
            self.grants.iter().zip(&self.for_anybody).map(|(grant, open)| grant.as_ref().filter(|_| !open));
        Sorted::of(request.asks.iter().zip(of_account).filter_map(|(ask, grant)| Some((ask, grant?))))
    }

    /// A purchase that this request found finished, although it gets no tokens.
    fn finished(&self, call: &RequestAttempt<'_>) -> Option<NotificationEvent> {
        NotificationEvent::finished(self.used.as_ref()?, &self.said(call.request), &call.ground)
    }
}

fn is_covered(grant: Option<&Grant>) -> bool {
    matches!(grant, Some(Grant::Free | Grant::Token(..)))
}
