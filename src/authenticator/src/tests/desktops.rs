// SPDX-License-Identifier: GPL-3.0-or-later
//! Notification services of all kinds, and a window process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::sync::OwnedMutexGuard;
use usher_core::{
    names::{ACCOUNTS_NAME, APP_ID, PROMPTER_PATH},
    notices::Service,
};
use zbus::{Connection, connection, object_server::SignalEmitter, zvariant::OwnedValue};

use super::Bus;

type Details = HashMap<String, OwnedValue>;

/// A shown notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShownNotification {
    pub(super) id: String,
    pub(super) title: String,
    /// The actions of clicks: first beside the buttons, then each button.
    pub(super) actions: Vec<(String, String)>,
}

/// The shown notifications, and how many were sent.
#[derive(Clone, Default)]
pub(super) struct ShownNotifications(Arc<Mutex<(Vec<ShownNotification>, usize)>>, Arc<tokio::sync::Mutex<()>>);

impl ShownNotifications {
    /// While this is held, the desktop shows nothing yet.
    pub(super) async fn hold(&self) -> OwnedMutexGuard<()> {
        self.1.clone().lock_owned().await
    }

    async fn add(&self, notification: ShownNotification) {
        let _turn = self.1.lock().await;
        let mut notifications = self.0.lock().unwrap();
        notifications.0.retain(|known| known.id != notification.id);
        notifications.0.push(notification);
        notifications.1 += 1;
    }

    fn remove(&self, id: &str) {
        self.0.lock().unwrap().0.retain(|known| known.id != id);
    }

    pub(super) fn shown(&self) -> Vec<ShownNotification> {
        self.0.lock().unwrap().0.clone()
    }

    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

fn text(details: &Details, key: &str) -> Option<String> {
    details.get(key)?.try_clone().ok()?.try_into().ok()
}

fn described(id: String, details: &Details) -> ShownNotification {
    let mut actions: Vec<(String, String)> =
        text(details, "default-action").zip(text(details, "default-action-target")).into_iter().collect();
    if let Some(buttons) = details.get("buttons") {
        for button in Vec::<Details>::try_from(buttons.try_clone().unwrap()).unwrap() {
            actions.push((text(&button, "action").unwrap(), text(&button, "target").unwrap()));
        }
    }
    ShownNotification { id, title: text(details, "title").unwrap(), actions }
}

pub(super) struct Gnome(pub(super) ShownNotifications);

#[zbus::interface(name = "org.gtk.Notifications")]
#[allow(clippy::needless_pass_by_value)]
impl Gnome {
    async fn add_notification(&self, application: &str, id: String, details: Details) {
        assert_eq!(application, APP_ID);
        self.0.add(described(id, &details)).await;
    }

    fn remove_notification(&self, application: &str, id: &str) {
        assert_eq!(application, APP_ID);
        self.0.remove(id);
    }
}

pub(super) struct Portal(pub(super) ShownNotifications);

#[zbus::interface(name = "org.freedesktop.portal.Notification")]
#[allow(clippy::needless_pass_by_value)]
impl Portal {
    async fn add_notification(&self, id: String, details: Details) {
        self.0.add(described(id, &details)).await;
    }

    fn remove_notification(&self, id: &str) {
        self.0.remove(id);
    }
}

pub(super) struct Common(pub(super) ShownNotifications);

#[zbus::interface(name = "org.freedesktop.Notifications")]
#[allow(clippy::unused_self, clippy::needless_pass_by_value)]
impl Common {
    fn get_capabilities(&self) -> Vec<&'static str> {
        vec!["actions", "body", "body-markup"]
    }

    // The arguments are those of the D-Bus method.
    #[allow(clippy::too_many_arguments)]
    async fn notify(
        &self,
        name: &str,
        replaces: u32,
        icon: &str,
        summary: String,
        body: &str,
        actions: Vec<String>,
        hints: Details,
        timeout: i32,
    ) -> u32 {
        assert_eq!((name, icon, timeout), ("Usher", APP_ID, -1));
        assert_eq!(text(&hints, "desktop-entry").as_deref(), Some(APP_ID));
        assert!(!body.is_empty());
        let number = if replaces == 0 { 7 } else { replaces };
        let actions = actions.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        self.0.add(ShownNotification { id: number.to_string(), title: summary, actions }).await;
        number
    }

    fn close_notification(&self, number: u32) {
        self.0.remove(&number.to_string());
    }

    #[zbus(signal)]
    pub(super) async fn activation_token(emitter: &SignalEmitter<'_>, number: u32, token: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    pub(super) async fn action_invoked(emitter: &SignalEmitter<'_>, number: u32, key: &str) -> zbus::Result<()>;
}

/// A window process: what it shows, and the actions that it received.
#[derive(Clone, Default)]
pub(super) struct Window {
    pub(super) shows: Vec<String>,
    pub(super) asked: Arc<Mutex<Vec<(String, String, String)>>>,
}

#[zbus::interface(name = "io.github.usher.Prompter1")]
impl Window {
    #[zbus(property)]
    fn shown(&self) -> Vec<String> {
        self.shows.clone()
    }
}

struct Application(Window);

#[zbus::interface(name = "org.freedesktop.Application")]
impl Application {
    #[allow(clippy::needless_pass_by_value)]
    fn activate_action(&self, action: String, mut parameter: Vec<OwnedValue>, platform: Details) {
        let target: String = parameter.remove(0).try_into().unwrap();
        let token = text(&platform, "activation-token").unwrap_or_default();
        self.0.asked.lock().unwrap().push((action, target, token));
    }
}

impl Window {
    pub(super) async fn open(self, bus: &Bus) -> Connection {
        let path = format!("/{}", ACCOUNTS_NAME.replace('.', "/"));
        let opening = connection::Builder::address(bus.address()).unwrap().name(ACCOUNTS_NAME).unwrap();
        let opening = opening.serve_at(PROMPTER_PATH, self.clone()).unwrap();
        opening.serve_at(path, Application(self)).unwrap().build().await.unwrap()
    }
}

/// Starts a desktop with this service.
pub(super) async fn desktop<I: zbus::object_server::Interface>(
    bus: &Bus,
    service: Service,
    served: impl FnOnce(ShownNotifications) -> I,
) -> (Connection, ShownNotifications) {
    let notifications = ShownNotifications::default();
    let opening = connection::Builder::address(bus.address()).unwrap().name(service.name).unwrap();
    let connection = opening.serve_at(service.path, served(notifications.clone())).unwrap().build().await.unwrap();
    (connection, notifications)
}
