// SPDX-License-Identifier: GPL-3.0-or-later

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use usher_core::dismissals::{Dismissal, DismissalFile};
use usher_core::{
    activity_log::{ActivityLog, Event, Purpose, Question, RequestResult},
    prompt::Kind,
    service::RemoteUrl,
};

use super::Store;
use crate::{
    activity::Activity,
    fakes::{Keyring, REMOTE_URI, SERVICE, Says, World, account},
    flow::Clock,
    tests::{Bus, Call, Client, Daemon, Plan, error_name, prompter::Prompter, until},
};

const OTHER: &str = "org.example.Other";

struct Fixture {
    bus: Bus,
    world: Arc<World>,
    prompter: Prompter,
    daemon: Daemon,
    store: Arc<Store>,
}

async fn fixture(world: Arc<World>) -> Fixture {
    let bus = Bus::start();
    let prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, Plan { real_windows: true, ..Plan::default() }).await;
    let store = Arc::new(Store::on(&bus).await);
    Fixture { bus, world, prompter, daemon, store }
}

fn to_be_bought() -> Arc<World> {
    let world = World::good();
    world.set_server(Says::No(&[OTHER]));
    world
}

impl Fixture {
    fn sign_in(&self, token: &'static str) -> JoinHandle<zbus::Result<u32>> {
        let store = self.store.clone();
        tokio::spawn(async move { store.sign_in(token).await })
    }

    fn purchase(&self, token: &'static str) -> JoinHandle<zbus::Result<u32>> {
        let store = self.store.clone();
        tokio::spawn(async move { store.purchase(token, OTHER).await })
    }
}

fn add_account(world: &World) {
    world.accounts.lock().unwrap().push(account(SERVICE, "demo", &[REMOTE_URI]));
}

#[tokio::test]
async fn an_app_that_needs_no_token_is_never_to_be_bought() {
    let mut at = fixture(to_be_bought()).await;
    at.world.free.lock().unwrap().insert(OTHER.to_owned());
    assert_eq!(at.purchase("1").await.unwrap().unwrap(), 0);
    assert_eq!((at.world.calls(), at.prompter.further()), (0, (0, 0)));
}

#[tokio::test]
async fn signing_in_is_done_when_the_remote_may_use_an_account() {
    let mut at = fixture(World::empty()).await;
    let signing_in = at.sign_in("1");
    let prompt = at.prompter.next().await;
    assert_eq!((prompt.kind, prompt.text("reason").as_str()), ("SignIn", "no-account"));
    assert_eq!((prompt.text("remote").as_str(), prompt.text("remote-uri").as_str()), ("shop", REMOTE_URI));
    assert_eq!((prompt.app_ids(), prompt.text("client").as_str()), (vec![], "flatpak"));
    add_account(&at.world);
    prompt.end(0);
    assert_eq!(signing_in.await.unwrap().unwrap(), 0);
    assert_eq!(at.store.sign_in("2").await.unwrap(), 0, "there is nothing to ask any more");
    assert_eq!((at.prompter.further(), at.world.calls()), ((0, 0), 0));
}

#[tokio::test]
async fn signing_in_leads_through_what_else_is_needed() {
    let world = World::good();
    world.set_keyring(Keyring::Locked);
    world.change_account(|account| account.links.clear());
    let mut at = fixture(world).await;
    let signing_in = at.sign_in("1");
    let unlock = at.prompter.next().await;
    assert_eq!(unlock.kind, "Unlock");
    at.world.set_keyring(Keyring::Works);
    unlock.end(0);
    let link = at.prompter.next().await;
    assert_eq!(link.kind, "Link");
    link.end(0);
    assert_eq!(signing_in.await.unwrap().unwrap(), 2, "each is asked once");
}

#[tokio::test]
async fn a_refused_remote_is_answered_no_without_a_window() {
    let world = World::good();
    world.change_account(|account| account.links.clear());
    world.refused.lock().unwrap().push(crate::fakes::ground());
    let mut at = fixture(world).await;
    assert_eq!(at.store.sign_in("1").await.unwrap(), 2);
    assert_eq!(at.purchase("2").await.unwrap().unwrap(), 2);
    assert_eq!(at.prompter.further(), (0, 0));
    at.world.refused.lock().unwrap().clear();
    let signing_in = at.sign_in("3");
    at.prompter.next().await.end(1);
    assert_eq!(signing_in.await.unwrap().unwrap(), 1, "once the refusal is taken back, the question comes again");
}

