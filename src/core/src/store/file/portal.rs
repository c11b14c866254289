// SPDX-License-Identifier: GPL-3.0-or-later
//! The Secret portal (`org.freedesktop.portal.Secret`): gives each sandboxed application its own secret, which the
//! desktop keeps in the person's keyring.

use std::{collections::HashMap, io, os::fd::OwnedFd};

use async_trait::async_trait;
use futures_util::{Stream, StreamExt};
use oo7::Secret;
use tokio::{io::AsyncReadExt, net::UnixStream};
use zbus::{
    Connection, MatchRule, Message, MessageStream,
    fdo::NameOwnerChanged,
    message::Type,
    zvariant::{Fd, OwnedValue, Value},
};
use zeroize::Zeroizing;

use super::keyring_secret::{NoSecret, SecretSource};
use crate::{owners, store::absent};

const BUS_NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.Secret";
const REQUEST_INTERFACE: &str = "org.freedesktop.portal.Request";
/// Longest secret to read, in bytes.
const SECRET_LIMIT: u64 = 4096;
/// Shortest secret to accept, in bytes; portals give 64.
const SECRET_MINIMUM: usize = 16;

/// The portal of the session.
pub(super) struct SecretPortal {
    /// Address of the bus, if it is not the session bus.
    pub(super) bus: Option<String>,
}

#[async_trait]
impl SecretSource for SecretPortal {
    async fn retrieve(&self) -> Result<Secret, NoSecret> {
        let connection = match &self.bus {
            Some(address) => zbus::connection::Builder::address(address.as_str())?.build().await?,
            None => Connection::session().await?,
        };
        retrieve(&connection).await
    }
}

/// Asks once. The portal signals when it is done. A backend that could not open the keyring may send no signal, but
/// closes the socket for the secret, and so does a portal that was killed: nobody has refused anything then.
async fn retrieve(connection: &Connection) -> Result<Secret, NoSecret> {
    let token = format!("usher{}", uuid::Uuid::new_v4().simple());
    let sender = connection.unique_name().ok_or(zbus::Error::Unsupported)?.as_str();
    let request = format!("{PATH}/request/{}/{token}", sender.trim_start_matches(':').replace('.', "_"));
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(BUS_NAME)?
        .path(request)?
        .interface(REQUEST_INTERFACE)?
        .member("Response")?
        .build();
    let mut responses = MessageStream::for_match_rule(rule, connection, None).await?;
    let changes = owners::changes(connection, 0, BUS_NAME).await?;
    let (ours, theirs) = UnixStream::pair().map_err(zbus::Error::from)?;
    let theirs: OwnedFd = theirs.into_std().map_err(zbus::Error::from)?.into();
    let options = HashMap::from([("handle_token", Value::from(token))]);
    let reply = connection
        .call_method(Some(BUS_NAME), PATH, Some(INTERFACE), "RetrieveSecret", &(Fd::from(theirs), options))
        .await?;

    let mut reading = std::pin::pin!(read(ours));
    let mut end = std::pin::pin!(end_of_portal(changes));
    let (mut secret, mut is_done) = (None, false);
    loop {
        tokio::select! {
            response = responses.next(), if !is_done => {
                let response = response.ok_or_else(|| zbus::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)))??;
                let (code, _): (u32, HashMap<String, OwnedValue>) = response.body().deserialize()?;
                if code != 0 {
                    return Err(NoSecret::Refused);
                }
                is_done = true;
            }
            bytes = &mut reading, if secret.is_none() => {
                let bytes = bytes.map_err(zbus::Error::from)?;
                if bytes.len() < SECRET_MINIMUM {
                    ping(connection, &reply).await.map_err(NoSecret::Failed)?;
                    return Err(NoSecret::Refused);
                }
                secret = Some(Secret::from(bytes));
            }
            () = &mut end => return Err(NoSecret::Failed(io::Error::from(io::ErrorKind::BrokenPipe).into())),
        }
        if is_done && let Some(secret) = secret.take() {
            return Ok(secret);
        }
    }
}

/// Ends with the portal that was called.
async fn end_of_portal(mut changes: impl Stream<Item = NameOwnerChanged> + Unpin) {
    while let Some(change) = changes.next().await {
        if change.args().is_ok_and(|change| change.old_owner.is_some()) {
            return;
        }
    }
}

/// Asks whoever has sent this reply for a sign of life.
async fn ping(connection: &Connection, reply: &Message) -> zbus::Result<()> {
    let header = reply.header();
    let owner = header.sender().ok_or(zbus::Error::Unsupported)?;
    connection.call_method(Some(owner.as_str()), PATH, Some("org.freedesktop.DBus.Peer"), "Ping", &()).await.map(|_| ())
}

async fn read(socket: UnixStream) -> io::Result<Zeroizing<Vec<u8>>> {
    // Reserve room for all of it, so that growing leaves no copy in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    socket.take(SECRET_LIMIT).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

impl From<zbus::Error> for NoSecret {
    fn from(error: zbus::Error) -> Self {
        if absent::is_absent(&error) || absent::is_unknown(&error) { Self::NoPortal } else { Self::Failed(error) }
    }
}
