// SPDX-License-Identifier: GPL-3.0-or-later
//! A listing counts as an update: nothing that stands in the way blocks it, and nothing waits for it.

use usher_core::{credential::Token, http::ProxyFault};

use super::*;
use crate::fakes::{SERVICE, ground, listing};

const TOKEN: (i32, &str) = (0, "token");
const NOTHING: (i32, &str) = (0, "");

/// Code and token of an answer to a request for a listing.
fn said(reply: &Reply) -> (i32, &str) {
    match &reply.answer {
        Answer::Listing(token) => (0, token.as_ref().map(Token::expose).unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

/// Nothing is left of a request but a question that nobody waits for.
fn asked_afterwards(reply: &Reply) -> Option<(Kind, Reason)> {
    let follow_up = &reply.follow_up;
    assert!(
        follow_up.note.is_none() && follow_up.unusable.is_none() && !follow_up.covered && follow_up.settled.is_none()
    );
    assert!(follow_up.notification.is_none(), "nobody is notified of a listing");
    follow_up.question.as_ref().map(|question| {
        assert!(question.app_ids.is_empty());
        (question.kind, question.reason)
    })
}

#[tokio::test]
async fn a_signed_in_account_opens_the_listing_of_a_remote_that_may_use_it() {
    let world = World::good();
    for _ in 0..2 {
        let reply = answer(&world, &silent(listing())).await;
        assert_eq!((said(&reply), asked_afterwards(&reply)), (TOKEN, None));
        assert!(reply.follow_up.used.is_some());
    }
    let calls = world.calls.lock().unwrap().clone();
    assert_eq!(calls.len(), 2, "no token for a listing is kept");
    assert!(calls.iter().all(|(_, credential, _)| credential == "credential-of-demo"));
}

#[tokio::test]
async fn a_listing_that_is_free_or_denied_has_no_token_and_no_question() {
    for says in [Says::Yes(""), Says::No(&[""])] {
        let world = World::good();
        world.set_server(says.clone());
        let reply = answer(&world, &listing()).await;
        assert_eq!((said(&reply), asked_afterwards(&reply)), (NOTHING, None), "{says:?}");
        assert!(world.questions().is_empty());
    }
}

/// An obstacle, what brings it about, and what the person is asked then.
type Row = (&'static str, Box<dyn Fn(&World)>, Option<(Kind, Reason)>);

#[tokio::test]
async fn no_obstacle_blocks_a_listing_and_only_a_person_who_can_help_is_asked() {
    let server = |error: TokensError| move |world: &World| world.set_server(Says::Fails(error.clone()));
    let sign_in = |reason| Some((Kind::SignIn, reason));
    let arranged: [Row; 16] = [
        ("no account", Box::new(|world| world.accounts.lock().unwrap().clear()), sign_in(Reason::NoAccount)),
        (
            "signed out",
            Box::new(|world| world.change_account(|account| drop(account.sign_out()))),
            sign_in(Reason::Rejected),
        ),
        (
            "expired",
            Box::new(|world| world.change_account(|account| account.state = AccountState::Expired)),
            sign_in(Reason::Rejected),
        ),
        ("rejected", Box::new(server(TokensError::Rejected)), sign_in(Reason::Rejected)),
        ("nothing usable", Box::new(|world| world.set_server(Says::NothingUsable)), sign_in(Reason::MayHaveEnded)),
        (
            "no permission",
            Box::new(|world| world.change_account(|account| account.links.clear())),
            Some((Kind::Link, Reason::NoLink)),
        ),
        (
            "two accounts",
            Box::new(|world| world.accounts.lock().unwrap().push(account(SERVICE, "two", &[REMOTE_URI]))),
            Some((Kind::Link, Reason::NoLink)),
        ),
        ("locked", Box::new(|world| world.set_keyring(Keyring::Locked)), Some((Kind::Unlock, Reason::Locked))),
        ("no keyring", Box::new(|world| world.set_keyring(Keyring::Missing)), None),
        ("a keyring that fails", Box::new(|world| world.set_keyring(Keyring::Fails)), None),
        (
            "refused",
            Box::new(|world| {
                world.change_account(|account| account.links.clear());
                world.refused.lock().unwrap().push(ground());
            }),
            None,
        ),
        (
            "another server",
            Box::new(|world| {
                *world.accounts.lock().unwrap() = vec![account("https://old.example/", "demo", &[REMOTE_URI])];
                world.set_server(Says::Panics);
            }),
            None,
        ),
        ("unreachable", Box::new(server(TokensError::Http(HttpError::Unreachable))), None),
        ("a proxy", Box::new(server(TokensError::Http(HttpError::Proxy(ProxyFault::Unreachable)))), None),
        ("nonsense", Box::new(server(TokensError::Unexpected)), None),
        ("not renewed", Box::new(|world| world.set_server(Says::NotRenewed(HttpError::TimedOut))), None),
    ];
    for (what, arrange, asks) in arranged {
        let world = World::good();
        arrange(&world);
        let reply = answer(&world, &listing()).await;
        assert_eq!((said(&reply), asked_afterwards(&reply)), (NOTHING, asks), "{what}");
        let silent_world = World::good();
        arrange(&silent_world);
        let reply = answer(&silent_world, &silent(listing())).await;
        assert_eq!((said(&reply), asked_afterwards(&reply)), (NOTHING, None), "{what}");
        assert!(
            world.questions().is_empty() && silent_world.questions().is_empty(),
            "{what}: the answer waits for nobody"
        );
        let readings = silent_world.readings.lock().unwrap().clone();
        assert!(readings.iter().all(|reading| !reading.interactive), "{what}: no keyring is unlocked silently");
    }
}

#[tokio::test]
async fn what_the_request_itself_lacks_means_no_token() {
    let mut without_server = listing();
    without_server.options.clear();
    let insecure = |uri: &str| Request { remote_uri: uri.into(), asks: vec![], ..listing() };
    let odd = Request { odd_option: Some("url"), ..listing() };
    for request in [without_server, odd, insecure("http://repo.example.org/"), insecure("file:///srv"), insecure("")] {
        let world = World::good();
        let reply = answer(&world, &request).await;
        assert_eq!((said(&reply), asked_afterwards(&reply)), (NOTHING, None), "{request:?}");
        assert_eq!((world.calls(), world.readings.lock().unwrap().len()), (0, 0));
    }
}

#[tokio::test]
async fn r25_a_listing_of_a_remote_that_this_computer_does_not_have_opens_no_window() {
    for odd in [
        Request { remote: "other".into(), ..listing() },
        Request { remote_uri: "https://elsewhere.example/".into(), ..listing() },
        Request { options: crate::fakes::options("https://elsewhere.example/"), ..listing() },
    ] {
        let world = World::empty();
        let reply = answer(&world, &odd).await;
        assert_eq!((said(&reply), asked_afterwards(&reply), world.calls()), (NOTHING, None, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn h18_a_server_that_never_answers_leaves_a_listing_without_a_token_in_time() {
    let world = World::good();
    world.set_server(Says::Never);
    let began = tokio::time::Instant::now();
    assert_eq!(said(&answer(&world, &listing()).await), NOTHING);
    assert!(began.elapsed().as_secs() <= 60);
}

#[tokio::test]
async fn a_program_that_shows_no_errors_is_told_of_no_listing_either() {
    let world = World::empty();
    *world.client.lock().unwrap() = "plasma-discover";
    let reply = answer(&world, &listing()).await;
    assert_eq!(asked_afterwards(&reply), Some((Kind::SignIn, Reason::NoAccount)));
}