#[tokio::test]
async fn how_a_prompt_ends_is_told() {
    for (ends, expected) in [(1, 1), (2, 2), (3, 3)] {
        let mut at = fixture(World::empty()).await;
        let signing_in = at.sign_in("1");
        at.prompter.next().await.end(ends);
        assert_eq!(signing_in.await.unwrap().unwrap(), expected);
    }
}

#[tokio::test]
async fn only_what_the_server_denies_can_be_bought() {
    let mut at = fixture(World::good()).await;
    assert_eq!(at.purchase("1").await.unwrap().unwrap(), 0, "there is access already");
    assert_eq!(at.prompter.further(), (0, 0));
    at.world.set_server(Says::No(&[OTHER]));
    let buying = at.purchase("2");
    let prompt = at.prompter.next().await;
    assert_eq!((prompt.kind, prompt.text("reason").as_str()), ("Purchase", "not-bought"));
    assert_eq!(prompt.app_ids(), [OTHER]);
    let id = at.world.accounts.lock().unwrap()[0].id;
    assert_eq!(prompt.text("account"), id.to_string());
    at.world.set_server(Says::Yes("token"));
    prompt.end(0);
    assert_eq!(buying.await.unwrap().unwrap(), 0);
    assert_eq!(at.store.query(&[OTHER]).await[OTHER], "owned");
}

