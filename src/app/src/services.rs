// SPDX-License-Identifier: GPL-3.0-or-later
//! What the pages work with: keyring, HTTP, notes of the daemon. Nothing is contacted before it is used.

use std::time::Duration;

use usher_core::{
    http::{HttpClient, HttpLimits},
    pending::PendingFile,
    store::AccountStore,
};

/// Longest wait for the keyring.
const KEYRING_LIMIT: Duration = Duration::from_secs(30);

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Services {
    /// The accounts.
    pub(crate) store: AccountStore,
    /// The HTTP client.
    pub(crate) http: HttpClient,
    /// What clients asked for and did not get.
    pub(crate) pending: Option<PendingFile>,
}

impl Services {
    pub(crate) fn new() -> Self {
        Self {
            store: AccountStore::new(KEYRING_LIMIT),
            http: HttpClient::new(HttpLimits::default()),
            pending: PendingFile::of_session(),
        }
    }
}
