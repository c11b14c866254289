// SPDX-License-Identifier: GPL-3.0-or-later

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};
use url::Url;
use usher_core::{
    http::HttpError,
    testing::signing::{Signer, set},
    token_check::KeySet,
};

use super::Store;
use crate::{
    fakes::{Keyring, REMOTE_URI, SERVICE, World, account, configured},
    flow::{Clock, TokenKeys},
    tests::{Bus, Daemon, Plan, error_name, prompter::Prompter},
};

const APP: &str = "app/org.example.App/x86_64/stable";
const OTHER: &str = "app/org.example.Other/x86_64/stable";

#[async_trait]
impl TokenKeys for World {
    async fn at(&self, address: &Url, ids: &BTreeSet<String>, _now: Duration) -> Result<Arc<KeySet>, HttpError> {
        self.key_calls.lock().unwrap().push((address.to_string(), ids.clone()));
        self.keys.lock().unwrap().clone().ok_or(HttpError::Unreachable)
    }
}

type Verdicts = zbus::Result<BTreeMap<String, bool>>;

impl Store {
    async fn verify(&self, shown: &[(&str, &str)]) -> Verdicts {
        self.verify_at("shop", REMOTE_URI, shown).await
    }

    async fn verify_at(&self, remote: &str, uri: &str, shown: &[(&str, &str)]) -> Verdicts {
        self.call("VerifyTokens", &(remote, uri, shown)).await
    }
}

fn verdicts(said: &[(&str, bool)]) -> BTreeMap<String, bool> {
    said.iter().map(|&(name, is_good)| (name.to_owned(), is_good)).collect()
}

/// A token for the app.
fn token(signer: &Signer, world: &World, changes: Value) -> String {
    let mut claims = json!({ "sub": "users/1", "prefixes": ["org.example.App"], "exp": world.now() + 600 });
    let Value::Object(changes) = changes else { panic!("claims are an object") };
    claims.as_object_mut().unwrap().extend(changes);
    signer.sign(&claims)
}

/// Lets the remote `shop` name this key.
fn name_key(world: &World, key: &str) {
    world.remotes.lock().unwrap()[0].options.insert("verify-key".into(), key.to_owned());
}

fn inline(signer: &Signer) -> String {
    json!({ "keys": [signer.jwk()] }).to_string()
}

fn address() -> String {
    format!("{SERVICE}keys.json")
}

