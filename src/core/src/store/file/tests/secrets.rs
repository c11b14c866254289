// SPDX-License-Identifier: GPL-3.0-or-later
//! A portal that gives another secret for a while, and a secret that was made anew under a running process.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use oo7::Secret;

use super::{PATIENCE, account, files, seen, store_with};
use crate::store::{
    AccountStore, StoreError,
    file::{NoSecret, SecretSource},
};

const A: Option<[u8; 64]> = Some([1; 64]);
const B: Option<[u8; 64]> = Some([2; 64]);

/// A portal that gives what it is told to give; without a secret, nobody unlocks the keyring.
#[derive(Clone)]
struct Portal {
    secret: Arc<Mutex<Option<[u8; 64]>>>,
    calls: Arc<AtomicUsize>,
}

impl Portal {
    fn new(secret: Option<[u8; 64]>) -> Self {
        Self { secret: Arc::new(Mutex::new(secret)), calls: Arc::default() }
    }

    fn give(&self, secret: Option<[u8; 64]>) {
        *self.secret.lock().unwrap() = secret;
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// The store of a process that uses this portal.
    fn store(&self, data: &Path) -> AccountStore {
        store_with(data, self.clone(), PATIENCE)
    }
}

#[async_trait]
impl SecretSource for Portal {
    async fn retrieve(&self) -> Result<Secret, NoSecret> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.secret.lock().unwrap().map(Secret::blob).ok_or(NoSecret::Refused)
    }
}

#[tokio::test]
async fn k22_every_file_that_the_secret_of_the_moment_opens_is_used() {
    let data = tempfile::tempdir().unwrap();
    let [a, b] = [A, B].map(Portal::new);
    let (ada, bob) = (account("ada"), account("bob"));
    a.store(data.path()).add(&ada).await.unwrap();
    // Another desktop: another secret.
    assert_eq!(seen(&b.store(data.path())).await, ["usher.keyring"]);
    b.store(data.path()).add(&bob).await.unwrap();
    assert_eq!(seen(&b.store(data.path())).await, ["bob", "usher.keyring.unreadable-1"]);
    // The first one again, with its accounts, which can be used and changed.
    let store = a.store(data.path());
    assert_eq!(seen(&store).await, ["ada", "usher.keyring"]);
    let changed = store.change(ada.id, |account| account.name = Some("Work".into())).await.unwrap().unwrap();
    assert_eq!(changed.name.as_deref(), Some("Work"));
    store.add(&account("cy")).await.unwrap();
    for store in [&store, &a.store(data.path())] {
        assert_eq!(seen(store).await, ["ada", "cy", "usher.keyring.unreadable-2"]);
    }
    let store = b.store(data.path());
    assert_eq!(seen(&store).await, ["bob", "usher.keyring"]);
    store.remove(bob.id).await.unwrap();
    assert_eq!(seen(&store).await, ["usher.keyring"]);
    assert_eq!(files(data.path()), ["usher.keyring", "usher.keyring.unreadable-2"], "a file is only removed by name");
    store.remove_broken("usher.keyring").await.unwrap();
    assert_eq!(seen(&store).await, [""; 0]);
}

#[tokio::test]
async fn k23_a_secret_that_no_longer_opens_the_file_is_asked_for_again() {
    for quiet in [false, true] {
        let data = tempfile::tempdir().unwrap();
        let portal = Portal::new(A);
        let running = portal.store(data.path());
        let running = if quiet { running.quietly() } else { running };
        running.add(&account("ada")).await.unwrap();
        assert_eq!((seen(&running).await, portal.calls()), (vec!["ada".to_owned()], 1));
        // The keyring that holds the secret is made anew, and another process makes a new file.
        portal.give(B);
        portal.store(data.path()).add(&account("bob")).await.unwrap();
        let before = portal.calls();
        for _ in 0..3 {
            assert_eq!(seen(&running).await, ["bob", "usher.keyring.unreadable-1"], "quiet: {quiet}");
        }
        assert_eq!(portal.calls(), before + 1, "it is asked once");
        running.add(&account("cy")).await.unwrap();
        assert_eq!(seen(&portal.store(data.path())).await, ["bob", "cy", "usher.keyring.unreadable-1"]);
    }
}

#[tokio::test]
async fn k23_a_file_that_nobody_can_open_makes_the_portal_asked_once() {
    let data = tempfile::tempdir().unwrap();
    let portal = Portal::new(A);
    let running = portal.store(data.path());
    running.add(&account("ada")).await.unwrap();
    std::fs::write(super::file(data.path()), b"rubbish").unwrap();
    for _ in 0..3 {
        assert_eq!(seen(&running).await, ["usher.keyring"]);
    }
    assert_eq!(portal.calls(), 2);
    // A fresh process has just asked.
    let fresh = portal.store(data.path());
    for _ in 0..3 {
        assert_eq!(seen(&fresh).await, ["usher.keyring"]);
    }
    assert_eq!(portal.calls(), 3);
}

#[tokio::test]
async fn k23_a_file_of_a_secret_that_is_locked_away_is_locked() {
    let data = tempfile::tempdir().unwrap();
    let portal = Portal::new(A);
    let running = portal.store(data.path());
    running.add(&account("ada")).await.unwrap();
    Portal::new(B).store(data.path()).add(&account("bob")).await.unwrap();
    std::fs::remove_file(data.path().join("keyrings/usher.keyring.unreadable-1")).unwrap();
    portal.give(None);
    for _ in 0..2 {
        assert!(matches!(running.entries().await, Err(StoreError::Locked)));
        assert!(matches!(running.add(&account("cy")).await, Err(StoreError::Locked)));
    }
    assert!(matches!(running.unlock().await, Err(StoreError::Dismissed)));
    portal.give(B);
    running.unlock().await.unwrap();
    assert_eq!(seen(&running).await, ["bob"]);
}
