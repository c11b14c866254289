// SPDX-License-Identifier: GPL-3.0-or-later
//! The context of every command.

use std::{cell::Cell, sync::Arc, time::Duration};

use usher_core::{
    http::{HttpClient, HttpLimits, PortalProxies},
    session::Session,
    store::{AccountStore, Entry},
};

use crate::{failure::Failure, terminal::Output};

/// Longest wait for the keyring.
const KEYRING_LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Context {
    pub(crate) store: AccountStore,
    pub(crate) session: Session,
    pub(crate) out: Output,
    /// Whether a command is saving a result that it has not printed yet, so that Ctrl+C comes too late.
    pub(crate) is_too_late: Cell<bool>,
}

impl Context {
    pub(crate) fn new(out: Output) -> Self {
        let store = AccountStore::new(KEYRING_LIMIT);
        let http = HttpClient::with_desktop(HttpLimits::default(), Arc::new(PortalProxies::new(None)));
        let session = Session::new(store.clone(), http);
        Self { store, session, out, is_too_late: Cell::new(false) }
    }

    /// All accounts. Asks the person to unlock a locked keyring first.
    pub(crate) async fn unlocked_entries(&self) -> Result<Vec<Entry>, Failure> {
        if self.store.is_locked().await? {
            self.store.unlock().await?;
        }
        Ok(self.store.entries().await?)
    }
}
