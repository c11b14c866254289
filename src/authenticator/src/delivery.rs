// SPDX-License-Identifier: GPL-3.0-or-later
//! How an answer reaches the client that asked, and nobody else if possible (rule R6).
//!
//! Inside a sandbox, the bus proxy silently drops messages to a peer that the sandbox may not talk to; only broadcasts
//! reach such a peer. A call to the peer shows which case it is: the proxy refuses it at once.

use std::time::Duration;

use usher_core::patience::within;
use zbus::{Connection, fdo::DBusProxy, names::OwnedUniqueName};

/// Longest wait for a peer. The proxy refuses at once, so a call that takes longer has reached the peer.
const LIMIT: Duration = Duration::from_secs(3);

/// How to send an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// To the client alone.
    Directed,
    /// To everybody: nothing else reaches the client.
    Broadcast,
    /// Not at all: the client has gone.
    Nobody,
}

/// How the daemon is connected to the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BusAccess {
    /// Directly.
    Bus,
    /// Through the bus proxy of a sandbox.
    Sandbox,
}

impl BusAccess {
    /// The connection of this process.
    pub(crate) fn of_process() -> Self {
        if usher_core::names::in_sandbox() { Self::Sandbox } else { Self::Bus }
    }

    /// How to answer a peer if that is unknown.
    pub(crate) fn surest(self) -> Delivery {
        match self {
            Self::Bus => Delivery::Directed,
            Self::Sandbox => Delivery::Broadcast,
        }
    }

    /// How to answer a peer that has called on this connection. The proxy knows such a peer, so if it says that the
    /// peer does not exist, the peer has left.
    pub(crate) async fn caller(self, connection: &Connection, peer: &OwnedUniqueName) -> Delivery {
        match self {
            Self::Bus => Delivery::Directed,
            Self::Sandbox => match refusal(connection, peer).await {
                None => Delivery::Directed,
                Some(Refusal::Denied) => Delivery::Broadcast,
                Some(Refusal::Hidden) => Delivery::Nobody,
            },
        }
    }

    /// How to answer a peer that has called on a connection of an earlier daemon. The proxy hides it from this one.
    pub(crate) async fn earlier_caller(
        self,
        connection: &Connection,
        peer: &OwnedUniqueName,
    ) -> zbus::Result<Delivery> {
        let is_reached = match self {
            Self::Bus => {
                let bus = DBusProxy::new(connection).await?;
                let known = within(LIMIT, bus.name_has_owner(peer.as_ref().into()));
                // An answer to somebody who has left harms nobody.
                known.await.unwrap_or(Ok(true))?
            }
            Self::Sandbox => refusal(connection, peer).await.is_none(),
        };
        Ok(match self {
            _ if is_reached => Delivery::Directed,
            Self::Bus => Delivery::Nobody,
            Self::Sandbox => Delivery::Broadcast,
        })
    }
}

/// Why a call does not reach a peer.
enum Refusal {
    /// The proxy blocks it.
    Denied,
    /// There is no such peer, or the proxy says so.
    Hidden,
}

/// Whether something keeps a call from a peer. The peer's own answer does not matter.
async fn refusal(connection: &Connection, peer: &OwnedUniqueName) -> Option<Refusal> {
    let ping = connection.call_method(Some(peer), "/", Some("org.freedesktop.DBus.Peer"), "Ping", &());
    let zbus::Error::MethodError(error, ..) = within(LIMIT, ping).await.ok()?.err()? else {
        return None;
    };
    match error.as_str() {
        "org.freedesktop.DBus.Error.AccessDenied" => Some(Refusal::Denied),
        "org.freedesktop.DBus.Error.NameHasNoOwner" | "org.freedesktop.DBus.Error.ServiceUnknown" => {
            Some(Refusal::Hidden)
        }
        _ => None,
    }
}
