// SPDX-License-Identifier: GPL-3.0-or-later
//! What a change of an account means for the log. Pure: the store calls it for every change, whoever makes it.

use super::{Entry, Event, Purchase};
use crate::{
    account::{Account, AccountState},
    binding::Link,
    buying::purchases::{Purchase as Bought, PurchaseState},
};

impl Entry {
    /// An entry about an account.
    fn about(account: &Account, remote: Option<String>, event: Event, now: i64) -> Self {
        Self { at: now, host: account.binding.host(), remote, account: Some(account.id), event }
    }

    /// A new account was saved.
    pub(crate) fn added(account: &Account, now: i64) -> Self {
        Self::about(account, None, Event::SignedIn { is_new: true }, now)
    }

    /// An account was removed.
    pub(crate) fn removed(account: &Account, now: i64) -> Self {
        Self::about(account, None, Event::Removed, now)
    }

    /// A remote may use an account.
    pub(crate) fn allowed(account: &Account, link: &Link, now: i64) -> Self {
        Self::about(account, Some(link.remote.clone()), Event::Allowed, now)
    }

    /// What changed in an account.
    pub(crate) fn of_change(before: &Account, after: &Account, now: i64) -> Vec<Self> {
        let mut entries = Vec::new();
        if let Some(event) = sign_in(before, after) {
            entries.push(Self::about(after, None, event, now));
        }
        for link in added(&before.links, &after.links) {
            entries.push(Self::allowed(after, link, now));
        }
        for link in added(&after.links, &before.links) {
            entries.push(Self::about(after, Some(link.remote.clone()), Event::Disallowed, now));
        }
        // Another person's purchases are forgotten, not ended.
        if before.user == after.user {
            entries.extend(purchases(before, after, now));
        }
        entries
    }
}

fn sign_in(before: &Account, after: &Account) -> Option<Event> {
    match (before.state, after.state) {
        (AccountState::SignedIn, AccountState::Expired) => Some(Event::SignInEnded),
        (AccountState::SignedIn | AccountState::Expired, AccountState::SignedOut) => Some(Event::SignedOut),
        // A renewal keeps the time of the sign-in.
        (_, AccountState::SignedIn)
            if before.state == AccountState::SignedOut || before.signed_in_at != after.signed_in_at =>
        {
            Some(Event::SignedIn { is_new: false })
        }
        _ => None,
    }
}

/// The links to addresses that the account was not linked to.
fn added<'a>(before: &'a [Link], after: &'a [Link]) -> impl Iterator<Item = &'a Link> {
    after.iter().filter(|link| !before.iter().any(|known| known.remote_url == link.remote_url))
}

