// SPDX-License-Identifier: GPL-3.0-or-later
//! Requests, answers, `Close`, clients that leave and the daemon's end in any order: exactly one `Response` for each request,
//! and nothing is left of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use tokio::sync::Semaphore;
use zbus::zvariant::OwnedObjectPath;

use super::{Bus, Call, Client, Daemon, Plan, journal, soon, until};
use crate::{
    activity::Activity,
    fakes::{Says, World},
    request_object::RequestObject,
};

const CLIENTS: usize = 3;

/// How the server answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Server {
    Grants,
    Denies,
    Panics,
    Never,
    /// Once it is let.
    Later,
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Ask(usize, Server),
    /// Closes one of the requests so far, by its client or by another.
    Close(usize, bool),
    /// Lets one answer go that was held.
    Let,
    Leave(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let server = prop_oneof![
        1 => Just(Server::Grants),
        1 => Just(Server::Denies),
        1 => Just(Server::Panics),
        2 => Just(Server::Never),
        3 => Just(Server::Later),
    ];
    prop_oneof![
        5 => (0..CLIENTS, server).prop_map(|(client, server)| Act::Ask(client, server)),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(which, is_own)| Act::Close(which, is_own)),
        2 => Just(Act::Let),
        1 => (0..CLIENTS).prop_map(Act::Leave),
    ]
}

/// A request, and what its client may hear.
struct Asked {
    client: usize,
    handle: OwnedObjectPath,
    server: Server,
    is_closed: bool,
}

struct Orders {
    world: Arc<World>,
    gate: Arc<Semaphore>,
    daemon: Daemon,
    activity: Activity,
    /// `None` for those that have left.
    clients: Vec<Option<Client>>,
    asked: Vec<Asked>,
    bus: Bus,
}

impl Orders {
    async fn start() -> Self {
        let (bus, world) = (Bus::start(), World::good());
        let activity = Activity::default();
        let plan = Plan { activity: activity.clone(), ..Plan::default() };
        let daemon = Daemon::start_as(&bus, &world, plan).await;
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(Some(Client::on(&bus).await));
        }
        let gate = Arc::new(Semaphore::new(0));
        Self { world, gate, daemon, activity, clients, asked: Vec::new(), bus }
    }

    async fn perform(&mut self, act: Act) {
        match act {
            Act::Ask(client, server) => self.ask(client, server).await,
            Act::Close(which, is_own) => self.close(which, is_own).await,
            Act::Let => self.gate.add_permits(1),
            Act::Leave(client) => {
                if let Some(client) = self.clients[client].take() {
                    client.connection.close().await.unwrap();
                }
            }
        }
    }

    async fn ask(&mut self, number: usize, server: Server) {
        let Some(client) = &self.clients[number] else { return };
        self.world.set_server(match server {
            Server::Grants => Says::Yes("token"),
            Server::Denies => Says::No(&["org.example.App"]),
            Server::Panics => Says::Panics,
            Server::Never => Says::Never,
            Server::Later => Says::Held(self.gate.clone()),
        });
        // An app of its own, so that no token is in the cache.
        let (calls, count) = (self.world.calls(), self.asked.len());
        let app = if server == Server::Denies {
            crate::fakes::APP.to_owned()
        } else {
            format!("app/org.example.A{count}/x86_64/stable")
        };
        let (token, silent) = (count.to_string(), true);
        let handle = client.ask(&Call { token: &token, refs: vec![&app], silent, ..Call::default() }).await.unwrap();
        until("the server to be asked", || self.world.calls() > calls).await;
        self.asked.push(Asked { client: number, handle, server, is_closed: false });
    }

    /// A request that is over has no object any more.
    async fn close(&mut self, which: usize, is_own: bool) {
        if self.asked.is_empty() {
            return;
        }
        let count = self.asked.len();
        let asked = &mut self.asked[which % count];
        let number = if is_own { asked.client } else { (asked.client + 1) % CLIENTS };
        let Some(client) = &self.clients[number] else { return };
        let is_taken = client.close(&asked.handle).await.is_ok();
        assert!(is_own || !is_taken, "nobody closes another's request");
        asked.is_closed |= is_taken;
    }

    /// Stops the daemon, and looks at what everybody heard.
    async fn end(mut self) {
        self.daemon.stop();
        let stayed = self.asked.iter().filter(|asked| self.clients[asked.client].is_some());
        let mut expected: BTreeMap<&str, &Asked> = stayed.map(|asked| (asked.handle.as_str(), asked)).collect();
        for (number, client) in self.clients.iter_mut().enumerate() {
            let Some(client) = client else { continue };
            for _ in self.asked.iter().filter(|asked| asked.client == number) {
                let response = client.response().await;
                let asked = expected.remove(response.path.as_str()).expect("each request is answered once");
                assert_eq!(asked.client, number, "an answer reaches its client alone");
                let may_be = match asked.server {
                    Server::Grants => response.code == 0,
                    Server::Denies | Server::Panics => response.code == 2,
                    Server::Never => response.code == if asked.is_closed { 1 } else { 2 },
                    Server::Later => matches!(response.code, 0 | 2) || asked.is_closed,
                };
                assert!(may_be || asked.is_closed && response.code == 1, "{:?} {response:?}", asked.server);
            }
            assert_eq!(client.further(&self.daemon).await, 0, "nothing comes after it");
        }
        assert!(expected.is_empty(), "a request has no answer");
        self.assert_nothing_is_left().await;
    }

    async fn assert_nothing_is_left(self) {
        let Self { world, asked, daemon, activity, bus, .. } = self;
        let connection = daemon.connection.clone();
        soon("the daemon's end", async { daemon.end().await.unwrap() }).await;
        until("everything to be done", || *activity.watch().borrow() == 0).await;
        for asked in &asked {
            let object = connection.object_server().interface::<_, RequestObject>(&asked.handle).await;
            assert!(object.is_err(), "a request's object is left");
        }
        until("the journal to be empty", || journal(bus.folder.path(), "this-bus").left_open().is_empty()).await;
        let never = asked.iter().filter(|asked| asked.server == Server::Never).count();
        until("every call to be given up", || world.abandoned.load(Ordering::Relaxed) == never).await;
    }
}

proptest! {
    #![proptest_config(Config { cases: 24, max_shrink_iters: 100, rng_seed: RngSeed::Fixed(14), ..Config::default() })]
    #[test]
    fn whatever_happens_each_request_ends_once_and_leaves_nothing(acts in prop::collection::vec(act(), 1..16)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut orders = Orders::start().await;
            for act in acts {
                orders.perform(act).await;
            }
            orders.end().await;
        });
    }
}
