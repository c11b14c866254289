// SPDX-License-Identifier: GPL-3.0-or-later
//! What every command works with.

use std::time::Duration;

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
}

impl Context {
    pub(crate) fn new(out: Output) -> Self {
        Self { store: AccountStore::new(KEYRING_LIMIT), http: HttpClient::new(HttpLimits::default()), out }
    }

    /// All accounts. A locked keyring is unlocked first, if the person does it.
    pub(crate) async fn unlocked_entries(&self) -> Result<Vec<Entry>, Failure> {
        if self.store.is_locked().await? {
            self.store.unlock().await?;
        }
        Ok(self.store.entries().await?)
    }
}
