// SPDX-License-Identifier: GPL-3.0-or-later
//! The Secret Service, always over its encrypted session.
//!
//! “Locked” is a flag there, not yet a question to the person: many keyrings say locked and open at once when asked. So
//! `Unlock` is always called, on single items too; only where it returns a prompt, a person is needed.
//!
//! ```text
//! session  the calls of the API       prompt   questions to the person
//! signals  notices changes            fault    how a call fails
//! ```

mod fault;
mod prompt;
mod session;
mod signals;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::future;
use tokio::sync::Mutex;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};

pub(super) use self::signals::changes;
use self::{
    fault::Fault,
    session::{Attributes, Made, Session},
};
use super::{
    Asking, StoreError,
    backend::{Backend, Guard, StoredItem},
    record::{self, attribute},
};
use crate::{account::Account, i18n::gettext, names};

/// Enough readings to open a collection, then items in it.
const READINGS: usize = 3;

/// The keyring of the desktop. Opens a session at the first call, and again after it was lost.
pub(super) struct SecretService {
    /// Address of the bus, if it is not the session bus.
    bus: Option<String>,
    /// Longest wait for an answer in which no person has a part.
    limit: Duration,
    session: Mutex<Option<Arc<Session>>>,
}

/// Where an item is, and its attributes.
pub(super) struct ItemLocation {
    path: OwnedObjectPath,
    attributes: Attributes,
}

