// SPDX-License-Identifier: GPL-3.0-or-later
//! What the system says of this computer's connection, as the system's own service says it.

use zbus::Connection;

use crate::bus::connect;
use crate::session::Session;

/// That service's words for a connection.
const NONE: u32 = 1;
const FULL: u32 = 4;
/// Its words for a state.
const DISCONNECTED: u32 = 20;
const CONNECTED: u32 = 70;

const PATH: &str = "/org/freedesktop/NetworkManager";

struct Manager {
    is_online: bool,
}

#[zbus::interface(name = "org.freedesktop.NetworkManager")]
impl Manager {
    #[zbus(property)]
    fn connectivity(&self) -> u32 {
        if self.is_online { FULL } else { NONE }
    }

    #[zbus(property)]
    fn state(&self) -> u32 {
        if self.is_online { CONNECTED } else { DISCONNECTED }
    }

    #[zbus(property)]
    fn networking_enabled(&self) -> bool {
        self.is_online
    }
}

/// The connection of a session's computer.
#[derive(Debug)]
pub struct Network {
    connection: Connection,
}

impl Session {
    /// Starts with a connection. To be called before a program asks for it.
    pub async fn connect_network(&self) -> Network {
        let connection = connect(&self.bus.address).await.expect("the bus takes a system's service");
        let served = connection.object_server().at(PATH, Manager { is_online: true }).await;
        assert!(served.expect("a service can be served"), "it is served once");
        connection.request_name("org.freedesktop.NetworkManager").await.expect("there is no other");
        Network { connection }
    }
}

impl Network {
    /// Takes the connection away, or brings it back.
    pub async fn set_online(&self, is_online: bool) {
        let manager = self.connection.object_server().interface::<_, Manager>(PATH).await.expect("it is served");
        let mut served = manager.get_mut().await;
        served.is_online = is_online;
        served.state_changed(manager.signal_emitter()).await.expect("a change can be told");
        served.networking_enabled_changed(manager.signal_emitter()).await.expect("a change can be told");
        served.connectivity_changed(manager.signal_emitter()).await.expect("a change can be told");
    }
}
