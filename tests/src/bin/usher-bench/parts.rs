// SPDX-License-Identifier: GPL-3.0-or-later
//! Requests for which the daemon asks an account server, beside what they are made of: a POST by a plain client, and a call of
//! a minimal service on the bus.

use usher_tests::{AUTHENTICATOR, Session};

use crate::WARM_UP;
use crate::bench::Accounts;
use crate::caller::{Caller, PEER, ShopClient, TokenRequest};
use crate::daemon::end;
use crate::report::{Line, Milliseconds, Samples};

/// The times of requests and of their parts, run by run.
#[derive(Default)]
pub(crate) struct Parts {
    request: Samples,
    post: Samples,
    bus: Samples,
    sum: Samples,
}

impl Parts {
    /// Measures requests to a daemon and a service that run, with tokens that the service gives as well.
    pub(crate) async fn warm(caller: &mut Caller, client: &ShopClient, wanted: &TokenRequest, runs: usize) -> Self {
        let mut parts = Self::default();
        for run in 0..WARM_UP + runs {
            let (request, _) = caller.ask_usher(wanted).await;
            let post = client.ask(wanted).await;
            let (bus, _) = caller.ask(PEER, wanted).await;
            if run >= WARM_UP {
                parts.add(request, post, bus);
            }
        }
        parts
    }

    /// Measures requests that start the daemon, or the service. Each POST is made by another client.
    pub(crate) async fn cold(
        (caller, session): (&mut Caller, &Session),
        accounts: &Accounts,
        client: impl Fn() -> ShopClient,
        wanted: &TokenRequest,
        runs: usize,
    ) -> Self {
        let mut parts = Self::default();
        for run in 0..=runs {
            end(caller, AUTHENTICATOR).await;
            // So that the daemon has to note the account's use, like a daemon that starts after a while.
            accounts.restore(session).await;
            let (request, _) = caller.ask_usher(wanted).await;
            end(caller, PEER).await;
            let (bus, _) = caller.ask(PEER, wanted).await;
            let post = client().ask(wanted).await;
            if run > 0 {
                parts.add(request, post, bus);
            }
        }
        parts
    }

    fn add(&mut self, request: Milliseconds, post: Milliseconds, bus: Milliseconds) {
        self.request.add(request);
        self.post.add(post);
        self.bus.add(bus);
        self.sum.add(post + bus);
    }

    /// Requests beside the sum of their parts. `notes` says of a part more than its name.
    pub(crate) fn line(&self, what: &str, goal: &str, [post, bus]: [&str; 2], notes: &str) -> Line {
        let notes =
            format!("{post} {} + {bus} {}; N = {}{notes}", self.post.median(), self.bus.median(), self.request.len());
        Line::compare(what, self.request.median(), self.sum.median(), goal, notes)
    }
}

/// The parts of a warm request.
pub(crate) const WARM: [&str; 2] = ["POST", "D-Bus"];
/// The parts of a cold one.
pub(crate) const COLD: [&str; 2] = ["POST with a new connection", "an empty zbus daemon"];
