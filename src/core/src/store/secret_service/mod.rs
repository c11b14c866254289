// SPDX-License-Identifier: GPL-3.0-or-later
//! The Secret Service, always over its encrypted session.
//!
//! “Locked” is a flag there, not yet a question to the person: many keyrings say locked and open at once when asked. So
//! `Unlock` is always called, on single items too; only where it returns a prompt, a person is needed.
//!
//! ```text
//! session  the calls of the API       prompt   questions to the person
//! signals  notices changes            fault    how a call fails
//! find     where our items are    key_exchange  how a session agrees on a key
//! ```

mod fault;
mod find;
mod key_exchange;
mod prompt;
mod session;
mod signals;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use futures_util::future;
use tokio::sync::Mutex;
use zbus::{
    Connection,
    connection::Builder,
    zvariant::{ObjectPath, OwnedObjectPath},
};

pub(super) use self::signals::changes;
use self::{
    fault::Fault,
    find::find,
    session::{Attributes, Made, Session},
};
use super::{
    Asking, StoreError,
    backend::{Backend, Guard, StoredItem},
    record,
};
use crate::{account::Account, i18n::gettext};

/// The keyring of the desktop. Opens a session at the first call, and again after it was lost.
pub(super) struct SecretService {
    bus: Bus,
    /// Longest wait for an answer in which no person has a part.
    limit: Duration,
    session: Mutex<Option<Arc<Session>>>,
}

/// How to reach the bus.
pub(super) enum Bus {
    /// Over a connection of its own, to the session bus.
    Session,
    /// Over a connection of its own, to the bus at this address.
    #[cfg(test)]
    At(String),
    /// Over this connection, which the process has anyway.
    On(Connection),
}

/// Where an item is, and its attributes.
pub(super) struct ItemLocation {
    path: OwnedObjectPath,
    attributes: Attributes,
}

impl Backend for SecretService {
    type Location = ItemLocation;

    async fn list(&self) -> Result<Vec<StoredItem<ItemLocation>>, StoreError> {
        let (session, is_new) = self.session().await?;
        match list(&session).await {
            Err(fault) if fault.is_lost_session() && !is_new => {
                tracing::debug!(?fault, "the session with the keyring is lost");
                self.forget(&session).await;
                list(&self.session().await?.0).await
            }
            other => other,
        }
        .map_err(StoreError::from)
    }

    async fn create(&self, _guard: &Guard, account: &Account, asking: Asking) -> Result<(), StoreError> {
        // Renews a lost session.
        self.list().await?;
        let session = self.session().await?.0;
        let collection = collection_for_new_items(&session, asking).await?;
        let secret = record::encode(account)?;
        let attributes = record::attributes(account);
        let made = session.create_item(&collection, &record::label(account), &attributes, &secret).await?;
        let item = session.finish(made, asking).await?;
        record::verify(&session.secret(&item).await?, account)
    }

    async fn replace(
        &self,
        _guard: &Guard,
        item: &ItemLocation,
        account: &Account,
        asking: Asking,
    ) -> Result<bool, StoreError> {
        let session = self.session().await?.0;
        let secret = record::encode(account)?;
        let collection = collection_of(&item.path)?;
        let attributes = record::own_attributes(&item.attributes);
        let wanted = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (found, equal) =
            future::join(session.attributes(&item.path), session.search_in(&collection, &wanted)).await;
        if matches!(found, Err(Fault::Gone)) {
            // Another program has deleted it, and it must not come back. A locked keyring may only hide it.
            return if session.is_locked(&collection).await? { Err(StoreError::Locked) } else { Ok(false) };
        }
        let label = record::label(account);
        let create = || session.create_item(&collection, &label, &attributes, &secret);
        let made = if equal?.len() > 1 {
            // Of several equal items the keyring would replace any, perhaps one that a later version of Usher wrote.
            session.set_secret(&item.path, &secret).await?;
            Made::Now(item.path.clone())
        } else {
            create().await?
        };
        let path = match made {
            Made::Prompt(prompt) if asking != Asking::Freely => {
                // Some keyrings answer every CreateItem with a prompt. The item is open, so its secret can be set.
                session.dismiss(&prompt).await;
                session.set_secret(&item.path, &secret).await?;
                item.path.clone()
            }
            made => session.finish(made, asking).await?,
        };
        record::verify(&session.secret(&path).await?, account)?;
        if path != item.path {
            // The keyring made a second item, or updated another that was its equal: the older one is of no use.
            let was_there = remove(&session, &item.path, asking).await?;
            if !was_there {
                return keep_new(&session, &path, create().await?, account, asking).await;
            }
        }
        Ok(true)
    }

