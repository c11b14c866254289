// SPDX-License-Identifier: GPL-3.0-or-later
//! A desktop's notification service, and a person who clicks on notifications.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex, MutexGuard};

use zbus::Connection;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedValue, Value};

use crate::bus::connect;
use crate::environment::data_folder;
use crate::processes::wait_for;
use crate::session::{AUTHENTICATOR, Session};

type Details = HashMap<String, OwnedValue>;

/// The object path of `org.freedesktop.Notifications`.
const COMMON_PATH: &str = "/org/freedesktop/Notifications";

/// The reason for closing a notification: the person dismissed it.
const DISMISSED: u32 = 2;

/// The kinds of desktops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desktop {
    /// GNOME: `org.gtk.Notifications`. A click activates the application.
    Gnome,
    /// Others: `org.freedesktop.Notifications`. A click sends a signal to whoever sent the notification.
    Other,
}

/// A notification as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its text, without the isolates around names.
    pub body: String,
    /// The labels of its buttons.
    pub buttons: Vec<String>,
    application: String,
    /// The action and target of a click beside the buttons, then those of each button.
    actions: Vec<(String, Option<String>)>,
}

#[derive(Debug, Default)]
struct State {
    shown: Vec<Notification>,
    count: usize,
}

type Shared = Arc<Mutex<State>>;

/// The notification service of a session.
#[derive(Debug)]
pub struct Notifications {
    kind: Desktop,
    state: Shared,
    connection: Connection,
}

impl Session {
    /// Starts a notification service.
    pub async fn show_notifications(&self, kind: Desktop) -> Notifications {
        let state = Shared::default();
        let connection = connect(&self.bus.address).await.expect("the bus takes a desktop");
        let (server, name) = (
            connection.object_server(),
            match kind {
                Desktop::Gnome => "org.gtk.Notifications",
                Desktop::Other => "org.freedesktop.Notifications",
            },
        );
        let served = match kind {
            Desktop::Gnome => server.at("/org/gtk/Notifications", Gnome(state.clone())).await,
            Desktop::Other => server.at(COMMON_PATH, Other(state.clone())).await,
        };
        assert!(served.expect("a service can be served"), "it is served once");
        connection.request_name(name).await.expect("there is no other desktop");
        Notifications { kind, state, connection }
    }

    /// Makes the daemon believe that a day has passed since its last notifications.
    pub fn let_a_day_pass(&self) {
        let file = data_folder(self.folder()).join(AUTHENTICATOR).join("notices.json");
        let text = fs::read(&file).expect("the daemon sent notifications");
        let mut notices: serde_json::Value = serde_json::from_slice(&text).expect("the notices are JSON");
        for notice in notices["notices"].as_array_mut().expect("there are notices") {
            let at = notice["at"].as_i64().expect("a notice has a time");
            notice["at"] = (at - 24 * 60 * 60).into();
        }
        fs::write(file, notices.to_string()).expect("the notices can be changed");
    }
}

