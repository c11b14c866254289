// SPDX-License-Identifier: GPL-3.0-or-later
//! What an account has bought, and has begun to buy: pure, and kept with the account. A purchase is recorded as begun
//! before the server hears of it, and stays so until its outcome is known (rule R20).

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{
    account::Account,
    ground::Ground,
    provider::{Access, Sorted},
    service::RemoteUrl,
};

/// Most purchases kept with one account.
const COUNT_LIMIT: usize = 500;

/// The state of a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PurchaseState {
    /// Begun, and nobody knows whether it was paid. It must not begin again before that is known.
    Unfinished,
    /// The server gives access.
    Owned,
    /// The server gave access once, but no longer does.
    NoAccess,
}

/// An app that was bought with an account, or begun to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// Id of the app.
    pub app_id: String,
    /// Flatpak's name for the repository it was bought for; to show, and to use in commands.
    pub remote: String,
    /// Address of that repository.
    pub remote_url: RemoteUrl,
    /// When it was begun; once it is owned, when that first became known. Seconds since 1970.
    pub at: i64,
    /// How far it is.
    pub state: PurchaseState,
    /// Whether the server gave access without a purchase through Usher: who bought it, and when, is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_found: bool,
}

/// Records that an app is about to be bought. `false` if such a record exists, with an unknown outcome.
pub fn begin(purchases: &mut Vec<Purchase>, ground: &Ground, app_id: &str, now: i64) -> bool {
    if is_unfinished(purchases, app_id) {
        return false;
    }
    put(purchases, ground, app_id, now, PurchaseState::Unfinished);
    true
}

fn put(purchases: &mut Vec<Purchase>, ground: &Ground, app_id: &str, now: i64, state: PurchaseState) {
    purchases.retain(|known| known.app_id != app_id);
    while purchases.len() >= COUNT_LIMIT {
        // Never forget a purchase whose outcome is unknown.
        let oldest = purchases.iter().position(|known| known.state != PurchaseState::Unfinished);
        purchases.remove(oldest.unwrap_or(0));
    }
    purchases.push(Purchase {
        app_id: app_id.to_owned(),
        remote: ground.remote.clone(),
        remote_url: ground.remote_url.clone(),
        at: now,
        state,
        was_found: state == PurchaseState::Owned,
    });
}

/// Whether a purchase of the app was begun and its outcome is unknown.
pub fn is_unfinished(purchases: &[Purchase], app_id: &str) -> bool {
    purchases.iter().any(|known| known.app_id == app_id && known.state == PurchaseState::Unfinished)
}

/// Records the server's answer. A denied app whose purchase was begun may still be paid: it stays unfinished. A protected
/// app of a known repository is added, wherever it was bought, as long as there is room.
pub fn settle(purchases: &mut Vec<Purchase>, access: &Access, now: i64) {
    for known in purchases.iter_mut() {
        if access.granted.contains(&known.app_id) {
            if known.state == PurchaseState::Unfinished {
                known.at = now;
            }
            known.state = PurchaseState::Owned;
        } else if access.denied.contains(&known.app_id) && known.state == PurchaseState::Owned {
            known.state = PurchaseState::NoAccess;
        }
    }
    let Some(ground) = &access.ground else { return };
    for app_id in &access.protected {
        if purchases.len() < COUNT_LIMIT && !purchases.iter().any(|known| &known.app_id == app_id) {
            put(purchases, ground, app_id, now, PurchaseState::Owned);
        }
    }
}

/// Whether [`settle`] would change anything: what a server says is most often no news. `is_of_repository` if the apps are
/// known to be from one.
fn is_news(purchases: &[Purchase], said: &Sorted<'_>, is_of_repository: bool) -> bool {
    let is_other = |known: &Purchase| {
        let (app_id, is_owned) = (known.app_id.as_str(), known.state == PurchaseState::Owned);
        if said.granted.contains(app_id) { !is_owned } else { said.denied.contains(app_id) && is_owned }
    };
    let is_new = || {
        let known: HashSet<&str> = purchases.iter().map(|known| known.app_id.as_str()).collect();
        !said.protected.is_subset(&known)
    };
    purchases.iter().any(is_other) || (is_of_repository && purchases.len() < COUNT_LIMIT && is_new())
}

