// SPDX-License-Identifier: GPL-3.0-or-later
//! Download tokens that were given out a moment ago, in memory alone. Pure: time is a parameter.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use usher_core::{
    account::{Account, AccountId},
    provider::Grant,
    secret::Token,
    service::RemoteUrl,
};

/// Longest time a token is kept.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// How long a token is kept that does not say when it ends.
const UNKNOWN: Duration = Duration::from_secs(60);
/// How long before its end a token is not given out any more, in seconds.
const MARGIN: i64 = 60;
/// Most tokens that are kept of one account.
const COUNT_LIMIT: usize = 8192;

/// The moment of a look: seconds since 1970, and the time that counts suspended time too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: i64,
    pub(crate) elapsed: Duration,
}

/// Tokens by account, address of the remote and app.
#[derive(Default)]
pub(crate) struct TokenCache(HashMap<AccountId, OfAccount>);

struct OfAccount {
    /// The account as it was: a change of it makes the tokens worthless.
    account: Account,
    tokens: HashMap<(RemoteUrl, String), Kept>,
}

struct Kept {
    token: Token,
    until: Duration,
    ends: Option<i64>,
}

impl TokenCache {
    /// The tokens for these apps that can still be given out.
    pub(crate) fn find(
        &mut self,
        account: &Account,
        remote: &RemoteUrl,
        ids: &BTreeSet<String>,
        at: Moment,
    ) -> BTreeMap<String, Grant> {
        let Some(known) = self.0.get_mut(&account.id) else {
            return BTreeMap::new();
        };
        if known.account != comparable(account) {
            self.forget(account.id);
            return BTreeMap::new();
        }
        // The wall clock may have been set meanwhile; the token's own end counts as well.
        known.tokens.retain(|_, kept| at.elapsed < kept.until && kept.ends.is_none_or(|end| at.now < end - MARGIN));
        ids.iter()
            .filter_map(|id| {
                let kept = known.tokens.get(&(remote.clone(), id.clone()))?;
                Some((id.clone(), Grant::Token(kept.token.clone(), kept.ends)))
            })
            .collect()
    }

    /// Keeps tokens. “No token needed” holds for one request only and is not kept.
    pub(crate) fn keep(
        &mut self,
        account: &Account,
        remote: &RemoteUrl,
        granted: &BTreeMap<String, Grant>,
        at: Moment,
    ) {
        let account = comparable(account);
        let known =
            self.0.entry(account.id).or_insert_with(|| OfAccount { account: account.clone(), tokens: HashMap::new() });
        if known.account != account {
            *known = OfAccount { account, tokens: HashMap::new() };
        }
        for (id, grant) in granted {
            let Grant::Token(token, ends) = grant else { continue };
            let time = match *ends {
                Some(end) => LONGEST.min(Duration::from_secs(
                    end.saturating_sub(at.now).saturating_sub(MARGIN).try_into().unwrap_or_default(),
                )),
                None => UNKNOWN,
            };
            if !time.is_zero() && known.tokens.len() < COUNT_LIMIT {
                let kept = Kept { token: token.clone(), until: at.elapsed.saturating_add(time), ends: *ends };
                known.tokens.insert((remote.clone(), id.clone()), kept);
            }
        }
    }

    /// Forgets all tokens of an account.
    pub(crate) fn forget(&mut self, account: AccountId) {
        self.0.remove(&account);
    }
}

/// The account without what its mere use changes.
pub(crate) fn comparable(account: &Account) -> Account {
    let mut account = account.clone();
    account.last_use = None;
    account.generation = 0;
    account
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use usher_core::{account::LastUse, binding::Link, testing};

    use super::*;

    fn account() -> Account {
        testing::account("store.example.org", "demo")
    }

    fn remote(host: &str) -> RemoteUrl {
        testing::remote_url(&format!("https://{host}/"))
    }

    fn at(seconds: u32) -> Moment {
        Moment { now: 1_000_000 + i64::from(seconds), elapsed: Duration::from_secs(seconds.into()) }
    }

    fn granted(ends_in: Option<i64>) -> BTreeMap<String, Grant> {
        let token = Grant::Token(Token::parse("t").unwrap(), ends_in.map(|seconds| at(0).now + seconds));
        BTreeMap::from([("a".to_owned(), token), ("free".to_owned(), Grant::Free)])
    }

    fn ids() -> BTreeSet<String> {
        ["a", "b", "free"].map(ToOwned::to_owned).into()
    }

    /// How many seconds after it was given out a token is found last.
    fn kept_for(ends_in: Option<i64>) -> Option<u32> {
        let account = account();
        (0..2000)
            .take_while(|&seconds| {
                let mut cache = TokenCache::default();
                cache.keep(&account, &remote("r"), &granted(ends_in), at(0));
                !cache.find(&account, &remote("r"), &ids(), at(seconds)).is_empty()
            })
            .last()
    }

    #[test]
    fn a_token_is_kept_until_a_minute_before_its_end_and_at_most_five_minutes() {
        assert_eq!(kept_for(Some(100)), Some(39));
        assert_eq!(kept_for(Some(10_000)), Some(299));
        assert_eq!(kept_for(None), Some(59));
        assert_eq!(kept_for(Some(60)), None);
        assert_eq!(kept_for(Some(-5)), None);
    }

    #[test]
    fn h13_that_no_token_is_needed_is_not_kept() {
        let (account, mut cache) = (account(), TokenCache::default());
        cache.keep(&account, &remote("r"), &granted(None), at(0));
        let found = cache.find(&account, &remote("r"), &ids(), at(1));
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn a_token_serves_only_the_account_and_the_remote_it_was_given_for() {
        let (one, mut cache) = (account(), TokenCache::default());
        cache.keep(&one, &remote("r"), &granted(None), at(0));
        assert!(cache.find(&one, &remote("s"), &ids(), at(1)).is_empty());
        assert!(cache.find(&account(), &remote("r"), &ids(), at(1)).is_empty());
    }

    #[test]
    fn any_change_of_the_account_but_its_use_empties_the_cache() {
        let unchanged = account();
        let after = |change: fn(&mut Account)| {
            let mut cache = TokenCache::default();
            cache.keep(&unchanged, &remote("r"), &granted(None), at(0));
            let mut changed = unchanged.clone();
            change(&mut changed);
            !cache.find(&changed, &remote("r"), &ids(), at(1)).is_empty()
        };
        assert!(after(|account| {
            account.last_use = Some(LastUse { at: 1, by: String::new() });
            account.generation += 1;
        }));
        assert!(!after(|account| account.credential = Some(Token::parse("d").unwrap())));
        assert!(!after(|account| account.link(Link { remote_url: remote("z"), remote: "z".into() })));
        assert!(!after(Account::sign_out));
    }

    proptest! {
        #[test]
        fn no_token_is_given_out_in_its_last_minute(ends_in in any::<i64>(), jump in any::<i64>(), seconds in 0u32..1000) {
            let (account, mut cache) = (account(), TokenCache::default());
            let ends = at(0).now.saturating_add(ends_in).max(0);
            let token = Grant::Token(Token::parse("t").unwrap(), Some(ends));
            cache.keep(&account, &remote("r"), &BTreeMap::from([("a".to_owned(), token)]), at(0));
            let look = Moment { now: at(seconds).now.saturating_add(jump), ..at(seconds) };
            if !cache.find(&account, &remote("r"), &ids(), look).is_empty() {
                prop_assert!(look.now < ends - MARGIN && seconds < 300);
            }
        }
    }
}
