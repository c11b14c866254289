// SPDX-License-Identifier: GPL-3.0-or-later
//! Chooses the desktop's notification service: in a sandbox the portal; else GNOME's, whose notifications outlive the
//! daemon; else the one that all desktops have.

use std::collections::HashMap;

use usher_core::{
    names,
    notices::{DESKTOP, GTK, PORTAL, Service, Shown},
};
use zbus::{
    Connection,
    fdo::DBusProxy,
    names::{OwnedUniqueName, WellKnownName},
    zvariant::{Structure, Value},
};

use super::{
    desktop::Desktop,
    text::{Action, NotificationText},
};
use crate::{activity::Activity, delivery::BusAccess};

/// The notification services of the desktop.
pub(super) struct NotificationServices {
    connection: Connection,
    bus_access: BusAccess,
    has_display: bool,
    desktop: Desktop,
}

impl NotificationServices {
    pub(super) fn new(connection: Connection, activity: Activity, bus_access: BusAccess, has_display: bool) -> Self {
        let desktop = Desktop::new(connection.clone(), activity);
        Self { connection, bus_access, has_display, desktop }
    }

    /// Shows a notification in place of `replaced`. `None` without a notification service.
    pub(super) async fn show(&self, id: &str, text: &NotificationText, replaced: Option<Shown>) -> Option<Shown> {
        let shown = match self.bus_access {
            BusAccess::Sandbox => self.by_portal(id, text).await,
            BusAccess::Bus => match self.by_gtk(id, text).await {
                Ok(shown) => Ok(shown),
                Err(error) => {
                    tracing::debug!(%error, "cannot use the notification service of GNOME");
                    self.by_desktop(id, text, replaced).await
                }
            },
        };
        shown.inspect_err(|error| tracing::debug!(%error, "cannot show a notification")).ok()
    }

    /// Stops waiting for clicks.
    pub(super) fn stop(&self) {
        self.desktop.stop();
    }

    async fn by_portal(&self, id: &str, text: &NotificationText) -> zbus::Result<Shown> {
        let owner = self.provider(&PORTAL).await?;
        PORTAL.call(&self.connection, &owner, "AddNotification", &(id, described(text))).await?;
        Ok(Shown::Portal)
    }

    async fn by_gtk(&self, id: &str, text: &NotificationText) -> zbus::Result<Shown> {
        let owner = GTK.owner(&self.connection).await?;
        GTK.call(&self.connection, &owner, "AddNotification", &(names::APP_ID, id, described(text))).await?;
        Ok(Shown::Gtk)
    }

    async fn by_desktop(&self, id: &str, text: &NotificationText, replaced: Option<Shown>) -> zbus::Result<Shown> {
        let owner = self.provider(&DESKTOP).await?;
        self.desktop.show(&owner, id, text, replaced).await
    }

    /// The owner of the service. Lets the bus start it only if there is a display.
    async fn provider(&self, service: &Service) -> zbus::Result<OwnedUniqueName> {
        if let Ok(owner) = service.owner(&self.connection).await {
            return Ok(owner);
        }
        if self.has_display {
            let bus = DBusProxy::new(&self.connection).await?;
            bus.start_service_by_name(WellKnownName::from_static_str(service.name)?, 0).await?;
        }
        service.owner(&self.connection).await
    }
}

/// The form for the portal and for GNOME.
fn described(text: &NotificationText) -> HashMap<&'static str, Value<'_>> {
    // A themed icon in the form of `g_icon_serialize`.
    let icon: Structure<'_> = ("themed", Value::from(vec![names::APP_ID])).into();
    let mut described = HashMap::from([
        ("title", Value::from(text.title.as_str())),
        ("body", text.body.as_str().into()),
        ("icon", icon.into()),
        ("priority", "normal".into()),
    ]);
    if let Some(Action { name, target }) = &text.default {
        described.insert("default-action", format!("app.{name}").into());
        described.insert("default-action-target", target.as_str().into());
    }
    if let Some((label, Action { name, target })) = &text.button {
        let button = HashMap::from([
            ("label", Value::from(label.as_str())),
            ("action", format!("app.{name}").into()),
            ("target", target.as_str().into()),
        ]);
        described.insert("buttons", vec![button].into());
    }
    described
}
