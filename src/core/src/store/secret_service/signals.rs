// SPDX-License-Identifier: GPL-3.0-or-later
//! Notices when the keyring changes, comes or goes.

use futures_util::{Stream, StreamExt, stream};
use zbus::{Connection, MatchRule, Message, MessageStream, message::Type, names::InterfaceName};

use super::fault::Fault;
use crate::store::StoreError;

pub(super) const BUS_NAME: &str = "org.freedesktop.secrets";

/// Yields at each signal of the keyring that may concern accounts, and when it comes or goes. Prompts do not count:
/// looking at a locked keyring makes one.
pub(in crate::store) async fn changes(
    connection: &Connection,
) -> Result<impl Stream<Item = ()> + Send + Unpin + use<>, StoreError> {
    let (items, owner) = follow(connection).await?;
    Ok(stream::select(items, owner)
        .filter_map(|message| std::future::ready(message.is_ok_and(|message| concerns(&message)).then_some(()))))
}

async fn follow(connection: &Connection) -> Result<(MessageStream, MessageStream), Fault> {
    let items = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(BUS_NAME)?
        .path_namespace("/org/freedesktop/secrets")?
        .build();
    let owner = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender("org.freedesktop.DBus")?
        .interface("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .add_arg(BUS_NAME)?
        .build();
    let items = MessageStream::for_match_rule(items, connection, None).await?;
    Ok((items, MessageStream::for_match_rule(owner, connection, None).await?))
}

/// Whether a signal may concern accounts.
pub(super) fn concerns(signal: &Message) -> bool {
    let header = signal.header();
    header.interface().map(InterfaceName::as_str) != Some("org.freedesktop.Secret.Prompt")
}
