// SPDX-License-Identifier: GPL-3.0-or-later
//! Tests with a scripted portal on a private bus.

use std::{
    collections::HashMap,
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{StreamExt, future};
use zbus::{
    Connection,
    message::Header,
    zvariant::{OwnedFd, OwnedObjectPath, OwnedValue},
};

use super::{PATIENCE, account, files, seen, store_with};
use crate::{
    patience::within,
    store::{AccountStore, StoreError, file::portal::SecretPortal},
    testing::Bus,
};

/// A short wait for a portal that does not answer.
const SHORT: Duration = Duration::from_secs(2);

/// How the portal answers a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Gives,
    Refuses,
    /// Closes the socket without a signal.
    LetsGo,
    /// Keeps the dialog open.
    Nothing,
}

struct State {
    does: Does,
    calls: usize,
    open: Vec<(OwnedFd, String, String)>,
}

/// The desktop's portal.
#[derive(Clone)]
struct Portal {
    connection: Connection,
    state: Arc<Mutex<State>>,
}

struct Interface(Arc<Mutex<State>>);

#[zbus::interface(name = "org.freedesktop.portal.Secret")]
impl Interface {
    async fn retrieve_secret(
        &self,
        fd: OwnedFd,
        options: HashMap<String, OwnedValue>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> OwnedObjectPath {
        let sender = header.sender().unwrap().to_string();
        let token: String = options["handle_token"].try_clone().unwrap().try_into().unwrap();
        let name = sender.trim_start_matches(':').replace('.', "_");
        let path = format!("/org/freedesktop/portal/desktop/request/{name}/{token}");
        let does = {
            let mut state = self.0.lock().unwrap();
            state.calls += 1;
            state.does
        };
        match does {
            Does::Gives => give(connection, fd, &sender, &path).await,
            Does::Refuses => {
                respond(connection, &sender, &path, 2).await;
                // Like gnome-keyring's backend, it never closes the socket.
                self.0.lock().unwrap().open.push((fd, sender, path.clone()));
            }
            Does::LetsGo => drop(fd),
            Does::Nothing => self.0.lock().unwrap().open.push((fd, sender, path.clone())),
        }
        path.try_into().unwrap()
    }
}

/// Another interface that a desktop's portal offers.
struct OtherPortal(u32);

#[zbus::interface(name = "org.freedesktop.portal.Trash")]
impl OtherPortal {
    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        self.0
    }
}

async fn give(connection: &Connection, fd: OwnedFd, sender: &str, path: &str) {
    let mut socket = std::os::unix::net::UnixStream::from(std::os::fd::OwnedFd::from(fd));
    socket.write_all(&[7; 64]).unwrap();
    drop(socket);
    respond(connection, sender, path, 0).await;
}

async fn respond(connection: &Connection, sender: &str, path: &str, code: u32) {
    let results = HashMap::<String, OwnedValue>::new();
    let interface = "org.freedesktop.portal.Request";
    connection.emit_signal(Some(sender), path, interface, "Response", &(code, results)).await.unwrap();
}

impl Portal {
    async fn start(bus: &Bus, does: Does) -> Self {
        let state = Arc::new(Mutex::new(State { does, calls: 0, open: Vec::new() }));
        let connection = bus
            .connect()
            .serve_at("/org/freedesktop/portal/desktop", Interface(state.clone()))
            .unwrap()
            .name("org.freedesktop.portal.Desktop")
            .unwrap()
            .build()
            .await
            .unwrap();
        Self { connection, state }
    }

    fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }

    fn does(&self, does: Does) {
        self.state.lock().unwrap().does = does;
    }

    /// Ends it, as a crash does.
    async fn kill(self) {
        self.connection.close().await.unwrap();
    }

    /// The person answers the open dialogs.
    async fn give_what_was_asked(&self) {
        let open = std::mem::take(&mut self.state.lock().unwrap().open);
        for (fd, sender, path) in open {
            give(&self.connection, fd, &sender, &path).await;
        }
    }
}