/// Our items, after unlocking what opens without a question.
#[derive(Default)]
struct Found {
    open: Vec<OwnedObjectPath>,
    locked: Vec<OwnedObjectPath>,
    /// Locked collections of which nobody can tell whether they hold items of ours; only filled if no item was found.
    sealed: Vec<OwnedObjectPath>,
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
    ) -> Result<(), StoreError> {
        let session = self.session().await?.0;
        let secret = record::encode(account)?;
        let collection = collection_of(&item.path)?;
        let attributes = record::own_attributes(&item.attributes);
        let wanted = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let made = if session.search_in(&collection, &wanted).await?.len() > 1 {
            // Of several equal items the keyring would replace any, perhaps one that a later version of Usher wrote.
            session.set_secret(&item.path, &secret).await?;
            Made::Now(item.path.clone())
        } else {
            session.create_item(&collection, &record::label(account), &attributes, &secret).await?
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
            remove(&session, &item.path, asking).await?;
        }
        Ok(())
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
    /// The keyring at the bus with this address, or at the session bus. No call in which no person has a part takes
    /// longer than `limit`.
    pub(super) fn new(bus: Option<String>, limit: Duration) -> Self {
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

    /// Opens a session, where there is none.
    pub(super) async fn connect(&self) {
        if let Err(fault) = self.session().await {
            tracing::debug!(?fault, "no session with the keyring yet");
        }
    }

    /// A session, and whether it is new.
    async fn session(&self) -> Result<(Arc<Session>, bool), Fault> {
        let mut session = self.session.lock().await;
        if let Some(session) = &*session {
            return Ok((session.clone(), false));
        }
        let opened = Arc::new(Session::open(self.bus.as_deref(), self.limit).await?);
        *session = Some(opened.clone());
        Ok((opened, true))
    }

    /// A session with the keyring that runs now.
    async fn live_session(&self) -> Result<Arc<Session>, Fault> {
        let (session, is_new) = self.session().await?;
        match session.default_collection().await {
            Err(fault) if fault.is_lost_session() && !is_new => {
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

/// Our items in all collections, read if they are open.
async fn list(session: &Session) -> Result<Vec<StoredItem<ItemLocation>>, Fault> {
    let found = find(session).await?;
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

/// Finds our items. Unlocks what opens without a question: items that say locked, or collections if no item shows.
async fn find(session: &Session) -> Result<Found, Fault> {
    let wanted = HashMap::from([(attribute::SCHEMA, names::KEYRING_SCHEMA)]);
    let mut opened = Vec::new();
    let mut found = Found::default();
    for _ in 0..READINGS {
        let collections = session.collections().await?;
        let mut sealed = closed(session, &collections, &opened).await?;
        let (open, locked) = if sealed.is_empty() {
            session.search(&wanted).await?
        } else {
            let others = collections.iter().filter(|collection| !sealed.contains(collection));
            search_in_each(session, others, &wanted).await?
        };
        // A keyring may say locked of what it has just unlocked.
        let (unlocked, locked): (Vec<_>, Vec<_>) = locked.into_iter().partition(|path| opened.contains(path));
        found = Found { open: [open, unlocked].concat(), locked, sealed: Vec::new() };
        if found.open.is_empty() && found.locked.is_empty() {
            let default = locked_default(session, &opened).await?;
            sealed.extend(default.filter(|default| !sealed.contains(default)));
            found.sealed = sealed;
        }
        let closed = [found.locked.as_slice(), &found.sealed].concat();
        if closed.is_empty() || !session.unlock_without_question(&closed, &mut opened).await? {
            break;
        }
    }
    found.sealed.retain(|collection| !opened.contains(collection));
    Ok(found)
}

/// Those of the collections that are locked and list nothing: some keyrings show no items while they are locked, and ask
/// the person to unlock them before they answer a search.
async fn closed(
    session: &Session,
    collections: &[OwnedObjectPath],
    opened: &[OwnedObjectPath],
) -> Result<Vec<OwnedObjectPath>, Fault> {
    let collections = collections.iter().filter(|collection| !opened.contains(collection)).cloned();
    let closed = collections.map(async |collection| {
        let is_closed = async { Ok(session.is_locked(&collection).await? && !session.lists_items(&collection).await?) };
        match is_closed.await {
            Ok(is_closed) => Ok(is_closed.then_some(collection)),
            // It may have been deleted since.
            Err(fault) if Fault::is_of_one_object(&fault) => {
                tracing::debug!(?fault, "cannot look at a collection");
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    });
    future::join_all(closed).await.into_iter().filter_map(Result::transpose).collect()
}

/// The collection for new items, if it is locked: it has to be opened anyway, even if it lists items of others.
async fn locked_default(session: &Session, opened: &[OwnedObjectPath]) -> Result<Option<OwnedObjectPath>, Fault> {
    let Some(collection) = session.default_collection().await?.filter(|collection| !opened.contains(collection)) else {
        return Ok(None);
    };
    match session.is_locked(&collection).await {
        Ok(is_locked) => Ok(is_locked.then_some(collection)),
        Err(fault) if fault.is_of_one_object() => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Paths of the items with these attributes in these collections: the open ones and the locked ones.
async fn search_in_each(
    session: &Session,
    collections: impl Iterator<Item = &OwnedObjectPath>,
    wanted: &HashMap<&str, &str>,
) -> Result<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>), Fault> {
    let (mut open, mut locked) = (Vec::new(), Vec::new());
    for collection in collections {
        for item in session.search_in(collection, wanted).await? {
            let side = if session.is_item_locked(&item).await? { &mut locked } else { &mut open };
            side.push(item);
        }
    }
    Ok((open, locked))
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
    let attributes = match session.attributes(&path).await {
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
    if is_locked {
        return Ok(Some(StoredItem::Locked(outline)));
    }
    let secret = match session.secret(&path).await {
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

/// Removes an item. One that is gone already counts as removed.
async fn remove(session: &Session, item: &ObjectPath<'_>, asking: Asking) -> Result<(), Fault> {
    match session.delete(item).await {
        Ok(Some(prompt)) if asking == Asking::Freely => session.prompt(&prompt).await.map(|_| ()),
        Ok(Some(prompt)) => {
            session.dismiss(&prompt).await;
            Err(Fault::Locked)
        }
        Ok(None) | Err(Fault::Gone) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// The collection that an item is in, by their paths.
fn collection_of(item: &ObjectPath<'_>) -> Result<OwnedObjectPath, Fault> {
    let (collection, _) = item.as_str().rsplit_once('/').ok_or_else(|| Fault::answer("an item has no collection"))?;
    OwnedObjectPath::try_from(collection).map_err(|_| Fault::answer("an item has no collection"))
}
