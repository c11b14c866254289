// SPDX-License-Identifier: GPL-3.0-or-later
//! Questions that the keyring asks on the daemon's behalf. Some (`KeePassXC`) ask for every program whether it may
//! read an item. There a window of Usher is of no use: what the person allows it counts for the window process alone.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use usher_core::{
    prompt::Kind,
    store::{AccountStore, StoreError},
};

use crate::{
    activity::Activity,
    flow::{Ending, Prompts, Question},
};

/// Asks through the keyring where only that helps, and else in a window.
pub(crate) struct KeyringPrompts<P> {
    windows: P,
    store: AccountStore,
    activity: Activity,
    is_asking: Arc<AtomicBool>,
}

impl<P> KeyringPrompts<P> {
    pub(crate) fn new(windows: P, store: AccountStore, activity: Activity) -> Self {
        Self { windows, store, activity, is_asking: Arc::default() }
    }

    /// Has the keyring ask, unless its question is on the screen already. Nobody waits: a person may take long.
    fn ask_keyring(&self) {
        if self.is_asking.swap(true, Ordering::Relaxed) {
            return;
        }
        let (store, is_asking, busy) = (self.store.clone(), self.is_asking.clone(), self.activity.begin());
        tokio::spawn(async move {
            match store.unlock().await {
                Ok(()) | Err(StoreError::Dismissed) => {}
                Err(error) => tracing::warn!(%error, "the keyring did not ask the person"),
            }
            is_asking.store(false, Ordering::Relaxed);
            drop(busy);
        });
    }
}

#[async_trait]
impl<P: Prompts> Prompts for KeyringPrompts<P> {
    async fn ask(&self, question: Question) -> Ending {
        if question.kind == Kind::Unlock && self.store.asks_for_each_program().await.unwrap_or(false) {
            self.ask_keyring();
            return Ending::Failed;
        }
        self.windows.ask(question).await
    }
}