/// The store of a freshly started process.
fn fresh_store(bus: &Bus, data: &Path, limit: Duration) -> AccountStore {
    store_with(data, SecretPortal { bus: Some(bus.address().to_owned()) }, limit)
}

#[tokio::test]
async fn many_readers_ask_the_portal_once() {
    let (bus, data) = (Bus::start(), tempfile::tempdir().unwrap());
    let portal = Portal::start(&bus, Does::Gives).await;
    let store = fresh_store(&bus, data.path(), PATIENCE);
    assert!(store.is_locked().await.unwrap());
    let readings = future::join_all((0..10).map(|_| store.entries())).await;
    assert!(readings.into_iter().all(|entries| entries.unwrap().is_empty()));
    store.add(&account("demo")).await.unwrap();
    store.unlock().await.unwrap();
    assert!(!store.is_locked().await.unwrap());
    assert_eq!(portal.calls(), 1);
    assert_eq!(seen(&fresh_store(&bus, data.path(), PATIENCE)).await, ["demo"]);
}

#[tokio::test]
async fn k03_a_missing_portal_is_reported_and_nothing_is_written() {
    let (bus, data) = (Bus::start(), tempfile::tempdir().unwrap());
    let store = fresh_store(&bus, data.path(), PATIENCE);
    assert!(matches!(store.entries().await, Err(StoreError::NoPortal)));
    assert!(matches!(store.add(&account("demo")).await, Err(StoreError::NoPortal)));
    assert!(matches!(store.unlock().await, Err(StoreError::NoPortal)));
    assert!(matches!(store.quietly().entries().await, Err(StoreError::NoPortal)));
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
    // It may appear later.
    let _portal = Portal::start(&bus, Does::Gives).await;
    assert_eq!(store.quietly().entries().await.unwrap(), []);
}

#[tokio::test]
async fn k03_a_portal_without_secrets_counts_as_missing() {
    let (bus, data) = (Bus::start(), tempfile::tempdir().unwrap());
    let connection = bus.connect().serve_at("/org/freedesktop/portal/desktop", OtherPortal(1)).unwrap();
    let _portal = connection.name("org.freedesktop.portal.Desktop").unwrap().build().await.unwrap();
    assert!(matches!(fresh_store(&bus, data.path(), PATIENCE).entries().await, Err(StoreError::NoPortal)));
}

#[tokio::test]
async fn k02_a_person_who_does_not_unlock_the_keyring_is_not_asked_again() {
    for refusal in [Does::Refuses, Does::LetsGo] {
        let (bus, data) = (Bus::start(), tempfile::tempdir().unwrap());
        let portal = Portal::start(&bus, refusal).await;
        let store = fresh_store(&bus, data.path(), PATIENCE);
        assert!(matches!(store.unlock().await, Err(StoreError::Dismissed)));
        assert_eq!(portal.calls(), 1);
        assert!(store.is_locked().await.unwrap());
        assert!(matches!(store.add(&account("demo")).await, Err(StoreError::Locked)));
        assert_eq!(files(data.path()), [""; 0]);
        portal.does(Does::Gives);
        store.unlock().await.unwrap();
        assert_eq!(store.entries().await.unwrap(), []);
    }
}

#[tokio::test]
async fn k01_while_a_portal_does_not_answer_the_keyring_counts_as_locked() {
    let (bus, data) = (Bus::start(), tempfile::tempdir().unwrap());
    let portal = Portal::start(&bus, Does::Nothing).await;
    let store = fresh_store(&bus, data.path(), SHORT);
    let mut heard = store.changes(&portal.connection).await.unwrap();
    assert!(matches!(store.entries().await, Err(StoreError::Locked)));
    assert!(matches!(store.entries().await, Err(StoreError::Locked)));
    assert_eq!(portal.calls(), 1, "the dialog is on screen already");
    let unlocking = {
        let store = store.clone();
        tokio::spawn(async move { store.unlock().await })
    };
    portal.give_what_was_asked().await;
    within(PATIENCE, heard.next()).await.expect("it is unlocked").unwrap();
    unlocking.await.unwrap().unwrap();
    assert!(!store.is_locked().await.unwrap());
    assert_eq!(portal.calls(), 1);
}