    async fn delete(&self, _guard: &Guard, items: Vec<ItemLocation>, asking: Asking) -> Result<(), StoreError> {
        let session = self.session().await?.0;
        for item in items {
            remove(&session, &item.path, asking).await?;
        }
        Ok(())
    }
}

impl SecretService {
    /// The keyring at this bus. No call in which no person has a part takes longer than `limit`.
    pub(super) fn new(bus: Bus, limit: Duration) -> Self {
        Self { bus, limit, session: Mutex::default() }
    }

    /// Whether a person must unlock something before our items can be read.
    pub(super) async fn is_locked(&self) -> Result<bool, StoreError> {
        let found = find(&*self.live_session().await?).await?;
        Ok(!found.locked.is_empty() || !found.sealed.is_empty())
    }

    /// Whether items of ours are locked in open collections.
    pub(super) async fn asks_for_each_program(&self) -> Result<bool, StoreError> {
        let session = self.live_session().await?;
        let locked = find(&session).await?.locked;
        for item in &locked {
            let collection = collection_of(item)?;
            if session.is_locked(&collection).await? {
                return Ok(false);
            }
        }
        Ok(!locked.is_empty())
    }

    /// Asks the person to unlock our items, or the keyring if it shows none. A person may unlock only some.
    pub(super) async fn unlock(&self) -> Result<(), StoreError> {
        let session = self.live_session().await?;
        let mut found = find(&session).await?;
        if !found.sealed.is_empty() {
            session.unlock_with_question(&found.sealed).await?;
            // Now it shows its items, and may lock those one by one.
            found = find(&session).await?;
        }
        if !found.locked.is_empty() {
            let before = found.locked;
            session.unlock_with_question(&before).await?;
            found = find(&session).await?;
            if before.iter().all(|item| found.locked.contains(item)) {
                return Err(StoreError::Dismissed);
            }
        }
        if found.sealed.is_empty() { Ok(()) } else { Err(StoreError::Dismissed) }
    }

    /// Makes sure that there is an open collection for new items.
    pub(super) async fn prepare(&self, asking: Asking) -> Result<(), StoreError> {
        let session = self.live_session().await?;
        collection_for_new_items(&session, asking).await?;
        Ok(())
    }

    /// Agrees on a key with the keyring that runs, if one does.
    pub(super) async fn meet(&self) -> Result<(), StoreError> {
        let mut session = self.session.lock().await;
        if session.is_none() {
            *session = Session::open_if_running(self.connect().await?, self.limit).await?.map(Arc::new);
        }
        let Some(met) = session.clone() else { return Ok(()) };
        drop(session);
        Ok(met.agree().await?)
    }

    /// A session, and whether it is new.
    async fn session(&self) -> Result<(Arc<Session>, bool), Fault> {
        let mut session = self.session.lock().await;
        if let Some(session) = &*session {
            return Ok((session.clone(), false));
        }
        let opened = Arc::new(Session::open(self.connect().await?, self.limit).await?);
        *session = Some(opened.clone());
        Ok((opened, true))
    }

    async fn connect(&self) -> Result<Connection, Fault> {
        session::timed(self.limit, async { Ok(self.bus.connect().await?) }).await
    }

    /// A session with the keyring that runs now.
    async fn live_session(&self) -> Result<Arc<Session>, Fault> {
        let (session, is_new) = self.session().await?;
        if is_new {
            return Ok(session);
        }
        match session.default_collection().await {
            Err(fault) if fault.is_lost_session() => {
                self.forget(&session).await;
                Ok(self.session().await?.0)
            }
            Err(fault) => Err(fault),
            Ok(_) => Ok(session),
        }
    }

    async fn forget(&self, lost: &Arc<Session>) {
        let mut session = self.session.lock().await;
        if session.as_ref().is_some_and(|known| Arc::ptr_eq(known, lost)) {
            session.take();
        }
    }
}

impl Bus {
    async fn connect(&self) -> zbus::Result<Connection> {
        match self {
            Self::Session => Builder::session()?.build().await,
            #[cfg(test)]
            Self::At(address) => Builder::address(address.as_str())?.build().await,
            Self::On(connection) => Ok(connection.clone()),
        }
    }
}

/// Our items in all collections, read if they are open.
async fn list(session: &Session) -> Result<Vec<StoredItem<ItemLocation>>, Fault> {
    let (found, ()) = future::try_join(find(session), session.agree()).await?;
    if !found.sealed.is_empty() {
        return Err(Fault::Locked);
    }
    let open = found.open.into_iter().map(|path| (path, false));
    let mut paths: Vec<_> = open.chain(found.locked.into_iter().map(|path| (path, true))).collect();
    // A keyring finds items in any order; of two equal ones the same must count every time.
    paths.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
    let items = paths.into_iter().map(|(path, is_locked)| read(session, path, is_locked));
    let items = future::join_all(items).await.into_iter().filter_map(Result::transpose);
    items.collect()
}

