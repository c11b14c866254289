// SPDX-License-Identifier: GPL-3.0-or-later
//! Requests, sign-ins and servers' answers in any order: what the daemon remembers of an account ends with its sign-in.

use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use usher_core::testing;

use super::*;
use crate::flow::Flow;

/// The tokens of each sign-in.
const TOKENS: [&str; 8] = ["token-0", "token-1", "token-2", "token-3", "token-4", "token-5", "token-6", "token-7"];

#[derive(Debug, Clone, Copy)]
enum Act {
    /// Somebody asks for one app, for the other, or for both.
    Ask(&'static [&'static str]),
    /// The person signs in, once more or again.
    SignIn,
    SignOut,
    /// The repository may use the account no longer.
    Forbid,
    Allow,
    /// From now on the server gives tokens, accepts no sign-in, denies an app, or is out of order.
    Grants,
    Rejects,
    Denies,
    Breaks,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => prop_oneof![Just(Act::Ask(&[APP])), Just(Act::Ask(&[OTHER])), Just(Act::Ask(&[APP, OTHER]))],
        2 => Just(Act::SignIn),
        2 => prop_oneof![Just(Act::SignOut), Just(Act::Forbid), Just(Act::Allow)],
        4 => prop_oneof![Just(Act::Grants), Just(Act::Rejects), Just(Act::Denies), Just(Act::Breaks)],
    ]
}

/// A world, and what must not be seen of it any more.
struct Orders {
    world: Arc<World>,
    flow: Flow,
    sign_in: usize,
    rejected: Vec<String>,
    server: Act,
}

impl Orders {
    fn new() -> Self {
        let world = World::good();
        let flow = world.flow();
        let mut orders = Self { world, flow, sign_in: 0, rejected: Vec::new(), server: Act::Grants };
        orders.serve(Act::Grants);
        orders
    }

    fn serve(&mut self, server: Act) {
        self.server = server;
        self.world.set_server(match server {
            Act::Rejects => Says::Fails(TokensError::Rejected),
            Act::Denies => Says::No(&["org.example.Other"]),
            Act::Breaks => Says::Fails(TokensError::Unexpected),
            _ => Says::Yes(TOKENS[self.sign_in]),
        });
    }

    async fn perform(&mut self, act: Act) {
        match act {
            Act::Ask(refs) => self.ask(refs).await,
            Act::SignIn if self.sign_in + 1 < TOKENS.len() => {
                self.sign_in += 1;
                let credential = testing::bearer(&format!("credential-{}", self.sign_in));
                self.world.change_account(|account| {
                    account.credential = Some(credential);
                    account.state = AccountState::SignedIn;
                });
                self.serve(self.server);
            }
            Act::SignIn => {}
            Act::SignOut => self.world.change_account(|account| drop(account.sign_out())),
            Act::Forbid => self.world.change_account(|account| account.links.clear()),
            Act::Allow => self.world.change_account(|account| account.link(testing::link("shop", REMOTE_URI))),
            server => self.serve(server),
        }
    }

    async fn ask(&mut self, refs: &[&str]) {
        let (may_use, calls) = (self.may_use(), self.world.calls());
        let reply = self.flow.answer(&silent(request(refs)), ":1.1", &Asked::default()).await;
        let new_calls = self.world.calls.lock().unwrap()[calls..].to_vec();
        assert!(new_calls.len() <= 1, "one request, one call");
        assert!(may_use || new_calls.is_empty(), "nothing is asked for without a sign-in and a permission");
        for (_, credential, _) in &new_calls {
            assert!(!self.rejected.contains(credential), "what a server has rejected is shown to none again");
            if matches!(self.server, Act::Rejects) {
                self.rejected.push(credential.clone());
            }
        }
        let (code, _) = response(&reply);
        if let Answer::Tokens(tokens) = &reply.answer {
            assert!(may_use, "tokens of an account that may not be used");
            let given: Vec<_> = tokens.iter().filter_map(|(token, _)| Some(token.as_ref()?.expose())).collect();
            // A server that denies an app has one token for all sign-ins.
            assert!(given.iter().all(|token| [TOKENS[self.sign_in], "token"].contains(token)), "{given:?}");
        }
        if may_use && matches!(self.server, Act::Grants) {
            assert_eq!(code, 0, "what a server grants arrives");
        }
        if matches!(self.server, Act::Rejects) && !new_calls.is_empty() {
            assert_ne!(code, 0, "nothing is left of a rejected sign-in");
        }
    }

    fn may_use(&self) -> bool {
        let account = self.world.accounts.lock().unwrap()[0].clone();
        account.state == AccountState::SignedIn && account.is_linked_to(&testing::remote_url(REMOTE_URI))
    }
}

proptest! {
    #![proptest_config(Config { cases: 400, rng_seed: RngSeed::Fixed(14), ..Config::default() })]
    #[test]
    fn whatever_happens_no_token_outlives_its_sign_in(acts in prop::collection::vec(act(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut orders = Orders::new();
            for act in acts {
                orders.perform(act).await;
            }
        });
    }
}