impl Notifications {
    /// Waits until exactly one is shown, and returns it.
    pub async fn wait_for_one(&self) -> Notification {
        let one = async || match self.state().shown.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        };
        wait_for("a notification", one, async || format!("{:?}", self.state())).await
    }

    /// Waits until none is shown.
    pub async fn wait_until_none(&self) {
        let none = async || self.state().shown.is_empty().then_some(());
        wait_for("the end of all notifications", none, async || format!("{:?}", self.state())).await;
    }

    /// How many were sent since the start.
    pub fn count(&self) -> usize {
        self.state().count
    }

    /// Clicks on a notification.
    pub async fn click(&self, notification: &Notification) {
        self.activate(notification, 0).await;
    }

    /// Presses a button of a notification.
    pub async fn press(&self, notification: &Notification, button: &str) {
        let index = notification.buttons.iter().position(|label| label == button);
        self.activate(notification, 1 + index.unwrap_or_else(|| panic!("a button “{button}” in {notification:?}")))
            .await;
    }

    async fn activate(&self, notification: &Notification, index: usize) {
        let (action, target) = &notification.actions[index];
        match self.kind {
            // As GNOME Shell does.
            Desktop::Gnome => {
                let name = notification.application.as_str();
                let path = format!("/{}", name.replace('.', "/").replace('-', "_"));
                let action = action.strip_prefix("app.").expect("an action of the application");
                let target: Vec<Value<'_>> = target.iter().map(|target| Value::from(target.as_str())).collect();
                let arguments = (action, target, HashMap::<&str, Value<'_>>::new());
                let interface = Some("org.freedesktop.Application");
                let activated =
                    self.connection.call_method(Some(name), path, interface, "ActivateAction", &arguments).await;
                activated.expect("the application is activated");
            }
            Desktop::Other => {
                let emitter = SignalEmitter::new(&self.connection, COMMON_PATH).expect("a valid path");
                let number = notification.id.parse().expect("notifications are numbered");
                Other::action_invoked(&emitter, number, action).await.expect("a signal can be sent");
                // A click closes the notification, as on all of these desktops.
                remove(&self.state, &notification.id);
                Other::notification_closed(&emitter, number, DISMISSED).await.expect("a signal can be sent");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with the lock")
    }
}

fn add(state: &Shared, notification: Notification) {
    let mut state = state.lock().expect("nobody panics with the lock");
    state.shown.retain(|known| known.id != notification.id);
    state.shown.push(notification);
    state.count += 1;
}

fn remove(state: &Shared, id: &str) {
    state.lock().expect("nobody panics with the lock").shown.retain(|known| known.id != id);
}

fn text(details: &Details, key: &str) -> Option<String> {
    details.get(key)?.try_clone().ok()?.try_into().ok()
}

fn plain(text: &str) -> String {
    text.replace(['\u{2068}', '\u{2069}'], "")
}

struct Gnome(Shared);

#[zbus::interface(name = "org.gtk.Notifications")]
impl Gnome {
    #[allow(clippy::needless_pass_by_value)]
    fn add_notification(&self, application: String, id: String, details: Details) {
        let buttons: Vec<Details> = details
            .get("buttons")
            .map(|buttons| buttons.try_clone().expect("no files").try_into().expect("a list of buttons"))
            .unwrap_or_default();
        let default = (text(&details, "default-action").unwrap_or_default(), text(&details, "default-action-target"));
        let action = |button: &Details| (text(button, "action").unwrap_or_default(), text(button, "target"));
        let notification = Notification {
            id,
            title: text(&details, "title").unwrap_or_default(),
            body: plain(&text(&details, "body").unwrap_or_default()),
            buttons: buttons.iter().filter_map(|button| text(button, "label")).collect(),
            application,
            actions: std::iter::once(default).chain(buttons.iter().map(action)).collect(),
        };
        add(&self.0, notification);
    }

    #[allow(clippy::needless_pass_by_value)]
    fn remove_notification(&self, application: String, id: String) {
        let _ = application;
        remove(&self.0, &id);
    }
}

struct Other(Shared);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Other {
    #[allow(clippy::unused_self)]
    fn get_capabilities(&self) -> Vec<&'static str> {
        vec!["actions", "body"]
    }

    // The arguments are those of the D-Bus method.
    #[allow(clippy::too_many_arguments, clippy::needless_pass_by_value)]
    fn notify(
        &self,
        name: String,
        replaces: u32,
        icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: Details,
        timeout: i32,
    ) -> u32 {
        let _ = (name, icon, timeout);
        let number = if replaces == 0 {
            u32::try_from(self.0.lock().expect("nobody panics with the lock").count + 1).expect("the count fits")
        } else {
            replaces
        };
        // The first pair is the action of a click beside the buttons.
        let pairs: Vec<(String, String)> =
            actions.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        let notification = Notification {
            id: number.to_string(),
            title,
            body: plain(&body),
            buttons: pairs.iter().skip(1).map(|(_, label)| label.clone()).collect(),
            application: text(&hints, "desktop-entry").unwrap_or_default(),
            actions: pairs.into_iter().map(|(key, _)| (key, None)).collect(),
        };
        add(&self.0, notification);
        number
    }

    fn close_notification(&self, number: u32) {
        remove(&self.0, &number.to_string());
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, number: u32, key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, number: u32, reason: u32) -> zbus::Result<()>;
}
