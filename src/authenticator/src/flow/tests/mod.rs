// SPDX-License-Identifier: GPL-3.0-or-later

mod anybody;
mod listing;
mod orders;
mod outcomes;
mod path;
mod purchases;
mod refused;
mod withheld;

use std::sync::Arc;

use usher_core::{
    account::AccountState,
    http::{CertificateFault, HttpError},
    pending::{self, Operation},
    prompt::{Kind, Reason},
    provider::TokensError,
};

use super::{Answer, Asked, Reply};
use crate::{
    fakes::{APP, Keyring, OTHER, REMOTE_URI, Says, World, account, request},
    request::Request,
};

async fn answer(world: &Arc<World>, request: &Request) -> Reply {
    world.flow().answer(request, ":1.1", &Asked::default()).await
}

/// A failure's code and message; 0 and the refs without a token for success; (1, "") if it was put off.
fn response(reply: &Reply) -> (i32, String) {
    match &reply.answer {
        Answer::Tokens(tokens) => {
            let without = tokens.iter().filter(|(token, _)| token.is_none()).flat_map(|(_, refs)| refs);
            (0, without.map(ToString::to_string).collect::<Vec<_>>().join(" "))
        }
        Answer::Listing(token) => (0, token.as_ref().map(|token| token.expose().to_owned()).unwrap_or_default()),
        Answer::Cancelled => (1, String::new()),
        Answer::Failed { code, message } => (code.unwrap_or(2), message.clone()),
    }
}

fn silent(mut request: Request) -> Request {
    request.interactive = false;
    request
}

/// The outcome of the four kinds of request, in the order of the design's table.
struct Row {
    install: (i32, String),
    silent_install: (i32, String),
    update: (i32, String),
    silent_update: (i32, String),
    install_asked: Vec<(Kind, Reason)>,
    update_asks: Option<(Kind, Reason)>,
    noted: Option<pending::Obstacle>,
}

async fn row(arrange: impl Fn(&World)) -> Row {
    let world = || {
        let world = World::good();
        arrange(&world);
        world
    };
    let (install, silent_install, update, silent_update) = (world(), world(), world(), world());
    for world in [&update, &silent_update] {
        world.install(&[APP, OTHER]);
    }
    let installed = answer(&install, &request(&[APP, OTHER])).await;
    let updated = answer(&update, &request(&[APP, OTHER])).await;
    let silently = answer(&silent_update, &silent(request(&[APP, OTHER]))).await;
    assert!(silently.follow_up.question.is_none(), "nobody is asked without interaction");
    assert!(update.questions().is_empty(), "an update never waits for a person");
    assert_eq!(
        updated.follow_up.note.as_ref().map(|note| note.operation),
        updated.follow_up.note.as_ref().map(|_| Operation::Update)
    );
    let row = Row {
        install: response(&installed),
        silent_install: response(&answer(&silent_install, &silent(request(&[APP, OTHER]))).await),
        update: response(&updated),
        silent_update: response(&silently),
        install_asked: install.questions().iter().map(|question| (question.kind, question.reason)).collect(),
        update_asks: updated.follow_up.question.as_ref().map(|question| (question.kind, question.reason)),
        noted: updated.follow_up.note.map(|note| note.obstacle),
    };
    assert!(silent_install.questions().is_empty() && silent_update.questions().is_empty());
    row
}

fn failed(code: i32, message: &str) -> (i32, String) {
    (code, message.to_owned())
}

fn all_left_out() -> (i32, String) {
    (0, format!("{APP} {OTHER}"))
}

#[tokio::test]
async fn without_an_account_an_install_says_so_and_an_update_is_left_out() {
    let row = row(|world| world.accounts.lock().unwrap().clear()).await;
    assert_eq!(
        row.install,
        failed(23, "Account needed. Sign in to store.example.org in the Usher window, then try again.")
    );
    assert_eq!(
        row.silent_install,
        failed(23, "Account needed. Sign in to store.example.org in Usher, then try again.")
    );
    assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
    assert_eq!(row.install_asked, [(Kind::SignIn, Reason::NoAccount)]);
    assert_eq!(row.update_asks, Some((Kind::SignIn, Reason::NoAccount)));
    assert_eq!(row.noted, Some(pending::Obstacle::NoAccount));
}

