// SPDX-License-Identifier: GPL-3.0-or-later
//! A finished sign-in on its way into the keyring (rule R16). The server will not issue its credential again, so it is
//! kept until it is saved, however long the keyring takes.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};
use zbus::Connection;

use super::{ExpectedAccount, SaveOutcome, Saved, write};
use crate::{
    account::Account,
    binding::{Binding, Link},
    clock,
    provider::{SignedIn, Way},
    store::{AccountStore, Chances, StoreError},
};

/// A finished sign-in that the keyring may not hold yet. Clones are the same sign-in: whichever saves it first, all
/// report the one saved account. Drop the last one only when it is saved, or when the person gives it up.
#[derive(Debug, Clone)]
pub struct Unsaved {
    progress: Arc<Mutex<Progress>>,
}

#[derive(Debug)]
struct Progress {
    /// Has the same id at every attempt, so that an attempt that half succeeded leaves no second account behind.
    fresh: Account,
    user: Option<String>,
    expected: ExpectedAccount,
    link: Option<Link>,
    saved: Option<Saved>,
}

impl Unsaved {
    /// A sign-in that has just finished. `link` is the permission that a person gives by signing in for a repository.
    /// `way` is how the person chose to come to the sign-in page, to begin with it the next time; `None` if there was no
    /// choice.
    pub fn new(
        binding: &Binding,
        signed_in: &SignedIn,
        expected: ExpectedAccount,
        link: Option<Link>,
        way: Option<Way>,
    ) -> Self {
        let mut fresh = Account::signed_in(binding.clone(), signed_in, clock::now());
        fresh.way = way;
        let progress = Progress { fresh, user: signed_in.user.clone(), expected, link, saved: None };
        Self { progress: Arc::new(Mutex::new(progress)) }
    }

    /// Changes whose account this may be, after the person decided about [`SaveOutcome::SomebodyElse`].
    pub async fn expect(&self, expected: ExpectedAccount) {
        self.progress.lock().await.expected = expected;
    }

    /// Saves the account and reads it back. The keyring may ask the person to unlock it, or to make one; that takes as
    /// long as the person takes. After a failure, try again, or leave it to [`Self::save_when_possible`].
    pub async fn save(&self, store: &AccountStore) -> Result<SaveOutcome, StoreError> {
        self.attempt(store).await
    }

    /// Waits until the keyring can save the account, and saves it: tries whenever the keyring has changed, and now and
    /// then besides. Asks the person nothing, and never gives up. `connection` is one to the session bus.
    pub async fn save_when_possible(&self, store: &AccountStore, connection: &Connection) -> SaveOutcome {
        let silent = store.silently();
        let mut chances = Chances::of(&silent, Some(connection)).await;
        loop {
            match self.attempt(&silent).await {
                Ok(outcome) => return outcome,
                Err(error) => tracing::debug!(%error, "the keyring cannot save a sign-in yet"),
            }
            chances.next().await;
        }
    }

    /// One attempt at a time: two at once could add the account twice.
    async fn attempt(&self, store: &AccountStore) -> Result<SaveOutcome, StoreError> {
        let mut progress: MutexGuard<'_, Progress> = self.progress.lock().await;
        if let Some(saved) = &progress.saved {
            return Ok(SaveOutcome::Saved(Box::new(saved.clone())));
        }
        let entries = store.unlocked_entries().await?;
        let Progress { fresh, user, expected, link, .. } = &*progress;
        let outcome = write(store, &entries, fresh, user.as_deref(), *expected, link.clone()).await?;
        if let SaveOutcome::Saved(saved) = &outcome {
            progress.saved = Some((**saved).clone());
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests;
