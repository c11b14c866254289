// SPDX-License-Identifier: GPL-3.0-or-later
//! Recently issued download tokens, only in memory. Pure: time is a parameter.

use std::{collections::HashMap, sync::Arc, time::Duration};

use usher_core::{
    account::{Account, AccountId},
    ask::Ask,
    binding::Binding,
    credential::Token,
    provider::{Grant, Grants},
    refs::FlatpakRef,
    service::RemoteUrl,
};

/// Longest time to keep a token.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// How long to keep a token that does not say when it ends.
const UNKNOWN: Duration = Duration::from_secs(60);
/// Most tokens to keep for one holder.
const COUNT_LIMIT: usize = 8192;

/// The time of a look: seconds since 1970, and a clock that counts suspended time too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timestamp {
    pub(crate) now: i64,
    pub(crate) elapsed: Duration,
}

/// Whose tokens they are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Holder<'a> {
    /// An account's.
    Account(&'a Arc<Account>),
    /// Those that the server of this binding gives to anybody.
    Anybody(&'a Binding),
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Account(AccountId),
    Anybody(Binding),
}

impl Holder<'_> {
    fn key(self) -> Key {
        match self {
            Self::Account(account) => Key::Account(account.id),
            Self::Anybody(binding) => Key::Anybody(binding.clone()),
        }
    }

    fn account(self) -> Option<Arc<Account>> {
        match self {
            Self::Account(account) => Some(account.clone()),
            Self::Anybody(_) => None,
        }
    }
}

/// Tokens by holder, address of the remote and ref.
#[derive(Default)]
pub(crate) struct TokenCache(HashMap<Key, HeldTokens>);

struct HeldTokens {
    /// The account as it was: any change of it but its use, and what was bought with it, invalidates the tokens.
    account: Option<Arc<Account>>,
    remotes: HashMap<RemoteUrl, HashMap<FlatpakRef, Kept>>,
}

struct Kept {
    token: Token,
    until: Duration,
    /// When half of its life is over by the wall clock.
    last: Option<i64>,
    ends: Option<i64>,
}

impl HeldTokens {
    fn new(account: Option<Arc<Account>>) -> Self {
        Self { account, remotes: HashMap::new() }
    }

    /// Whether they are still this holder's.
    fn are_of(&mut self, holder: Holder<'_>) -> bool {
        let now = holder.account();
        let is_same = match (&self.account, &now) {
            // As long as nothing has changed, it is the very same.
            (Some(before), Some(now)) => Arc::ptr_eq(before, now) || source(before) == source(now),
            (before, now) => before.is_none() && now.is_none(),
        };
        if is_same {
            self.account = now;
        }
        is_same
    }

    fn count(&self) -> usize {
        self.remotes.values().map(HashMap::len).sum()
    }
}

impl TokenCache {
    /// The token that is still good for each ask.
    pub(crate) fn find(
        &mut self,
        holder: Holder<'_>,
        remote: &RemoteUrl,
        asks: &[Ask],
        at: Timestamp,
    ) -> Vec<Option<Grant>> {
        let nothing = || vec![None; asks.len()];
        let key = holder.key();
        let Some(known) = self.0.get_mut(&key) else {
            return nothing();
        };
        if !known.are_of(holder) {
            self.0.remove(&key);
            return nothing();
        }
        let Some(tokens) = known.remotes.get_mut(remote) else {
            return nothing();
        };
        // The wall clock may have been set meanwhile, so check the token's own life too.
        tokens.retain(|_, kept| at.elapsed < kept.until && kept.last.is_none_or(|last| at.now < last));
        let grant = |kept: &Kept| Grant::Token(kept.token.clone(), kept.ends);
        asks.iter().map(|ask| ask.full_ref().and_then(|wanted| tokens.get(wanted)).map(grant)).collect()
    }

    /// Keeps tokens, but not “no token needed”, which holds for one request only.
    pub(crate) fn keep(
        &mut self,
        holder: Holder<'_>,
        remote: &RemoteUrl,
        asks: &[Ask],
        grants: &Grants,
        at: Timestamp,
    ) {
        let known = self.0.entry(holder.key()).or_insert_with(|| HeldTokens::new(holder.account()));
        if !known.are_of(holder) {
            *known = HeldTokens::new(holder.account());
        }
        let mut room = COUNT_LIMIT.saturating_sub(known.count());
        let tokens = known.remotes.entry(remote.clone()).or_default();
        for (ask, grant) in asks.iter().zip(grants.iter()) {
            let (Some(wanted), Grant::Token(token, ends)) = (ask.full_ref(), grant) else { continue };
            // A client keeps a token for a whole download, so one with less than half of its life left is too old.
            let (time, last) = match *ends {
                Some(end) => {
                    let half = end.saturating_sub(at.now) / 2;
                    (
                        LONGEST.min(Duration::from_secs(half.try_into().unwrap_or_default())),
                        Some(end.saturating_sub(half)),
                    )
                }
                None => (UNKNOWN, None),
            };
            if !time.is_zero() && room > 0 {
                let kept = Kept { token: token.clone(), until: at.elapsed.saturating_add(time), last, ends: *ends };
                tokens.insert(wanted.clone(), kept);
                room -= 1;
            }
        }
    }

    /// Forgets all tokens of an account.
    pub(crate) fn forget(&mut self, account: AccountId) {
        self.0.remove(&Key::Account(account));
    }
}

/// The account without the parts that no token depends on. What was bought is noted after each answer; the tokens of that very
/// answer stay good.
fn source(account: &Account) -> Account {
    let mut account = comparable(account);
    account.purchases.clear();
    account.purchases_checked_at = None;
    account
}

