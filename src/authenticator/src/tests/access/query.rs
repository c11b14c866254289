// SPDX-License-Identifier: GPL-3.0-or-later

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use usher_core::{
    account::{Account, AccountState},
    buying::purchases::{self, PurchaseState},
    http::HttpError,
    provider::TokensError,
};
use zbus::zvariant::OwnedValue;

use super::{Store, states};
use crate::{
    activity::Activity,
    fakes::{Keyring, REMOTE_URI, SERVICE, Says, World, account, configured, ground},
    tests::{Bus, Client, Daemon, EndingMoment, Plan, error_name, prompter::Prompter, until},
};

const APP: &str = "org.example.App";
const OTHER: &str = "org.example.Other";

/// The state of one app in an arranged world, and how often the server was asked.
async fn state(arrange: impl FnOnce(&World)) -> (String, usize) {
    let (bus, world) = (Bus::start(), World::good());
    arrange(&world);
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, Plan { real_windows: true, ..Plan::default() }).await;
    let store = Store::on(&bus).await;
    let mut said = store.query(&[APP]).await;
    assert_eq!((said.len(), prompter.further()), (1, (0, 0)), "nobody is ever asked");
    (said.remove(APP).unwrap(), world.calls())
}

#[tokio::test]
async fn what_a_server_says_is_told_per_app() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::No(&[OTHER]));
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    assert_eq!(store.query(&[APP, OTHER, APP]).await, states(&[(APP, "owned"), (OTHER, "not-owned")]));
    assert_eq!(world.calls.lock().unwrap()[0].2, BTreeSet::from([APP.to_owned(), OTHER.to_owned()]));
    assert_eq!(store.query(&[]).await, states(&[]));
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn what_needs_no_token_is_free() {
    assert_eq!(state(|world| world.set_server(Says::Yes(""))).await, ("free".into(), 1));
}

#[tokio::test]
async fn what_flatpak_asks_no_token_for_is_free_whatever_the_server_denies() {
    let free = |world: &World| _ = world.free.lock().unwrap().insert(APP.to_owned());
    for arrange in [
        (|world| world.set_server(Says::No(&[APP]))) as fn(&World),
        |world| world.set_keyring(Keyring::Locked),
        |world| world.accounts.lock().unwrap().clear(),
    ] {
        let said = state(|world| {
            free(world);
            arrange(world);
        });
        assert_eq!(said.await, ("free".into(), 0));
    }
    let (bus, world) = (Bus::start(), World::good());
    free(&world);
    world.set_server(Says::No(&[APP, OTHER]));
    let _daemon = Daemon::start(&bus, &world).await;
    let said = Store::on(&bus).await.query(&[APP, OTHER]).await;
    assert_eq!(said, states(&[(APP, "free"), (OTHER, "not-owned")]));
    assert_eq!(world.calls.lock().unwrap()[0].2, BTreeSet::from([OTHER.to_owned()]));
}

#[tokio::test]
async fn what_is_in_the_way_is_told_without_asking_a_server() {
    let without_calls = |word: &str| (word.to_owned(), 0);
    assert_eq!(state(|world| world.accounts.lock().unwrap().clear()).await, without_calls("account-needed"));
    assert_eq!(
        state(|world| world.change_account(|account| drop(account.sign_out()))).await,
        without_calls("account-needed")
    );
    let expired = |account: &mut Account| account.state = AccountState::Expired;
    assert_eq!(state(|world| world.change_account(expired)).await, without_calls("account-needed"));
    assert_eq!(
        state(|world| world.change_account(|account| account.links.clear())).await,
        without_calls("link-needed")
    );
    assert_eq!(state(|world| world.set_keyring(Keyring::Locked)).await, without_calls("locked"));
    assert_eq!(state(|world| world.set_keyring(Keyring::Missing)).await, without_calls("unknown"));
    let elsewhere = || account("https://old.example/", "demo", &[REMOTE_URI]);
    assert_eq!(state(|world| *world.accounts.lock().unwrap() = vec![elsewhere()]).await, without_calls("unknown"));
}

#[tokio::test]
async fn h19_of_a_server_that_gives_no_answer_nothing_is_known() {
    for error in [TokensError::Unexpected, TokensError::Http(HttpError::Unreachable)] {
        assert_eq!(state(|world| world.set_server(Says::Fails(error))).await, ("unknown".into(), 1));
    }
}

