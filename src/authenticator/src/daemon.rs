// SPDX-License-Identifier: GPL-3.0-or-later
//! What all requests share, and the work after an answer.

use usher_core::pending::{self, PendingFile};

use crate::{
    activity::Activity,
    delivery::BusAccess,
    flow::{Flow, FollowUp},
    notes,
    notify::Notifier,
    open_requests::OpenRequests,
    request::Request,
};

/// Everything that requests share.
pub(crate) struct Daemon {
    pub(crate) flow: Flow,
    pub(crate) open_requests: OpenRequests,
    pub(crate) activity: Activity,
    pub(crate) pending: Option<PendingFile>,
    pub(crate) bus_access: BusAccess,
    pub(crate) notifier: Notifier,
}

impl Daemon {
    /// Does the work that follows an answer.
    pub(crate) async fn follow_up(&self, request: &Request, follow_up: FollowUp) {
        if let Some(pending) = &self.pending {
            notes::write(pending, request, &follow_up, self.flow.clock.now()).await;
        }
        let is_locked = follow_up.note.as_ref().is_some_and(|note| note.obstacle == pending::Obstacle::Locked);
        let is_read = follow_up.covered && !is_locked;
        let covered = (follow_up.covered && follow_up.note.is_none()).then_some(request);
        if let Some((account, client)) = follow_up.used {
            self.flow.accounts.note_use(account, client).await;
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
        if let Some(question) = follow_up.question {
            let ending = self.flow.prompts.ask(question).await;
            tracing::debug!(?ending, "a prompt ended for which nobody waited");
        }
    }
}
