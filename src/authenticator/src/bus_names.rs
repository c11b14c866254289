// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon's bus names: one for flatpak, and on a second connection one for stores. The process that owns both is
//! the daemon; the bus starts it for either.

use std::time::Duration;

use usher_core::{
    names::{ACCESS_NAME, AUTHENTICATOR_NAME},
    patience::within,
};
use zbus::{
    Connection,
    fdo::{DBusProxy, RequestNameFlags, RequestNameReply},
};

/// Longest wait for another daemon to own both names, or to be gone.
const LIMIT: Duration = Duration::from_secs(5);
/// How often to check meanwhile.
const STEP: Duration = Duration::from_millis(20);

/// Why the daemon ended with a failure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// Another one is running.
    #[error("another instance is running")]
    Running,
    /// The bus is gone.
    #[error("the connection to the bus is lost")]
    BusLost,
    /// The process lacks something that it needs.
    #[error("starting: {0}")]
    Runtime(#[from] std::io::Error),
    /// The bus did not do what was asked.
    #[error("the bus: {0}")]
    Bus(#[from] zbus::Error),
}

/// The daemon's connections.
pub(crate) struct BusNames {
    /// For flatpak, and for all calls of the daemon itself.
    pub(crate) authenticator: Connection,
    /// For stores: a program that may talk to it sees nothing of the other connection.
    pub(crate) access: Connection,
}

impl BusNames {
    /// Takes both names without queueing, and never yields them to another process (rule R21).
    pub(crate) async fn own(&self) -> Result<(), RunError> {
        let owned = within(LIMIT, async {
            // The first name decides between two daemons that start at once. Callers of the second name have no time
            // limit: its owner must stay to answer them.
            self.own_or_yield(&self.access, ACCESS_NAME).await?;
            self.own_or_yield(&self.authenticator, AUTHENTICATOR_NAME).await
        });
        owned.await.unwrap_or(Err(RunError::Running))
    }

    /// Takes a name, or finds that another daemon owns both. Waits for a daemon that is about to own both, or has just
    /// given them up: if this one ended in between, the bus would fail the calls for which it started it.
    async fn own_or_yield(&self, connection: &Connection, name: &'static str) -> Result<(), RunError> {
        loop {
            match request(connection, name).await? {
                RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner => return Ok(()),
                RequestNameReply::Exists | RequestNameReply::InQueue if self.another_runs().await? => {
                    return Err(RunError::Running);
                }
                RequestNameReply::Exists | RequestNameReply::InQueue => tokio::time::sleep(STEP).await,
            }
        }
    }

    /// Whether another daemon owns both names.
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

    /// Gives up both names. Calls that were sent to them before are in the daemon's queues, ahead of the calls that it
    /// makes to itself here.
    pub(crate) async fn release(&self) -> zbus::Result<()> {
        for (connection, name) in [(&self.authenticator, AUTHENTICATOR_NAME), (&self.access, ACCESS_NAME)] {
            DBusProxy::new(connection).await?.release_name(name.try_into()?).await.map_err(zbus::Error::from)?;
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

    /// Whether the connections are open, so that the daemon can give up its names.
    pub(crate) fn are_open(&self) -> bool {
        !self.authenticator.is_closed() && !self.access.is_closed()
    }
}

/// Asks the bus for a name. The library's own way follows two signals for each name, which is four more calls before the
/// name is there. Nobody needs them: the daemon never yields a name, and loses both only with the connection.
async fn request(connection: &Connection, name: &'static str) -> zbus::Result<RequestNameReply> {
    let bus = DBusProxy::new(connection).await?;
    Ok(bus.request_name(name.try_into()?, RequestNameFlags::DoNotQueue.into()).await?)
}
