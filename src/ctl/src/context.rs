// SPDX-License-Identifier: GPL-3.0-or-later
//! The context of every command.

use std::{cell::Cell, time::Duration};

use usher_core::{
    http::{HttpClient, HttpLimits},
    store::{AccountStore, Entry},
};

use crate::{failure::Failure, terminal::Output};

/// Longest wait for the keyring.
const KEYRING_LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Context {
    pub(crate) store: AccountStore,
    pub(crate) http: HttpClient,
    pub(crate) out: Output,
    /// Whether a command is saving a result that it has not printed yet, so that Ctrl+C comes too late.
    pub(crate) is_too_late: Cell<bool>,
}

impl Context {
    pub(crate) fn new(out: Output) -> Self {
        let (store, http) = (AccountStore::new(KEYRING_LIMIT), HttpClient::new(HttpLimits::default()));
        Self { store, http, out, is_too_late: Cell::new(false) }
    }

    /// All accounts. Asks the person to unlock a locked keyring first.
    pub(crate) async fn unlocked_entries(&self) -> Result<Vec<Entry>, Failure> {
        if self.store.is_locked().await? {
            self.store.unlock().await?;
        }
        Ok(self.store.entries().await?)
    }
}
