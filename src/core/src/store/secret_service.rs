// SPDX-License-Identifier: GPL-3.0-or-later
//! The Secret Service, always over its encrypted session.

use std::{collections::HashMap, sync::Arc};

use futures_util::{Stream, StreamExt, future, stream};
use oo7::dbus::{Collection, Error, Item, Service, ServiceError};
use tokio::{runtime::Handle, sync::Mutex};
use zbus::{MatchRule, MessageStream, message::Type};

use super::{
    StoreError, absent,
    backend::{Backend, Guard, StoredItem},
    record::{self, attribute},
};
use crate::{account::Account, names};

const BUS_NAME: &str = "org.freedesktop.secrets";

/// A session with the keyring, opened at the first call and again after it was lost.
#[derive(Default)]
pub(super) struct SecretService {
    session: Mutex<Option<KeyringSession>>,
}

struct KeyringSession {
    /// `None` only while this is being dropped.
    service: Option<Arc<Service>>,
    runtime: Handle,
}

impl Drop for KeyringSession {
    fn drop(&mut self) {
        // The last owner of the service closes its session in a task, which needs the runtime, whatever thread drops
        // this.
        let _entered = self.runtime.enter();
        self.service.take();
    }
}

impl Backend for SecretService {
    type Location = Item;

    async fn list(&self) -> Result<Vec<StoredItem<Item>>, StoreError> {
        match self.try_list(HashMap::new()).await {
            Err(error) if is_lost(&error) => {
                self.session.lock().await.take();
                self.try_list(HashMap::new()).await
            }
            other => other,
        }
        .map_err(StoreError::from)
    }

    async fn create(&self, _guard: &Guard, account: &Account) -> Result<(), StoreError> {
        // Also renews a lost session.
        self.list().await?;
        let collection = match self.collection().await? {
            Some(collection) => collection,
            None => self.service().await?.default_collection().await?,
        };
        if collection.is_locked().await? {
            return Err(StoreError::Locked);
        }
        let (label, attributes) = (record::label(account), record::attributes(account));
        let item = collection.create_item(&label, &attributes, record::encode(account)?, false, None).await?;
        record::verify(&item.secret().await?, account)
    }

    async fn replace(&self, _guard: &Guard, item: &Item, account: &Account) -> Result<(), StoreError> {
        item.set_secret(record::encode(account)?).await?;
        record::verify(&item.secret().await?, account)?;
        // gnome-keyring sends no signal when a secret is set. It does when a label is set, even to the same text.
        if let Err(error) = item.set_label(&record::label(account)).await {
            tracing::debug!(%error, "cannot set the label of a keyring item; others may miss the change");
        }
        Ok(())
    }

