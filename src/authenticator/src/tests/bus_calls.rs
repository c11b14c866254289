// SPDX-License-Identifier: GPL-3.0-or-later
//! How much a request costs on the bus: each message wakes the bus and another program.

use std::sync::Arc;

use futures_util::StreamExt;
use zbus::{Connection, MessageStream, fdo::MonitoringProxy, message::Type};

use super::{Bus, Call, Client, Daemon, Plan, bus_socket, soon, until};
use crate::{
    activity::Activity,
    bus_names::BusNames,
    client_name::BusClients,
    delivery::BusAccess,
    fakes::World,
    flow::{Clients, Flow},
};

/// A call that only these tests make.
const MARK: &str = "Ping";

/// Reads every message on a bus.
struct Monitor(MessageStream);

impl Monitor {
    async fn on(bus: &Bus) -> Self {
        let connection = bus.connect().await;
        let messages = MessageStream::from(&connection);
        MonitoringProxy::new(&connection).await.unwrap().become_monitor(&[], 0).await.unwrap();
        Self(messages)
    }

    /// What a connection has sent up to now: the kinds of the messages, in their order.
    async fn sent_by(&mut self, connection: &Connection) -> Vec<Type> {
        let mark =
            connection.call_method(Some("org.freedesktop.DBus"), "/", Some("org.freedesktop.DBus.Peer"), MARK, &());
        soon("an answer", mark).await.unwrap();
        let mut kinds = Vec::new();
        loop {
            let message = soon("a message", self.0.next()).await.unwrap().unwrap();
            let header = message.header();
            if header.sender() != connection.unique_name().map(|name| &**name) {
                continue;
            }
            if header.member().is_some_and(|member| member == MARK) {
                return kinds;
            }
            kinds.push(message.message_type());
        }
    }
}

#[tokio::test]
async fn a_client_is_looked_up_once_until_it_leaves() {
    let bus = Bus::start();
    let mut monitor = Monitor::on(&bus).await;
    let client = bus.connect().await;
    let peer = client.unique_name().unwrap().as_str();
    let clients = BusClients::new(bus.connect().await, BusAccess::Bus);
    let connection = clients.connection().clone();
    let first = clients.name(peer).await;
    assert!(first.starts_with("claimed:"), "{first}");
    assert!(monitor.sent_by(&connection).await.contains(&Type::MethodCall));
    assert_eq!(clients.name(peer).await, first);
    assert_eq!(monitor.sent_by(&connection).await, []);
    clients.forget(peer);
    assert_eq!(clients.name(peer).await, first);
    assert!(monitor.sent_by(&connection).await.contains(&Type::MethodCall));
}

#[tokio::test]
async fn a_further_request_of_a_client_costs_one_answer_and_one_signal() {
    let (bus, world) = (Bus::start(), World::good());
    let connect = async || bus_socket::connect(bus.address().parse().unwrap()).await.unwrap();
    let names = BusNames { authenticator: connect().await, access: connect().await };
    let clients = Arc::new(BusClients::new(names.authenticator.clone(), BusAccess::Bus));
    let flow = Flow { clients, ..world.flow() };
    let activity = Activity::default();
    let daemon = Daemon::run(&bus, names, flow, activity.clone(), Plan::default()).await;
    let mut client = Client::on(&bus).await;
    let mut monitor = Monitor::on(&bus).await;
    let mut ask = async |token| {
        client.answer(&Call { token, ..Call::default() }).await;
        until("the work after the answer", || *activity.watch().borrow() == 0).await;
    };
    ask("1").await;
    monitor.sent_by(&daemon.connection).await;
    ask("2").await;
    assert_eq!(monitor.sent_by(&daemon.connection).await, [Type::MethodReturn, Type::Signal]);
}
