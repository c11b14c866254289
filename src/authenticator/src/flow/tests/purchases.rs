// SPDX-License-Identifier: GPL-3.0-or-later

use std::collections::BTreeSet;

use usher_core::{
    buying::purchases::{self, PurchaseState},
    notices::Cause,
    pending::Operation,
    prompt::Kind,
    provider::{self, Provider},
    service::ServiceUrl,
    testing,
};

use super::{Asked, answer, failed, response, silent};
use crate::{
    fakes::{APP, OTHER, REMOTE_URI, SERVICE, Says, World, account, ground, request},
    flow::{Ending, Reply, obstacle::Obstacle, question},
};

const MESSAGE: &str = "Purchase needed. “org.example.Other” is not in the account of demo at store.example.org.";

fn ids(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

/// A good account without access to the other app.
fn to_be_bought() -> std::sync::Arc<World> {
    let world = World::good();
    world.set_server(Says::No(&["org.example.Other"]));
    world
}

/// The account's purchases.
fn purchases(world: &World) -> Vec<(String, PurchaseState)> {
    let accounts = world.accounts.lock().unwrap();
    accounts[0].purchases.iter().map(|known| (known.app_id.clone(), known.state)).collect()
}

fn begin(world: &World, app_id: &str) {
    world.change_account(|account| assert!(purchases::begin(&mut account.purchases, &ground(), app_id, 1)));
}

#[tokio::test]
async fn only_an_app_that_the_server_denied_is_offered_for_sale() {
    let world = to_be_bought();
    let reply = answer(&world, &request(&[APP, OTHER])).await;
    let question = world.questions().remove(0);
    assert_eq!(question.app_ids, ids(&["org.example.Other"]));
    assert_eq!(question.account, Some(world.accounts.lock().unwrap()[0].id));
    assert_eq!(reply.follow_up.note.unwrap().refs, [OTHER]);
}

#[test]
fn nobody_is_asked_to_buy_where_nothing_is_sold() {
    for name in provider::names() {
        let provider = Provider::from_name(name).unwrap();
        let account = testing::account_of(provider.at(ServiceUrl::parse(SERVICE).unwrap()), "demo", 0);
        let obstacle = Obstacle::denied(&account, ids(&["org.example.Other"]));
        let sells = provider.shop().is_some();
        assert_eq!(question(&obstacle).map(|(kind, _)| kind), sells.then_some(Kind::Purchase), "{name}");
        assert_eq!(obstacle.noted(Operation::Install).is_some(), sells, "{name}");
        assert!(obstacle.noted(Operation::Update).is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_purchase_that_ends_well_lets_the_install_go_on() {
    let world = to_be_bought();
    world.endings.lock().unwrap().push_back(Ending::Done);
    *world.meanwhile.lock().unwrap() = Some(Box::new(|world| world.set_server(Says::Yes("token"))));
    assert_eq!(response(&answer(&world, &request(&[APP, OTHER])).await), (0, String::new()));
}

#[tokio::test]
async fn nobody_is_asked_twice_to_buy_for_one_request() {
    let world = to_be_bought();
    world.endings.lock().unwrap().extend([Ending::Done, Ending::Done]);
    let reply = answer(&world, &request(&[APP, OTHER])).await;
    assert_eq!(response(&reply), failed(24, &format!("{MESSAGE} See Usher, then try again.")));
    assert_eq!(world.questions().len(), 1);
}

#[tokio::test]
async fn one_request_is_led_through_signing_in_and_buying() {
    let world = World::empty();
    world.set_server(Says::No(&["org.example.Other"]));
    world.endings.lock().unwrap().extend([Ending::Done, Ending::Deferred]);
    *world.meanwhile.lock().unwrap() =
        Some(Box::new(|world| world.accounts.lock().unwrap().push(account(SERVICE, "demo", &[REMOTE_URI]))));
    assert_eq!(response(&answer(&world, &request(&[APP, OTHER])).await).0, 24);
    let asked: Vec<_> = world.questions().iter().map(|question| (question.kind, question.app_ids.clone())).collect();
    let both = ids(&["org.example.App", "org.example.Other"]);
    assert_eq!(asked, [(Kind::SignIn, both), (Kind::Purchase, ids(&["org.example.Other"]))]);
}

#[tokio::test]
async fn how_a_purchase_prompt_ends_decides_the_answer() {
    let more = |what: &str| failed(24, &format!("{MESSAGE} {what}"));
    for (ending, expected) in [
        (Ending::Dismissed, failed(1, "")),
        (Ending::Deferred, more("See the Usher window, then try again.")),
        (Ending::Failed, more("Run “usherctl buy shop org.example.Other”, then try again.")),
        (Ending::NotOffered, failed(24, "No access. store.example.org does not offer “org.example.Other” to demo.")),
        (Ending::TimedOut, more("See Usher, then try again.")),
        (Ending::Withheld, more("See Usher, then try again.")),
    ] {
        let world = to_be_bought();
        world.endings.lock().unwrap().push_back(ending);
        assert_eq!(response(&answer(&world, &request(&[OTHER])).await), expected);
    }
}

#[tokio::test]
async fn a_window_that_leads_from_signing_in_to_an_app_not_for_sale_says_so() {
    let world = World::empty();
    world.set_server(Says::No(&["org.example.Other"]));
    world.endings.lock().unwrap().push_back(Ending::NotOffered);
    *world.meanwhile.lock().unwrap() =
        Some(Box::new(|world| world.accounts.lock().unwrap().push(account(SERVICE, "demo", &[REMOTE_URI]))));
    let message = "No access. store.example.org does not offer “org.example.Other” to demo.";
    assert_eq!(response(&answer(&world, &request(&[APP, OTHER])).await), failed(24, message));
    assert_eq!(world.questions().len(), 1);
}

async fn settled(world: &std::sync::Arc<World>, reply: Reply) -> Vec<(String, PurchaseState)> {
    if let Some((account, access)) = reply.follow_up.settled {
        crate::flow::Accounts::settle(&**world, account, access).await;
    }
    purchases(world)
}

#[tokio::test]
async fn h27_a_granted_token_settles_a_purchase_of_unknown_outcome() {
    let world = World::good();
    begin(&world, "org.example.Other");
    begin(&world, "org.example.Third");
    let reply = answer(&world, &silent(request(&[APP, OTHER]))).await;
    let other = |state| ("org.example.Other".to_owned(), state);
    let third = ("org.example.Third".to_owned(), PurchaseState::Unfinished);
    let found = ("org.example.App".to_owned(), PurchaseState::Owned);
    assert_eq!(settled(&world, reply).await, [other(PurchaseState::Owned), third.clone(), found.clone()]);
    let reply = answer(&world, &silent(request(&[OTHER]))).await;
    assert!(reply.follow_up.settled.is_none(), "what is known is not written again");
    // The server takes it away, but grants others.
    world.set_server(Says::No(&["org.example.Other"]));
    let reply = world.flow().answer(&silent(request(&[APP, OTHER])), ":1.2", &Asked::default()).await;
    assert_eq!(settled(&world, reply).await, [other(PurchaseState::NoAccess), third, found]);
}

#[tokio::test]
async fn h27_a_purchase_of_unknown_outcome_stays_so_while_the_server_denies() {
    let world = to_be_bought();
    begin(&world, "org.example.Other");
    let reply = answer(&world, &silent(request(&[APP, OTHER]))).await;
    let unknown = ("org.example.Other".to_owned(), PurchaseState::Unfinished);
    let found = ("org.example.App".to_owned(), PurchaseState::Owned);
    assert_eq!(settled(&world, reply).await, [unknown, found]);
}

#[tokio::test]
async fn a_finished_purchase_is_reported_before_what_an_update_left_out() {
    let world = World::good();
    world.install(&[APP, OTHER]);
    begin(&world, "org.example.Other");
    world.set_server(Says::No(&["org.example.App"]));
    let cause = async || {
        let reply = world.flow().answer(&silent(request(&[APP, OTHER])), ":1.2", &Asked::default()).await;
        let cause = reply.follow_up.notification.as_ref().map(|notification| notification.cause);
        settled(&world, reply).await;
        cause
    };
    assert_eq!(cause().await, Some(Cause::Finished));
    assert_eq!(cause().await, Some(Cause::NoAccess));
}
