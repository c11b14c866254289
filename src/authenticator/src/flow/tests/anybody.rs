// SPDX-License-Identifier: GPL-3.0-or-later
//! What a container registry gives to anybody needs no account.

use std::{collections::BTreeMap, sync::Arc};

use usher_core::{
    account::{Account, AccountState},
    ask::Ask,
    credential::{Credential, Token},
    ground::Ground,
    prompt::Kind,
    provider::TokensError,
    remote::Remote,
    testing,
};

use super::{answer, response, silent};
use crate::{
    fakes::{APP, Keyring, OTHER, Says, World, request},
    flow::Answer,
    request::Request,
};

const INDEX: &str = "oci+https://index.example.org/apps#beta";
const REGISTRY: &str = "https://registry.example.org:5000/";

fn remote(registry: Option<&str>) -> Remote {
    let plain = testing::remote("acme", INDEX, "");
    Remote { options: BTreeMap::new(), registry: registry.map(ToOwned::to_owned), ..plain }
}

fn wanted(refs: &[&str]) -> Request {
    Request {
        remote: "acme".into(),
        remote_uri: INDEX.into(),
        options: BTreeMap::new(),
        registry: Some(REGISTRY.into()),
        ..request(refs)
    }
}

/// A world with the index of a registry, where anybody gets `APP`.
fn world() -> Arc<World> {
    let world = World::empty();
    *world.remotes.lock().unwrap() = vec![remote(Some(REGISTRY))];
    *world.open.lock().unwrap() = vec!["org.example.App"];
    world
}

fn account() -> Account {
    let binding = Ground::of(&remote(Some(REGISTRY))).unwrap().binding;
    let mut account = testing::account_of(binding, "demo", 0);
    account.credential = Some(Credential::Bearer(Token::parse("c").unwrap()));
    account.link(testing::link("acme", "oci+https://index.example.org/apps"));
    account
}