#[tokio::test]
async fn h14_a_sign_in_that_the_server_ended_is_marked() {
    let (bus, world) = (Bus::start(), World::good());
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    assert_eq!(store.query(&[APP]).await, states(&[(APP, "owned")]));
    world.set_server(Says::Fails(TokensError::Rejected));
    let said = store.query(&[APP, OTHER]).await;
    assert_eq!(said, states(&[(APP, "account-needed"), (OTHER, "account-needed")]));
    assert_eq!(world.accounts.lock().unwrap()[0].state, AccountState::Expired);
    store.query(&[APP]).await;
    assert_eq!(world.calls(), 2, "a credential that was refused is not tried again");
}

#[tokio::test]
async fn r25_for_a_remote_that_is_not_configured_nothing_is_read_or_contacted() {
    let (bus, world) = (Bus::start(), World::good());
    world.remotes.lock().unwrap().push(configured("odd", "http://repo.example.org/", SERVICE));
    world.remotes.lock().unwrap().push(configured("twice", "https://twice.example/", SERVICE));
    world.remotes.lock().unwrap().push(configured("twice", "https://twice.example/", "https://other.example/"));
    let mut foreign = configured("foreign", "https://foreign.example/", SERVICE);
    foreign.authenticator = Some("org.flatpak.Authenticator.Oci".into());
    world.remotes.lock().unwrap().push(foreign);
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    for (remote, uri) in [
        ("other", REMOTE_URI),
        ("shop", "https://evil.example/"),
        ("shop", ""),
        ("odd", "http://repo.example.org/"),
        ("twice", "https://twice.example/"),
        ("foreign", "https://foreign.example/"),
    ] {
        assert_eq!(store.ask(remote, uri, &[APP]).await.unwrap(), states(&[(APP, "unknown")]), "{remote} {uri}");
    }
    assert_eq!((world.calls(), world.reads.load(Ordering::Relaxed)), (0, 0));
}

#[tokio::test]
async fn answers_are_kept_until_the_account_changes() {
    let (bus, world) = (Bus::start(), World::good());
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    store.query(&[APP]).await;
    Store::on(&bus).await.query(&[APP]).await;
    assert_eq!(world.calls(), 1);
    assert_eq!(store.query(&[APP, OTHER]).await.len(), 2);
    let asked = world.calls.lock().unwrap()[1].2.clone();
    assert_eq!(asked, BTreeSet::from([OTHER.to_owned()]), "only what is not known yet");
    world.change_account(|account| account.valid_until = Some(5));
    store.query(&[APP]).await;
    assert_eq!(world.calls(), 3);
}

#[tokio::test]
async fn d05_d06_what_makes_no_sense_or_is_too_much_is_an_error() {
    let (bus, world) = (Bus::start(), World::good());
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    let many: Vec<String> = (0..1025).map(|number| format!("org.example.A{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(error_name(store.ask("shop", REMOTE_URI, &many).await), "InvalidArgs");
    assert_eq!(error_name(store.ask("shop", REMOTE_URI, &["a/b"]).await), "InvalidArgs");
    assert_eq!(error_name(store.ask(&"a".repeat(5000), REMOTE_URI, &[APP]).await), "InvalidArgs");
    assert_eq!(world.calls(), 0);
    assert_eq!(store.query(&many[1..]).await.len(), 1024);
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn l01_the_question_of_a_store_that_leaves_is_given_up() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    let connection = store.connection.clone();
    let asking = tokio::spawn(async move { store.ask("shop", REMOTE_URI, &[APP]).await });
    until("the server to be asked", || world.calls() == 1).await;
    connection.close().await.unwrap();
    until("the call to be given up", || world.abandoned.load(Ordering::Relaxed) == 1).await;
    assert!(asking.await.unwrap().is_err());
}

#[tokio::test]
async fn d22_a_store_has_at_most_16_calls_open() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Arc::new(Store::on(&bus).await);
    let calls: Vec<_> = (0..17)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.ask("shop", REMOTE_URI, &[APP]).await })
        })
        .collect();
    until("one to be refused", || calls.iter().filter(|call| call.is_finished()).count() == 1).await;
    for call in calls {
        if call.is_finished() {
            assert_eq!(error_name(call.await.unwrap()), "LimitsExceeded");
        } else {
            call.abort();
        }
    }
}

#[tokio::test]
async fn h27_what_was_begun_to_be_bought_is_settled_by_the_answer() {
    let (bus, world) = (Bus::start(), World::good());
    world.change_account(|account| assert!(purchases::begin(&mut account.purchases, &ground(), APP, 1)));
    let _daemon = Daemon::start(&bus, &world).await;
    Store::on(&bus).await.query(&[APP]).await;
    let settled = || world.accounts.lock().unwrap()[0].purchases[0].state == PurchaseState::Owned;
    until("the purchase to be settled", settled).await;
}

