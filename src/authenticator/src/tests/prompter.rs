// SPDX-License-Identifier: GPL-3.0-or-later
//! A window process that a test controls.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::sync::{mpsc, oneshot};
use usher_core::names::{ACCOUNTS_NAME, AUTHENTICATOR_NAME, PROMPTER_PATH};
use zbus::{
    Connection, connection,
    fdo::DBusProxy,
    names::BusName,
    object_server::SignalEmitter,
    zvariant::{OwnedValue, Value},
};

use super::{Bus, soon};

/// A requested prompt.
pub(super) struct ShownPrompt {
    pub(super) kind: &'static str,
    pub(super) token: String,
    pub(super) details: HashMap<String, OwnedValue>,
    pub(super) outcome: oneshot::Sender<(u32, &'static str)>,
}

impl ShownPrompt {
    pub(super) fn text(&self, key: &str) -> String {
        self.details[key].try_clone().unwrap().try_into().unwrap()
    }

    pub(super) fn end(self, outcome: u32) {
        self.outcome.send((outcome, "")).unwrap();
    }

    /// Ends the prompt: it waits in Usher, since the window asks something else.
    pub(super) fn queue(self) {
        self.outcome.send((3, "queued")).unwrap();
    }

    /// Ends the prompt as failed, for that reason.
    pub(super) fn fail(self, message: &'static str) {
        self.outcome.send((2, message)).unwrap();
    }

    pub(super) fn app_ids(&self) -> Vec<String> {
        self.details["app-ids"].try_clone().unwrap().try_into().unwrap()
    }
}

/// The window process of a test.
pub(super) struct Prompter {
    pub(super) connection: Connection,
    shown: mpsc::UnboundedReceiver<ShownPrompt>,
    cancelled: mpsc::UnboundedReceiver<String>,
    /// What its windows are about.
    pub(super) on_screen: Arc<Mutex<Vec<String>>>,
}

/// How the windows behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Windows {
    /// They appear on the screen.
    Appear,
    /// They never appear.
    Stay,
}

struct Served {
    windows: Windows,
    shown: mpsc::UnboundedSender<ShownPrompt>,
    cancelled: mpsc::UnboundedSender<String>,
    on_screen: Arc<Mutex<Vec<String>>>,
}

impl Served {
    async fn show(
        &self,
        kind: &'static str,
        token: String,
        details: HashMap<String, OwnedValue>,
        emitter: &SignalEmitter<'_>,
    ) -> (u32, HashMap<String, Value<'static>>) {
        let (outcome, ended) = oneshot::channel();
        if self.windows == Windows::Appear {
            // To the daemon alone, as the window process does.
            let bus = DBusProxy::new(emitter.connection()).await.unwrap();
            let daemon = bus.get_name_owner(AUTHENTICATOR_NAME.try_into().unwrap()).await.unwrap();
            let emitter = emitter.clone().set_destination(BusName::Unique(daemon.into()));
            Self::presented(&emitter, &token).await.unwrap();
        }
        let _ = self.shown.send(ShownPrompt { kind, token, details, outcome });
        let (outcome, message) = ended.await.unwrap_or((2, ""));
        let results = (!message.is_empty()).then(|| ("message".to_owned(), message.into()));
        (outcome, results.into_iter().collect())
    }
}

#[zbus::interface(name = "io.github.usher.Prompter1", introspection_docs = false)]
impl Served {
    #[zbus(out_args("outcome", "results"))]
    async fn sign_in(
        &self,
        handle_token: String,
        details: HashMap<String, OwnedValue>,
        parent_window: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> (u32, HashMap<String, Value<'static>>) {
        let _ = parent_window;
        self.show("SignIn", handle_token, details, &emitter).await
    }

    #[zbus(out_args("outcome", "results"))]
    async fn link(
        &self,
        handle_token: String,
        details: HashMap<String, OwnedValue>,
        parent_window: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> (u32, HashMap<String, Value<'static>>) {
        let _ = parent_window;
        self.show("Link", handle_token, details, &emitter).await
    }

    #[zbus(out_args("outcome", "results"))]
    async fn purchase(
        &self,
        handle_token: String,
        details: HashMap<String, OwnedValue>,
        parent_window: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> (u32, HashMap<String, Value<'static>>) {
        let _ = parent_window;
        self.show("Purchase", handle_token, details, &emitter).await
    }

    #[zbus(out_args("outcome", "results"))]
    async fn unlock(
        &self,
        handle_token: String,
        details: HashMap<String, OwnedValue>,
        parent_window: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> (u32, HashMap<String, Value<'static>>) {
        let _ = parent_window;
        self.show("Unlock", handle_token, details, &emitter).await
    }

    #[zbus(signal)]
    async fn presented(emitter: &SignalEmitter<'_>, handle_token: &str) -> zbus::Result<()>;

    fn cancel(&self, handle_token: String) {
        let _ = self.cancelled.send(handle_token);
    }

    #[zbus(property)]
    fn shown(&self) -> Vec<String> {
        self.on_screen.lock().unwrap().clone()
    }
}

impl Prompter {
    pub(super) async fn on(bus: &Bus) -> Self {
        Self::with(bus, Windows::Appear).await
    }

    pub(super) async fn with(bus: &Bus, windows: Windows) -> Self {
        Self::at(bus.address(), windows).await
    }

    /// The window process on the bus, or behind the proxy, at this address.
    pub(super) async fn at(address: &str, windows: Windows) -> Self {
        let (send_shown, shown) = mpsc::unbounded_channel();
        let (send_cancelled, cancelled) = mpsc::unbounded_channel();
        let on_screen = Arc::<Mutex<Vec<String>>>::default();
        let connection = connection::Builder::address(address)
            .unwrap()
            .serve_at(
                PROMPTER_PATH,
                Served { windows, shown: send_shown, cancelled: send_cancelled, on_screen: on_screen.clone() },
            )
            .unwrap()
            .name(ACCOUNTS_NAME)
            .unwrap()
            .build()
            .await
            .unwrap();
        Self { connection, shown, cancelled, on_screen }
    }

    /// Waits for the next prompt.
    pub(super) async fn next(&mut self) -> ShownPrompt {
        soon("a prompt", self.shown.recv()).await.unwrap()
    }

    /// Waits for the next cancelled prompt.
    pub(super) async fn next_cancelled(&mut self) -> String {
        soon("a prompt to be taken back", self.cancelled.recv()).await.unwrap()
    }

    /// How many unread prompts and cancellations there are.
    pub(super) fn further(&mut self) -> (usize, usize) {
        (self.shown.len(), self.cancelled.len())
    }
}