#[tokio::test]
async fn what_is_denied_after_the_purchase_is_not_done() {
    let mut at = fixture(to_be_bought()).await;
    let buying = at.purchase("1");
    at.prompter.next().await.end(0);
    assert_eq!(buying.await.unwrap().unwrap(), 2);
    let buying = at.purchase("2");
    at.prompter.next().await.fail("not-offered");
    assert_eq!(buying.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn buying_leads_through_signing_in() {
    let world = World::empty();
    world.set_server(Says::No(&[OTHER]));
    let mut at = fixture(world).await;
    let buying = at.purchase("1");
    let sign_in = at.prompter.next().await;
    assert_eq!((sign_in.kind, sign_in.app_ids()), ("SignIn", vec![OTHER.to_owned()]));
    add_account(&at.world);
    sign_in.end(0);
    let purchase = at.prompter.next().await;
    assert_eq!(purchase.kind, "Purchase");
    purchase.end(3);
    assert_eq!(buying.await.unwrap().unwrap(), 3);
}

#[tokio::test]
async fn r25_for_a_remote_that_is_not_configured_no_window_opens() {
    let mut at = fixture(World::empty()).await;
    for (remote, uri) in
        [("other", REMOTE_URI), ("shop", "https://evil.example/"), ("shop", "http://repo.example.org/")]
    {
        assert_eq!(at.store.call::<u32, _>("SignIn", &("1", remote, uri, "")).await.unwrap(), 2);
        assert_eq!(at.store.call::<u32, _>("Purchase", &("1", remote, uri, OTHER, "")).await.unwrap(), 2);
    }
    assert_eq!((at.prompter.further(), at.world.calls()), ((0, 0), 0));
}

#[tokio::test]
async fn r25_a_store_cannot_ask_more_often_than_a_client_nor_what_was_put_off() {
    let mut at = fixture(World::empty()).await;
    for token in ["1", "2", "3"] {
        let signing_in = at.sign_in(token);
        at.prompter.next().await.end(3);
        assert_eq!(signing_in.await.unwrap().unwrap(), 3);
    }
    assert_eq!(at.store.sign_in("4").await.unwrap(), 2);
    let at = fixture(to_be_bought()).await;
    let put_off = Dismissal::new(RemoteUrl::parse(REMOTE_URI).unwrap(), Kind::Purchase, at.world.now());
    DismissalFile::in_folder(at.bus.folder.path()).add(put_off, at.world.now()).unwrap();
    assert_eq!(at.store.purchase("1", OTHER).await.unwrap(), 2);
}

#[tokio::test]
async fn c01_a_store_joins_the_question_of_a_client() {
    let mut at = fixture(to_be_bought()).await;
    let mut client = Client::on(&at.bus).await;
    client.ask(&Call { refs: vec![crate::fakes::OTHER], ..Call::default() }).await.unwrap();
    let prompt = at.prompter.next().await;
    let buying = at.purchase("1");
    until("the server to be asked for both", || at.world.calls() == 2).await;
    client.further(&at.daemon).await;
    assert_eq!(at.prompter.further(), (0, 0));
    at.world.set_server(Says::Yes("token"));
    prompt.end(0);
    assert_eq!((client.response().await.code, buying.await.unwrap().unwrap()), (0, 0));
}

#[tokio::test]
async fn d10_a_call_is_cancelled_by_its_caller_alone() {
    let mut at = fixture(World::empty()).await;
    let signing_in = at.sign_in("mine");
    let prompt = at.prompter.next().await;
    Store::on(&at.bus).await.cancel("mine").await.unwrap();
    at.store.cancel("other").await.unwrap();
    Client::on(&at.bus).await.further(&at.daemon).await;
    assert!(!signing_in.is_finished());
    assert_eq!(at.prompter.further(), (0, 0));
    at.store.cancel("mine").await.unwrap();
    assert_eq!(signing_in.await.unwrap().unwrap(), 1);
    assert_eq!(at.prompter.next_cancelled().await, prompt.token);
    at.store.cancel("mine").await.unwrap();
}

#[tokio::test]
async fn d01_d02_d22_a_name_that_is_none_or_in_use_is_refused() {
    let mut at = fixture(World::empty()).await;
    let signing_in = at.sign_in("1");
    let prompt = at.prompter.next().await;
    assert_eq!(error_name(at.store.sign_in("1").await), "ObjectPathInUse");
    assert_eq!(error_name(at.store.purchase("1", OTHER).await), "ObjectPathInUse");
    for token in ["", "a/b", "#", "é", &"a".repeat(256)] {
        assert_eq!(error_name(at.store.sign_in(token).await), "InvalidArgs", "{token}");
        assert_eq!(error_name(at.store.cancel(token).await), "InvalidArgs", "{token}");
    }
    assert_eq!(error_name(at.store.purchase("2", "a/b").await), "InvalidArgs");
    prompt.end(1);
    assert_eq!(signing_in.await.unwrap().unwrap(), 1, "the first is untouched");
}

#[tokio::test]
async fn l02_a_waiting_prompt_closes_with_the_store_that_asked() {
    let mut at = fixture(World::empty()).await;
    let _signing_in = at.sign_in("1");
    let prompt = at.prompter.next().await;
    at.store.connection.clone().close().await.unwrap();
    assert_eq!(at.prompter.next_cancelled().await, prompt.token);
}

#[tokio::test]
async fn l03_stopped_the_daemon_answers_the_calls_that_are_open() {
    let mut at = fixture(World::empty()).await;
    let signing_in = at.sign_in("1");
    let prompt = at.prompter.next().await;
    at.daemon.stop();
    assert_eq!(signing_in.await.unwrap().unwrap(), 2);
    assert_eq!(at.prompter.next_cancelled().await, prompt.token);
    at.daemon.end().await.unwrap();
}

#[tokio::test]
async fn l06_who_was_told_of_a_window_hears_what_comes_of_it() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let activity = Activity::default();
    let busy = activity.begin();
    let plan = Plan { activity, idle: Duration::from_millis(1), real_windows: true, ..Plan::default() };
    let daemon = Daemon::start_as(&bus, &world, plan).await;
    let mut store = Store::on(&bus).await;
    let (outcome, ()) = tokio::join!(store.sign_in("1"), async { prompter.next().await.end(3) });
    assert_eq!(outcome.unwrap(), 3);
    drop(busy);
    // Long enough for an idle daemon to end.
    tokio::time::sleep(Duration::from_millis(400)).await;
    add_account(&world);
    world.heard.send_replace(());
    store.news().await;
    store.connection.close().await.unwrap();
    daemon.end().await.unwrap();
}

#[tokio::test]
async fn what_a_store_asks_for_is_in_the_activity_log() {
    let mut at = fixture(to_be_bought()).await;
    let buying = at.purchase("1");
    at.prompter.next().await.end(3);
    assert_eq!(buying.await.unwrap().unwrap(), 3);
    at.world.accounts.lock().unwrap().clear();
    let signing_in = at.sign_in("2");
    let prompt = at.prompter.next().await;
    at.store.cancel("2").await.unwrap();
    assert_eq!(signing_in.await.unwrap().unwrap(), 1);
    drop(prompt);
    let log = ActivityLog::in_folder(at.bus.folder.path());
    until("the entries", || log.read().len() == 2).await;
    let requests = log.read().into_iter().map(|entry| match entry.event {
        Event::Request(request) => (request.purpose, request.result, request.asked),
        other => panic!("not a request: {other:?}"),
    });
    let expected = [
        (Purpose::Purchase, RequestResult::NoAccess, vec![Question::Purchase]),
        (Purpose::Account, RequestResult::Cancelled, vec![Question::SignIn]),
    ];
    assert_eq!(requests.collect::<Vec<_>>(), expected);
    // Any program can name a remote that is not here (rule R25).
    at.world.remotes.lock().unwrap().clear();
    assert_eq!(at.store.sign_in("3").await.unwrap(), 2);
    let mut daemon = at.daemon;
    daemon.stop();
    daemon.end().await.unwrap();
    assert_eq!(log.read().len(), 2);
}
