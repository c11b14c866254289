// SPDX-License-Identifier: GPL-3.0-or-later
//! What the pages work with: keyring, HTTP, notes of the daemon. Nothing is contacted before it is used.

use std::time::Duration;

use usher_core::{
    http::{HttpClient, HttpLimits},
    pending::PendingFile,
    session::Session,
    store::AccountStore,
};

/// Longest wait for the keyring.
const KEYRING_LIMIT: Duration = Duration::from_secs(30);

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Services {
    /// The accounts.
    pub(crate) store: AccountStore,
    /// The accounts at their servers.
    pub(crate) session: Session,
    /// What clients asked for and did not get.
    pub(crate) pending: Option<PendingFile>,
}

impl Services {
    pub(crate) fn new() -> Self {
        let store = AccountStore::new(KEYRING_LIMIT);
        let session = Session::new(store.clone(), HttpClient::new(HttpLimits::default()));
        Self { store, session, pending: PendingFile::of_session() }
    }
}
