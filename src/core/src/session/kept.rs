// SPDX-License-Identifier: GPL-3.0-or-later
//! New credentials on their way into the keyring (rule R16). What it does not take is kept as long as the process lives, used,
//! and saved as soon as the keyring can; meanwhile a mark says so to the other processes.

use std::{collections::HashMap, sync::PoisonError};

use zbus::Connection;

use super::Session;
use crate::{
    account::{Account, AccountId},
    credential::Credential,
    error_text::UserFacing,
    provider::RenewCall,
    store::{Chances, Mark, StoreError},
};

/// A new credential and the one it replaces.
#[derive(Clone)]
pub(super) struct Renewal {
    /// The account, as it was read before.
    pub(super) account: Account,
    pub(super) old: Credential,
    pub(super) new: Credential,
}

/// What the keyring has not saved. Only these credentials still work.
#[derive(Default)]
pub(super) struct Kept {
    by_account: HashMap<AccountId, (Renewal, Option<Mark>)>,
    /// Whether a task waits for the keyring.
    is_waited_for: bool,
}

impl Session {
    /// The account with the newest credential: the stored one, or a newer one that could not be saved.
    pub(super) fn newest(&self, mut account: Account) -> Account {
        if let Some(renewal) = self.kept_for(account.id)
            && account.credential.as_ref() == Some(&renewal.old)
        {
            account.credential = Some(renewal.new);
        }
        account
    }

    /// What the keyring has not saved of an account.
    pub(super) fn kept_for(&self, id: AccountId) -> Option<Renewal> {
        self.kept(|kept| kept.by_account.get(&id).map(|(renewal, _)| renewal.clone()))
    }

    /// Saves a new credential, or keeps it until it can be saved. The caller holds the account's lock.
    pub(super) async fn save(&self, renewal: Renewal) {
        // The keyring still holds the credential from before the first renewal that it did not save.
        let renewal = match self.kept_for(renewal.account.id) {
            Some(earlier) if earlier.new == renewal.old => Renewal { old: earlier.old, ..renewal },
            _ => renewal,
        };
        if let Err(error) = self.write(&renewal).await {
            tracing::warn!(%error, "cannot save a renewed sign-in; keeping it in memory");
            self.keep(renewal, &error).await;
        }
    }

    /// Forgets what the keyring has not saved of an account, since the person signs out, and gives it.
    pub(crate) fn take_unsaved(&self, id: AccountId) -> Option<Credential> {
        let taken = self.kept(|kept| kept.by_account.remove(&id));
        self.count_kept();
        taken.map(|(renewal, _)| renewal.new)
    }

    /// Tries once to save what the keyring has not saved.
    pub(super) async fn save_kept(&self) {
        for id in self.kept(|kept| kept.by_account.keys().copied().collect::<Vec<_>>()) {
            let Ok(_turn) = self.store.lock_account(id).await else { continue };
            let Some(renewal) = self.kept_for(id) else { continue };
            if let Err(error) = self.write(&renewal).await {
                tracing::debug!(%error, "the keyring cannot save a renewed sign-in yet");
            }
        }
    }

    /// Saves a new credential in place of the old one, and in place of nothing else. Asks the person nothing.
    async fn write(&self, renewal: &Renewal) -> Result<(), StoreError> {
        let Renewal { account, old, new } = renewal;
        let replace = |known: &mut Account| known.replace(old, new.clone());
        let saved = self.store.silently().change(account.id, replace).await?;
        self.take_unsaved(account.id);
        if saved.is_none_or(|saved| saved.credential.as_ref() != Some(new)) {
            self.end_unwanted(account, new).await;
        }
        Ok(())
    }

    /// The person has signed out meanwhile, or has signed in again: ends the sign-in at its server that was renewed for
    /// nobody.
    async fn end_unwanted(&self, account: &Account, credential: &Credential) {
        let (http, binding, endpoints) = (&self.http, &account.binding, &account.endpoints);
        if binding.provider.is_renewable(credential) {
            let ended = binding.provider.revoke(RenewCall { http, binding, credential, endpoints }).await;
            tracing::debug!(?ended, "a sign-in was renewed that nobody wants any more");
        }
    }

    async fn keep(&self, renewal: Renewal, error: &StoreError) {
        let id = renewal.account.id;
        let known = self.kept(|kept| kept.by_account.remove(&id)).and_then(|(_, mark)| mark);
        let mark = match known {
            Some(mark) => Some(mark),
            None => self.store.mark(id, error.reason()).await.map_or_else(
                |error| {
                    tracing::warn!(%error, "cannot mark a renewed sign-in as not saved");
                    None
                },
                Some,
            ),
        };
        let is_first = self.kept(|kept| {
            kept.by_account.insert(id, (renewal, mark));
            !std::mem::replace(&mut kept.is_waited_for, true)
        });
        self.count_kept();
        if is_first {
            tokio::spawn(self.clone().save_when_possible());
        }
    }

    /// Tries whenever the keyring has changed, and now and then besides, until everything is saved.
    async fn save_when_possible(self) {
        let connection = Connection::session().await.ok();
        let store = self.store.silently();
        let mut chances = Chances::of(&store, connection.as_ref()).await;
        loop {
            chances.next().await;
            self.save_kept().await;
            let is_done = self.kept(|kept| {
                kept.is_waited_for = !kept.by_account.is_empty();
                !kept.is_waited_for
            });
            if is_done {
                return;
            }
        }
    }

    fn count_kept(&self) {
        let count = self.kept(|kept| kept.by_account.len());
        self.renewals.unfinished.send_modify(|unfinished| unfinished.unsaved = count);
    }

    fn kept<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.renewals.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
