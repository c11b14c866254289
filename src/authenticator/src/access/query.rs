// SPDX-License-Identifier: GPL-3.0-or-later
//! “Install or Purchase?”: what is known about apps. Never asks the person.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use usher_core::{
    account::{Account, AccountId},
    app_state::AppState,
    ask::Ask,
    ground::Ground,
    patience::within,
    provider,
};

use super::{AccessService, ground_of};
use crate::flow::{self, NotificationEvent, Obstacle, Reading, obstacle};

impl AccessService {
    /// What is known about these apps of a remote. Asks the server at most once.
    pub(super) async fn query(
        self: Arc<Self>,
        remote: String,
        remote_uri: String,
        ids: BTreeSet<String>,
    ) -> BTreeMap<String, AppState> {
        let flow = &self.daemon.flow;
        let Some(ground) = ground_of(&*flow.installations, &remote, &remote_uri).await else {
            return all(&ids, AppState::Unknown);
        };
        self.follow().await;
        // What needs no token needs no account, and its server may deny what nobody bought.
        let free = flow.installations.free_apps(&ground, &ids).await;
        let others = &ids - &free;
        let mut states = all(&free, AppState::Free);
        if !others.is_empty() {
            let said = within(flow.limit, self.states(&ground, &others)).await;
            states.extend(said.unwrap_or_else(|_| all(&others, AppState::Unknown)));
        }
        states
    }

    async fn states(&self, ground: &Ground, ids: &BTreeSet<String>) -> BTreeMap<String, AppState> {
        let flow = &self.daemon.flow;
        let turn = self.turn(&ground.binding);
        let _turn = turn.lock().await;
        let reading = Reading { afresh: false, interactive: false };
        let open = match self.open_to_anybody(ground, ids).await {
            Ok(open) => open,
            Err(obstacle) => return all(ids, AppState::from(&obstacle)),
        };
        let mut states = all(&open, AppState::Free);
        let ids = &(ids - &open);
        if ids.is_empty() {
            return states;
        }
        states.extend(match flow.account(ground, reading).await {
            Ok(account) => self.states_for(ground, &account, ids).await,
            Err(obstacle) => all(ids, AppState::from(&obstacle)),
        });
        states
    }

    /// The apps that the server gives to anybody.
    async fn open_to_anybody(&self, ground: &Ground, ids: &BTreeSet<String>) -> Result<BTreeSet<String>, Obstacle> {
        if !ground.binding.provider.serves_anybody() {
            return Ok(BTreeSet::new());
        }
        let asks: Vec<Ask> = ids.iter().map(|id| Ask::of_app(id)).collect();
        let said = self.daemon.flow.tokens.get_for_anybody(&ground.binding, &asks).await;
        said.map(|grants| grants.access(&asks).granted).map_err(|error| obstacle::unserved(&error))
    }

    /// What the server of an account says.
    async fn states_for(
        &self,
        ground: &Ground,
        account: &Account,
        ids: &BTreeSet<String>,
    ) -> BTreeMap<String, AppState> {
        let flow = &self.daemon.flow;
        let mut known = self.answers().find(account, ids, flow.clock.elapsed());
        let asks: Vec<Ask> = ids.iter().filter(|id| !known.contains_key(*id)).map(|id| Ask::of_app(id)).collect();
        if asks.is_empty() {
            return known;
        }
        match flow.ask(account, &asks).await {
            Ok(grants) => {
                let said = AppState::of_all(&asks, &grants);
                self.answers().keep(account, &said, flow.clock.elapsed());
                let sorted = grants.sorted(&asks);
                let finished = NotificationEvent::finished(account, &sorted, ground);
                self.settle(flow::news(account, sorted, None), finished);
                known.extend(said);
                known
            }
            Err(obstacle @ Obstacle::Expired(_)) => {
                self.answers().forget(account.id);
                all(ids, AppState::from(&obstacle))
            }
            Err(obstacle) => {
                let state = AppState::from(&obstacle);
                known.extend(asks.iter().map(|ask| (ask.app_id().to_owned(), state)));
                known
            }
        }
    }

    /// Saves news about purchases, and reports one that is finished. Nobody waits for it.
    pub(super) fn settle(&self, news: Option<(AccountId, provider::Access)>, finished: Option<NotificationEvent>) {
        let Some((account, access)) = news else { return };
        let (daemon, busy) = (self.daemon.clone(), self.daemon.activity.begin());
        tokio::spawn(async move {
            daemon.flow.accounts.settle(account, access).await;
            if let Some(finished) = finished {
                daemon.notifier.notify(&finished).await;
            }
            drop(busy);
        });
    }
}

fn all(ids: &BTreeSet<String>, state: AppState) -> BTreeMap<String, AppState> {
    ids.iter().map(|id| (id.clone(), state)).collect()
}
