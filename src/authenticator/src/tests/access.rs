// SPDX-License-Identifier: GPL-3.0-or-later
//! The interface for stores, on the daemon's second connection.

mod query;
mod store_request;
mod verify;

use std::collections::{BTreeMap, HashMap};

use futures_util::{FutureExt, StreamExt};
use serde::de::DeserializeOwned;
use usher_core::names::{ACCESS_INTERFACE, ACCESS_NAME, ACCESS_PATH};
use zbus::{
    Connection, MatchRule, MessageStream,
    zvariant::{DynamicType, OwnedValue, Type},
};

use super::{Bus, soon};
use crate::fakes::REMOTE_URI;

/// A store on the bus.
struct Store {
    connection: Connection,
    /// Signals of the interface, from any sender.
    changes: MessageStream,
}

impl Store {
    async fn on(bus: &Bus) -> Self {
        let connection = bus.connect().await;
        let rule = MatchRule::builder().msg_type(zbus::message::Type::Signal).interface(ACCESS_INTERFACE).unwrap();
        let changes = MessageStream::for_match_rule(rule.build(), &connection, Some(64)).await.unwrap();
        Self { connection, changes }
    }

    async fn call<R, B>(&self, method: &str, arguments: &B) -> zbus::Result<R>
    where
        R: DeserializeOwned + Type,
        B: serde::Serialize + DynamicType,
    {
        let call =
            self.connection.call_method(Some(ACCESS_NAME), ACCESS_PATH, Some(ACCESS_INTERFACE), method, arguments);
        soon("a reply", call).await?.body().deserialize()
    }

    async fn ask(&self, remote: &str, uri: &str, ids: &[&str]) -> zbus::Result<BTreeMap<String, String>> {
        let apps: HashMap<String, HashMap<String, OwnedValue>> = self.call("Query", &(remote, uri, ids)).await?;
        let state = |mut app: HashMap<String, OwnedValue>| app.remove("state").unwrap().try_into().unwrap();
        Ok(apps.into_iter().map(|(id, app)| (id, state(app))).collect())
    }

    /// The states of apps of the remote `shop`.
    async fn query(&self, ids: &[&str]) -> BTreeMap<String, String> {
        self.ask("shop", REMOTE_URI, ids).await.unwrap()
    }

    async fn sign_in(&self, token: &str) -> zbus::Result<u32> {
        self.call("SignIn", &(token, "shop", REMOTE_URI, "")).await
    }

    async fn purchase(&self, token: &str, app: &str) -> zbus::Result<u32> {
        self.call("Purchase", &(token, "shop", REMOTE_URI, app, "")).await
    }

    async fn cancel(&self, token: &str) -> zbus::Result<()> {
        self.call("Cancel", &token).await
    }

    /// Waits for `AccountsChanged`.
    async fn news(&mut self) {
        soon("the news", self.changes.next()).await.unwrap().unwrap();
    }

    /// Whether there is an unread signal.
    fn has_news(&mut self) -> bool {
        self.changes.next().now_or_never().is_some()
    }
}

fn states(states: &[(&str, &str)]) -> BTreeMap<String, String> {
    states.iter().map(|&(id, state)| (id.to_owned(), state.to_owned())).collect()
}
