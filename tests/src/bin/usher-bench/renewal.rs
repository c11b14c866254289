// SPDX-License-Identifier: GPL-3.0-or-later
//! A sign-in that an issuer renews: 64 requests at the same moment, beside usherctl, with a renewal and without.

use std::time::{Duration, Instant};

use usher_demo_store::IssuerRequest;
use usher_tests::{AUTHENTICATOR, Client, KeyringState, Session, Setup};

use crate::caller::Caller;
use crate::report::{Line, Milliseconds, Samples};

/// Requests of one client: as many as the daemon takes.
const REQUESTS: usize = 16;
const CLIENTS: usize = 4;
const GOAL: &str = "at most 1.3";
const APP: &str = "org.example.Postcard";

/// Compares 64 requests with a renewal with the same requests without.
pub(crate) async fn compare(runs: usize) -> Line {
    let setup = Setup { keyring: KeyringState::Unlocked, single_sign_on: true, ..Setup::without_display() };
    let session = Session::start(setup).await;
    session.sign_in_at_the_issuer("demo").await;
    let renewals = || session.issuer().count_grant("refresh_token");
    let mut at_issuer = Samples::default();
    let caller = Caller::connect(&session.bus.address).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::new(&session).await);
    }
    let [mut with, mut without] = std::array::from_fn(|_| Samples::default());
    for run in 0..=runs {
        for (lapses, samples) in [(true, &mut with), (false, &mut without)] {
            // A new daemon has no tokens in its cache.
            session.stop_daemon().await;
            if lapses {
                session.keyring().let_sign_in_lapse().await;
            }
            caller.activate(AUTHENTICATOR).await;
            let (before, asked) = (renewals(), session.issuer().requests().len());
            let (time, other) =
                tokio::join!(ask_all(&session, &mut clients), session.usherctl(&["query", "demo", APP]));
            other.expect_success();
            assert_eq!(renewals() - before, usize::from(lapses), "one renewal, or none");
            if run > 0 {
                samples.add(time);
            }
            if lapses && run > 0 {
                at_issuer.add(work_of(&session.issuer().requests()[asked..]));
            }
        }
    }
    let notes = format!(
        "against the same requests without, where nobody asks the issuer: its own work is {} of the figure; usherctl asks at the same moment; N = {}; renewals: {}, all {} requests answered with tokens each time",
        at_issuer.median(),
        with.len(),
        renewals(),
        CLIENTS * REQUESTS
    );
    Line::compare("64 requests with a renewal", with.median(), without.median(), GOAL, notes)
}

/// How long the issuer worked on these requests.
fn work_of(requests: &[IssuerRequest]) -> Milliseconds {
    Duration::from_micros(requests.iter().filter_map(|request| request.microseconds).sum()).into()
}

/// Sends all requests, and returns the time until the last one has its token.
async fn ask_all(session: &Session, clients: &mut [Client]) -> Milliseconds {
    let options = session.issuer_options();
    let begin = Instant::now();
    for client in &*clients {
        for _ in 0..REQUESTS {
            client.send_request_with(session, &options).await.expect("the request is taken");
        }
    }
    for client in clients {
        for _ in 0..REQUESTS {
            let response = client.response().await;
            assert!(response.code == 0 && !response.tokens.contains_key(""), "{}", response.message);
        }
    }
    begin.elapsed().into()
}
