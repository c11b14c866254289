// SPDX-License-Identifier: GPL-3.0-or-later
//! `RequestSummaryToken` over the bus: a request like those for refs, in life and in death.

use std::{collections::HashMap, sync::atomic::Ordering};

use usher_core::names::{FLATPAK_AUTHENTICATOR_PATH, LISTING_INTERFACE};
use zbus::zvariant::{OwnedObjectPath, Value};

use super::{Bus, Call, Client, Daemon, Plan, error_name, journal, prompter::Prompter, until};
use crate::{
    fakes::{REMOTE_URI, SERVICE, Says, World},
    journal::Handle,
};

impl Client {
    /// Calls `RequestSummaryToken` for the remote `shop`.
    async fn list_with(&self, token: &str, options: HashMap<&str, Value<'_>>) -> zbus::Result<OwnedObjectPath> {
        let authenticator_options = HashMap::from([("url", Value::from(SERVICE))]);
        let arguments = (token, authenticator_options, "shop", REMOTE_URI, options, "");
        let call = self.call(FLATPAK_AUTHENTICATOR_PATH, LISTING_INTERFACE, "RequestSummaryToken", &arguments);
        call.await?.body().deserialize()
    }

    async fn list(&self, token: &str) -> zbus::Result<OwnedObjectPath> {
        self.list_with(token, HashMap::new()).await
    }
}

#[tokio::test]
async fn the_token_for_a_listing_goes_to_its_owner_alone() {
    let (bus, world) = (Bus::start(), World::good());
    let daemon = Daemon::start(&bus, &world).await;
    let (mut client, mut onlooker) = (Client::on(&bus).await, Client::on(&bus).await);
    let handle = client.list("1").await.unwrap();
    let response = client.response().await;
    assert_eq!((response.path.as_str(), response.code), (handle.as_str(), 0));
    assert_eq!((response.token.as_deref(), response.tokens.len()), (Some("token"), 0));
    assert_eq!((client.further(&daemon).await, onlooker.further(&daemon).await), (0, 0));
    // Once a second request is answered, the object of the first is gone.
    client.list("2").await.unwrap();
    client.response().await;
    let gone = error_name(client.close(&handle).await);
    assert!(["UnknownObject", "UnknownMethod", "UnknownInterface"].contains(&gone.as_str()), "{gone}");
}

#[tokio::test]
async fn d01_d02_a_call_for_a_listing_that_makes_no_sense_is_refused_without_an_object() {
    let (bus, world) = (Bus::start(), World::good());
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    for token in ["", "a/b", "..", "a-b", "é", &"a".repeat(256)] {
        assert_eq!(error_name(client.list(token).await), "InvalidArgs", "{token}");
    }
    let names: Vec<String> = (0..257).map(|number| format!("option{number}")).collect();
    let many = names.iter().map(|name| (name.as_str(), Value::from(true))).collect();
    let huge = HashMap::from([("x", Value::from("a".repeat(70 << 10)))]);
    for options in [many, huge] {
        assert_eq!(error_name(client.list_with("1", options).await), "Error", "it cannot be read");
    }
    assert_eq!((world.calls(), client.further(&daemon).await), (0, 0));
    assert!(client.list(&"a".repeat(255)).await.is_ok());
    assert_eq!(client.response().await.code, 0);
}

#[tokio::test]
async fn d03_d22_requests_of_both_kinds_share_their_handles_and_limits() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    let first = client.list("1").await.unwrap();
    assert_eq!(error_name(client.list("1").await), "ObjectPathInUse");
    assert_eq!(error_name(client.ask(&Call::default()).await), "ObjectPathInUse");
    for number in 2..=16 {
        client.list(&number.to_string()).await.unwrap();
    }
    assert_eq!(error_name(client.list("17").await), "LimitsExceeded");
    assert_eq!(error_name(client.ask(&Call { token: "17", ..Call::default() }).await), "LimitsExceeded");
    assert_eq!(client.further(&daemon).await, 0, "the first is untouched");
    client.close(&first).await.unwrap();
    let response = client.response().await;
    assert_eq!((response.path.as_str(), response.code, response.token), (first.as_str(), 1, None));
}

#[tokio::test]
async fn d10_l01_only_its_owner_ends_a_request_for_a_listing() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let _daemon = Daemon::start(&bus, &world).await;
    let (client, other) = (Client::on(&bus).await, Client::on(&bus).await);
    let handle = client.list("1").await.unwrap();
    assert_eq!(error_name(other.close(&handle).await), "AccessDenied");
    until("the server to be asked", || world.calls() == 1).await;
    client.connection.close().await.unwrap();
    until("the call to be given up", || world.abandoned.load(Ordering::Relaxed) == 1).await;
}

#[tokio::test]
async fn a_request_for_a_listing_that_panics_or_is_stopped_ends_with_an_error() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Panics);
    let mut daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    client.list("1").await.unwrap();
    let response = client.response().await;
    assert_eq!((response.code, response.message.is_empty(), response.token), (2, false, None));
    world.set_server(Says::Never);
    client.list("2").await.unwrap();
    daemon.stop();
    assert_eq!(client.response().await.code, 2);
    daemon.end().await.unwrap();
}

#[tokio::test]
async fn l12_a_request_for_a_listing_that_an_earlier_daemon_left_open_is_ended() {
    let (bus, world) = (Bus::start(), World::good());
    let mut client = Client::on(&bus).await;
    let peer = client.connection.unique_name().unwrap().to_string();
    let path = format!("{FLATPAK_AUTHENTICATOR_PATH}/request/{}/1", peer[1..].replace('.', "_"));
    journal(bus.folder.path(), "this-bus").write(vec![Handle { peer, path: path.clone() }]);
    let daemon = Daemon::start(&bus, &world).await;
    let response = client.response().await;
    assert_eq!((response.path, response.code, response.token), (path, 2, None));
    assert_eq!(client.further(&daemon).await, 0);
}

#[tokio::test]
async fn the_window_is_told_that_a_listing_is_wanted_and_nobody_waits_for_it() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, Plan { real_windows: true, ..Plan::default() }).await;
    let mut client = Client::on(&bus).await;
    client.list("1").await.unwrap();
    let response = client.response().await;
    assert_eq!((response.code, response.token.as_deref()), (0, Some("")));
    let prompt = prompter.next().await;
    let flag = |name: &str| prompt.details[name].downcast_ref::<bool>().unwrap();
    assert_eq!((prompt.kind, flag("listing"), flag("update"), prompt.app_ids()), ("SignIn", true, true, vec![]));
    // The same question of somebody who installs is a question of its own.
    client.ask(&Call { token: "2", ..Call::default() }).await.unwrap();
    prompt.end(3);
    let prompt = prompter.next().await;
    assert!(!prompt.details["listing"].downcast_ref::<bool>().unwrap());
    prompt.end(3);
    assert_eq!(client.response().await.code, 2);
    assert_eq!(prompter.further(), (0, 0));
}

#[tokio::test]
async fn no_interaction_shows_no_window_for_a_listing() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, Plan { real_windows: true, ..Plan::default() }).await;
    let mut client = Client::on(&bus).await;
    client.list_with("1", HashMap::from([("no-interaction", true.into())])).await.unwrap();
    let response = client.response().await;
    assert_eq!((response.code, response.token.as_deref(), response.error_code), (0, Some(""), None));
    assert_eq!((client.further(&daemon).await, prompter.further()), (0, (0, 0)));
}
