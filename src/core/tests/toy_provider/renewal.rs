// SPDX-License-Identifier: GPL-3.0-or-later
//! Sign-ins that lapse: renewed once for everybody, saved before they are used, and never lost.

use std::time::Duration;

use futures_util::future;
use usher_core::{http::HttpError, session::Unfinished};

use super::{server::Renewals, *};

/// A generous limit for things that must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn wanted() -> Vec<Ask> {
    asks(&["app/org.a.A/x/1"])
}

/// An account whose sign-in has lapsed, at a server that renews it for an hour.
pub(super) async fn lapsed() -> World {
    let world = World::start_for("lapsing").await;
    world.server.lease_for(3600);
    world
}

impl World {
    /// Asks as the daemon does: with the account as it was read before.
    async fn ask(&self, account: &Account) -> Result<(), SessionError> {
        self.session.tokens(account, &wanted()).await.map(|_| ())
    }

    /// Makes every change of the keyring fail until the result is dropped.
    pub(super) fn block_saving(&self) -> Blocked {
        let lock = self.folder.path().join("accounts.lock");
        std::fs::remove_file(&lock).unwrap();
        std::fs::create_dir(&lock).unwrap();
        Blocked(lock)
    }
}

pub(super) struct Blocked(std::path::PathBuf);

impl Drop for Blocked {
    fn drop(&mut self) {
        std::fs::remove_dir(&self.0).unwrap();
    }
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test]
async fn a_sign_in_that_lapses_is_renewed_once_for_all_requests_of_all_processes() {
    let world = lapsed().await;
    let account = world.account().await;
    let processes = [session(world.folder.path()), session(world.folder.path()), session(world.folder.path())];
    let wanted = wanted();
    let calls = processes.iter().flat_map(|process| (0..22).map(|_| process.tokens(&account, &wanted)));
    for answer in future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!(world.server.renewals(), 1);
    assert_eq!(world.saved_session().await, world.server.newest_access());
}

#[tokio::test]
async fn a_sign_in_that_does_not_lapse_takes_no_lock() {
    let world = lapsed().await;
    world.ask(&world.account().await).await.unwrap();
    let account = world.account().await;
    let _held = world.session.store().lock_account(account.id).await.unwrap();
    let _blocked = world.block_saving();
    world.ask(&account).await.unwrap();
    assert_eq!(world.server.renewals(), 1);
}

#[tokio::test]
async fn a_refused_sign_in_is_renewed_once_and_only_then_has_ended() {
    let world = lapsed().await;
    world.ask(&world.account().await).await.unwrap();
    world.server.refuse_newest();
    let account = world.account().await;
    let answers = future::join_all((0..8).map(|_| world.ask(&account))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(world.server.renewals(), 2);
    assert_eq!(world.account().await.state, AccountState::SignedIn);
}

#[tokio::test]
async fn a_sign_in_that_the_server_has_ended_says_so() {
    let world = lapsed().await;
    // Somebody else has used the old one: the server ends all that came from it.
    let account = world.account().await;
    world.ask(&account).await.unwrap();
    let other = session(tempfile::tempdir().unwrap().path());
    other.store().add(&account).await.unwrap();
    assert!(matches!(other.tokens(&account, &wanted()).await, Err(SessionError::Expired)));
    assert_eq!(world.account().await.state, AccountState::SignedIn, "nobody has told this computer");
    let account = world.account().await;
    assert!(matches!(world.ask(&account).await, Err(SessionError::Expired)));
    assert_eq!(world.account().await.state, AccountState::Expired);
}

#[tokio::test]
async fn an_older_sign_in_that_is_refused_ends_nothing_if_a_newer_one_was_saved_meanwhile() {
    let world = lapsed().await;
    let old = world.account().await;
    let fresh = world.sign_in("right").await.unwrap().unwrap();
    // While the server refuses the old one, somebody signs in again in another process.
    let folder = world.folder.path().to_owned();
    let (id, credential) = (old.id, fresh.credential.clone());
    world.server.meanwhile(move || {
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let change = async {
                let change = |account: &mut Account| account.credential = Some(credential);
                session(&folder).store().change(id, change).await.unwrap();
            };
            runtime.block_on(change);
        })
        .join()
        .unwrap();
    });
    world.server.answer_renewals(Renewals::Page(401));
    world.ask(&old).await.unwrap();
    assert_eq!((world.account().await.state, world.server.renewals()), (AccountState::SignedIn, 1));
    assert_eq!(world.saved_session().await.as_deref(), Some("access-2"));
}