/// The backend, a process of its own, may keep the dialog and the socket.
#[tokio::test]
async fn k03_a_portal_that_is_killed_has_refused_nothing_and_the_next_one_is_asked() {
    for backend_stays in [true, false] {
        let (bus, data) = (Bus::start(), tempfile::tempdir().unwrap());
        let portal = Portal::start(&bus, Does::Nothing).await;
        let store = fresh_store(&bus, data.path(), PATIENCE);
        let unlocking = {
            let store = store.clone();
            tokio::spawn(async move { store.unlock().await })
        };
        while portal.state.lock().unwrap().open.is_empty() {
            tokio::task::yield_now().await;
        }
        let dialog = std::mem::take(&mut portal.state.lock().unwrap().open);
        portal.kill().await;
        let dialog = Some(dialog).filter(|_| backend_stays);
        let unlocked = within(PATIENCE, unlocking).await.expect("it ends").unwrap();
        assert!(matches!(unlocked, Err(StoreError::Portal(_))), "{unlocked:?}");
        let next = Portal::start(&bus, Does::Gives).await;
        store.unlock().await.unwrap();
        assert_eq!((store.entries().await.unwrap(), next.calls()), (vec![], 1));
        drop(dialog);
    }
}

#[tokio::test]
async fn g13_a_mark_on_a_disk_that_hangs_lets_nobody_be_asked() {
    let (bus, data) = (Bus::start(), tempfile::tempdir().unwrap());
    let portal = Portal::start(&bus, Does::Gives).await;
    let store = fresh_store(&bus, data.path(), PATIENCE);
    let _late = super::disk::hang(&data.path().join("marker")).await;
    let quietly = store.quietly().entries().await;
    assert!(matches!(quietly, Err(StoreError::File(error)) if error.kind() == std::io::ErrorKind::TimedOut));
    assert_eq!(portal.calls(), 0);
    assert_eq!(store.entries().await.unwrap(), [], "whoever may ask needs no mark");
}

#[tokio::test]
async fn r14_without_interaction_the_portal_is_asked_once_per_session() {
    let (bus, data) = (Bus::start(), tempfile::tempdir().unwrap());
    let portal = Portal::start(&bus, Does::Nothing).await;
    for _ in 0..3 {
        let fresh = fresh_store(&bus, data.path(), SHORT).quietly();
        assert!(matches!(fresh.entries().await, Err(StoreError::Locked)));
        assert!(matches!(fresh.entries().await, Err(StoreError::Locked)));
    }
    assert_eq!(portal.calls(), 1);
    // The person does something that needs the keyring, and unlocks it.
    portal.does(Does::Gives);
    fresh_store(&bus, data.path(), PATIENCE).unlock().await.unwrap();
    assert_eq!(portal.calls(), 2);
    for calls in 3..6 {
        fresh_store(&bus, data.path(), PATIENCE).quietly().entries().await.unwrap();
        assert_eq!(portal.calls(), calls, "an open keyring serves every fresh process");
    }
}

#[tokio::test]
async fn r14_a_dismissed_dialog_is_not_raised_again_without_interaction() {
    let (bus, data) = (Bus::start(), tempfile::tempdir().unwrap());
    let portal = Portal::start(&bus, Does::Refuses).await;
    for _ in 0..2 {
        assert!(matches!(fresh_store(&bus, data.path(), PATIENCE).quietly().entries().await, Err(StoreError::Locked)));
    }
    assert_eq!(portal.calls(), 1);
}