/// The refs by token.
fn tokens(answer: &Answer) -> BTreeMap<String, Vec<String>> {
    let text = |token: &Option<Token>| token.as_ref().map(|token| token.expose().to_owned()).unwrap_or_default();
    match answer {
        Answer::Tokens(tokens) => {
            tokens.iter().map(|(token, refs)| (text(token), refs.iter().map(ToString::to_string).collect())).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// Whose calls went to the server: true for an account's.
fn callers(world: &World) -> Vec<bool> {
    world.calls.lock().unwrap().iter().map(|(_, credential, _)| !credential.is_empty()).collect()
}

#[tokio::test]
async fn what_anybody_may_have_needs_neither_account_nor_keyring() {
    for keyring in [Keyring::Works, Keyring::Locked, Keyring::Missing, Keyring::Fails] {
        let world = world();
        world.set_keyring(keyring);
        let reply = answer(&world, &wanted(&[APP])).await;
        assert_eq!(tokens(&reply.answer), BTreeMap::from([("anybody".to_owned(), vec![APP.to_owned()])]));
        assert!(world.questions().is_empty() && reply.follow_up.settled.is_none(), "{keyring:?}");
        assert_eq!(*world.readings.lock().unwrap(), [], "{keyring:?}");
    }
}

#[tokio::test]
async fn an_account_is_asked_only_for_what_nobody_else_gets() {
    let world = world();
    world.accounts.lock().unwrap().push(account());
    let reply = answer(&world, &wanted(&[APP, OTHER])).await;
    let [app, other] = [APP, OTHER].map(|text| vec![text.to_owned()]);
    assert_eq!(tokens(&reply.answer), BTreeMap::from([("anybody".into(), app), ("token".into(), other)]));
    assert_eq!(callers(&world), [false, true]);
    assert_eq!(world.calls.lock().unwrap()[1].2.len(), 1, "the account is not asked for what is open to all");
    assert!(reply.follow_up.settled.is_none(), "where nothing is sold, no answer is news of a purchase");
}

#[tokio::test]
async fn a_lapsed_login_keeps_nothing_open_from_an_update() {
    let world = world();
    world.install(&[APP, OTHER]);
    let mut lapsed = account();
    lapsed.state = AccountState::Expired;
    world.accounts.lock().unwrap().push(lapsed);
    let reply = answer(&world, &silent(wanted(&[APP, OTHER]))).await;
    let tokens = tokens(&reply.answer);
    assert_eq!((tokens["anybody"].as_slice(), tokens[""].as_slice()), (&[APP.to_owned()][..], &[OTHER.to_owned()][..]));
}

#[tokio::test]
async fn without_an_account_the_person_is_asked_to_sign_in_to_the_registry() {
    let world = world();
    let reply = answer(&world, &wanted(&[APP, OTHER])).await;
    assert_eq!(
        response(&reply),
        (23, "Account needed. Sign in to registry.example.org:5000 in the Usher window, then try again.".into())
    );
    let questions = world.questions();
    assert_eq!(questions.iter().map(|question| question.kind).collect::<Vec<_>>(), [Kind::SignIn]);
    let about: Vec<&str> = questions[0].app_ids.iter().map(String::as_str).collect();
    assert_eq!(about, ["org.example.Other"], "the question is about what nobody else gets");
}

#[tokio::test]
async fn nobody_is_contacted_for_a_registry_that_no_remote_here_has() {
    for (known, named) in [
        (Some(REGISTRY), Some("https://evil.example/")),
        (Some("https://evil.example/"), Some(REGISTRY)),
        (None, Some(REGISTRY)),
    ] {
        let world = world();
        *world.remotes.lock().unwrap() = vec![remote(known)];
        let reply = answer(&world, &Request { registry: named.map(ToOwned::to_owned), ..wanted(&[APP]) }).await;
        assert_eq!(response(&reply).0, 23, "{known:?} {named:?}");
        assert!(world.calls() == 0 && world.questions().is_empty(), "{known:?} {named:?}");
    }
}

#[tokio::test]
async fn trouble_with_the_registry_is_no_question_to_the_person() {
    for (error, code, says) in [
        (TokensError::Unexpected, 2, "registry.example.org:5000 answered in an unexpected way"),
        (
            TokensError::NotPossible,
            2,
            "registry.example.org:5000 offers only a way of signing in that flatpak cannot use.",
        ),
    ] {
        let world = world();
        world.set_server(Says::Fails(error));
        let (told, message) = response(&answer(&world, &wanted(&[APP])).await);
        assert_eq!(told, code);
        assert!(message.contains(says) && world.questions().is_empty(), "{message}");
    }
}

#[tokio::test]
async fn an_index_that_is_open_to_anybody_needs_no_account_and_any_other_needs_one() {
    let listing = || Request {
        remote: "acme".into(),
        remote_uri: INDEX.into(),
        options: BTreeMap::new(),
        registry: Some(REGISTRY.into()),
        asks: vec![Ask::of_listing(testing::remote_url(INDEX))],
        ..crate::fakes::listing()
    };
    let open = world();
    open.open.lock().unwrap().push("");
    assert_eq!(response(&answer(&open, &listing()).await), (0, "anybody".to_owned()));
    assert_eq!((callers(&open), open.readings.lock().unwrap().len()), (vec![false], 0));
    let private = world();
    let reply = answer(&private, &listing()).await;
    assert_eq!(response(&reply), (0, String::new()));
    assert_eq!(reply.follow_up.question.map(|question| question.kind), Some(Kind::SignIn));
    private.accounts.lock().unwrap().push(account());
    assert_eq!(response(&answer(&private, &listing()).await), (0, "token".to_owned()));
    assert_eq!(callers(&private), [false, false, true]);
    private.remotes.lock().unwrap().clear();
    assert_eq!(response(&answer(&private, &listing()).await), (0, "token".to_owned()));
    assert_eq!(callers(&private)[3..], [true], "nobody asks without an account for a remote that is not here");
}
