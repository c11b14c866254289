// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon behind the bus proxy of a sandbox, with the permissions of the Flatpak.

use std::{
    os::unix::net::UnixStream,
    process::{Child, Command, Stdio},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use usher_core::names::AUTHENTICATOR_NAME;
use zbus::Connection;

use super::{
    Bus, Call, Client, Daemon, Plan, journal,
    prompter::{Prompter, Windows},
    until,
};
use crate::{
    bus_names::BusNames,
    bus_socket,
    client_name::BusClients,
    delivery::BusAccess,
    fakes::{Says, World},
    flow::Clients,
    journal::Handle,
    prompt_client::PromptLimits,
};

/// A store that the daemon may talk to.
const STORE: &str = "org.gnome.Software";

/// A bus proxy, as flatpak starts it.
struct Proxy {
    process: Child,
    address: String,
}

impl Proxy {
    async fn start(bus: &Bus) -> Self {
        Self::start_at(bus, "proxy").await
    }

    /// Another one, since each sandbox has its own.
    async fn start_at(bus: &Bus, socket: &str) -> Self {
        let socket = bus.folder.path().join(socket);
        let process = Command::new("xdg-dbus-proxy")
            .arg(bus.address())
            .arg(&socket)
            .args(["--filter", &format!("--own={AUTHENTICATOR_NAME}"), &format!("--own={AUTHENTICATOR_NAME}.*")])
            .arg(format!("--talk={STORE}"))
            .stdout(Stdio::null())
            .spawn()
            .expect("xdg-dbus-proxy starts");
        until("the proxy", || UnixStream::connect(&socket).is_ok()).await;
        Self { process, address: format!("unix:path={}", socket.display()) }
    }

    async fn connect(&self) -> Connection {
        bus_socket::connect(self.address.parse().unwrap()).await.unwrap()
    }

    async fn start_daemon(&self, bus: &Bus, world: &Arc<World>) -> Daemon {
        self.start_daemon_as(bus, world, Plan::default()).await
    }

    async fn start_daemon_as(&self, bus: &Bus, world: &Arc<World>, plan: Plan) -> Daemon {
        let names = BusNames { authenticator: self.connect().await, access: self.connect().await };
        Daemon::start_with(bus, names, world, Plan { bus_access: BusAccess::Sandbox, ..plan }).await
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A client that owns the name of a store, and answers calls as programs do.
async fn store(bus: &Bus) -> Client {
    let store = Client::on(bus).await;
    store.connection.object_server();
    store.connection.request_name(STORE).await.unwrap();
    store
}

#[tokio::test]
async fn a_client_that_the_sandbox_may_not_talk_to_is_answered_for_all_to_hear() {
    let (bus, world) = (Bus::start(), World::good());
    let proxy = Proxy::start(&bus).await;
    let daemon = proxy.start_daemon(&bus, &world).await;
    let (mut client, mut onlooker) = (Client::on(&bus).await, Client::on(&bus).await);
    assert_eq!(client.answer(&Call::default()).await.code, 0);
    assert_eq!((client.further(&daemon).await, onlooker.further(&daemon).await), (0, 1));
}

#[tokio::test]
async fn a_store_that_the_sandbox_may_talk_to_is_answered_alone() {
    let (bus, world) = (Bus::start(), World::good());
    let proxy = Proxy::start(&bus).await;
    let daemon = proxy.start_daemon(&bus, &world).await;
    let (mut store, mut onlooker) = (store(&bus).await, Client::on(&bus).await);
    for token in ["1", "2"] {
        assert_eq!(store.answer(&Call { token, ..Call::default() }).await.code, 0);
    }
    assert_eq!((store.further(&daemon).await, onlooker.further(&daemon).await), (0, 0));
}

#[tokio::test]
async fn a_store_that_is_busy_is_answered_alone() {
    let (bus, world) = (Bus::start(), World::good());
    let proxy = Proxy::start(&bus).await;
    let daemon = proxy.start_daemon(&bus, &world).await;
    let (mut store, mut onlooker) = (Client::on(&bus).await, Client::on(&bus).await);
    // It answers no calls.
    store.connection.request_name(STORE).await.unwrap();
    assert_eq!(store.answer(&Call::default()).await.code, 0);
    assert_eq!(onlooker.further(&daemon).await, 0);
}

#[tokio::test]
async fn l01_a_client_that_leaves_is_noticed_behind_a_proxy_and_nobody_is_answered() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let proxy = Proxy::start(&bus).await;
    let daemon = proxy.start_daemon(&bus, &world).await;
    let (client, mut onlooker) = (Client::on(&bus).await, Client::on(&bus).await);
    client.ask(&Call::default()).await.unwrap();
    until("the server to be asked", || world.calls() == 1).await;
    client.connection.close().await.unwrap();
    until("the call to be given up", || world.abandoned.load(Ordering::Relaxed) == 1).await;
    until("the journal to be empty", || journal(bus.folder.path(), "this-bus").left_open().is_empty()).await;
    assert_eq!(onlooker.further(&daemon).await, 0);
}

#[tokio::test]
async fn l15_a_window_on_the_screen_of_another_sandbox_is_noticed() {
    let (bus, world) = (Bus::start(), World::empty());
    let (proxy, of_window) = (Proxy::start(&bus).await, Proxy::start_at(&bus, "window-proxy").await);
    let mut prompter = Prompter::at(&of_window.address, Windows::Appear).await;
    let prompt_limits = PromptLimits { window: Duration::from_millis(500), ..Plan::default().prompt_limits };
    let plan = Plan { real_windows: true, prompt_limits, ..Plan::default() };
    let _daemon = proxy.start_daemon_as(&bus, &world, plan).await;
    let mut client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    tokio::time::sleep(2 * prompt_limits.window).await;
    assert_eq!(prompter.further(), (0, 0), "it waits for the person");
    prompt.end(1);
    assert_eq!(client.response().await.code, 1);
}

#[tokio::test]
async fn l12_what_a_killed_daemon_left_open_is_ended_behind_a_proxy() {
    let (bus, world) = (Bus::start(), World::good());
    let proxy = Proxy::start(&bus).await;
    let (mut client, mut store) = (Client::on(&bus).await, store(&bus).await);
    let handle = |client: &Client| {
        let peer = client.connection.unique_name().unwrap().to_string();
        let path = crate::limits::handle_path(&peer, "7").unwrap();
        (peer, path)
    };
    let open = [handle(&client), handle(&store)];
    journal(bus.folder.path(), "this-bus").write(open.clone().map(|(peer, path)| Handle { peer, path }).into());
    let daemon = proxy.start_daemon(&bus, &world).await;
    let response = client.response().await;
    assert_eq!((&response.path, response.code), (&open[0].1, 2));
    // The store receives all signals, including those to the client; not the other way round.
    let mut heard = [store.response().await.path, store.response().await.path];
    heard.sort();
    assert_eq!(heard.as_slice(), [open[0].1.as_str(), &open[1].1]);
    until("the journal to be empty", || journal(bus.folder.path(), "this-bus").left_open().is_empty()).await;
    assert_eq!((client.further(&daemon).await, store.further(&daemon).await), (0, 0));
}

#[tokio::test]
async fn a_client_behind_a_proxy_is_known_as_a_store_or_not_at_all() {
    let bus = Bus::start();
    let proxy = Proxy::start(&bus).await;
    let (client, store) = (Client::on(&bus).await, store(&bus).await);
    let name = async |connection: Connection, bus_access, client: &Client| {
        BusClients::new(connection, bus_access).name(client.connection.unique_name().unwrap()).await
    };
    // Outside, it is the program of these tests, which anybody can have installed.
    let outside = name(bus.connect().await, BusAccess::Bus, &client).await;
    assert!(outside.starts_with("claimed:"), "{outside}");
    assert_eq!(name(bus.connect().await, BusAccess::Sandbox, &client).await, "");
    assert_eq!(name(proxy.connect().await, BusAccess::Sandbox, &client).await, "");
    assert_eq!(name(proxy.connect().await, BusAccess::Sandbox, &store).await, "gnome-software");
}
