// SPDX-License-Identifier: GPL-3.0-or-later
//! A minimal bus service, against which the daemon is measured: it owns a name, answers one method, and sends one
//! signal.

use std::collections::HashMap;

use futures_util::StreamExt as _;
use zbus::message::Type;
use zbus::zvariant::{ObjectPath, Value};
use zbus::{Connection, Message, MessageStream};

const NAME: &str = "io.github.usher.Tests.Peer";
const INTERFACE: &str = "org.freedesktop.Flatpak.AuthenticatorRequest";
/// As long as the handle of a real request.
const HANDLE: ObjectPath<'static> =
    ObjectPath::from_static_str_unchecked("/org/freedesktop/Flatpak/Authenticator/request/1_42/bench1000");

/// The results of a `Response`.
type Results = HashMap<&'static str, Value<'static>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> zbus::Result<()> {
    let connection = Connection::session().await?;
    let mut messages = MessageStream::from(&connection);
    connection.request_name(NAME).await?;
    let mut results = Results::new();
    while let Some(message) = messages.next().await {
        let message = message?;
        if message.message_type() == Type::MethodCall {
            answer(&connection, &message, &mut results).await?;
        }
    }
    Ok(())
}

async fn answer(connection: &Connection, call: &Message, results: &mut Results) -> zbus::Result<()> {
    let header = call.header();
    match header.member().map_or("", |member| member.as_str()) {
        "SetTokens" => {
            let tokens: HashMap<String, Vec<String>> = call.body().deserialize()?;
            results.insert("tokens", Value::from(tokens));
            connection.reply(&header, &()).await
        }
        "RequestRefTokens" => {
            connection.reply(&header, &HANDLE).await?;
            let caller = header.sender().cloned();
            connection.emit_signal(caller, HANDLE, INTERFACE, "Response", &(0_u32, &*results)).await
        }
        _ => connection.reply(&header, &()).await,
    }
}
