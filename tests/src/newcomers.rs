// SPDX-License-Identifier: GPL-3.0-or-later
//! What a program calls that joins the bus, until it answers a request.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zbus::fdo::MonitoringProxy;
use zbus::message::Type;
use zbus::{MatchRule, MessageStream};

use crate::bus::{Bus, connect};
use crate::processes::LIMIT;

/// Records every call of those that join a bus from now on, up to the first `Response`.
#[derive(Debug)]
pub struct NewcomerCalls(JoinHandle<Vec<String>>);

impl NewcomerCalls {
    /// Starts to record.
    pub async fn record(bus: &Bus) -> Self {
        let connection = connect(&bus.address).await.expect("the bus takes a monitor");
        let monitoring = MonitoringProxy::new(&connection).await.expect("the bus has its own interface");
        let everything: [MatchRule<'_>; 0] = [];
        monitoring.become_monitor(&everything, 0).await.expect("the bus allows monitors");
        Self(tokio::spawn(calls(MessageStream::from(&connection))))
    }

    /// The methods that they called, in order; for a property with its name.
    pub async fn before_response(self) -> Vec<String> {
        timeout(LIMIT, self.0).await.expect("there is a response in time").expect("nobody panics")
    }
}

async fn calls(mut messages: MessageStream) -> Vec<String> {
    let (mut newcomers, mut calls) = (BTreeSet::new(), Vec::new());
    while let Some(Ok(message)) = messages.next().await {
        let header = message.header();
        let (Some(sender), Some(member)) = (header.sender(), header.member()) else { continue };
        match (message.message_type(), member.as_str()) {
            (Type::Signal, "Response") => break,
            (Type::MethodCall, member) => {
                if member == "Hello" {
                    newcomers.insert(sender.to_string());
                }
                if newcomers.contains(sender.as_str()) {
                    let asked = message.body().deserialize::<(String, String)>();
                    let property = asked.ok().filter(|_| member == "Get").map(|(_, property)| format!(" {property}"));
                    calls.push(format!("{member}{}", property.unwrap_or_default()));
                }
            }
            _ => {}
        }
    }
    calls
}
