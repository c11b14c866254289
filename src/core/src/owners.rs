// SPDX-License-Identifier: GPL-3.0-or-later
//! Owners of names on the bus, as the bus reports them.

use futures_util::{Stream, StreamExt};
use zbus::{Connection, MatchRule, MessageStream, fdo::NameOwnerChanged};

/// Changes of name owners, in the order in which the bus reports them: those in which the argument with this number (0
/// the name, 2 the new owner) has this value. Fails if the bus does not take the rule.
pub async fn changes(
    connection: &Connection,
    argument: u8,
    value: &str,
) -> zbus::Result<impl Stream<Item = NameOwnerChanged> + Send + Unpin + use<>> {
    let rule = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .sender("org.freedesktop.DBus")?
        .path("/org/freedesktop/DBus")?
        .interface("org.freedesktop.DBus")?
        .member("NameOwnerChanged")?
        .arg(argument, value)?
        .build();
    let stream = MessageStream::for_match_rule(rule, connection, None).await?;
    Ok(stream.filter_map(|message| std::future::ready(message.ok().and_then(NameOwnerChanged::from_message))))
}
