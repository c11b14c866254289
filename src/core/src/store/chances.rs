// SPDX-License-Identifier: GPL-3.0-or-later
//! When a keyring that failed is worth another try.

use std::{pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt};
use zbus::Connection;

use super::AccountStore;
use crate::patience::within;

/// How often to try again although the keyring reports no change: some report nothing when they are unlocked.
const INTERVAL: Duration = Duration::from_secs(15);

/// Follows a keyring that could not save something: worth a try is every change, and now and then besides.
pub(crate) struct Chances<'a> {
    store: &'a AccountStore,
    connection: Option<&'a Connection>,
    changes: Option<Pin<Box<dyn Stream<Item = ()> + Send>>>,
}

impl<'a> Chances<'a> {
    /// Follows the keyring from now on, on this connection to the session bus.
    pub(crate) async fn of(store: &'a AccountStore, connection: Option<&'a Connection>) -> Self {
        let mut chances = Self { store, connection, changes: None };
        chances.follow().await;
        chances
    }

    /// Waits for the next chance.
    pub(crate) async fn next(&mut self) {
        let Some(changes) = &mut self.changes else {
            tokio::time::sleep(INTERVAL).await;
            return self.follow().await;
        };
        if let Ok(None) = within(INTERVAL, changes.next()).await {
            // The keyring, or the folder of its file, is gone; it may come back.
            self.changes = None;
        }
    }

    /// A keyring that is not running yet cannot be followed, or the folder of its file is gone.
    async fn follow(&mut self) {
        let Some(connection) = self.connection else { return };
        if let Ok(changes) = self.store.changes(connection).await {
            self.changes = Some(Box::pin(changes));
        }
    }
}
