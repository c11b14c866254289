// SPDX-License-Identifier: GPL-3.0-or-later
//! Tests with keyrings of many manners, over a real bus.

mod reading;
mod saving;

use std::time::Duration;

use tempfile::TempDir;

use crate::{
    account::Account,
    store::{AccountStore, Entry, StoreError, testing::on_bus},
    testing::{
        self, Bus,
        mock_keyring::{Manners, MockKeyring},
    },
};

/// A generous limit for things that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A keyring on a bus of its own.
struct Desk {
    bus: Bus,
    keyring: MockKeyring,
    folder: TempDir,
}

impl Desk {
    async fn new(manners: Manners) -> Self {
        let bus = Bus::start();
        let keyring = MockKeyring::start(bus.address(), manners).await;
        Self { bus, keyring, folder: tempfile::tempdir().unwrap() }
    }

    /// The store of a freshly started process.
    fn store(&self) -> AccountStore {
        self.store_within(PATIENCE)
    }

    fn store_within(&self, limit: Duration) -> AccountStore {
        on_bus(self.bus.address(), self.folder.path(), limit)
    }
}

fn account(user: &str) -> Account {
    testing::account("https://store.example.org", user)
}

/// What a reading shows: users, locked accounts and unreadable ones, in order; or the error.
fn seen(read: Result<Vec<Entry>, StoreError>) -> Vec<String> {
    let entries = match read {
        Ok(entries) => entries,
        Err(error) => return vec![format!("{error:?}")],
    };
    let name = |entry: &Entry| match entry {
        Entry::Open(account) => account.user.clone(),
        Entry::Locked(_) => "locked".to_owned(),
        Entry::Broken(_) => "broken".to_owned(),
    };
    let mut seen: Vec<String> = entries.iter().map(name).collect();
    seen.sort_unstable();
    seen
}
