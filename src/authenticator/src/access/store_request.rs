// SPDX-License-Identifier: GPL-3.0-or-later
//! Signs the person in, or lets them buy an app, for a store that asks: through the same prompts as flatpak's requests.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use usher_core::{
    account::Account,
    activity_log::{Purpose, RequestResult},
    ask::Ask,
    ground::Ground,
    patience::within,
    prompt::Outcome,
};

use super::{AccessService, call_path, ground_of};
use crate::{
    flow::{self, Asked, Attempted, Ending, Obstacle, Question, Reading, Stop, Wanted},
    log_entry::Asker,
};

/// How long the daemon stays for a caller who knows that a window is open: as long as such a window may last.
const LINGER: Duration = Duration::from_secs(30 * 60);

/// What a store asks for: an account, or access to an app.
pub(super) struct StoreRequest {
    pub(super) remote: String,
    pub(super) remote_uri: String,
    /// The app; `None` if the store only wants an account.
    pub(super) app: Option<String>,
    pub(super) parent_window: String,
    pub(super) peer: String,
}

/// The attempt to get it, for a remote that exists.
struct StoreAttempt<'a> {
    access: &'a AccessService,
    ground: Ground,
    request: &'a StoreRequest,
    asked: &'a Asked,
}

impl AccessService {
    /// Asks the person about each obstacle between the remote and what the store asks for; asks each kind of question once.
    /// Gives what the store hears, and what the activity log says.
    pub(super) async fn fulfil(self: Arc<Self>, request: Arc<StoreRequest>, asked: Asked) -> (Outcome, flow::Outcome) {
        let flow = &self.daemon.flow;
        let Some(ground) = ground_of(&*flow.installations, &request.remote, &request.remote_uri).await else {
            return (Outcome::Failed, flow::Outcome::of(RequestResult::Unusable));
        };
        self.follow().await;
        let call = StoreAttempt { access: &self, ground, request: &request, asked: &asked };
        let Attempted { findings: used, blocked } = flow.attempt(&call).await;
        let Some((obstacle, stop)) = blocked else {
            return (Outcome::Done, flow::Outcome::granted(used.as_deref()));
        };
        let outcome = match stop {
            Stop::Ended(Ending::Dismissed) => Outcome::Dismissed,
            Stop::Ended(Ending::Deferred | Ending::Queued) => {
                self.linger(&request.peer);
                Outcome::Deferred
            }
            Stop::Ended(_) | Stop::NothingToAsk | Stop::NotOffered => Outcome::Failed,
        };
        (outcome, flow::Outcome::blocked(&obstacle, stop, used.as_deref()))
    }

    /// Writes what came of a store's request into the activity log. Nobody waits for it.
    pub(super) fn log(self: &Arc<Self>, request: Arc<StoreRequest>, outcome: flow::Outcome, asked: Asked) {
        let (access, busy) = (self.clone(), self.daemon.activity.begin());
        tokio::spawn(async move {
            let flow = &access.daemon.flow;
            if let Some(ground) = ground_of(&*flow.installations, &request.remote, &request.remote_uri).await {
                let purpose = Some(if request.app.is_some() { Purpose::Purchase } else { Purpose::Account });
                let asker = Asker { program: flow.clients.name(&request.peer).await, purpose };
                access.daemon.log_store(&ground, asker, request.app.clone(), outcome, &asked).await;
            }
            drop(busy);
        });
    }

    /// Keeps the daemon running for a while, so that a caller who knows of a window hears of the outcome.
    fn linger(&self, peer: &str) {
        // A refusal means that it stays for this caller already, or is ending.
        let Ok((admission, mut events)) = self.calls.admit(&call_path(peer, "#"), peer) else { return };
        tokio::spawn(async move {
            // Until the caller leaves, or the daemon is stopped.
            let _ = within(LINGER, events.recv()).await;
            drop(admission);
        });
    }
}

#[async_trait]
impl flow::Attempt for StoreAttempt<'_> {
    /// The account that was used.
    type Findings = Option<Arc<Account>>;

    async fn look(&self, afresh: bool) -> (Option<Arc<Account>>, Option<Obstacle>) {
        let limit = self.access.daemon.flow.limit;
        let looked = within(limit, self.look_into(afresh)).await;
        match looked.unwrap_or(Err(Obstacle::Unreachable)) {
            Ok(used) => (used, None),
            Err(obstacle) => (None, Some(obstacle)),
        }
    }

    fn asked(&self) -> Option<&Asked> {
        Some(self.asked)
    }

    async fn question(&self, obstacle: &Obstacle) -> Option<Question> {
        let (kind, reason) = flow::question(obstacle)?;
        Some(Question {
            kind,
            reason,
            ground: self.ground.clone(),
            account: obstacle.account(),
            app_ids: self.request.app.iter().cloned().collect(),
            client: self.access.daemon.flow.clients.name(&self.request.peer).await,
            wanted: Wanted::Install,
            parent_window: self.request.parent_window.clone(),
        })
    }
}

impl StoreAttempt<'_> {
    /// The obstacle now. Asks the server about an app, since a recent answer may be out of date.
    async fn look_into(&self, afresh: bool) -> Result<Option<Arc<Account>>, Obstacle> {
        let flow = &self.access.daemon.flow;
        let app_ids = self.request.app.iter().cloned().collect();
        if self.request.app.is_some() && flow.installations.free_apps(&self.ground, &app_ids).await == app_ids {
            return Ok(None);
        }
        let account = flow.account(&self.ground, Reading { afresh, interactive: true }).await?;
        let Some(app) = &self.request.app else {
            return Ok(Some(account));
        };
        let asks = [Ask::of_app(app)];
        let said = flow.ask(&account, &asks).await?;
        self.access.answers().forget(account.id);
        // A caller that wants to buy the app learns this from its answer.
        self.access.settle(flow::news(&account, said.sorted(&asks), Some(&self.ground)), None);
        let denied = said.denied(&asks);
        if denied.is_empty() { Ok(Some(account)) } else { Err(Obstacle::denied(&account, denied)) }
    }
}
