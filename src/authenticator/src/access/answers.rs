// SPDX-License-Identifier: GPL-3.0-or-later
//! Servers' recent answers about apps. Pure: time is a parameter.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use usher_core::{
    account::{Account, AccountId},
    app_state::AppState,
};

use crate::token_cache::comparable;

/// How long to keep an answer.
const TIME: Duration = Duration::from_secs(60);
/// Most answers to keep for one account.
const COUNT_LIMIT: usize = 8192;

/// Answers by account and app.
#[derive(Default)]
pub(super) struct Answers(HashMap<AccountId, AccountAnswers>);

struct AccountAnswers {
    /// The account as it was: any change of it invalidates the answers.
    account: Account,
    states: HashMap<String, (AppState, Duration)>,
}

impl Answers {
    /// The known states of these apps.
    pub(super) fn find(
        &mut self,
        account: &Account,
        ids: &BTreeSet<String>,
        now: Duration,
    ) -> BTreeMap<String, AppState> {
        let Some(known) = self.0.get_mut(&account.id) else {
            return BTreeMap::new();
        };
        if known.account != comparable(account) {
            self.forget(account.id);
            return BTreeMap::new();
        }
        known.states.retain(|_, (_, until)| now < *until);
        ids.iter().filter_map(|id| Some((id.clone(), known.states.get(id)?.0))).collect()
    }

    /// Keeps a server's answer.
    pub(super) fn keep(&mut self, account: &Account, states: &BTreeMap<String, AppState>, now: Duration) {
        let account = comparable(account);
        let known = self
            .0
            .entry(account.id)
            .or_insert_with(|| AccountAnswers { account: account.clone(), states: HashMap::new() });
        if known.account != account {
            *known = AccountAnswers { account, states: HashMap::new() };
        }
        for (id, state) in states {
            if known.states.len() < COUNT_LIMIT {
                known.states.insert(id.clone(), (*state, now.saturating_add(TIME)));
            }
        }
    }

    /// Forgets all answers about an account.
    pub(super) fn forget(&mut self, account: AccountId) {
        self.0.remove(&account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{REMOTE_URI, SERVICE, account};

    fn ids() -> BTreeSet<String> {
        ["a", "b"].map(ToOwned::to_owned).into()
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_answer_is_kept_for_a_minute() {
        let (account, mut answers) = (account(SERVICE, "demo", &[REMOTE_URI]), Answers::default());
        let said = BTreeMap::from([("a".to_owned(), AppState::NotOwned)]);
        answers.keep(&account, &said, at(100));
        assert_eq!(answers.find(&account, &ids(), at(159)), said);
        assert_eq!(answers.find(&account, &ids(), at(160)), BTreeMap::new());
    }

    #[test]
    fn a_change_of_the_account_invalidates_its_answers() {
        let (mut account, mut answers) = (account(SERVICE, "demo", &[REMOTE_URI]), Answers::default());
        answers.keep(&account, &BTreeMap::from([("a".to_owned(), AppState::NotOwned)]), at(100));
        account.last_use = Some(usher_core::account::LastUse { at: 1, by: String::new() });
        assert_eq!(answers.find(&account, &ids(), at(101)).len(), 1, "its mere use is no change");
        account.sign_out();
        assert_eq!(answers.find(&account, &ids(), at(101)), BTreeMap::new());
    }
}
