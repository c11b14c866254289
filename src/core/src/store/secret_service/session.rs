// SPDX-License-Identifier: GPL-3.0-or-later
//! The calls of the Secret Service API, in an encrypted session with one running keyring.

use std::{collections::HashMap, time::Duration};

use futures_util::future::try_join;
use oo7::{Key, crypto};
use serde::Serialize;
use tokio::sync::OnceCell;
use zbus::{
    Connection, Message, Proxy,
    proxy::MethodFlags,
    zvariant::{DynamicType, ObjectPath, OwnedObjectPath, OwnedValue, Value},
};
use zeroize::Zeroizing;

use super::{fault::Fault, key_exchange::Exchange, signals::BUS_NAME};
use crate::patience::within;

const DBUS: &str = "org.freedesktop.DBus";
const DBUS_PATH: &str = "/org/freedesktop/DBus";
const SERVICE_PATH: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const ALGORITHM: &str = "dh-ietf1024-sha256-aes128-cbc-pkcs7";
const CONTENT_TYPE: &str = "application/octet-stream";
/// The first call of a session. gnome-keyring (48) may meet the first call of a connection before it has noted the connection.
/// Where that is `OpenSession` it aborts, so this one goes first.
const GREETING: &str = "ReadAlias";
/// The alias of the collection for new items.
const DEFAULT: &str = "default";
/// Size of the initialisation vector of the algorithm, in bytes.
const VECTOR_SIZE: usize = 16;

pub(super) type Attributes = HashMap<String, String>;

/// A secret on the bus: session, initialisation vector, encrypted value, content type.
type WireSecret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// A session with a keyring. The keyring closes it with the connection.
pub(super) struct Session {
    pub(super) connection: Connection,
    /// Unique bus name of the keyring that the session is with: another that starts later does not know the session.
    pub(super) owner: String,
    encryption: OnceCell<Encryption>,
    limit: Duration,
}

/// What hides secrets on the bus.
struct Encryption {
    path: OwnedObjectPath,
    key: Key,
}

/// What a method made, or the prompt that must be shown first.
pub(super) enum Made {
    Now(OwnedObjectPath),
    Prompt(OwnedObjectPath),
}

impl Session {
    /// Begins a session. Starts a keyring if the bus knows one.
    pub(super) async fn open(connection: Connection, limit: Duration) -> Result<Self, Fault> {
        let greeting = timed(limit, async {
            Ok(connection.call_method(Some(BUS_NAME), SERVICE_PATH, Some(SERVICE), GREETING, &(DEFAULT,)).await?)
        });
        let owner = greeting.await?.header().sender().map(ToString::to_string);
        let owner = owner.ok_or_else(|| Fault::answer("no sender"))?;
        Ok(Self::with(connection, owner, limit))
    }

    /// Begins a session with the keyring that runs, if one does.
    pub(super) async fn open_if_running(connection: Connection, limit: Duration) -> Result<Option<Self>, Fault> {
        let owner = connection.call_method(Some(DBUS), DBUS_PATH, Some(DBUS), "GetNameOwner", &(BUS_NAME,));
        let proxy = Proxy::new(&connection, BUS_NAME, SERVICE_PATH, SERVICE).await?;
        // Both at once, since the keyring takes its time with the first call of a connection.
        let greeting =
            proxy.call_with_flags::<_, _, OwnedObjectPath>(GREETING, MethodFlags::NoAutoStart.into(), &(DEFAULT,));
        let asked = async { Ok(try_join(owner, greeting).await?) };
        let owner: String = match timed(limit, asked).await {
            Err(Fault::Absent) => return Ok(None),
            answers => answers?.0.body().deserialize()?,
        };
        drop(proxy);
        Ok(Some(Self::with(connection, owner, limit)))
    }

    fn with(connection: Connection, owner: String, limit: Duration) -> Self {
        Self { connection, owner, encryption: OnceCell::new(), limit }
    }