#[tokio::test]
async fn a_lapsed_account_does_not_block_updates() {
    let row = row(|world| world.change_account(|account| account.state = AccountState::Expired)).await;
    assert_eq!(
        row.install,
        failed(23, "Sign-in expired. Sign in to store.example.org again in the Usher window, then try again.")
    );
    assert_eq!(row.silent_install.0, 23);
    assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
    assert_eq!(row.install_asked, [(Kind::SignIn, Reason::Rejected)]);
    assert_eq!(row.update_asks, Some((Kind::SignIn, Reason::Rejected)));
    assert_eq!(row.noted, Some(pending::Obstacle::Expired));
}

#[tokio::test]
async fn an_account_that_was_signed_out_needs_signing_in() {
    let row = row(|world| world.change_account(|account| drop(account.sign_out()))).await;
    assert_eq!(
        row.install,
        failed(23, "Account needed. Sign in to store.example.org in the Usher window, then try again.")
    );
    assert_eq!(row.update_asks, Some((Kind::SignIn, Reason::Rejected)));
    assert_eq!(row.update, all_left_out());
}

#[tokio::test]
async fn without_a_link_the_person_is_asked_for_permission() {
    let row = row(|world| world.change_account(|account| account.links.clear())).await;
    assert_eq!(
        row.install,
        failed(
            23,
            "Permission needed. Allow “shop” to use an account at store.example.org in the Usher window, then try again."
        )
    );
    assert_eq!((row.silent_install.0, row.update, row.silent_update), (23, all_left_out(), all_left_out()));
    assert_eq!(row.install_asked, [(Kind::Link, Reason::NoLink)]);
    assert_eq!(row.noted, Some(pending::Obstacle::NoLink));
}

#[tokio::test]
async fn k01_a_locked_keyring_differs_from_being_signed_out() {
    let row = row(|world| world.set_keyring(Keyring::Locked)).await;
    assert_eq!(row.install, failed(23, "Keyring locked. Unlock it in the Usher window, then try again."));
    assert_eq!(row.silent_install, failed(23, "Keyring locked. Unlock it, then try again."));
    assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
    assert_eq!(row.install_asked, [(Kind::Unlock, Reason::Locked)]);
    assert_eq!(row.noted, Some(pending::Obstacle::Locked));
}

#[tokio::test]
async fn k03_without_a_keyring_the_message_says_so_and_nobody_is_asked() {
    for (keyring, message) in [
        (Keyring::Missing, "No keyring is running, so no account can be used. Run “usherctl doctor”."),
        (Keyring::Fails, "The keyring cannot be read, so no account can be used. Run “usherctl doctor”."),
    ] {
        let row = row(|world| world.set_keyring(keyring)).await;
        assert_eq!((row.install, row.silent_install), (failed(23, message), failed(23, message)));
        assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
        assert_eq!((row.install_asked, row.update_asks), (vec![], None));
    }
}

#[tokio::test]
async fn an_app_without_access_needs_a_purchase_and_blocks_no_other_update() {
    let row = row(|world| world.set_server(Says::No(&["org.example.Other"]))).await;
    let message = "Purchase needed. “org.example.Other” is not in the account of demo at store.example.org.";
    assert_eq!(row.install, failed(24, &format!("{message} See the Usher window, then try again.")));
    assert_eq!(row.silent_install, failed(24, &format!("{message} See Usher, then try again.")));
    assert_eq!((row.update, row.silent_update), ((0, OTHER.to_owned()), (0, OTHER.to_owned())));
    assert_eq!(row.install_asked, [(Kind::Purchase, Reason::NotBought)]);
    assert_eq!(row.update_asks, Some((Kind::Purchase, Reason::NotBought)));
    assert_eq!(row.noted, Some(pending::Obstacle::NotBought));
}

