// SPDX-License-Identifier: GPL-3.0-or-later
//! How an answer reaches the client that asked, and nobody else if that can be (rule R6).
//!
//! Inside a sandbox the bus proxy drops, without a word, what is directed at a peer that the sandbox may not talk to; all
//! that may be sent to such a peer is what everybody gets. A call to that peer tells: the proxy refuses it at once.

use std::time::Duration;

use zbus::{Connection, fdo::DBusProxy, names::OwnedUniqueName};

/// Longest wait for a peer. The proxy needs no time to refuse, so who takes longer is one that is reached.
const LIMIT: Duration = Duration::from_secs(3);

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// To the client alone.
    Directed,
    /// To everybody: the client is not reached otherwise.
    Broadcast,
    /// Not at all: there is no such client any more.
    Nobody,
}

/// Where the daemon is on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surroundings {
    /// On the bus itself.
    Bus,
    /// Behind the bus proxy of a sandbox.
    Sandbox,
}

impl Surroundings {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        if usher_core::names::in_sandbox() { Self::Sandbox } else { Self::Bus }
    }

    /// How a peer is answered if it cannot be found out.
    pub(crate) fn surest(self) -> Delivery {
        match self {
            Self::Bus => Delivery::Directed,
            Self::Sandbox => Delivery::Broadcast,
        }
    }

    /// How a peer is answered that has called on this connection. The proxy knows such a peer, so one that is said not to
    /// exist has left.
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

    /// How a peer is answered that has called on a connection of an earlier daemon. The proxy hides it from this one.
    pub(crate) async fn earlier_caller(
        self,
        connection: &Connection,
        peer: &OwnedUniqueName,
    ) -> zbus::Result<Delivery> {
        let is_reached = match self {
            Self::Bus => DBusProxy::new(connection).await?.name_has_owner(peer.as_ref().into()).await?,
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
    /// The proxy does not let it through.
    Denied,
    /// There is no such peer, or the proxy says so.
    Hidden,
}

/// Whether a call is kept from a peer. What the peer itself says to it does not matter.
async fn refusal(connection: &Connection, peer: &OwnedUniqueName) -> Option<Refusal> {
    let ping = connection.call_method(Some(peer), "/", Some("org.freedesktop.DBus.Peer"), "Ping", &());
    let zbus::Error::MethodError(error, ..) = tokio::time::timeout(LIMIT, ping).await.ok()?.err()? else {
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
