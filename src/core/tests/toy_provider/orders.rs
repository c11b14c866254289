// SPDX-License-Identifier: GPL-3.0-or-later
//! Calls of several processes, renewals, refusals, sign-ins and sign-outs in any order, with a keyring that fails now and
//! then: nothing old is shown to a server again, nothing is lost, and every lock is free again.

use futures_util::future;
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use usher_core::session::Unfinished;

use super::{
    renewal::{Blocked, PATIENCE, lapsed, wanted},
    server::Renewals,
    *,
};

#[derive(Debug, Clone, Copy)]
enum Act {
    /// One process asks, or all do at once.
    Ask(usize),
    AskAll,
    /// The server accepts the newest sign-in no longer, until it is renewed.
    Refuse,
    /// From now on, renewals last so long by their own word.
    Last(i64),
    /// From now on, renewals are given, or answered with a page.
    Renewals(Option<u16>),
    /// The keyring cannot be changed, and can be again.
    Block,
    Unblock,
    SignIn,
    SignOut,
    /// Signs out while a process asks.
    AskAndSignOut(usize),
}

const PROCESSES: usize = 3;

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..PROCESSES).prop_map(Act::Ask),
        2 => Just(Act::AskAll),
        3 => Just(Act::Refuse),
        1 => prop_oneof![Just(Act::Last(3600)), Just(Act::Last(0)), Just(Act::Last(i64::MIN))],
        3 => prop_oneof![2 => Just(None), 1 => Just(Some(500)), 1 => Just(Some(401))].prop_map(Act::Renewals),
        2 => prop_oneof![Just(Act::Block), Just(Act::Unblock)],
        1 => Just(Act::SignIn),
        1 => Just(Act::SignOut),
        1 => (0..PROCESSES).prop_map(Act::AskAndSignOut),
    ]
}

/// A server, a keyring, and the processes that share both.
struct Orders {
    world: World,
    processes: Vec<Session>,
    blocked: Option<Blocked>,
    are_renewals_given: bool,
    /// Whether what is given lasts.
    do_they_last: bool,
    /// Whether the server has ever ended a sign-in by its own word.
    was_ended: bool,
}

impl Orders {
    async fn start() -> Self {
        let world = lapsed().await;
        let processes = (0..PROCESSES).map(|_| session(world.folder.path())).collect();
        Self { world, processes, blocked: None, are_renewals_given: true, do_they_last: true, was_ended: false }
    }

    async fn perform(&mut self, act: Act) {
        let server = &self.world.server;
        match act {
            Act::Ask(process) => self.ask(&[process]).await,
            Act::AskAll => self.ask(&[0, 1, 2, 0, 1, 2]).await,
            Act::Refuse => server.refuse_newest(),
            Act::Last(seconds) => {
                self.do_they_last = seconds > 0;
                server.lease_for(seconds);
            }
            Act::Renewals(answer) => {
                self.are_renewals_given = answer.is_none();
                self.was_ended |= answer == Some(401);
                server.answer_renewals(answer.map_or(Renewals::Given, Renewals::Page));
            }
            Act::Block => {
                if self.blocked.is_none() {
                    self.blocked = Some(self.world.block_saving());
                }
            }
            Act::Unblock => self.unblock().await,
            Act::SignIn => self.sign_in().await,
            Act::SignOut => self.sign_out().await,
            Act::AskAndSignOut(process) => {
                let account = self.world.account().await;
                let wanted = wanted();
                let asking = self.processes[process].tokens(&account, &wanted);
                // Whichever comes first, it is one of them.
                let _ = tokio::join!(asking, self.sign_out());
            }
        }
        self.assert_sound().await;
    }

    async fn ask(&self, processes: &[usize]) {
        let (account, calls, wanted) = (self.world.account().await, self.world.server.calls(), wanted());
        let asking = processes.iter().map(|process| self.processes[*process].tokens(&account, &wanted));
        let answers = future::join_all(asking).await;
        if account.state != AccountState::SignedIn {
            assert_eq!(self.world.server.calls(), calls, "a sign-in that has ended is shown to nobody");
            assert!(answers.iter().all(Result::is_err));
        } else if self.are_renewals_given && self.do_they_last && self.blocked.is_none() {
            assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        }
    }

    /// The keyring works again, and everybody saves what they could not.
    async fn unblock(&mut self) {
        self.blocked = None;
        for process in &self.processes {
            let finished = tokio::time::timeout(PATIENCE, process.finish()).await;
            assert_eq!(finished.expect("what was begun ends"), Unfinished::default());
        }
    }

    async fn sign_in(&self) {
        if self.blocked.is_some() {
            return;
        }
        let account = self.world.account().await;
        let signed_in = self.world.sign_in("right").await.unwrap().unwrap();
        self.world.save(&signed_in, ExpectedAccount::Account(account.id), None).await;
        assert_eq!(self.world.account().await.state, AccountState::SignedIn);
    }

    async fn sign_out(&self) {
        let account = self.world.account().await;
        let signed_out = sign_out::sign_out(&self.processes[0], account.id).await;
        if self.blocked.is_none() {
            assert_eq!(signed_out.unwrap().unwrap().account.state, AccountState::SignedOut);
        }
    }

    /// What holds after every act.
    async fn assert_sound(&self) {
        assert!(!self.world.server.was_reused(), "a renewed sign-in was to be renewed again");
        let account = self.world.account().await;
        let lock = tokio::time::timeout(PATIENCE, self.world.session.store().lock_account(account.id)).await;
        lock.expect("the lock is free").unwrap();
    }

    async fn end(mut self) {
        self.unblock().await;
        self.assert_sound().await;
        assert_eq!(self.world.session.store().unsaved().await, []);
        let (account, newest) = (self.world.account().await, self.world.server.newest_access());
        match account.state {
            AccountState::SignedIn => assert_eq!(self.world.saved_session().await, newest, "the newest is saved"),
            AccountState::Expired => {}
            AccountState::SignedOut => {
                assert_eq!(account.credential, None);
                let has_ended = self.world.server.ended().contains(&newest.unwrap());
                assert!(has_ended || self.was_ended, "it has ended at the server as well");
            }
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 24, max_shrink_iters: 200, rng_seed: RngSeed::Fixed(14), ..Config::default() })]
    #[test]
    fn whatever_happens_nothing_old_is_used_again_and_nothing_is_lost(acts in prop::collection::vec(act(), 1..16)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut orders = Orders::start().await;
            for act in acts {
                orders.perform(act).await;
            }
            orders.end().await;
        });
    }
}