    async fn delete(&self, _guard: &Guard, items: Vec<Item>) -> Result<(), StoreError> {
        for item in items {
            match item.delete(None).await {
                Ok(()) | Err(Error::Deleted | Error::Service(ServiceError::NoSuchObject(_))) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl SecretService {
    pub(super) async fn is_locked(&self) -> Result<bool, StoreError> {
        match self.collection().await? {
            Some(collection) => Ok(collection.is_locked().await?),
            None => Ok(false),
        }
    }

    pub(super) async fn unlock(&self) -> Result<(), StoreError> {
        let Some(collection) = self.collection().await? else {
            return Ok(());
        };
        collection.unlock(None).await?;
        if collection.is_locked().await? { Err(StoreError::Dismissed) } else { Ok(()) }
    }

    async fn try_list(&self, mut wanted: HashMap<&'static str, &str>) -> Result<Vec<StoredItem<Item>>, Error> {
        wanted.insert(attribute::SCHEMA, names::KEYRING_SCHEMA);
        let Some(collection) = self.service().await?.with_alias(Service::DEFAULT_COLLECTION).await? else {
            return Ok(Vec::new());
        };
        // Each question costs several calls on the bus, so ask independent ones at once.
        let (is_locked, mut items) = future::try_join(collection.is_locked(), collection.search_items(&wanted)).await?;
        // A keyring finds items in any order; of two equal ones the same must count every time.
        items.sort_by(|one, other| one.path().as_str().cmp(other.path().as_str()));
        let mut all = Vec::new();
        for item in future::join_all(items.into_iter().map(|item| open(item, is_locked))).await {
            match item {
                Ok(item) => all.push(item),
                // Removed since the search.
                Err(Error::Deleted | Error::Service(ServiceError::NoSuchObject(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    async fn collection(&self) -> Result<Option<Collection>, StoreError> {
        Ok(self.service().await?.with_alias(Service::DEFAULT_COLLECTION).await?)
    }

    async fn service(&self) -> Result<Arc<Service>, Error> {
        let mut session = self.session.lock().await;
        if let Some(service) = session.as_ref().and_then(|session| session.service.clone()) {
            return Ok(service);
        }
        let service = Arc::new(Service::encrypted().await?);
        *session = Some(KeyringSession { service: Some(service.clone()), runtime: Handle::current() });
        Ok(service)
    }
}

async fn open(item: Item, is_locked: bool) -> Result<StoredItem<Item>, Error> {
    let attributes = item.attributes().await?;
    let Some(outline) = record::outline(&attributes) else {
        return Ok(broken(item));
    };
    if is_locked {
        return Ok(StoredItem::Locked(outline));
    }
    let secret = match item.secret().await {
        Err(Error::Service(ServiceError::IsLocked(_))) => return Ok(StoredItem::Locked(outline)),
        secret => secret?,
    };
    Ok(match record::account(&outline, &secret) {
        Some(account) => StoredItem::Open(item, Box::new(account)),
        None => broken(item),
    })
}

fn broken(item: Item) -> StoredItem<Item> {
    let name = item.path().to_string();
    StoredItem::Broken(item, name)
}

/// Signals of the keyring that may concern accounts, and its coming and going.
pub(super) async fn signals(
    connection: &zbus::Connection,
) -> Result<impl Stream<Item = zbus::Message> + Send + Unpin + use<>, StoreError> {
    let items = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(BUS_NAME)
        .and_then(|rule| rule.path_namespace("/org/freedesktop/secrets"))
        .map_err(Error::from)?
        .build();
    let owner = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.DBus")
        .and_then(|rule| rule.interface("org.freedesktop.DBus"))
        .and_then(|rule| rule.member("NameOwnerChanged"))
        .and_then(|rule| rule.add_arg(BUS_NAME))
        .map_err(Error::from)?
        .build();
    let items = MessageStream::for_match_rule(items, connection, None).await.map_err(Error::from)?;
    let owner = MessageStream::for_match_rule(owner, connection, None).await.map_err(Error::from)?;
    Ok(stream::select(items, owner).filter_map(|message| std::future::ready(message.ok())))
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match &error {
            Error::Service(ServiceError::IsLocked(_)) => Self::Locked,
            Error::Dismissed => Self::Dismissed,
            Error::ZBus(bus) | Error::Service(ServiceError::ZBus(bus)) if absent::is_absent(bus) => Self::NoKeyring,
            _ => Self::Keyring(error),
        }
    }
}

/// Whether the keyring restarted: our session with it is gone.
fn is_lost(error: &Error) -> bool {
    match error {
        Error::Service(ServiceError::NoSession(_)) | Error::Deleted => true,
        Error::ZBus(bus) | Error::Service(ServiceError::ZBus(bus)) => match bus {
            zbus::Error::MethodError(name, ..) => {
                let name = name.as_str();
                name.ends_with(".NoSession")
                    || name.ends_with(".UnknownObject")
                    || name.ends_with(".UnknownMethod")
                    || name.ends_with(".NoReply")
            }
            _ => true,
        },
        _ => false,
    }
}
