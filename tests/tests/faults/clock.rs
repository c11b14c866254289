// SPDX-License-Identifier: GPL-3.0-or-later
//! The wall clock of a running daemon is set forward and back, as on a computer that finds a time server late. libfaketime
//! moves it; the clock that only counts goes on.

use std::fs;
use std::path::PathBuf;

use usher_tests::{Client, Session, Setup};

use crate::client::{Daemon, owner};

/// To what the clock is set, one after the other, in words of libfaketime's: from now.
const TIMES: [&str; 7] = ["+1h", "-1h", "+3d", "-9y", "+20y", "-2h", "+0"];

/// A daemon's wall clock.
struct Clock(PathBuf);

impl Clock {
    fn of(session: &Session) -> Self {
        let clock = Self(session.folder().join("clock"));
        clock.set("+0");
        clock
    }

    /// Sets it, in one step.
    fn set(&self, time: &str) {
        let new = self.0.with_extension("new");
        fs::write(&new, time).expect("a file can be written");
        fs::rename(new, &self.0).expect("a file can be replaced");
    }

    /// What makes a daemon go by it.
    fn shell(&self) -> String {
        format!(
            "library=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1) || exit
             export LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE={} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1",
            self.0.display()
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_costs_a_request_and_no_sign_in() {
    // Such tokens say when they end.
    let session = Session::start(Setup { signed_tokens: true, ..Setup::without_display() }).await;
    session.sign_in_as("demo").await;
    let clock = Clock::of(&session);
    let daemon = Daemon::start(&session, &clock.shell(), &[]).await;
    let mut client = Client::new(&session).await;
    assert_eq!(client.request(&session).await.code, 0);
    for time in TIMES {
        clock.set(time);
        session.shop().control().clear_requests();
        for _ in 0..2 {
            let response = client.request(&session).await;
            assert_eq!((response.code, response.tokens.len()), (0, 1), "{time}: {}", response.message);
        }
        let asked = session.requests_for("/api/v1/get_tokens").len();
        assert!((1..=2).contains(&asked), "{time}: {asked} requests");
    }
    // Set right, it keeps the token again.
    let before = session.shop().requests().len();
    assert_eq!(client.request(&session).await.code, 0);
    assert_eq!(session.shop().requests().len(), before);
    assert_eq!(owner(&session).await, daemon.id, "it is still the same daemon");
    let log = daemon.log_text();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_renews_no_sign_in_again_and_again() {
    let session = Session::start(Setup::without_display()).await;
    let server = session.sign_in_that_lapses().await;
    let clock = Clock::of(&session);
    let _daemon = Daemon::start(&session, &clock.shell(), &[]).await;
    let mut client = Client::new(&session).await;
    for time in TIMES {
        clock.set(time);
        for _ in 0..2 {
            client.send_request_with(&session, &server.options(&session)).await.expect("the request is taken");
            let response = client.response().await;
            assert_eq!((response.code, response.tokens.len()), (0, 1), "{time}: {}", response.message);
        }
        assert_eq!(server.asked(), server.given(), "{time}: no old token is used");
    }
    assert!(server.asked() <= TIMES.len(), "once after a jump: {}", server.asked());
    assert!(session.keyring().only_item().await.text().contains(&server.newest()), "the newest is saved");
}