    /// Agrees on a key with the keyring, which takes its time. Everything else can be asked meanwhile.
    pub(super) async fn agree(&self) -> Result<(), Fault> {
        self.encryption().await.map(|_| ())
    }

    async fn encryption(&self) -> Result<&Encryption, Fault> {
        let agreeing = self.encryption.get_or_try_init(|| async {
            let exchange = Exchange::begin()?;
            let arguments = (ALGORITHM, Value::from(exchange.public()));
            let reply = self.call(SERVICE_PATH, SERVICE, "OpenSession", &arguments).await?;
            let (output, path): (OwnedValue, OwnedObjectPath) = reply.body().deserialize()?;
            let theirs: Vec<u8> = output.try_into().map_err(zbus::Error::from)?;
            Ok(Encryption { path, key: exchange.agree(&theirs)? })
        });
        agreeing.await
    }

    /// Paths of the items with these attributes in all collections: the open ones and the locked ones.
    pub(super) async fn search(
        &self,
        attributes: &HashMap<&str, &str>,
    ) -> Result<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>), Fault> {
        let reply = self.call(SERVICE_PATH, SERVICE, "SearchItems", &(attributes,)).await?;
        Ok(reply.body().deserialize()?)
    }

    /// Paths of the items with these attributes in one collection.
    pub(super) async fn search_in(
        &self,
        collection: &ObjectPath<'_>,
        attributes: &HashMap<&str, &str>,
    ) -> Result<Vec<OwnedObjectPath>, Fault> {
        Ok(self.call(collection.as_str(), COLLECTION, "SearchItems", &(attributes,)).await?.body().deserialize()?)
    }

    /// Unlocks what opens without a question. Gives what was unlocked, and a prompt if something else needs one.
    pub(super) async fn unlock(
        &self,
        objects: &[OwnedObjectPath],
    ) -> Result<(Vec<OwnedObjectPath>, Option<OwnedObjectPath>), Fault> {
        let reply = self.call(SERVICE_PATH, SERVICE, "Unlock", &(objects,)).await?;
        let (unlocked, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = reply.body().deserialize()?;
        Ok((unlocked, some(prompt)))
    }

    /// The paths of all collections.
    pub(super) async fn collections(&self) -> Result<Vec<OwnedObjectPath>, Fault> {
        Ok(self.property(SERVICE_PATH, SERVICE, "Collections").await?.try_into().map_err(zbus::Error::from)?)
    }

    /// The collection for new items, if there is one.
    pub(super) async fn default_collection(&self) -> Result<Option<OwnedObjectPath>, Fault> {
        let reply = self.call(SERVICE_PATH, SERVICE, "ReadAlias", &(DEFAULT,)).await?;
        Ok(some(reply.body().deserialize()?))
    }

    /// Makes the collection for new items.
    pub(super) async fn create_default_collection(&self, label: &str) -> Result<Made, Fault> {
        let properties = HashMap::from([("org.freedesktop.Secret.Collection.Label", Value::from(label))]);
        let reply = self.call(SERVICE_PATH, SERVICE, "CreateCollection", &(properties, DEFAULT)).await?;
        made(&reply)
    }

    /// Whether a collection says that it is locked.
    pub(super) async fn is_locked(&self, collection: &ObjectPath<'_>) -> Result<bool, Fault> {
        Ok(self.property(collection.as_str(), COLLECTION, "Locked").await?.try_into().map_err(zbus::Error::from)?)
    }

    /// Whether an item says that it is locked.
    pub(super) async fn is_item_locked(&self, item: &ObjectPath<'_>) -> Result<bool, Fault> {
        Ok(self.property(item.as_str(), ITEM, "Locked").await?.try_into().map_err(zbus::Error::from)?)
    }

    /// Whether a collection lists any item, of whatever kind.
    pub(super) async fn lists_items(&self, collection: &ObjectPath<'_>) -> Result<bool, Fault> {
        let items = self.property(collection.as_str(), COLLECTION, "Items").await?;
        Ok(!Vec::<OwnedObjectPath>::try_from(items).map_err(zbus::Error::from)?.is_empty())
    }

    /// Saves an item, in the place of one that has the very same attributes.
    pub(super) async fn create_item(
        &self,
        collection: &ObjectPath<'_>,
        label: &str,
        attributes: &Attributes,
        secret: &[u8],
    ) -> Result<Made, Fault> {
        let properties = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Value::from(label)),
            ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes.clone())),
        ]);
        let arguments = (properties, self.encrypt(secret).await?, true);
        made(&self.call(collection.as_str(), COLLECTION, "CreateItem", &arguments).await?)
    }

    /// The attributes of an item, which it shows even while it is locked.
    pub(super) async fn attributes(&self, item: &ObjectPath<'_>) -> Result<Attributes, Fault> {
        Ok(self.property(item.as_str(), ITEM, "Attributes").await?.try_into().map_err(zbus::Error::from)?)
    }

    /// The secret of an item, whatever type of content it claims to be.
    pub(super) async fn secret(&self, item: &ObjectPath<'_>) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let Encryption { path, key } = self.encryption().await?;
        let reply = self.call(item.as_str(), ITEM, "GetSecret", &(path,)).await?;
        let body = reply.body();
        // Borrowed from the message: a `Vec<u8>` would be read byte by byte.
        let (_, vector, value, _): (ObjectPath<'_>, &[u8], &[u8], &str) = body.deserialize()?;
        if vector.len() != VECTOR_SIZE {
            return Err(Fault::answer("the secret is not encrypted as agreed"));
        }
        crypto::decrypt(value, key, vector).map_err(|_| Fault::answer("the secret cannot be decrypted"))
    }

    /// Sets the secret of an item.
    pub(super) async fn set_secret(&self, item: &ObjectPath<'_>, secret: &[u8]) -> Result<(), Fault> {
        self.call(item.as_str(), ITEM, "SetSecret", &(self.encrypt(secret).await?,)).await.map(|_| ())
    }

    /// Deletes an item. Gives the prompt that must be shown first, if there is one.
    pub(super) async fn delete(&self, item: &ObjectPath<'_>) -> Result<Option<OwnedObjectPath>, Fault> {
        Ok(some(self.call(item.as_str(), ITEM, "Delete", &()).await?.body().deserialize()?))
    }

    pub(super) async fn call<B>(&self, path: &str, interface: &str, method: &str, body: &B) -> Result<Message, Fault>
    where
        B: Serialize + DynamicType + Sync,
    {
        timed(self.limit, self.call_untimed(path, interface, method, body)).await
    }

    pub(super) async fn call_untimed<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, Fault>
    where
        B: Serialize + DynamicType + Sync,
    {
        Ok(self.connection.call_method(Some(self.owner.as_str()), path, Some(interface), method, body).await?)
    }

    async fn property(&self, path: &str, interface: &str, name: &str) -> Result<OwnedValue, Fault> {
        Ok(self.call(path, PROPERTIES, "Get", &(interface, name)).await?.body().deserialize()?)
    }

    async fn encrypt(&self, secret: &[u8]) -> Result<WireSecret, Fault> {
        let Encryption { path, key } = self.encryption().await?;
        let failed = |_| Fault::answer("the secret cannot be encrypted");
        let vector = crypto::generate_iv().map_err(failed)?;
        let value = crypto::encrypt(secret, key, &vector).map_err(failed)?;
        Ok((path.clone(), vector, value, CONTENT_TYPE.to_owned()))
    }
}

pub(super) async fn timed<T>(limit: Duration, call: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    within(limit, call).await.map_err(|_| Fault::TimedOut)?
}

/// The keyring says `/` where it means none.
fn some(path: OwnedObjectPath) -> Option<OwnedObjectPath> {
    (path.as_str() != "/").then_some(path)
}

fn made(reply: &Message) -> Result<Made, Fault> {
    let (path, prompt): (OwnedObjectPath, OwnedObjectPath) = reply.body().deserialize()?;
    Ok(some(prompt).map_or(Made::Now(path), Made::Prompt))
}
