// SPDX-License-Identifier: GPL-3.0-or-later

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use usher_core::{names::AUTHENTICATOR_NAME, pending::Operation};
use zbus::fdo::RequestNameFlags;

use super::{Bus, Call, Client, Daemon, Plan, error_name, until};
use crate::fakes::{APP, Keyring, OTHER, Says, World};

#[tokio::test]
async fn a_request_is_answered_to_its_owner_alone() {
    let (bus, world) = (Bus::start(), World::good());
    let daemon = Daemon::start(&bus, &world).await;
    let (mut client, mut onlooker) = (Client::on(&bus).await, Client::on(&bus).await);
    let response = client.answer(&Call { refs: vec![APP, OTHER], ..Call::default() }).await;
    assert_eq!(response.code, 0);
    assert_eq!(response.tokens, BTreeMap::from([("token".to_owned(), vec![APP.to_owned(), OTHER.to_owned()])]));
    assert_eq!((client.further(&daemon).await, onlooker.further(&daemon).await), (0, 0));
}

#[tokio::test]
async fn d01_d02_d04_d06_what_makes_no_sense_is_refused_without_an_object() {
    let (bus, world) = (Bus::start(), World::good());
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    let long = "a".repeat(256);
    for token in ["", "a/b", "..", "a-b", "é", &long] {
        assert_eq!(error_name(client.ask(&Call { token, ..Call::default() }).await), "InvalidArgs", "{token}");
    }
    for refs in [vec![], vec!["app/x"], vec!["app//x86_64/m"], vec!["runtime/a/b/c/d"], vec!["app/a.b/x86_64/m\n"]] {
        assert_eq!(error_name(client.ask(&Call { refs, ..Call::default() }).await), "InvalidArgs");
    }
    assert_eq!((world.calls(), client.further(&daemon).await), (0, 0));
    assert_eq!(client.answer(&Call { token: &long[1..], ..Call::default() }).await.code, 0);
}

#[tokio::test]
async fn d05_4096_refs_are_answered_whole() {
    let (bus, world) = (Bus::start(), World::good());
    let _daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    let texts: Vec<String> = (0..4097).map(|number| format!("app/org.example.A{number}/x86_64/stable")).collect();
    let mut call = Call { refs: texts.iter().map(String::as_str).collect(), ..Call::default() };
    assert_eq!(error_name(client.ask(&call).await), "InvalidArgs");
    call.refs.pop();
    assert_eq!(client.answer(&call).await.tokens["token"].len(), 4096);
}

#[tokio::test]
async fn d10_only_the_owner_closes_a_request() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let daemon = Daemon::start(&bus, &world).await;
    let (mut client, other) = (Client::on(&bus).await, Client::on(&bus).await);
    let handle = client.ask(&Call::default()).await.unwrap();
    assert_eq!(error_name(other.close(&handle).await), "AccessDenied");
    assert_eq!(client.further(&daemon).await, 0);
    client.close(&handle).await.unwrap();
    assert_eq!(client.response().await.code, 1);
}

#[tokio::test]
async fn d12_closing_ends_the_request_and_its_call() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    let handle = client.ask(&Call::default()).await.unwrap();
    until("the server to be asked", || world.calls() == 1).await;
    client.close(&handle).await.unwrap();
    assert_eq!(client.response().await.code, 1);
    until("the call to be given up", || world.abandoned.load(Ordering::Relaxed) == 1).await;
    assert_eq!(client.further(&daemon).await, 0);
}

#[tokio::test]
async fn d13_a_request_that_was_answered_cannot_be_closed() {
    let (bus, world) = (Bus::start(), World::good());
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    let handle = client.ask(&Call::default()).await.unwrap();
    assert_eq!(client.response().await.code, 0);
    // Once a second request is answered, the object of the first is gone.
    client.answer(&Call { token: "2", ..Call::default() }).await;
    let gone = error_name(client.close(&handle).await);
    assert!(["UnknownObject", "UnknownMethod", "UnknownInterface"].contains(&gone.as_str()), "{gone}");
    assert_eq!(client.further(&daemon).await, 0);
}

#[tokio::test]
async fn d14_closing_three_times_is_closing_once() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    let handle = client.ask(&Call::default()).await.unwrap();
    let _ = tokio::join!(client.close(&handle), client.close(&handle), client.close(&handle));
    assert_eq!(client.response().await.code, 1);
    assert_eq!(client.further(&daemon).await, 0);
}

#[tokio::test]
async fn d19_nobody_takes_the_name_away() {
    let (bus, world) = (Bus::start(), World::good());
    let _daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    let flags = RequestNameFlags::ReplaceExisting | RequestNameFlags::DoNotQueue;
    let taken = client.connection.request_name_with_flags(AUTHENTICATOR_NAME, flags).await;
    assert!(matches!(taken, Err(zbus::Error::NameTaken)));
    assert_eq!(client.answer(&Call::default()).await.code, 0);
}

#[tokio::test]
async fn d22_the_excess_of_open_requests_is_refused() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let _daemon = Daemon::start(&bus, &world).await;
    let mut clients = Vec::new();
    let mut last = None;
    for _ in 0..4 {
        let client = Client::on(&bus).await;
        for number in 0..16 {
            last = Some(client.ask(&Call { token: &number.to_string(), ..Call::default() }).await.unwrap());
        }
        assert_eq!(error_name(client.ask(&Call { token: "x", ..Call::default() }).await), "LimitsExceeded");
        clients.push(client);
    }
    let mut client = Client::on(&bus).await;
    assert_eq!(error_name(client.ask(&Call::default()).await), "LimitsExceeded");
    let other = clients.last_mut().unwrap();
    other.close(&last.unwrap()).await.unwrap();
    assert_eq!(other.response().await.code, 1);
    // The slot is free a moment after the answer.
    world.set_server(Says::Yes("token"));
    let mut asked = client.ask(&Call::default()).await;
    while asked.is_err() {
        asked = client.ask(&Call::default()).await;
    }
    assert_eq!(client.response().await.code, 0);
}