#[tokio::test]
async fn a_server_that_cannot_renew_is_named_and_ends_nothing() {
    let world = lapsed().await;
    let account = world.account().await;
    for status in [500, 200, 403] {
        world.server.answer_renewals(Renewals::Page(status));
        match world.ask(&account).await {
            Err(SessionError::NotRenewed { host, error: HttpError::Unexpected }) => {
                assert_eq!(host, "sign-in.example.org");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.account().await, account);
    world.server.answer_renewals(Renewals::Given);
    world.ask(&account).await.unwrap();
}

#[tokio::test]
async fn whoever_stops_waiting_for_a_renewal_loses_nothing() {
    let world = lapsed().await;
    let (account, gate) = (world.account().await, world.server.hold_renewals());
    {
        let mut asking = std::pin::pin!(world.ask(&account));
        tokio::select! {
            answer = &mut asking => panic!("{answer:?}"),
            () = until("the server is asked", async || world.server.renewals() == 1) => {}
        }
    }
    assert_eq!(*world.session.unfinished().borrow(), Unfinished { under_way: 1, unsaved: 0 });
    gate.add_permits(100);
    assert_eq!(world.session.finish().await, Unfinished::default());
    assert_eq!(world.saved_session().await, world.server.newest_access());
    world.ask(&account).await.unwrap();
    assert_eq!(world.server.renewals(), 1);
}

#[tokio::test]
async fn a_renewed_sign_in_that_cannot_be_saved_is_used_and_marked_and_saved_by_itself() {
    let world = lapsed().await;
    let account = world.account().await;
    let blocked = world.block_saving();
    world.ask(&account).await.unwrap();
    world.ask(&account).await.unwrap();
    assert_eq!((world.server.renewals(), world.saved_session().await.as_deref()), (1, Some("access-1")));
    assert_eq!(*world.session.unfinished().borrow(), Unfinished { under_way: 0, unsaved: 1 });
    let marked = world.session.store().unsaved().await;
    assert_eq!((marked.len(), marked[0].account), (1, account.id));

    // Another process leaves the old one alone: its server would end both.
    let other = session(world.folder.path());
    assert!(matches!(other.tokens(&account, &wanted()).await, Err(SessionError::NotSavedYet)));
    assert_eq!(world.server.renewals(), 1);

    drop(blocked);
    assert_eq!(world.session.finish().await, Unfinished::default());
    assert_eq!(world.saved_session().await, world.server.newest_access());
    assert_eq!(world.session.store().unsaved().await, []);
    other.tokens(&account, &wanted()).await.unwrap();
    assert_eq!(world.server.renewals(), 1);
}

#[tokio::test]
async fn a_sign_in_that_lapses_again_before_it_is_saved_is_renewed_from_the_newest() {
    let world = lapsed().await;
    let account = world.account().await;
    let blocked = world.block_saving();
    world.ask(&account).await.unwrap();
    world.server.refuse_newest();
    world.ask(&account).await.unwrap();
    assert_eq!(world.server.renewals(), 2);
    drop(blocked);
    assert_eq!(world.session.finish().await, Unfinished::default());
    assert_eq!(world.saved_session().await.as_deref(), Some("access-3"));
}

#[tokio::test]
async fn an_absurd_end_leads_to_no_storm_of_renewals() {
    for life in [i64::MIN, -3600, 0] {
        let world = lapsed().await;
        world.server.lease_for(life);
        for _ in 0..5 {
            world.ask(&world.account().await).await.unwrap();
        }
        assert_eq!(world.server.renewals(), 1, "{life}");
    }
}

#[tokio::test]
async fn signing_out_while_a_renewal_is_under_way_ends_what_it_brings() {
    let world = lapsed().await;
    let (account, gate) = (world.account().await, world.server.hold_renewals());
    let asking = tokio::spawn({
        let (session, account) = (world.session.clone(), account.clone());
        async move { session.tokens(&account, &wanted()).await.map(|_| ()) }
    });
    until("the server is asked", async || world.server.renewals() == 1).await;
    let (signed_out, ()) = tokio::join!(sign_out::sign_out(&world.session, account.id), async {
        gate.add_permits(100);
    });
    assert_eq!(signed_out.unwrap().unwrap().account.state, AccountState::SignedOut);
    let _ = asking.await.unwrap();
    assert_eq!(world.session.finish().await, Unfinished::default());
    assert_eq!(world.server.ended(), [world.server.newest_access().unwrap()]);
    assert_eq!(world.account().await.credential, None);
}

#[tokio::test]
async fn a_sign_out_that_cannot_wait_leaves_the_renewal_to_end_itself() {
    let world = lapsed().await;
    let (account, gate) = (world.account().await, world.server.hold_renewals());
    let asking = tokio::spawn({
        let (session, account) = (world.session.clone(), account.clone());
        async move { session.tokens(&account, &wanted()).await.map(|_| ()) }
    });
    until("the server is asked", async || world.server.renewals() == 1).await;
    sign_out::sign_out(&world.session, account.id).await.unwrap();
    gate.add_permits(100);
    let _ = asking.await.unwrap();
    assert_eq!(world.session.finish().await, Unfinished::default());
    assert!(world.server.ended().contains(&"access-2".to_owned()), "{:?}", world.server.ended());
    assert_eq!(world.account().await.credential, None);
}
