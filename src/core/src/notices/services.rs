// SPDX-License-Identifier: GPL-3.0-or-later
//! The three services that show notifications.

use serde::Serialize;
use zbus::{
    Connection, Message,
    fdo::DBusProxy,
    names::{BusName, OwnedUniqueName},
    zvariant::DynamicType,
};

/// A service of the session bus.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Its bus name.
    pub name: &'static str,
    /// Its object.
    pub path: &'static str,
    /// Its interface.
    pub interface: &'static str,
}

impl Service {
    /// The current provider's unique name. Starts nothing.
    pub async fn owner(&self, connection: &Connection) -> zbus::Result<OwnedUniqueName> {
        Ok(DBusProxy::new(connection).await?.get_name_owner(BusName::from_static_str(self.name)?).await?)
    }

    /// Calls this provider.
    pub async fn call<A: Serialize + DynamicType>(
        &self,
        connection: &Connection,
        owner: &OwnedUniqueName,
        method: &str,
        arguments: &A,
    ) -> zbus::Result<Message> {
        connection.call_method(Some(owner), self.path, Some(self.interface), method, arguments).await
    }
}

/// The portal, for sandboxed apps.
pub const PORTAL: Service = Service {
    name: "org.freedesktop.portal.Desktop",
    path: "/org/freedesktop/portal/desktop",
    interface: "org.freedesktop.portal.Notification",
};

/// GNOME's service: notifications outlive the program that sends them.
pub const GTK: Service =
    Service { name: "org.gtk.Notifications", path: "/org/gtk/Notifications", interface: "org.gtk.Notifications" };

/// The service of other desktops.
pub const DESKTOP: Service = Service {
    name: "org.freedesktop.Notifications",
    path: "/org/freedesktop/Notifications",
    interface: "org.freedesktop.Notifications",
};