impl Account {
    /// Whether what the server says about apps changes anything about the purchases. `is_of_repository` if the apps are known
    /// to be from one.
    pub fn is_news(&self, said: &Sorted<'_>, is_of_repository: bool) -> bool {
        is_news(&self.purchases, said, is_of_repository && self.binding.provider.shop().is_some())
    }
}

/// Drops an unfinished purchase that came to nothing: the person says so, or the server never took it.
pub fn drop_unfinished(purchases: &mut Vec<Purchase>, app_id: &str) {
    purchases.retain(|known| known.app_id != app_id || known.state != PurchaseState::Unfinished);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        ask::Ask,
        credential::Token,
        provider::{self, Grant, Provider},
        service::ServiceUrl,
        testing,
    };

    fn ground() -> Ground {
        let service = ServiceUrl::parse("https://s.example.org/").unwrap();
        Ground::new("demo", "https://r.example.org/", Provider::default_provider().at(service)).unwrap()
    }

    fn begin(purchases: &mut Vec<Purchase>, app_id: &str, now: i64) -> bool {
        super::begin(purchases, &ground(), app_id, now)
    }

    fn settle(purchases: &mut Vec<Purchase>, granted: &[&str], denied: &[&str], now: i64) {
        let ids = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
        super::settle(purchases, &Access { granted: ids(granted), denied: ids(denied), ..Access::default() }, now);
    }

    fn answered(purchases: &mut Vec<Purchase>, asks: &[(Ask, Grant)], is_of_repository: bool, now: i64) {
        let sorted = Sorted::of(asks.iter().map(|(ask, grant)| (ask, grant)));
        let (is_news, before) = (is_news(purchases, &sorted, is_of_repository), purchases.clone());
        let access = Access::from(sorted);
        let access = if is_of_repository { access.at(&ground()) } else { access };
        super::settle(purchases, &access, now);
        assert_eq!(is_news, *purchases != before);
    }

    fn states(purchases: &[Purchase]) -> Vec<(&str, PurchaseState, i64)> {
        purchases.iter().map(|known| (known.app_id.as_str(), known.state, known.at)).collect()
    }

    #[test]
    fn what_an_account_may_have_is_a_purchase_only_where_apps_are_sold() {
        for name in provider::names() {
            let provider = Provider::from_name(name).unwrap();
            let service = ServiceUrl::parse("https://store.example.org").unwrap();
            let mut account = testing::account_of(provider.at(service), "demo", 0);
            let ground = Ground::new("demo", "https://r.example/", account.binding.clone()).unwrap();
            let protected = BTreeSet::from(["org.a.A".to_owned()]);
            let access = Access { granted: protected.clone(), protected, ..Access::default() };
            account.settle(&access.at(&ground), 1);
            assert_eq!(!account.purchases.is_empty(), provider.shop().is_some(), "{name}");
        }
    }

    #[test]
    fn a_purchase_of_unknown_outcome_is_not_begun_again() {
        let mut purchases = Vec::new();
        assert!(begin(&mut purchases, "a", 1));
        assert!(!begin(&mut purchases, "a", 2));
        settle(&mut purchases, &[], &["a"], 3);
        assert!(!begin(&mut purchases, "a", 4), "denied is not \u{201c}not paid\u{201d}");
        drop_unfinished(&mut purchases, "a");
        assert!(begin(&mut purchases, "a", 5));
    }

    #[test]
    fn an_app_that_the_server_grants_is_owned_from_then_on() {
        let mut purchases = Vec::new();
        begin(&mut purchases, "a", 1);
        settle(&mut purchases, &["a", "b"], &[], 2);
        settle(&mut purchases, &["a"], &[], 3);
        assert_eq!(states(&purchases), [("a", PurchaseState::Owned, 2)]);
        drop_unfinished(&mut purchases, "a");
        settle(&mut purchases, &[], &["a"], 4);
        assert_eq!(states(&purchases), [("a", PurchaseState::NoAccess, 2)]);
        assert!(begin(&mut purchases, "a", 5), "what was taken away can be bought again");
        assert_eq!(states(&purchases), [("a", PurchaseState::Unfinished, 5)]);
    }

    #[test]
    fn what_the_server_gives_a_token_for_is_added_wherever_it_was_bought() {
        let token = || Grant::Token(Token::parse("t").unwrap(), None);
        let of_ref = |text: &str| Ask::of_ref(text.parse().unwrap());
        let mut purchases = Vec::new();
        let asks = [
            (Ask::of_app("org.a.Paid"), token()),
            (Ask::of_app("org.a.Free"), Grant::Free),
            (Ask::of_app("org.a.Denied"), Grant::Denied),
            (of_ref("app/org.a.Whole/x86_64/stable"), token()),
            (of_ref("runtime/org.a.Whole.Locale/x86_64/stable"), token()),
            (of_ref("runtime/org.a.Platform/x86_64/1"), token()),
            (of_ref("app/org.a.Part/x86_64/stable"), token()),
            (of_ref("runtime/org.a.Part.Locale/x86_64/stable"), Grant::Denied),
        ];
        answered(&mut purchases, &asks, false, 1);
        assert_eq!(states(&purchases), [], "nobody says which repository they are from");
        answered(&mut purchases, &asks, true, 2);
        answered(&mut purchases, &asks, true, 3);
        let found = [("org.a.Paid", PurchaseState::Owned, 2), ("org.a.Whole", PurchaseState::Owned, 2)];
        assert_eq!(states(&purchases), found);
        assert!(purchases.iter().all(|known| known.was_found));
    }

    #[test]
    fn what_was_bought_through_usher_was_not_found() {
        let mut purchases = Vec::new();
        begin(&mut purchases, "a", 1);
        let token = Grant::Token(Token::parse("t").unwrap(), None);
        answered(&mut purchases, &[(Ask::of_app("a"), token)], true, 2);
        assert_eq!(states(&purchases), [("a", PurchaseState::Owned, 2)]);
        assert!(!purchases[0].was_found);
    }

    #[test]
    fn what_is_found_takes_no_place_from_what_is_known() {
        let mut purchases = Vec::new();
        let token = || Grant::Token(Token::parse("t").unwrap(), None);
        let asks: Vec<_> = (0..600).map(|app| (Ask::of_app(&format!("a{app}")), token())).collect();
        answered(&mut purchases, &asks[..400], true, 1);
        let known = purchases.clone();
        answered(&mut purchases, &asks, true, 2);
        assert_eq!((purchases.len(), &purchases[..400]), (COUNT_LIMIT, &known[..]));
        let full = purchases.clone();
        answered(&mut purchases, &asks, true, 3);
        assert_eq!(purchases, full, "nothing is news twice");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn an_answer_is_news_exactly_if_it_changes_something(
            answers in proptest::collection::vec((proptest::collection::vec((0u16..600, 0u8..3), 0..300), any::<bool>(), 0u16..600), 1..8)
        ) {
            let mut purchases = Vec::new();
            for (answer, is_of_repository, begun) in answers {
                begin(&mut purchases, &format!("a{begun}"), 1);
                let grant = |kind| match kind {
                    0 => Grant::Token(Token::parse("t").unwrap(), None),
                    1 => Grant::Free,
                    _ => Grant::Denied,
                };
                let said = answer.into_iter().map(|(app, kind)| (Ask::of_app(&format!("a{app}")), grant(kind)));
                let said: Vec<_> = said.collect();
                answered(&mut purchases, &said, is_of_repository, 2);
                answered(&mut purchases, &said, is_of_repository, 3);
            }
        }

        #[test]
        fn nothing_unfinished_is_forgotten_and_no_app_stands_twice(steps in proptest::collection::vec((0u16..600, 0u8..4), 0..1500)) {
            let (mut purchases, mut unfinished) = (Vec::new(), BTreeSet::new());
            for (app, step) in steps {
                let app = format!("a{app}");
                match step {
                    0 | 1 => {
                        prop_assert_eq!(begin(&mut purchases, &app, 1), unfinished.insert(app));
                    }
                    2 => {
                        settle(&mut purchases, &[&app], &[], 2);
                        unfinished.remove(&app);
                    }
                    _ => settle(&mut purchases, &[], &[&app], 3),
                }
                let apps: BTreeSet<_> = purchases.iter().map(|known| known.app_id.clone()).collect();
                prop_assert_eq!(apps.len(), purchases.len());
                prop_assert!(unfinished.len() > COUNT_LIMIT || unfinished.iter().all(|app| is_unfinished(&purchases, app)));
                if unfinished.len() > COUNT_LIMIT {
                    break;
                }
            }
        }
    }
}
