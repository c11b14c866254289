// SPDX-License-Identifier: GPL-3.0-or-later
//! What all requests share, and the work after an answer.

use std::{pin::pin, time::Duration};

use usher_core::{
    activity_log::{ActivityLog, RequestResult},
    patience::within,
    pending::{self, PendingFile},
};

use crate::{
    activity::Activity,
    delivery::BusAccess,
    flow::{Asked, Ending, Flow, FollowUp, Outcome},
    log_entry::Asker,
    notes,
    notify::Notifier,
    open_requests::OpenRequests,
    request::Request,
};

/// How long the log waits to hear that a window asks.
const SHOWN_LIMIT: Duration = Duration::from_secs(15);

/// Everything that requests share.
pub(crate) struct Daemon {
    pub(crate) flow: Flow,
    pub(crate) open_requests: OpenRequests,
    pub(crate) activity: Activity,
    pub(crate) pending: Option<PendingFile>,
    pub(crate) bus_access: BusAccess,
    pub(crate) notifier: Notifier,
    /// What requests came, for the person.
    pub(crate) log: Option<ActivityLog>,
}

impl Daemon {
    /// Does the work that follows an answer.
    pub(crate) async fn follow_up(&self, request: &Request, follow_up: FollowUp, asker: Asker, asked: &Asked) {
        let outcome = follow_up.outcome.unwrap_or(Outcome::of(RequestResult::Failed));
        if let Some(pending) = &self.pending {
            notes::write(pending, request, &follow_up, self.flow.clock.now()).await;
        }
        let is_locked = follow_up.note.as_ref().is_some_and(|note| note.obstacle == pending::Obstacle::Locked);
        let is_read = follow_up.covered && !is_locked;
        let covered = (follow_up.covered && follow_up.note.is_none()).then_some(request);
        if let Some(account) = follow_up.used {
            self.flow.accounts.note_use(account, asker.program.clone()).await;
        }
        if let Some((account, access)) = follow_up.settled {
            self.flow.accounts.settle(account, access).await;
        }
        if let Some(notification) = &follow_up.notification {
            self.notifier.notify(notification).await;
        }
        if is_read {
            self.notifier.settle(covered).await;
        }
        let Some(question) = follow_up.question else { return self.log(request, asker, outcome, asked).await };
        asked.note(question.kind);
        let mut asking = pin!(self.flow.prompts.ask(question));
        // It ends at once when its window is on the screen, unless it waits for its turn behind another.
        let early = within(SHOWN_LIMIT, &mut asking).await.ok();
        if !early.is_some_and(Ending::was_shown) {
            asked.take_back();
        }
        self.log(request, asker, outcome, asked).await;
        let ending = match early {
            Some(ending) => ending,
            None => asking.await,
        };
        tracing::debug!(?ending, "a prompt ended for which nobody waited");
    }
}
