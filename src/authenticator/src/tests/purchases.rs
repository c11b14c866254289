// SPDX-License-Identifier: GPL-3.0-or-later

use usher_core::{
    buying::purchases::{self, PurchaseState},
    dismissals::{Dismissal, DismissalFile},
    prompt::Kind,
    service::RemoteUrl,
};

use super::{Bus, Call, Client, Daemon, Plan, prompter::Prompter, until};
use crate::{
    fakes::{APP, OTHER, REMOTE_URI, Says, World, ground},
    flow::Clock,
};

const MESSAGE: &str = "Purchase needed. “org.example.Other” is not in the account of demo at store.example.org.";

fn plan() -> Plan {
    Plan { real_windows: true, ..Plan::default() }
}

fn both() -> Call<'static> {
    Call { refs: vec![APP, OTHER], ..Call::default() }
}

#[tokio::test]
async fn a_denied_app_opens_a_purchase_prompt_for_it_alone() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::No(&["org.example.Other"]));
    let mut prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    client.ask(&both()).await.unwrap();
    let prompt = prompter.next().await;
    assert_eq!((prompt.kind, prompt.text("reason").as_str()), ("Purchase", "not-bought"));
    assert_eq!(prompt.app_ids(), ["org.example.Other"]);
    let id = world.accounts.lock().unwrap()[0].id;
    assert_eq!(prompt.text("account"), id.to_string());
    prompt.end(3);
    let response = client.response().await;
    assert_eq!((response.code, response.error_code), (2, Some(24)));
    assert_eq!(response.message, format!("{MESSAGE} See the Usher window, then try again."));
    until("the note", || daemon.pending.load(world.now()).iter().any(|note| note.refs == [OTHER])).await;
}

#[tokio::test]
async fn a_purchase_that_is_waited_for_lets_the_install_go_on() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::No(&["org.example.Other"]));
    let mut prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    client.ask(&both()).await.unwrap();
    let prompt = prompter.next().await;
    assert_eq!(client.further(&daemon).await, 0);
    world.set_server(Says::Yes("token"));
    prompt.end(0);
    assert_eq!(client.response().await.tokens["token"], [APP, OTHER]);
}

#[tokio::test]
async fn what_the_shop_does_not_sell_is_told_as_such() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::No(&["org.example.Other"]));
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    for (token, why, expected) in [
        ("1", "not-offered", "No access. store.example.org does not offer “org.example.Other” to demo.".to_owned()),
        ("2", "a page", format!("{MESSAGE} Run “usherctl buy shop org.example.Other”, then try again.")),
    ] {
        client.ask(&Call { token, ..both() }).await.unwrap();
        prompter.next().await.fail(why);
        let response = client.response().await;
        assert_eq!((response.error_code, response.message), (Some(24), expected));
    }
}

#[tokio::test]
async fn an_update_goes_on_without_what_is_not_owned_any_more() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::No(&["org.example.Other"]));
    world.install(&[APP, OTHER]);
    let mut prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    let response = client.answer(&Call { silent: true, ..both() }).await;
    assert_eq!(
        (response.tokens[""].as_slice(), response.tokens["token"].as_slice()),
        (&[OTHER.into()][..], &[APP.into()][..])
    );
    until("the note", || daemon.pending.load(world.now()).iter().any(|note| note.refs == [OTHER])).await;
    assert_eq!(prompter.further(), (0, 0));
    client.answer(&Call { token: "2", ..both() }).await;
    let prompt = prompter.next().await;
    assert_eq!((prompt.kind, bool::try_from(&prompt.details["update"])), ("Purchase", Ok(true)));
    assert_eq!(prompt.app_ids(), ["org.example.Other"]);
    prompt.end(3);
}

#[tokio::test]
async fn an_update_that_is_covered_again_is_not_remembered_among_those_that_are_not() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::No(&["org.example.App", "org.example.Other"]));
    world.install(&[APP, OTHER]);
    let daemon = Daemon::start_as(&bus, &world, Plan::default()).await;
    let mut client = Client::on(&bus).await;
    client.answer(&Call { silent: true, ..both() }).await;
    let noted = || -> Vec<String> { daemon.pending.load(world.now()).into_iter().flat_map(|note| note.refs).collect() };
    until("both to be remembered", || noted() == [APP, OTHER]).await;
    world.set_server(Says::No(&["org.example.Other"]));
    client.answer(&Call { token: "2", silent: true, ..both() }).await;
    until("the one to be forgotten", || noted() == [OTHER]).await;
}

#[tokio::test]
async fn k02_a_purchase_that_was_put_off_is_silent_for_a_while() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::No(&["org.example.Other"]));
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    client.ask(&both()).await.unwrap();
    let prompt = prompter.next().await;
    let put_off = Dismissal::new(RemoteUrl::parse(REMOTE_URI).unwrap(), Kind::Purchase, world.now());
    DismissalFile::in_folder(bus.folder.path()).add(put_off, world.now()).unwrap();
    prompt.end(1);
    assert_eq!(client.response().await.code, 1);
    let response = client.answer(&Call { token: "2", ..both() }).await;
    assert_eq!(response.message, format!("{MESSAGE} See Usher, then try again."));
    assert_eq!(prompter.further(), (0, 0));
}

#[tokio::test]
async fn l02_a_purchase_prompt_is_taken_back_with_the_last_client_that_waits() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::No(&["org.example.Other"]));
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, plan()).await;
    let client = Client::on(&bus).await;
    client.ask(&both()).await.unwrap();
    let prompt = prompter.next().await;
    client.connection.close().await.unwrap();
    assert_eq!(prompter.next_cancelled().await, prompt.token);
}

#[tokio::test]
async fn h27_what_was_begun_and_is_granted_is_owned_from_then_on() {
    let (bus, world) = (Bus::start(), World::good());
    world
        .change_account(|account| assert!(purchases::begin(&mut account.purchases, &ground(), "org.example.Other", 1)));
    let _daemon = Daemon::start_as(&bus, &world, plan()).await;
    assert_eq!(Client::on(&bus).await.answer(&both()).await.code, 0);
    until("the purchase to be settled", || {
        world.accounts.lock().unwrap()[0].purchases[0].state == PurchaseState::Owned
    })
    .await;
}