/// The account without the parts that mere use changes.
pub(crate) fn comparable(account: &Account) -> Account {
    let mut account = account.clone();
    account.last_use = None;
    account.failures = 0;
    account.generation = 0;
    account
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use usher_core::{account::LastUse, buying::purchases, testing};

    use super::*;
    use crate::fakes::ground;

    fn account() -> Arc<Account> {
        testing::account("https://store.example.org", "demo").into()
    }

    fn remote(host: &str) -> RemoteUrl {
        testing::remote_url(&format!("https://{host}/"))
    }

    fn at(seconds: u32) -> Timestamp {
        Timestamp { now: 1_000_000 + i64::from(seconds), elapsed: Duration::from_secs(seconds.into()) }
    }

    /// One with a token, one that needs none, one without access.
    fn asks() -> [Ask; 3] {
        ["app/org.a.A/x/1", "app/org.a.Free/x/1", "app/org.a.Denied/x/1"].map(|text| Ask::of_ref(text.parse().unwrap()))
    }

    fn grants(ends: Option<i64>) -> Grants {
        let mut said = [Grant::Token(Token::parse("t").unwrap(), ends), Grant::Free, Grant::Denied].into_iter();
        Grants::of(&asks(), |_| said.next()).unwrap()
    }

    fn granted(ends_in: Option<i64>) -> Grants {
        grants(ends_in.map(|seconds| at(0).now + seconds))
    }

    /// Which of the asks find a token.
    fn found(cache: &mut TokenCache, account: &Arc<Account>, host: &str, at: Timestamp) -> [bool; 3] {
        let found = cache.find(Holder::Account(account), &remote(host), &asks(), at);
        [0, 1, 2].map(|index| found[index].is_some())
    }

    /// The last second after its issue at which a token is found.
    fn kept_for(ends_in: Option<i64>) -> Option<u32> {
        let account = account();
        (0..2000)
            .take_while(|&seconds| {
                let mut cache = TokenCache::default();
                cache.keep(Holder::Account(&account), &remote("r"), &asks(), &granted(ends_in), at(0));
                found(&mut cache, &account, "r", at(seconds))[0]
            })
            .last()
    }

    #[test]
    fn a_token_is_kept_for_half_of_its_life_and_at_most_five_minutes() {
        assert_eq!(kept_for(Some(100)), Some(49));
        assert_eq!(kept_for(Some(300)), Some(149));
        assert_eq!(kept_for(Some(10_000)), Some(299));
        assert_eq!(kept_for(None), Some(59));
        assert_eq!(kept_for(Some(1)), None);
        assert_eq!(kept_for(Some(-5)), None);
    }

    #[test]
    fn h13_no_token_needed_is_not_kept() {
        let (account, mut cache) = (account(), TokenCache::default());
        cache.keep(Holder::Account(&account), &remote("r"), &asks(), &granted(None), at(0));
        assert_eq!(found(&mut cache, &account, "r", at(1)), [true, false, false]);
    }

    #[test]
    fn a_token_serves_only_its_own_account_and_remote() {
        let (one, mut cache) = (account(), TokenCache::default());
        cache.keep(Holder::Account(&one), &remote("r"), &asks(), &granted(None), at(0));
        assert_eq!(found(&mut cache, &one, "s", at(1)), [false; 3]);
        assert_eq!(found(&mut cache, &account(), "r", at(1)), [false; 3]);
    }

    #[test]
    fn what_anybody_gets_is_kept_beside_what_accounts_get() {
        let (account, mut cache) = (account(), TokenCache::default());
        let binding = account.binding.clone();
        cache.keep(Holder::Anybody(&binding), &remote("r"), &asks(), &granted(None), at(0));
        assert_eq!(found(&mut cache, &account, "r", at(1)), [false; 3]);
        let other = testing::binding("https://other.example.org");
        let mut held = |binding, host| cache.find(Holder::Anybody(binding), &remote(host), &asks(), at(1))[0].is_some();
        assert!(held(&binding, "r"));
        assert!(!held(&binding, "s") && !held(&other, "r"));
    }

    #[test]
    fn any_change_of_the_account_but_its_use_and_purchases_empties_the_cache() {
        let unchanged = account();
        let after = |change: fn(&mut Account)| {
            let mut cache = TokenCache::default();
            cache.keep(Holder::Account(&unchanged), &remote("r"), &asks(), &granted(None), at(0));
            let mut changed = unchanged.clone();
            change(Arc::make_mut(&mut changed));
            found(&mut cache, &changed, "r", at(1))[0]
        };
        assert!(after(|account| {
            account.last_use = Some(LastUse { at: 1, by: String::new() });
            account.failures = 1;
            account.generation += 1;
        }));
        assert!(after(|account| {
            assert!(purchases::begin(&mut account.purchases, &ground(), "org.a.Paid", 1));
            account.purchases_checked_at = Some(1);
        }));
        assert!(!after(|account| account.credential = Some(testing::bearer("d"))));
        assert!(!after(|account| account.link(testing::link("z", "https://z/"))));
        assert!(!after(|account| drop(account.sign_out())));
    }

    proptest! {
        #[test]
        fn no_token_is_given_out_in_the_second_half_of_its_life(ends_in in any::<i64>(), jump in any::<i64>(), seconds in 0u32..1000) {
            let (account, mut cache) = (account(), TokenCache::default());
            let ends = at(0).now.saturating_add(ends_in).max(0);
            cache.keep(Holder::Account(&account), &remote("r"), &asks(), &grants(Some(ends)), at(0));
            let look = Timestamp { now: at(seconds).now.saturating_add(jump), ..at(seconds) };
            if found(&mut cache, &account, "r", look)[0] {
                prop_assert!(i128::from(ends) - i128::from(look.now) >= i128::from(ends - at(0).now) / 2 && seconds < 300);
            }
        }
    }
}
