// SPDX-License-Identifier: GPL-3.0-or-later
//! Notices when the keyring changes, comes or goes.

use futures_util::{Stream, StreamExt, stream};
use zbus::{Connection, MatchRule, Message, MessageStream, message::Type, names::InterfaceName};

use super::fault::Fault;
use crate::{owners, store::StoreError};

pub(super) const BUS_NAME: &str = "org.freedesktop.secrets";

/// Yields at each signal of the keyring that may concern accounts, and when it comes or goes. Prompts do not count:
/// looking at a locked keyring makes one.
pub(in crate::store) async fn changes(
    connection: &Connection,
) -> Result<impl Stream<Item = ()> + Send + Unpin + use<>, StoreError> {
    let (items, owner) = follow(connection).await?;
    let items =
        items.filter_map(|message| std::future::ready(message.is_ok_and(|message| concerns(&message)).then_some(())));
    Ok(stream::select(items, owner))
}

async fn follow(
    connection: &Connection,
) -> Result<(MessageStream, impl Stream<Item = ()> + Send + Unpin + use<>), Fault> {
    let items = MatchRule::builder()
        .msg_type(Type::Signal)
        .sender(BUS_NAME)?
        .path_namespace("/org/freedesktop/secrets")?
        .build();
    let items = MessageStream::for_match_rule(items, connection, None).await?;
    Ok((items, owners::changes(connection, 0, BUS_NAME).await?.map(|_| ())))
}

/// Whether a signal may concern accounts.
pub(super) fn concerns(signal: &Message) -> bool {
    let header = signal.header();
    header.interface().map(InterfaceName::as_str) != Some("org.freedesktop.Secret.Prompt")
}
