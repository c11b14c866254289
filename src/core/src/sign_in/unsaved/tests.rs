// SPDX-License-Identifier: GPL-3.0-or-later
//! Tests with a keyring file whose secret comes late.

use futures_util::future;

use super::*;
use crate::{
    store::{Entry, testing::LateSecret},
    testing,
};

fn unsaved(user: &str) -> Unsaved {
    Unsaved::new(&testing::binding("a.example"), &testing::signed_in(user), ExpectedAccount::Anybody, None, None)
}

async fn users(store: &AccountStore) -> Vec<String> {
    let entries = store.entries().await.unwrap();
    entries.iter().filter_map(Entry::account).map(|account| account.user.clone()).collect()
}

#[tokio::test]
async fn two_attempts_at_once_save_one_account() {
    for user in ["demo", ""] {
        let folder = tempfile::tempdir().unwrap();
        let store = testing::store(folder.path());
        let unsaved = unsaved(user);
        let saved = future::join_all((0..4).map(|_| unsaved.save(&store))).await;
        let ids = saved.into_iter().map(|outcome| match outcome.unwrap() {
            SaveOutcome::Saved(saved) => saved.account.id,
            SaveOutcome::SomebodyElse { .. } => panic!("it is nobody else"),
        });
        let mut ids: Vec<_> = ids.collect();
        ids.dedup();
        assert_eq!((ids.len(), users(&store).await.len()), (1, 1), "{user:?}");
    }
}

#[tokio::test]
async fn a_sign_in_that_could_not_be_saved_is_saved_once_the_keyring_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let secret = LateSecret::default();
    let store = secret.store(folder.path());
    let bus = testing::Bus::start();
    let connection = bus.connect().build().await.unwrap();
    let unsaved = unsaved("demo");
    assert!(matches!(unsaved.save(&store).await, Err(StoreError::Dismissed)));
    let asked = secret.calls();
    let waiting = tokio::spawn({
        let (unsaved, store) = (unsaved.clone(), store.clone());
        async move { unsaved.save_when_possible(&store, &connection).await }
    });
    secret.give();
    // Something else that the person does opens the keyring.
    store.unlock().await.unwrap();
    let SaveOutcome::Saved(saved) = waiting.await.unwrap() else { panic!("it is nobody else") };
    assert_eq!((saved.account.user.as_str(), users(&store).await.len()), ("demo", 1));
    assert_eq!(secret.calls(), asked + 1, "waiting asks nobody");
}

#[tokio::test]
async fn the_way_to_the_sign_in_page_is_remembered_until_another_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let store = testing::store(folder.path());
    let (binding, signed_in) = (testing::binding("a.example"), testing::signed_in("demo"));
    for way in [Way::Browser, Way::Embedded].map(Some) {
        Unsaved::new(&binding, &signed_in, ExpectedAccount::Anybody, None, way).save(&store).await.unwrap();
        // Somebody who had no choice changes nothing.
        Unsaved::new(&binding, &signed_in, ExpectedAccount::Anybody, None, None).save(&store).await.unwrap();
        let entries = store.entries().await.unwrap();
        let ways: Vec<_> = entries.iter().filter_map(Entry::account).map(|account| account.way).collect();
        assert_eq!(ways, [way]);
    }
}
