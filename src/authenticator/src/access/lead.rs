// SPDX-License-Identifier: GPL-3.0-or-later
//! Leads the person to an account, and to an app, through the same prompts that requests of flatpak open.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use usher_core::prompt::{Kind, Outcome, Reason};

use super::{Access, Ground, call_path};
use crate::flow::{Ending, Obstacle, Question, Reading, question};

/// How long the daemon stays for the sake of a caller who was told that a window is open: as long as such a window does.
const LINGER: Duration = Duration::from_secs(30 * 60);

/// What a store wants.
pub(super) struct Wanted {
    pub(super) remote: String,
    pub(super) remote_uri: String,
    /// The app that is wanted; none where an account is all that is.
    pub(super) app: Option<String>,
    pub(super) parent_window: String,
    pub(super) peer: String,
}

impl Access {
    /// Asks the person whatever stands between the remote and what is wanted, each kind of question once.
    pub(super) async fn lead(self: Arc<Self>, wanted: Wanted) -> Outcome {
        let flow = &self.daemon.flow;
        let Some(ground) = Ground::find(&*flow.installations, &wanted.remote, &wanted.remote_uri) else {
            return Outcome::Failed;
        };
        self.follow().await;
        let mut asked: Vec<Kind> = Vec::new();
        loop {
            let look = self.look(&ground, wanted.app.as_ref(), !asked.is_empty());
            let obstacle = match tokio::time::timeout(flow.limit, look).await {
                Ok(Ok(())) => return Outcome::Done,
                Ok(Err(obstacle)) => obstacle,
                Err(_) => return Outcome::Failed,
            };
            let next = question(&obstacle).filter(|(kind, _)| !asked.contains(kind));
            tracing::debug!(remote = wanted.remote, ?obstacle, ?next, "an obstacle for a store");
            let Some((kind, reason)) = next else {
                return Outcome::Failed;
            };
            asked.push(kind);
            let question = self.question(&ground, &wanted, &obstacle, kind, reason).await;
            match flow.prompts.ask(question).await {
                Ending::Done => {}
                Ending::Dismissed => return Outcome::Dismissed,
                Ending::Deferred => {
                    self.linger(&wanted.peer);
                    return Outcome::Deferred;
                }
                Ending::Failed | Ending::NotOffered | Ending::TimedOut | Ending::Withheld => return Outcome::Failed,
            }
        }
    }

    /// What stands in the way now. An app is asked for at the server, not in what was answered a moment ago.
    async fn look(&self, ground: &Ground, app: Option<&String>, afresh: bool) -> Result<(), Obstacle> {
        let flow = &self.daemon.flow;
        let reading = Reading { afresh, interactive: true };
        let account = flow.account(&ground.binding, &ground.remote_url, reading).await?;
        let Some(app) = app else {
            return Ok(());
        };
        let grants = flow.ask(&account, &BTreeSet::from([app.clone()])).await?;
        self.answers().forget(account.id);
        let denied = grants.denied.clone();
        // Whoever wants to buy it is told by the answer.
        self.settle(flow.news(&account, || grants.into()), None);
        if denied.is_empty() { Ok(()) } else { Err(Obstacle::not_bought(&account, denied)) }
    }

    async fn question(
        &self,
        ground: &Ground,
        wanted: &Wanted,
        obstacle: &Obstacle,
        kind: Kind,
        reason: Reason,
    ) -> Question {
        Question {
            kind,
            reason,
            binding: ground.binding.clone(),
            account: obstacle.account(),
            remote: ground.remote.clone(),
            remote_uri: ground.remote_uri.clone(),
            remote_url: ground.remote_url.clone(),
            app_ids: wanted.app.iter().cloned().collect(),
            client: self.daemon.flow.clients.name(&wanted.peer).await,
            update: false,
            parent_window: wanted.parent_window.clone(),
        }
    }

    /// Stays for a while, so that a caller who was told of a window hears what came of it.
    fn linger(&self, peer: &str) {
        // Where it is refused, it stays for this caller already, or the end has come.
        let Ok((admission, mut events)) = self.calls.admit(&call_path(peer, "#"), peer) else { return };
        tokio::spawn(async move {
            // The caller leaves, or the daemon is stopped.
            let _ = tokio::time::timeout(LINGER, events.recv()).await;
            drop(admission);
        });
    }
}