fn purchases(before: &Account, after: &Account, now: i64) -> impl Iterator<Item = Entry> {
    let of = |account: &Account, app_id: &str| {
        account.purchases.iter().find(|known| known.app_id == app_id).map(|known| known.state)
    };
    let entry = move |bought: &Bought, is_owned: Option<bool>| {
        let purchase = Purchase { app_id: Some(bought.app_id.clone()) };
        let event = match is_owned {
            None => Event::PurchaseBegun(purchase),
            Some(is_owned) => Event::PurchaseEnded { purchase, is_owned },
        };
        Entry::about(after, Some(bought.remote.clone()), event, now)
    };
    let unfinished = |account: &'_ Account| -> Vec<Bought> {
        account.purchases.iter().filter(|known| known.state == PurchaseState::Unfinished).cloned().collect()
    };
    let begun =
        unfinished(after).into_iter().filter(move |known| of(before, &known.app_id) != Some(PurchaseState::Unfinished));
    let ended = unfinished(before).into_iter().filter_map(move |known| match of(after, &known.app_id) {
        Some(PurchaseState::Unfinished) => None,
        state => Some(entry(&known, Some(state == Some(PurchaseState::Owned)))),
    });
    begun.map(move |known| entry(&known, None)).chain(ended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        buying::purchases::{self, drop_unfinished},
        ground::Ground,
        provider::Access,
        testing,
    };

    const APP: &str = "org.example.App";

    fn account() -> Account {
        testing::linked(testing::account("store.example", "ada"), &["https://repo.example/"])
    }

    fn events(before: &Account, change: impl FnOnce(&mut Account)) -> Vec<Event> {
        let mut after = before.clone();
        change(&mut after);
        let entries = Entry::of_change(before, &after, 7);
        assert!(
            entries.iter().all(|entry| {
                (entry.at, entry.host.as_str(), entry.account) == (7, "store.example", Some(before.id))
            })
        );
        entries.into_iter().map(|entry| entry.event).collect()
    }

    fn changed(before: &Account, change: impl FnOnce(&mut Account)) -> Account {
        let mut after = before.clone();
        change(&mut after);
        after
    }

    fn ground() -> Ground {
        testing::ground("https://repo.example/", "https://store.example/")
    }

    fn begin(account: &mut Account) {
        assert!(purchases::begin(&mut account.purchases, &ground(), APP, 1));
    }

    #[test]
    fn sign_ins_and_their_ends_are_events_and_renewals_are_none() {
        let fresh = testing::account_of(account().binding, "ada", 5);
        let again = || vec![Event::SignedIn { is_new: false }];
        assert_eq!(events(&account(), |account| account.renew(&fresh)), again());
        let reject = |account: &mut Account| account.reject(&testing::bearer("credential-of-ada"), false);
        assert_eq!(events(&account(), reject), [Event::SignInEnded]);
        let ended = changed(&account(), reject);
        assert_eq!(events(&ended, reject), []);
        assert_eq!(events(&ended, |account| account.renew(&fresh)), again());
        assert_eq!(events(&account(), |account| drop(account.sign_out())), [Event::SignedOut]);
        let out = changed(&ended, |account| drop(account.sign_out()));
        assert_eq!(events(&out, |account| drop(account.sign_out())), []);
        let at_once = testing::account_of(account().binding, "ada", 0);
        assert_eq!(events(&out, |account| account.renew(&at_once)), again());
        let old = testing::bearer("credential-of-ada");
        for before in [account(), ended] {
            assert_eq!(events(&before, |account| account.replace(&old, testing::bearer("new"))), []);
        }
        assert_eq!(events(&account(), |account| account.rename("Work")), []);
    }

    #[test]
    fn permissions_are_events_that_name_the_remote() {
        let link = testing::link("other", "https://other.example/");
        assert_eq!(events(&account(), |account| account.link(link.clone())), [Event::Allowed]);
        let with_both = changed(&account(), |account| account.link(link.clone()));
        assert_eq!(Entry::of_change(&account(), &with_both, 7)[0].remote.as_deref(), Some("other"));
        assert_eq!(events(&with_both, |account| account.link(testing::link("new", "https://other.example/"))), []);
        assert_eq!(events(&with_both, |account| account.unlink(&link.remote_url)), [Event::Disallowed]);
    }

    #[test]
    fn a_purchase_begins_once_and_ends_once() {
        let purchase = || Purchase { app_id: Some(APP.to_owned()) };
        let ended = |is_owned| vec![Event::PurchaseEnded { purchase: purchase(), is_owned }];
        assert_eq!(events(&account(), begin), [Event::PurchaseBegun(purchase())]);
        let begun = changed(&account(), begin);
        let granted = testing::access_to(APP, &ground());
        assert_eq!(events(&begun, |account| account.settle(&granted, 3)), ended(true));
        assert_eq!(events(&begun, |account| drop_unfinished(&mut account.purchases, APP)), ended(false));
        let denied = Access { denied: [APP.to_owned()].into(), ..Access::default() };
        assert_eq!(events(&begun, |account| account.settle(&denied, 3)), [], "it may be paid");
        let owned = changed(&begun, |account| account.settle(&granted, 3));
        assert_eq!(events(&owned, |account| account.settle(&denied, 4)), []);
        assert_eq!(events(&account(), |account| account.settle(&granted, 3)), [], "nobody bought it here");
    }

    #[test]
    fn another_persons_purchases_end_without_an_event() {
        let begun = changed(&account(), begin);
        let eve = testing::account_of(account().binding, "eve", 5);
        assert_eq!(events(&begun, |account| account.renew(&eve)), [Event::SignedIn { is_new: false }]);
    }
}
