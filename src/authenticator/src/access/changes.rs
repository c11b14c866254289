// SPDX-License-Identifier: GPL-3.0-or-later
//! Announces changes to callers: of accounts, their permissions, or what was bought with them.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::sync::watch;
use usher_core::{names::ACCESS_PATH, store::Entry};
use zbus::object_server::SignalEmitter;

use super::{AccessService, interface::Access1};
use crate::{flow::Reading, token_cache::comparable};

/// One change of an account causes several signals of the keyring, and each makes us read keyring and accounts. So wait
/// this long to gather them.
const GATHER: Duration = Duration::from_millis(100);

/// The accounts as far as a caller can see them; `None` if they cannot be read.
type Seen = Option<Vec<Entry>>;

impl AccessService {
    /// Follows the accounts from the first call on: before that, nobody knows anything that could change.
    pub(super) async fn follow(self: &Arc<Self>) {
        self.following
            .get_or_init(async || {
                let heard = self.daemon.flow.accounts.changes().await;
                let seen = self.seen().await;
                tokio::spawn(announce_changes(Arc::downgrade(self), heard, seen));
            })
            .await;
    }

    async fn seen(&self) -> Seen {
        let entries = self.daemon.flow.accounts.entries(Reading { afresh: false, interactive: false }).await.ok()?;
        let without_use = |entry: &Entry| match entry {
            Entry::Open(account) => Entry::Open(comparable(account).into()),
            other => other.clone(),
        };
        Some(entries.iter().map(without_use).collect())
    }

    async fn announce_change(&self) {
        let sent = match SignalEmitter::new(&self.connection, ACCESS_PATH) {
            Ok(emitter) => Access1::accounts_changed(&emitter).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            tracing::warn!(%error, "cannot announce changed accounts");
        }
    }
}

async fn announce_changes(access: Weak<AccessService>, mut heard: watch::Receiver<()>, mut seen: Seen) {
    while heard.changed().await.is_ok() {
        tokio::time::sleep(GATHER).await;
        heard.mark_unchanged();
        let Some(access) = access.upgrade() else { return };
        let now = access.seen().await;
        if now != seen {
            seen = now;
            access.announce_change().await;
        }
    }
}
