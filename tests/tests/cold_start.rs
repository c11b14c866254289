// SPDX-License-Identifier: GPL-3.0-or-later
//! A daemon that the bus starts says no more than it must before its first answer: each call is a wait for flatpak.

use std::collections::BTreeMap;

use usher_tests::{Client, NewcomerCalls, Session, Setup};

/// The calls, and how often each may be made. There are two connections, and two collections in the keyring of GNOME.
const MOST: [(&str, usize); 13] = [
    ("Hello", 2),
    ("GetId", 1),
    ("RequestName", 2),
    // For clients that leave, and for changes of the keyring.
    ("AddMatch", 3),
    // Goes ahead of `OpenSession`.
    ("ReadAlias", 1),
    ("OpenSession", 1),
    ("Get Collections", 1),
    ("Get Locked", 2),
    ("SearchItems", 1),
    // One account.
    ("Get Attributes", 1),
    ("GetSecret", 1),
    // Which program asks.
    ("GetConnectionUnixProcessID", 1),
    ("GetNameOwner", 4),
];

#[tokio::test]
async fn a_daemon_that_is_started_says_no_more_than_it_must_before_its_first_answer() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_to("demo", "demo").await;
    session.stop_daemon().await;
    let mut client = Client::new(&session).await;
    let newcomers = NewcomerCalls::record(&session.bus).await;
    let response = client.request(&session).await;
    assert_eq!(response.code, 0, "{}", response.message);

    let calls = newcomers.before_response().await;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for call in &calls {
        *counts.entry(call).or_default() += 1;
    }
    let most = |call: &str| MOST.iter().find(|(name, _)| *name == call).map_or(0, |(_, most)| *most);
    let excess: Vec<_> = counts.iter().filter(|(call, count)| **count > most(call)).collect();
    assert!(excess.is_empty(), "more than it must: {excess:?} among {calls:#?}");
    assert_eq!(counts.get("GetSecret"), Some(&1), "the record holds the calls of the daemon: {calls:#?}");
}
