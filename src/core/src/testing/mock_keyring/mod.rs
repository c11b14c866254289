// SPDX-License-Identifier: GPL-3.0-or-later
//! A keyring with bad manners: the Secret Service API on a bus of one's own, and how it behaves is data.
//!
//! ```text
//! manners  how it behaves      state   what it holds      calls   what it answers
//! ```

mod calls;
mod manners;
mod state;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::StreamExt;
use zbus::{Connection, Message, MessageStream, connection::Builder, message::Type};

use self::{
    calls::Answer,
    state::{Signal, State},
};
pub use self::{
    manners::{Lock, Manners, Person, Times},
    state::StoredItem,
};

const BUS_NAME: &str = "org.freedesktop.secrets";

/// A running keyring. Ends when it is dropped.
#[derive(Debug)]
pub struct MockKeyring {
    connection: Connection,
    state: Arc<Mutex<State>>,
    serving: tokio::task::JoinHandle<()>,
}

impl MockKeyring {
    /// Starts one on the bus at this address: open, with one collection, which is the one for new items.
    pub async fn start(address: &str, manners: Manners) -> Self {
        let connection = Builder::address(address).expect("a sound address").build().await.expect("there is a bus");
        let state = Arc::new(Mutex::new(State::new(manners)));
        let calls = MessageStream::from(&connection);
        let serving = tokio::spawn(serve(connection.clone(), calls, state.clone()));
        connection.request_name(BUS_NAME).await.expect("no other keyring is running");
        Self { connection, state, serving }
    }

    /// Changes how it behaves from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.state().manners);
    }

    /// Locks what it holds.
    pub async fn lock(&self) {
        let signals = self.state().lock();
        emit_all(&self.connection, signals).await;
    }

    /// Makes another collection the one for new items; without a name, none is.
    pub fn move_default(&self, name: Option<&str>) {
        self.state().move_default(name);
    }

    /// Forgets all sessions, as when it started anew.
    pub fn forget_sessions(&self) {
        self.state().sessions.clear();
    }

    /// The person answers the prompts that are on the screen.
    pub async fn answer_prompts(&self) {
        let signals = self.state().answer_prompts();
        emit_all(&self.connection, signals).await;
    }

    /// Waits until a person sees a prompt.
    pub async fn wait_for_prompt(&self) {
        let mut shown = self.state().shown.subscribe();
        shown.wait_for(|shown| *shown > 0).await.expect("the keyring runs");
    }

    /// Ends, and waits until the bus has noticed.
    pub async fn end(self) {
        self.connection.release_name(BUS_NAME).await.expect("there is a bus");
        let connection = self.connection.clone();
        drop(self);
        connection.close().await.expect("there is a bus");
    }

    /// How many prompts a person has seen.
    pub fn prompts(&self) -> usize {
        *self.state().shown.borrow()
    }

    /// All items, in the order in which they were made.
    pub fn items(&self) -> Vec<StoredItem> {
        self.state().items.clone()
    }

    /// Adds an item with these attributes to the collection for new items, as another program may.
    pub fn add_item(&self, attributes: &HashMap<String, String>, secret: &[u8]) {
        self.state().add_item(attributes, secret);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for MockKeyring {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(connection: Connection, mut calls: MessageStream, state: Arc<Mutex<State>>) {
    while let Some(Ok(message)) = calls.next().await {
        if message.message_type() != Type::MethodCall {
            continue;
        }
        let (answer, signals) = {
            let mut state = lock(&state);
            let answer = calls::answer(&mut state, &message);
            (answer, std::mem::take(&mut state.signals))
        };
        // A test may have ended the bus.
        let _ = send(&connection, &message, answer).await;
        emit_all(&connection, signals).await;
    }
}

async fn send(connection: &Connection, call: &Message, answer: Result<Answer, &'static str>) -> zbus::Result<()> {
    let header = call.header();
    match answer {
        Ok(Answer::Never) => Ok(()),
        Ok(Answer::Nothing) => connection.reply(&header, &()).await,
        Ok(Answer::Path(path)) => connection.reply(&header, &path).await,
        Ok(Answer::Paths(paths)) => connection.reply(&header, &paths).await,
        Ok(Answer::Made(path, prompt)) => connection.reply(&header, &(path, prompt)).await,
        Ok(Answer::Unlocked(paths, prompt)) => connection.reply(&header, &(paths, prompt)).await,
        Ok(Answer::Found(open, locked)) => connection.reply(&header, &(open, locked)).await,
        Ok(Answer::Session(key, path)) => connection.reply(&header, &(key, path)).await,
        Ok(Answer::Property(value)) => connection.reply(&header, &value).await,
        Ok(Answer::Secret(secret)) => connection.reply(&header, &(secret,)).await,
        Err(name) => connection.reply_error(&header, name, &"by its manners").await,
    }
}

async fn emit_all(connection: &Connection, signals: Vec<Signal>) {
    for Signal { path, interface, member, body } in signals {
        // A test may have ended the bus.
        let _ = match body {
            state::Body::Path(object) => {
                connection.emit_signal(None::<&str>, path.as_str(), interface, member, &(object,)).await
            }
            state::Body::Completed(is_dismissed, result) => {
                connection.emit_signal(None::<&str>, path.as_str(), interface, member, &(is_dismissed, result)).await
            }
        };
    }
}