#[tokio::test]
async fn l05_a_question_that_is_open_keeps_the_daemon_from_ending() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let activity = Activity::default();
    let busy = activity.begin();
    let look_limit = Duration::from_millis(500);
    let plan = Plan { activity, idle: Duration::from_millis(1), look_limit, ..Plan::default() };
    let daemon = Daemon::start_as(&bus, &world, plan).await;
    let store = Store::on(&bus).await;
    let asked = async {
        until("the server to be asked", || world.calls() == 1).await;
        drop(busy);
    };
    let (said, ()) = tokio::join!(store.query(&[APP]), asked);
    assert_eq!(said, states(&[(APP, "unknown")]));
    daemon.end().await.unwrap();
}

#[tokio::test]
async fn l06_questions_at_the_moment_of_the_end_are_answered() {
    let (bus, world) = (Bus::start(), World::good());
    let store = Store::on(&bus).await;
    let mut moment = EndingMoment::default();
    for run in 0..40u64 {
        let (daemon, busy) = moment.daemon(&bus, &world).await;
        drop(busy);
        tokio::time::sleep(Duration::from_micros(100 * run)).await;
        // If the name is gone already, a real bus would start the next daemon.
        let said = store.ask("shop", REMOTE_URI, &[APP]).await;
        moment.was_met(said.is_ok());
        match said {
            Ok(said) => assert_eq!(said, states(&[(APP, "owned")])),
            Err(error) => assert!(error.to_string().contains("ServiceUnknown"), "{error}"),
        }
        daemon.end().await.unwrap();
    }
    assert!(moment.answered > 0);
}

#[tokio::test]
async fn the_accounts_are_listed_without_secrets() {
    let (bus, world) = (Bus::start(), World::good());
    let mut signed_out = account("https://two.example/", "two", &[]);
    signed_out.user.push('\u{202e}');
    signed_out.sign_out();
    world.accounts.lock().unwrap().push(signed_out);
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    let listed: Vec<HashMap<String, OwnedValue>> = store.call("ListAccounts", &()).await.unwrap();
    assert!(!format!("{listed:?}").contains("credential-of"));
    let text = |number: usize, key: &str| String::try_from(listed[number][key].try_clone().unwrap()).unwrap();
    assert_eq!(text(0, "id"), world.accounts.lock().unwrap()[0].id.to_string());
    let rest = |number| ["provider", "service", "user", "state"].map(|key| text(number, key));
    assert_eq!(rest(0), ["webflow", SERVICE, "demo", "signed-in"]);
    assert_eq!(rest(1), ["webflow", "https://two.example/", "two", "signed-out"]);
    let links = Vec::<String>::try_from(listed[0]["links"].try_clone().unwrap()).unwrap();
    assert_eq!((links.as_slice(), listed[0].len()), (&["https://repo.example.org".to_owned()][..], 6));
}

#[tokio::test]
async fn without_a_keyring_that_works_the_accounts_cannot_be_listed() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_keyring(Keyring::Missing);
    let _daemon = Daemon::start(&bus, &world).await;
    let listed = Store::on(&bus).await.call::<Vec<HashMap<String, OwnedValue>>, _>("ListAccounts", &()).await;
    assert_eq!(error_name(listed), "Failed");
}

#[tokio::test]
async fn l11_a_panic_is_told_and_the_daemon_lives() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Panics);
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    assert_eq!(error_name(store.ask("shop", REMOTE_URI, &[APP]).await), "Failed");
    world.set_server(Says::Yes("token"));
    assert_eq!(store.query(&[APP]).await, states(&[(APP, "owned")]));
}

#[tokio::test]
async fn news_of_accounts_is_told_on_the_second_connection_alone() {
    let (bus, world) = (Bus::start(), World::good());
    let daemon = Daemon::start(&bus, &world).await;
    let mut store = Store::on(&bus).await;
    store.query(&[APP]).await;
    world.change_account(|account| account.last_use = None);
    world.heard.send_replace(());
    world.change_account(|account| drop(account.sign_out()));
    world.heard.send_replace(());
    store.news().await;
    Client::on(&bus).await.further(&daemon).await;
    assert!(!store.has_news(), "one change is told once");
    assert_eq!(store.query(&[APP]).await, states(&[(APP, "account-needed")]));
}