#[tokio::test]
async fn each_token_is_judged_for_its_ref_without_account_keyring_or_network() {
    let (bus, world, signer) = (Bus::start(), World::empty(), Signer::ec("1"));
    world.set_keyring(Keyring::Missing);
    name_key(&world, &inline(&signer));
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, Plan { real_windows: true, ..Plan::default() }).await;
    let store = Store::on(&bus).await;
    let good = token(&signer, &world, json!({}));
    let ended = token(&signer, &world, json!({ "exp": world.now() - 3600 }));
    let said = store.verify(&[(APP, &good), (OTHER, &good), (APP, &good)]).await.unwrap();
    assert_eq!(said, verdicts(&[(APP, true), (OTHER, false)]));
    assert_eq!(store.verify(&[(APP, &ended)]).await.unwrap(), verdicts(&[(APP, false)]));
    let forged = token(&Signer::ec("1"), &world, json!({}));
    assert_eq!(store.verify(&[(APP, &forged)]).await.unwrap(), verdicts(&[(APP, false)]));
    assert_eq!(store.verify(&[]).await.unwrap(), verdicts(&[]));
    assert_eq!((world.calls(), world.reads.load(Ordering::Relaxed), prompter.further()), (0, 0, (0, 0)));
    assert!(world.key_calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_repository_is_the_one_that_the_remote_names() {
    let (bus, world, signer) = (Bus::start(), World::empty(), Signer::ed("1"));
    name_key(&world, &inline(&signer));
    world.remotes.lock().unwrap()[0].options.insert("verify-repo".into(), "beta".into());
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    for (repository, is_good) in [("beta", true), ("stable", false)] {
        let token = token(&signer, &world, json!({ "repos": [repository] }));
        assert_eq!(store.verify(&[(APP, &token)]).await.unwrap(), verdicts(&[(APP, is_good)]), "{repository}");
    }
}

#[tokio::test]
async fn keys_at_a_server_are_fetched_only_with_an_account_that_is_linked() {
    let signer = Signer::ec("1");
    let keys = || Some(Arc::new(set(&[signer.jwk()])));
    let said = async |arrange: &dyn Fn(&World)| {
        let (bus, world) = (Bus::start(), World::good());
        name_key(&world, &address());
        *world.keys.lock().unwrap() = keys();
        arrange(&world);
        let _daemon = Daemon::start(&bus, &world).await;
        let said = Store::on(&bus).await.verify(&[(APP, &token(&signer, &world, json!({})))]).await;
        (said, world.key_calls.lock().unwrap().clone())
    };
    let (good, calls) = said(&|_| {}).await;
    assert_eq!(good.unwrap(), verdicts(&[(APP, true)]));
    assert_eq!(calls, [(address(), BTreeSet::from(["1".to_owned()]))]);
    let (signed_out, _) = said(&|world| world.change_account(|account| drop(account.sign_out()))).await;
    assert_eq!(signed_out.unwrap(), verdicts(&[(APP, true)]), "the person agreed to the server all the same");
    let without: [&dyn Fn(&World); 5] = [
        &|world| world.accounts.lock().unwrap().clear(),
        &|world| world.change_account(|account| account.links.clear()),
        &|world| *world.accounts.lock().unwrap() = vec![account("https://old.example/", "demo", &[REMOTE_URI])],
        &|world| world.set_keyring(Keyring::Locked),
        &|world| world.set_keyring(Keyring::Missing),
    ];
    for arrange in without {
        let (refused, calls) = said(arrange).await;
        assert_eq!(error_name(refused), "AccountNeeded");
        assert!(calls.is_empty(), "nobody is contacted");
    }
    let (down, _) = said(&|world| *world.keys.lock().unwrap() = None).await;
    assert_eq!(error_name(down), "Unreachable");
}

#[tokio::test]
async fn what_cannot_be_checked_is_an_error_of_its_own() {
    let (bus, world, signer) = (Bus::start(), World::good(), Signer::ec("1"));
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    let good = token(&signer, &world, json!({}));
    assert_eq!(error_name(store.verify(&[(APP, &good)]).await), "CannotBeChecked", "no key is named");
    name_key(&world, &inline(&signer));
    let said = store.verify(&[(APP, &good), (OTHER, "opaque")]).await;
    assert_eq!(error_name(said), "CannotBeChecked", "one is enough");
    name_key(&world, &address());
    assert_eq!(error_name(store.verify(&[(APP, "opaque")]).await), "CannotBeChecked");
    for bad in ["{}", "https://evil.example/keys.json", "keys.json"] {
        name_key(&world, bad);
        let Err(zbus::Error::MethodError(name, Some(text), _)) = store.verify(&[(APP, &good)]).await else {
            panic!("{bad} was used")
        };
        assert_eq!(name.as_str(), "io.github.usher.Access1.Error.CannotBeChecked");
        assert!(text.contains("verify-key"), "{text}");
    }
    assert!(world.key_calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn r25_only_a_remote_of_this_computer_that_uses_usher_is_known() {
    let (bus, world, signer) = (Bus::start(), World::good(), Signer::ec("1"));
    name_key(&world, &inline(&signer));
    let mut foreign = configured("foreign", "https://foreign.example/", SERVICE);
    foreign.authenticator = Some("org.flatpak.Authenticator.Oci".into());
    foreign.options.insert("verify-key".into(), inline(&signer));
    let twice = configured("twice", "https://twice.example/", SERVICE);
    let mut other = twice.clone();
    other.options.insert("verify-key".into(), inline(&signer));
    world.remotes.lock().unwrap().extend([foreign, twice, other]);
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    let good = token(&signer, &world, json!({}));
    for (remote, uri) in [
        ("other", REMOTE_URI),
        ("shop", "https://evil.example/"),
        ("foreign", "https://foreign.example/"),
        ("twice", "https://twice.example/"),
    ] {
        let said = store.verify_at(remote, uri, &[(APP, &good)]).await;
        assert_eq!(error_name(said), "UnknownRemote", "{remote} {uri}");
    }
}

#[tokio::test]
async fn r09_a_call_keeps_to_the_limits() {
    let (bus, world, signer) = (Bus::start(), World::good(), Signer::ed("1"));
    name_key(&world, &inline(&signer));
    let _daemon = Daemon::start(&bus, &world).await;
    let store = Store::on(&bus).await;
    let good = token(&signer, &world, json!({}));
    let again = token(&signer, &world, json!({ "name": "again" }));
    let huge = "a".repeat(8 * 1024 + 1);
    for shown in [
        [(APP, good.as_str()), (APP, &again)],
        [(APP, &good), (OTHER, "")],
        [(APP, &good), (OTHER, "a b")],
        [(APP, &good), (OTHER, &huge)],
        [(APP, &good), ("org.example.App", &good)],
        [(APP, &good), ("", &good)],
    ] {
        assert_eq!(error_name(store.verify(&shown).await), "InvalidArgs", "{:?}", shown.map(|(name, _)| name));
    }
    let names: Vec<String> = (0..1025).map(|number| format!("app/org.example.App.N{number}/x86_64/stable")).collect();
    // As large as tokens may be: the whole call has 8 MiB.
    let large = token(&signer, &world, json!({ "name": "a".repeat(5800) }));
    assert!((7900..8192).contains(&large.len()), "{}", large.len());
    let shown: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), large.as_str())).collect();
    assert_eq!(error_name(store.verify(&shown).await), "InvalidArgs");
    let said = store.verify(&shown[1..]).await.unwrap();
    assert!(said.len() == 1024 && said.values().all(|is_good| *is_good));
}
