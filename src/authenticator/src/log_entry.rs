// SPDX-License-Identifier: GPL-3.0-or-later
//! Writes what came of a request into the activity log, after the answer.

use std::collections::BTreeSet;

use usher_core::{
    activity_log::{Entry, Event, Purpose, Request as LoggedRequest},
    ground::Ground,
};

use crate::{
    daemon::Daemon,
    flow::{Asked, Outcome, Wanted},
    request::Request,
};

/// Who asks, and what for.
pub(crate) struct Asker {
    pub(crate) program: String,
    /// `None` if nobody keeps a log.
    pub(crate) purpose: Option<Purpose>,
}

impl From<Wanted> for Purpose {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Install => Self::Install,
            Wanted::Update => Self::Update,
            Wanted::Listing => Self::Listing,
        }
    }
}

impl Daemon {
    /// Writes the entry of a request. Any program can name a remote that this computer does not have: such a request counts
    /// only if an account was used for it, which the person has allowed (rule R25).
    pub(crate) async fn log(&self, request: &Request, asker: Asker, outcome: Outcome, asked: &Asked) {
        if outcome.account.is_none() && !self.flow.is_configured(request).await {
            return;
        }
        let app_ids = if request.is_listing { BTreeSet::new() } else { request.app_ids() };
        let host = request.ground().map(|ground| ground.host()).unwrap_or_default();
        self.write(host, &request.remote, asker, app_ids, outcome, asked).await;
    }

    /// Writes the entry of what a store asked for, about a remote of this computer.
    pub(crate) async fn log_store(
        &self,
        ground: &Ground,
        asker: Asker,
        app: Option<String>,
        outcome: Outcome,
        asked: &Asked,
    ) {
        self.write(ground.host(), &ground.remote, asker, app.into_iter().collect(), outcome, asked).await;
    }

    async fn write(
        &self,
        host: String,
        remote: &str,
        asker: Asker,
        app_ids: BTreeSet<String>,
        outcome: Outcome,
        asked: &Asked,
    ) {
        let (Asker { program, purpose }, Outcome { account, result }) = (asker, outcome);
        let (Some(log), Some(purpose)) = (&self.log, purpose) else { return };
        let event = LoggedRequest { program, purpose, apps: app_ids.len(), app_ids, result, asked: asked.all() };
        let (at, remote) = (self.flow.clock.now(), Some(remote.to_owned()));
        log.write(vec![Entry { at, host, remote, account, event: Event::Request(event) }]).await;
    }
}
