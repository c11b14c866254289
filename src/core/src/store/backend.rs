// SPDX-License-Identifier: GPL-3.0-or-later
//! What a keyring must do, and the changes of accounts built on it.

use std::{collections::BTreeMap, sync::Arc};

use super::{Asking, Entry, Outline, StoreError};
use crate::{
    account::{Account, AccountId},
    binding::Link,
    files,
};

/// The lock that every change needs. Work that outlives its caller holds it until it is done.
pub(super) type Guard = Arc<files::Lock>;

/// One of our items, opened if possible. `P` is its location in the keyring.
pub(super) enum StoredItem<P> {
    Open(P, Box<Account>),
    Locked(Outline),
    /// With a name that tells it from others.
    Broken(P, String),
}

/// A keyring. A location is valid only under the lock under which it was listed.
pub(super) trait Backend: Sync {
    type Location: Send + Sync;

    fn list(&self) -> impl Future<Output = Result<Vec<StoredItem<Self::Location>>, StoreError>> + Send;
    /// Saves a new account and reads it back.
    fn create(
        &self,
        guard: &Guard,
        account: &Account,
        asking: Asking,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Sets the record of exactly this item and reads it back. `false` if another program has deleted the item since it was
    /// listed.
    fn replace(
        &self,
        guard: &Guard,
        location: &Self::Location,
        account: &Account,
        asking: Asking,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Removes items. An item that is gone already counts as removed.
    fn delete(
        &self,
        guard: &Guard,
        locations: Vec<Self::Location>,
        asking: Asking,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// All items, as callers of the store see them. Of two items for one account the newer one counts.
pub(super) async fn entries(keyring: &impl Backend) -> Result<Vec<Entry>, StoreError> {
    let mut open: BTreeMap<AccountId, Account> = BTreeMap::new();
    let mut entries = Vec::new();
    for item in keyring.list().await? {
        match item {
            StoredItem::Open(_, account) => match open.get(&account.id) {
                Some(known) if known.generation >= account.generation => {}
                _ => {
                    open.insert(account.id, *account);
                }
            },
            StoredItem::Locked(outline) => entries.push(Entry::Locked(outline)),
            StoredItem::Broken(_, name) => entries.push(Entry::Broken(name)),
        }
    }
    entries.extend(open.into_values().map(|account| Entry::Open(account.into())));
    Ok(entries)
}

/// Applies a change to a fresh copy of an account. `None` if the account is gone.
pub(super) async fn change(
    keyring: &impl Backend,
    guard: &Guard,
    asking: Asking,
    id: AccountId,
    change: impl FnOnce(&mut Account) + Send,
) -> Result<Option<Account>, StoreError> {
    let Some((location, mut account)) = find(keyring, id).await? else {
        return Ok(None);
    };
    let is_there = write_change(keyring, guard, asking, &location, &mut account, change).await?;
    Ok(is_there.then_some(account))
}

/// Lets a remote use this account and no other. Gives the account as it was before; `None` if that is gone.
pub(super) async fn allow(
    keyring: &impl Backend,
    guard: &Guard,
    asking: Asking,
    id: AccountId,
    link: Link,
) -> Result<Option<Account>, StoreError> {
    let Some((location, mut chosen)) = find(keyring, id).await? else {
        return Ok(None);
    };
    let (remote_url, before) = (link.remote_url.clone(), chosen.clone());
    if !write_change(keyring, guard, asking, &location, &mut chosen, |account| account.link(link)).await? {
        return Ok(None);
    }
    let others = keyring.list().await?.into_iter().filter_map(|item| match item {
        StoredItem::Open(_, account) if account.id != id && account.is_linked_to(&remote_url) => Some(account.id),
        _ => None,
    });
    for other in others.collect::<Vec<_>>() {
        self::change(keyring, guard, asking, other, |account| account.unlink(&remote_url)).await?;
    }
    Ok(Some(before))
}

/// Removes an account, and gives it. `None` if it is gone already.
pub(super) async fn remove(
    keyring: &impl Backend,
    guard: &Guard,
    asking: Asking,
    id: AccountId,
) -> Result<Option<Account>, StoreError> {
    let (mut locations, mut removed) = (Vec::new(), None);
    for item in keyring.list().await? {
        match item {
            StoredItem::Open(location, account) if account.id == id => {
                locations.push(location);
                removed = Some(*account);
            }
            StoredItem::Locked(outline) if outline.id == id => return Err(StoreError::Locked),
            _ => {}
        }
    }
    keyring.delete(guard, locations, asking).await?;
    Ok(removed)
}

/// Removes an item that cannot be read.
pub(super) async fn remove_broken(
    keyring: &impl Backend,
    guard: &Guard,
    asking: Asking,
    broken: &str,
) -> Result<(), StoreError> {
    let locations = keyring.list().await?.into_iter().filter_map(|item| match item {
        StoredItem::Broken(location, name) if name == broken => Some(location),
        _ => None,
    });
    let locations = locations.collect();
    keyring.delete(guard, locations, asking).await
}

/// Finds the item of an account, and reads it.
async fn find<B: Backend>(keyring: &B, id: AccountId) -> Result<Option<(B::Location, Account)>, StoreError> {
    let mut newest: Option<(B::Location, Account)> = None;
    for item in keyring.list().await? {
        match item {
            StoredItem::Open(location, account)
                if account.id == id
                    && newest.as_ref().is_none_or(|(_, known)| known.generation < account.generation) =>
            {
                newest = Some((location, *account));
            }
            StoredItem::Locked(outline) if outline.id == id => return Err(StoreError::Locked),
            _ => {}
        }
    }
    Ok(newest)
}

/// Changes an account in its item. Writes nothing if nothing changed. `false` if the item is gone.
async fn write_change<B: Backend>(
    keyring: &B,
    guard: &Guard,
    asking: Asking,
    location: &B::Location,
    account: &mut Account,
    change: impl FnOnce(&mut Account),
) -> Result<bool, StoreError> {
    let before = account.clone();
    change(account);
    if *account == before {
        return Ok(true);
    }
    account.generation = before.generation.saturating_add(1);
    keyring.replace(guard, location, account, asking).await
}
