// SPDX-License-Identifier: GPL-3.0-or-later
//! `org.freedesktop.Notifications`. It reports clicks only to a running sender, so the daemon stays for a while.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{Stream, StreamExt};
use tokio::task::AbortHandle;
use usher_core::{
    i18n::gettext,
    names,
    notices::{DESKTOP, Shown},
    owners,
    patience::within,
};
use zbus::{
    Connection, MatchRule, Message, MessageStream,
    fdo::{DBusProxy, NameOwnerChanged},
    message,
    names::{MemberName, OwnedUniqueName},
    zvariant::Value,
};

use super::text::{Action, NotificationText};
use crate::activity::Activity;

/// Longest wait for the window process.
const LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for a click. A later click does nothing; the window shows the same when it opens.
const STAY: Duration = Duration::from_secs(30 * 60);
/// The key of a click beside the buttons.
const DEFAULT: &str = "default";
/// The key of the button.
const BUTTON: &str = "button";

/// The notifications whose clicks the daemon waits for.
pub(super) struct Desktop {
    connection: Connection,
    activity: Activity,
    /// `None` once the daemon no longer waits for clicks.
    open: Mutex<Option<HashMap<String, AbortHandle>>>,
}

impl Desktop {
    pub(super) fn new(connection: Connection, activity: Activity) -> Self {
        Self { connection, activity, open: Mutex::new(Some(HashMap::new())) }
    }

    /// Shows a notification, and waits for its signals.
    pub(super) async fn show(
        &self,
        owner: &OwnedUniqueName,
        id: &str,
        text: &NotificationText,
        replaced: Option<Shown>,
    ) -> zbus::Result<Shown> {
        let bus = DBusProxy::new(&self.connection).await?.get_id().await?.to_string();
        let number = match replaced {
            Some(Shown::Desktop { number, owner: known, bus: of }) if owner.as_str() == known && of == bus => number,
            _ => 0,
        };
        let able: Vec<String> =
            DESKTOP.call(&self.connection, owner, "GetCapabilities", &()).await?.body().deserialize()?;
        let is_able = |what: &str| able.iter().any(|able| able == what);
        let body = if is_able("body-markup") { text.body.replace('&', "&amp;") } else { text.body.clone() };
        let open = gettext("Open");
        let mut actions = Vec::new();
        if is_able("actions") {
            actions.extend([DEFAULT, &open]);
            actions.extend(text.button.iter().flat_map(|(label, _)| [BUTTON, label]));
        }
        let hints = HashMap::from([("desktop-entry", Value::from(names::APP_ID)), ("urgency", Value::from(1_u8))]);
        // Subscribe before the notification exists.
        let signals = self.signals(owner).await?;
        let gone = owners::changes(&self.connection, 0, owner).await?;
        let arguments = ("Usher", number, names::APP_ID, &text.title, body, &actions, hints, -1);
        let number: u32 = DESKTOP.call(&self.connection, owner, "Notify", &arguments).await?.body().deserialize()?;
        if !actions.is_empty() {
            self.listen(id, text.clone(), clicked(number, signals, gone));
        }
        Ok(Shown::Desktop { number, owner: owner.to_string(), bus })
    }

    /// Stops waiting for clicks.
    pub(super) fn stop(&self) {
        for open in self.open().take().into_iter().flat_map(HashMap::into_values) {
            open.abort();
        }
    }

    async fn signals(&self, owner: &OwnedUniqueName) -> zbus::Result<MessageStream> {
        let rule = MatchRule::builder()
            .msg_type(message::Type::Signal)
            .sender(owner)?
            .path(DESKTOP.path)?
            .interface(DESKTOP.interface)?
            .build();
        MessageStream::for_match_rule(rule, &self.connection, None).await
    }

    fn listen(&self, id: &str, text: NotificationText, click: impl Future<Output = Option<Click>> + Send + 'static) {
        let (connection, busy) = (self.connection.clone(), self.activity.begin());
        let listening = async move {
            let _busy = busy;
            let clicked = within(STAY, click).await;
            if let Ok(Some(Click { key, token })) = clicked {
                let action = match key.as_str() {
                    BUTTON => text.button.map(|(_, action)| action),
                    _ => text.default,
                };
                match within(LIMIT, open_window(&connection, action, token)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "cannot open the window"),
                    Err(_) => tracing::warn!("the window process does not answer"),
                }
            }
        };
        let mut open = self.open();
        let Some(open) = open.as_mut() else { return };
        open.retain(|_, open| !open.is_finished());
        // A replaced notification has the same number, but another action.
        if let Some(replaced) = open.insert(id.to_owned(), tokio::spawn(listening).abort_handle()) {
            replaced.abort();
        }
    }

    fn open(&self) -> MutexGuard<'_, Option<HashMap<String, AbortHandle>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clicked button, and the token that lets a window come to the front.
struct Click {
    key: String,
    token: Option<String>,
}

/// Waits for the first click on a notification. `None` once it is closed, or its service is gone.
async fn clicked(
    number: u32,
    signals: MessageStream,
    mut gone: impl Stream<Item = NameOwnerChanged> + Unpin,
) -> Option<Click> {
    tokio::select! {
        click = first_click(number, signals) => click,
        _ = gone.next() => None,
    }
}

async fn first_click(number: u32, mut signals: MessageStream) -> Option<Click> {
    let mut token = None;
    while let Some(Ok(signal)) = signals.next().await {
        let header = signal.header();
        match header.member().map(MemberName::as_str) {
            Some("ActivationToken") => token = text_of(&signal, number).or(token),
            Some("ActionInvoked") => {
                if let Some(key) = text_of(&signal, number) {
                    return Some(Click { key, token });
                }
            }
            Some("NotificationClosed") => {
                let closed: Option<(u32, u32)> = signal.body().deserialize().ok();
                if closed.is_some_and(|(closed, _)| closed == number) {
                    return None;
                }
            }
            _ => {}
        }
    }
    None
}

/// The text of a signal, if it is about that notification.
fn text_of(signal: &Message, number: u32) -> Option<String> {
    let (about, word): (u32, String) = signal.body().deserialize().ok()?;
    (about == number).then_some(word)
}

/// Opens the window at the action of the click. The bus starts the window process if necessary.
async fn open_window(connection: &Connection, action: Option<Action>, token: Option<String>) -> zbus::Result<()> {
    let token = token.unwrap_or_default();
    let mut platform: HashMap<&str, Value<'_>> = HashMap::new();
    if !token.is_empty() {
        platform.insert("activation-token", token.as_str().into());
        platform.insert("desktop-startup-id", token.as_str().into());
    }
    let (name, path) = (names::ACCOUNTS_NAME, names::application_path(names::ACCOUNTS_NAME));
    let interface = Some("org.freedesktop.Application");
    match action {
        Some(Action { name: action, target }) => {
            let arguments = (action, vec![Value::from(target)], platform);
            connection.call_method(Some(name), path, interface, "ActivateAction", &arguments).await?;
        }
        None => {
            connection.call_method(Some(name), path, interface, "Activate", &platform).await?;
        }
    }
    Ok(())
}
