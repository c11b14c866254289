// SPDX-License-Identifier: GPL-3.0-or-later
//! The clients of a round. Each sends its share of requests, several at once; closes some, and now and then vanishes with all
//! that it has open. Every other request gets exactly one answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::AddAssign;

use futures_util::future::join_all;

use super::plan::Random;
use crate::client::Client;
use crate::session::Session;

/// The apps that are asked for.
pub(super) const APPS: [&str; 8] = [
    "org.example.Postcard",
    "org.example.Soak.Apple",
    "org.example.Soak.Birch",
    "org.example.Soak.Cedar",
    "org.example.Soak.Elm",
    "org.example.Soak.Fir",
    "org.example.Soak.Hazel",
    "org.example.Soak.Larch",
];
/// What the daemon says to one request too many: of a client that has just vanished it may not know yet.
const TOO_MANY: &str = "too many requests are open";

/// How the clients of a round behave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    /// How many clients there are.
    pub(super) clients: usize,
    /// How many requests each has open at most.
    pub(super) depth: usize,
    /// How many requests of a hundred it closes at once.
    pub(super) closed: usize,
    /// How many times in a hundred it vanishes after a request.
    pub(super) vanishing: usize,
    /// Whether the person may be asked.
    pub(super) interactive: bool,
    /// Whether the server answers at all. Otherwise whatever is open at the end is closed.
    pub(super) answered: bool,
}

/// What became of requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) sent: usize,
    /// The answers, by their codes.
    pub(super) codes: BTreeMap<u32, usize>,
    /// The requests of clients that have vanished.
    vanished: usize,
    /// How often a client called `Close`.
    closed: usize,
    /// The calls that were refused, and made again.
    refused: usize,
}

/// Sends so many requests in a round.
pub(super) async fn send(session: &Session, requests: usize, manners: Manners, random: &mut Random) -> Tally {
    let members = (0..manners.clients).map(|number| {
        let share = super::share(requests, manners.clients, number);
        let random = random.another();
        async move { Member::new(session, manners, random).await.send(share).await }
    });
    let mut tally = Tally::default();
    for each in join_all(members).await {
        tally += each;
    }
    assert_eq!(tally.sent, tally.vanished + tally.codes.values().sum::<usize>(), "each has one end: {tally:?}");
    tally
}

/// A client of the crowd.
struct Member<'s> {
    session: &'s Session,
    manners: Manners,
    random: Random,
    client: Client,
    /// Handles of the requests without an answer.
    open: BTreeSet<String>,
    tally: Tally,
}

impl<'s> Member<'s> {
    async fn new(session: &'s Session, manners: Manners, random: Random) -> Self {
        let client = join(session, manners).await;
        Self { session, manners, random, client, open: BTreeSet::new(), tally: Tally::default() }
    }

    async fn send(mut self, requests: usize) -> Tally {
        while self.tally.sent < requests {
            if self.open.len() < self.manners.depth {
                self.send_one().await;
            } else if self.manners.answered {
                self.take_answer().await;
            } else {
                self.close_all().await;
            }
        }
        if !self.manners.answered {
            self.close_all().await;
        }
        while !self.open.is_empty() {
            self.take_answer().await;
        }
        self.assert_no_more().await;
        self.client.leave().await;
        self.tally
    }

    async fn send_one(&mut self) {
        self.client.app = *self.random.one_of(&APPS);
        let url = self.session.shop().base_url().to_string();
        let handle = match self.client.send_request(self.session, &url).await {
            Ok(handle) => handle,
            Err(error) => {
                assert!(error.to_string().contains(TOO_MANY), "{error}");
                self.tally.refused += 1;
                // The answer to another call comes once the daemon has looked at what happened before.
                self.client.ping().await;
                return;
            }
        };
        self.tally.sent += 1;
        assert!(self.open.insert(handle.to_string()), "no two requests share {handle:?}");
        if self.random.happens(self.manners.vanishing) {
            self.vanish().await;
        } else if self.random.happens(self.manners.closed) {
            self.tally.closed += 1;
            // A request that has been answered meanwhile has no object any more.
            let _ = self.client.close(&handle).await;
        }
    }

    async fn vanish(&mut self) {
        self.tally.vanished += std::mem::take(&mut self.open).len();
        let next = join(self.session, self.manners).await;
        std::mem::replace(&mut self.client, next).leave().await;
    }

    async fn close_all(&mut self) {
        for handle in self.open.clone() {
            self.tally.closed += 1;
            let _ = self.client.close(&handle.as_str().try_into().expect("a handle is a path")).await;
        }
        while !self.open.is_empty() {
            self.take_answer().await;
        }
    }

    async fn take_answer(&mut self) {
        let response = self.client.response().await;
        assert!(self.open.remove(&response.handle), "a second answer, or one that nobody asked for: {response:?}");
        *self.tally.codes.entry(response.code).or_default() += 1;
    }

    /// All is answered, and nothing twice.
    async fn assert_no_more(&mut self) {
        // Whatever the daemon has sent before comes before the answer to this call.
        self.client.ping().await;
        let more = self.client.waiting_response();
        assert!(more.is_none(), "a second answer: {more:?}");
    }
}

async fn join(session: &Session, manners: Manners) -> Client {
    let mut client = Client::new(session).await;
    client.interactive = manners.interactive;
    client
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.sent += more.sent;
        self.vanished += more.vanished;
        self.closed += more.closed;
        self.refused += more.refused;
        for (code, count) in more.codes {
            *self.codes.entry(code).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = |code| self.codes.get(&code).copied().unwrap_or_default();
        writeln!(
            f,
            "{} requests: {} with tokens, {} cancelled, {} with errors, {} of clients that vanished; {} were closed, {} \
             calls came while too many were open",
            self.sent,
            code(0),
            code(1),
            code(2),
            self.vanished,
            self.closed,
            self.refused
        )
    }
}