#[tokio::test]
async fn a_handle_that_is_open_cannot_be_taken_again() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    let handle = client.ask(&Call::default()).await.unwrap();
    assert_eq!(error_name(client.ask(&Call::default()).await), "ObjectPathInUse");
    assert_eq!(client.further(&daemon).await, 0);
    client.close(&handle).await.unwrap();
    assert_eq!(client.response().await.code, 1);
}

#[tokio::test]
async fn c04_a_slow_server_delays_nobody_else() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let daemon = Daemon::start(&bus, &world).await;
    let (mut slow, mut fast) = (Client::on(&bus).await, Client::on(&bus).await);
    let handle = slow.ask(&Call::default()).await.unwrap();
    until("the server to be asked", || world.calls() == 1).await;
    world.set_server(Says::Yes("token"));
    assert_eq!(fast.answer(&Call { refs: vec![OTHER], ..Call::default() }).await.code, 0);
    assert_eq!(slow.further(&daemon).await, 0);
    slow.close(&handle).await.unwrap();
}

#[tokio::test]
async fn c05_closing_at_any_moment_gives_one_response() {
    let (bus, world) = (Bus::start(), World::good());
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    let mut codes = BTreeMap::<u32, usize>::new();
    for run in 0..500u32 {
        let token = run.to_string();
        let handle = client.ask(&Call { token: &token, refs: vec![APP], ..Call::default() }).await.unwrap();
        for _ in 0..run % 40 {
            tokio::task::yield_now().await;
        }
        // This may come after the end, when the object is gone.
        let _ = client.close(&handle).await;
        let response = client.response().await;
        assert_eq!(response.path, handle.as_str());
        *codes.entry(response.code).or_default() += 1;
    }
    assert_eq!(client.further(&daemon).await, 0);
    assert!(codes.keys().all(|code| *code < 2), "{codes:?}");
}

#[tokio::test]
async fn k05_a_keyring_that_stalls_ends_in_an_answer_and_holds_up_nobody() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_keyring(Keyring::Stalls);
    // Long enough for the answer to the other request.
    let plan = Plan { look_limit: Duration::from_secs(5), ..Plan::default() };
    let _daemon = Daemon::start_as(&bus, &world, plan).await;
    let (mut client, mut other) = (Client::on(&bus).await, Client::on(&bus).await);
    client.ask(&Call::default()).await.unwrap();
    until("the keyring to be asked", || world.reads.load(Ordering::Relaxed) == 1).await;
    world.set_keyring(Keyring::Works);
    assert_eq!(other.answer(&Call::default()).await.code, 0);
    assert_eq!(client.response().await.code, 2);
}

#[tokio::test]
async fn l11_a_panic_ends_in_an_answer_and_the_daemon_lives() {
    let (bus, world) = (Bus::start(), World::good());
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    world.set_server(Says::Panics);
    let response = client.answer(&Call::default()).await;
    assert_eq!((response.code, response.message.as_str()), (2, "Something went wrong in Usher. Try again."));
    world.set_server(Says::Yes("token"));
    world.set_keyring(Keyring::Panics);
    assert_eq!(client.answer(&Call { token: "2", ..Call::default() }).await.code, 2);
    world.set_keyring(Keyring::Works);
    assert_eq!(client.answer(&Call { token: "3", ..Call::default() }).await.code, 0);
    assert_eq!(client.further(&daemon).await, 0);
}

#[tokio::test]
async fn c06_an_account_that_is_removed_meanwhile_is_not_brought_back() {
    let (bus, world) = (Bus::start(), World::good());
    let _daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    world.set_server(Says::Never);
    let handle = client.ask(&Call::default()).await.unwrap();
    until("the server to be asked", || world.calls() == 1).await;
    world.accounts.lock().unwrap().clear();
    client.close(&handle).await.unwrap();
    assert_eq!(client.response().await.code, 1);
    let response = client.answer(&Call { token: "2", silent: true, ..Call::default() }).await;
    assert_eq!((response.code, response.error_code), (2, Some(23)));
    assert!(world.accounts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_was_left_out_is_remembered_until_it_is_covered() {
    let (bus, world) = (Bus::start(), World::empty());
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    world.install(&[APP, OTHER]);
    let call = Call { refs: vec![APP, OTHER], silent: true, ..Call::default() };
    assert_eq!(client.answer(&call).await.tokens[""], [APP, OTHER]);
    let notes = || daemon.pending.load(crate::flow::Clock::now(&*world));
    until("the note", || notes().len() == 1).await;
    assert_eq!((notes()[0].operation, notes()[0].refs.len()), (Operation::Update, 2));
    world.accounts.lock().unwrap().push(crate::fakes::account(super::SERVICE, "demo", &[super::REMOTE_URI]));
    client.answer(&Call { token: "2", refs: vec![APP], ..Call::default() }).await;
    until("one to be forgotten", || notes().len() == 1 && notes()[0].refs == [OTHER]).await;
    client.answer(&Call { token: "3", refs: vec![OTHER], ..Call::default() }).await;
    until("all to be forgotten", || notes().is_empty()).await;
}
