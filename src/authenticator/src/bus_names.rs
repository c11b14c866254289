// SPDX-License-Identifier: GPL-3.0-or-later
//! The names of the daemon on the bus: what flatpak calls, and on a second connection what stores ask. Whoever has both is
//! the daemon; the bus starts it for either.

use std::time::Duration;

use usher_core::names::{ACCESS_NAME, AUTHENTICATOR_NAME};
use zbus::{
    Connection,
    fdo::{DBusProxy, RequestNameFlags},
};

use crate::service::RunError;

/// Longest wait for another daemon to have both names, or to be gone.
const LIMIT: Duration = Duration::from_secs(5);
/// How often it is looked at meanwhile.
const STEP: Duration = Duration::from_millis(20);

/// The daemon's connections.
pub(crate) struct BusNames {
    /// For flatpak, and for all that the daemon itself wants of others.
    pub(crate) authenticator: Connection,
    /// For stores: who may talk to it sees nothing of what the other one is used for.
    pub(crate) access: Connection,
}

impl BusNames {
    /// Asks for both names without waiting in the bus's queue, and never gives them up to another (rule R21).
    pub(crate) async fn own(&self) -> Result<(), RunError> {
        let owned = tokio::time::timeout(LIMIT, async {
            // The first decides between two that were started at once. The second is the one whose callers wait without
            // end: who has it stays to answer them.
            self.own_or_yield(&self.access, ACCESS_NAME).await?;
            self.own_or_yield(&self.authenticator, AUTHENTICATOR_NAME).await
        });
        owned.await.unwrap_or(Err(RunError::Running))
    }

    /// Takes a name, or finds that another daemon has both. One that is about to have both, or has just given them up,
    /// is given the time for it: the bus fails the calls it was started for if this one ends in between.
    async fn own_or_yield(&self, connection: &Connection, name: &'static str) -> Result<(), RunError> {
        loop {
            match connection.request_name_with_flags(name, RequestNameFlags::DoNotQueue.into()).await {
                Ok(_) => return Ok(()),
                Err(zbus::Error::NameTaken) if self.another_runs().await? => return Err(RunError::Running),
                Err(zbus::Error::NameTaken) => tokio::time::sleep(STEP).await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether another daemon has both names.
    async fn another_runs(&self) -> zbus::Result<bool> {
        let bus = DBusProxy::new(&self.authenticator).await?;
        for (connection, name) in [(&self.authenticator, AUTHENTICATOR_NAME), (&self.access, ACCESS_NAME)] {
            let owner = bus.get_name_owner(name.try_into()?).await;
            if !owner.is_ok_and(|owner| connection.unique_name() != Some(&owner)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives both names up. What was sent to them before stands in our queues ahead of the calls to ourselves.
    pub(crate) async fn release(&self) -> zbus::Result<()> {
        for (connection, name) in [(&self.authenticator, AUTHENTICATOR_NAME), (&self.access, ACCESS_NAME)] {
            connection.release_name(name).await?;
            let own = connection.unique_name().cloned();
            connection.call_method(own, "/", Some("org.freedesktop.DBus.Peer"), "Ping", &()).await?;
        }
        Ok(())
    }

    /// Returns when a connection is lost.
    pub(crate) async fn lost(&self) {
        tokio::select! {
            () = self.authenticator.closed() => {}
            () = self.access.closed() => {}
        }
    }

    /// Whether names can still be given up.
    pub(crate) fn are_open(&self) -> bool {
        !self.authenticator.is_closed() && !self.access.is_closed()
    }
}
