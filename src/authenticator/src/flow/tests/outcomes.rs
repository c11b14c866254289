// SPDX-License-Identifier: GPL-3.0-or-later
//! What the activity log says of a request.

use usher_core::{
    activity_log::{Question, RequestResult},
    http::{CertificateFault, HttpError, ProxyFault},
    provider::TokensError,
};

use super::*;
use crate::{
    fakes::{SERVICE, ground},
    flow::{Ending, Outcome},
};

/// The outcome of a silent request, and whether it names an account.
async fn outcome(arrange: impl Fn(&World)) -> (RequestResult, bool) {
    let world = World::good();
    arrange(&world);
    let Outcome { account, result } = answer(&world, &silent(request(&[APP]))).await.follow_up.outcome.unwrap();
    (result, account.is_some())
}

#[tokio::test]
async fn every_obstacle_has_its_result() {
    type Arrange = Box<dyn Fn(&World)>;
    let account = |change: fn(&mut usher_core::account::Account)| -> Arrange {
        Box::new(move |world| world.change_account(change))
    };
    let keyring = |keyring: Keyring| -> Arrange { Box::new(move |world| world.set_keyring(keyring)) };
    let server = |says: Says| -> Arrange { Box::new(move |world| world.set_server(says.clone())) };
    let fails = |error: HttpError| server(Says::Fails(TokensError::Http(error)));
    for (arrange, result, has_account) in [
        (server(Says::Yes("token")), RequestResult::Granted, true),
        (Box::new(|world| world.accounts.lock().unwrap().clear()), RequestResult::AccountNeeded, false),
        (account(|account| account.state = AccountState::Expired), RequestResult::AccountNeeded, true),
        (account(|account| drop(account.sign_out())), RequestResult::AccountNeeded, true),
        (server(Says::NothingUsable), RequestResult::AccountNeeded, true),
        (account(|account| account.links.clear()), RequestResult::PermissionNeeded, false),
        (
            Box::new(|world| {
                world.change_account(|account| account.links.clear());
                world.refused.lock().unwrap().push(ground());
            }),
            RequestResult::Refused,
            false,
        ),
        (keyring(Keyring::Locked), RequestResult::Locked, false),
        (keyring(Keyring::Missing), RequestResult::Locked, false),
        (keyring(Keyring::Fails), RequestResult::Locked, false),
        (
            Box::new(|world| {
                *world.accounts.lock().unwrap() =
                    vec![crate::fakes::account("https://old.example/", "demo", &[REMOTE_URI])];
            }),
            RequestResult::ServerChanged,
            true,
        ),
        (server(Says::No(&["org.example.App"])), RequestResult::NoAccess, true),
        (fails(HttpError::Unreachable), RequestResult::Unavailable, true),
        (fails(HttpError::Proxy(ProxyFault::Unreachable)), RequestResult::Unavailable, true),
        (fails(HttpError::Unexpected), RequestResult::Unavailable, true),
        (fails(HttpError::Certificate(CertificateFault::Expired)), RequestResult::Unavailable, true),
        (server(Says::NotRenewed(HttpError::TimedOut)), RequestResult::Unavailable, true),
    ] as [(Arrange, RequestResult, bool); 17]
    {
        assert_eq!(outcome(&arrange).await, (result, has_account));
        let of_update = outcome(|world| {
            arrange(world);
            world.install(&[APP]);
        });
        assert_eq!(of_update.await, (result, has_account), "an update says the same");
    }
}

#[tokio::test]
async fn options_and_addresses_that_cannot_be_used_are_outcomes_too() {
    let mut without_server = request(&[APP]);
    without_server.options.clear();
    let insecure = Request { remote_uri: "http://repo.example.org/".into(), ..request(&[APP]) };
    for request in [without_server, insecure] {
        let reply = answer(&World::good(), &request).await;
        assert_eq!(reply.follow_up.outcome, Some(Outcome::of(RequestResult::Unusable)));
    }
}

#[tokio::test]
async fn only_windows_that_came_up_have_asked() {
    for (ending, is_asked) in [
        (Ending::Done, true),
        (Ending::Dismissed, true),
        (Ending::Deferred, true),
        (Ending::NotOffered, true),
        (Ending::TimedOut, true),
        (Ending::Queued, false),
        (Ending::Failed, false),
        (Ending::Withheld, false),
    ] {
        let (world, asked) = (World::empty(), Asked::default());
        world.endings.lock().unwrap().push_back(ending);
        let reply = world.flow().answer(&request(&[APP]), ":1.1", &asked).await;
        let result = if ending == Ending::Dismissed { RequestResult::Cancelled } else { RequestResult::AccountNeeded };
        assert_eq!(reply.follow_up.outcome, Some(Outcome::of(result)), "{ending:?}");
        let expected = if is_asked { vec![Question::SignIn] } else { vec![] };
        assert_eq!(asked.all(), expected, "{ending:?}");
    }
}

#[tokio::test]
async fn questions_are_in_the_order_in_which_they_were_asked() {
    let (world, asked) = (World::empty(), Asked::default());
    world.endings.lock().unwrap().push_back(Ending::Done);
    *world.meanwhile.lock().unwrap() = Some(Box::new(|world| {
        world.accounts.lock().unwrap().push(crate::fakes::account(SERVICE, "demo", &[REMOTE_URI]));
        world.set_server(Says::No(&["org.example.App"]));
    }));
    let reply = world.flow().answer(&request(&[APP]), ":1.1", &asked).await;
    assert_eq!(asked.all(), [Question::SignIn, Question::Purchase]);
    assert_eq!(reply.follow_up.outcome.unwrap().result, RequestResult::NoAccess);
}