#[tokio::test]
async fn g01_a_remote_that_changed_its_server_gets_nothing_and_opens_no_window() {
    let row = row(|world| {
        *world.accounts.lock().unwrap() = vec![account("https://old.example/", "demo", &[REMOTE_URI])];
        // Anything sent to either server would panic here.
        world.set_server(Says::Panics);
    })
    .await;
    let message = "Blocked: “shop” now asks for an account at store.example.org instead of old.example. Review it in the Usher window.";
    assert_eq!((row.install, row.silent_install), (failed(23, message), failed(23, message)));
    assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
    assert_eq!((row.install_asked, row.update_asks), (vec![], None));
    assert!(matches!(row.noted, Some(pending::Obstacle::ServerChanged { agreed }) if agreed.host() == "old.example"));
}

#[tokio::test]
async fn h19_a_server_that_gives_no_tokens_is_named_and_blocks_no_update() {
    for (error, message) in [
        (TokensError::Http(HttpError::NoSuchHost), "cannot be reached. Check the connection, then try again."),
        (TokensError::Http(HttpError::TimedOut), "cannot be reached. Check the connection, then try again."),
        (TokensError::Unexpected, "answered in an unexpected way. Try again later; nothing was changed."),
        (
            TokensError::Http(HttpError::Unexpected),
            "answered in an unexpected way. Try again later; nothing was changed.",
        ),
    ] {
        let row = row(|world| world.set_server(Says::Fails(error.clone()))).await;
        let message = failed(2, &format!("store.example.org {message}"));
        assert_eq!((row.install, row.silent_install), (message.clone(), message));
        assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
        assert_eq!((row.install_asked, row.update_asks), (vec![], None));
        assert_eq!(row.noted, Some(pending::Obstacle::Unavailable));
    }
}

#[tokio::test]
async fn a_server_that_renews_no_sign_in_is_named_and_blocks_no_update() {
    for (error, message) in [
        (HttpError::TimedOut, "sso.example.org cannot be reached. Check the connection, then try again."),
        (HttpError::Unexpected, "sso.example.org answered in an unexpected way. Try again later; nothing was changed."),
    ] {
        let row = row(|world| world.set_server(Says::NotRenewed(error.clone()))).await;
        assert_eq!((row.install, row.silent_install), (failed(2, message), failed(2, message)));
        assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
        assert_eq!((row.install_asked, row.update_asks), (vec![], None));
        assert_eq!(row.noted, Some(pending::Obstacle::NotRenewed { host: "sso.example.org".to_owned() }));
    }
}

#[tokio::test]
async fn h32_a_sign_in_that_may_have_ended_is_suggested_to_be_made_again() {
    let row = row(|world| world.set_server(Says::NothingUsable)).await;
    let start = "store.example.org answered in an unexpected way. The sign-in may have ended. Sign in again in";
    assert_eq!(row.install, failed(23, &format!("{start} the Usher window, then try again.")));
    assert_eq!(row.silent_install, failed(23, &format!("{start} Usher, then try again.")));
    assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
    assert_eq!(row.install_asked, [(Kind::SignIn, Reason::MayHaveEnded)]);
    assert_eq!(row.update_asks, Some((Kind::SignIn, Reason::MayHaveEnded)));
    assert_eq!(row.noted, Some(pending::Obstacle::Expired));
}

#[tokio::test]
async fn h20_the_message_says_what_is_wrong_with_a_certificate() {
    let fault = TokensError::Http(HttpError::Certificate(CertificateFault::Expired));
    let row = row(|world| world.set_server(Says::Fails(fault.clone()))).await;
    assert_eq!(
        row.install.1,
        "The connection to store.example.org is not secure: its certificate has expired, or this computer’s clock is wrong. Nothing was sent."
    );
}