/// Reads one item. `None` if it was removed since it was found. An item that fails is one unreadable account.
async fn read(
    session: &Session,
    path: OwnedObjectPath,
    is_locked: bool,
) -> Result<Option<StoredItem<ItemLocation>>, Fault> {
    let broken = |path: OwnedObjectPath, attributes| {
        let name = path.to_string();
        Ok(Some(StoredItem::Broken(ItemLocation { path, attributes }, name)))
    };
    // Asked at once, since the answers come in one turn.
    let secret = async { if is_locked { Err(Fault::Locked) } else { session.secret(&path).await } };
    let (attributes, secret) = future::join(session.attributes(&path), secret).await;
    let attributes = match attributes {
        Err(Fault::Gone) => return Ok(None),
        Err(fault) if fault.is_of_one_object() => {
            tracing::warn!(?fault, "cannot read the attributes of an item in the keyring");
            return broken(path, Attributes::default());
        }
        attributes => attributes?,
    };
    let Some(outline) = record::outline(&attributes) else {
        return broken(path, attributes);
    };
    let secret = match secret {
        Err(Fault::Locked) => return Ok(Some(StoredItem::Locked(outline))),
        Err(Fault::Gone) => return Ok(None),
        Err(fault) if fault.is_of_one_object() => {
            tracing::warn!(?fault, "cannot read the secret of an item in the keyring");
            return broken(path, attributes);
        }
        secret => secret?,
    };
    match record::account(&outline, &secret) {
        Some(account) => Ok(Some(StoredItem::Open(ItemLocation { path, attributes }, Box::new(account)))),
        None => broken(path, attributes),
    }
}

/// The open collection for new items: where the default alias points, or a new one.
async fn collection_for_new_items(session: &Session, asking: Asking) -> Result<OwnedObjectPath, Fault> {
    let known = match session.default_collection().await? {
        Some(collection) => match session.is_locked(&collection).await {
            // The alias may outlive the collection.
            Err(Fault::Gone) => None,
            is_locked => Some((collection, is_locked?)),
        },
        None => None,
    };
    let Some((collection, is_locked)) = known else {
        let made = session.create_default_collection(&gettext("Default keyring")).await?;
        return session.finish(made, asking).await.map_err(|fault| match fault {
            // Nothing is locked: a keyring without files of its own asks for the password of a new one.
            Fault::Dismissed | Fault::Locked => Fault::NotSetUp,
            other => other,
        });
    };
    let objects = std::slice::from_ref(&collection);
    if is_locked && !session.unlock_without_question(objects, &mut Vec::new()).await? {
        match asking {
            Asking::Freely => session.unlock_with_question(objects).await?,
            Asking::Rarely | Asking::Never => return Err(Fault::Locked),
        }
    }
    Ok(collection)
}

/// Keeps the item that took the place of one that is gone, if this keyring makes a new one each time: `again` is what it made at
/// a second call. If not, another program deleted the old one after Usher had looked, and the new one goes as well. Says which.
async fn keep_new(
    session: &Session,
    new: &OwnedObjectPath,
    again: Made,
    account: &Account,
    asking: Asking,
) -> Result<bool, StoreError> {
    match again {
        Made::Now(path) if path == *new => {
            remove(session, new, asking).await?;
            Ok(false)
        }
        Made::Now(path) => {
            record::verify(&session.secret(&path).await?, account)?;
            remove(session, new, asking).await?;
            Ok(true)
        }
        Made::Prompt(prompt) => {
            session.dismiss(&prompt).await;
            Ok(true)
        }
    }
}

/// Removes an item. `false` if it is gone already, which is as good.
async fn remove(session: &Session, item: &ObjectPath<'_>, asking: Asking) -> Result<bool, Fault> {
    match session.delete(item).await {
        Ok(Some(prompt)) if asking == Asking::Freely => session.prompt(&prompt).await.map(|_| true),
        Ok(Some(prompt)) => {
            session.dismiss(&prompt).await;
            Err(Fault::Locked)
        }
        Ok(None) => Ok(true),
        Err(Fault::Gone) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// The collection that an item is in, by their paths.
fn collection_of(item: &ObjectPath<'_>) -> Result<OwnedObjectPath, Fault> {
    let (collection, _) = item.as_str().rsplit_once('/').ok_or_else(|| Fault::answer("an item has no collection"))?;
    OwnedObjectPath::try_from(collection).map_err(|_| Fault::answer("an item has no collection"))
}
