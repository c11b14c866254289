// SPDX-License-Identifier: GPL-3.0-or-later
//! What an account is called.

use uuid::Uuid;

use super::Account;

/// What to call an account where a person reads it: by the person's name at the server. Some servers give the number of a
/// row for a name; then it is the person's own name for the account, else the host.
pub fn label(user: &str, own_name: Option<&str>, host: &str) -> String {
    if is_telling(user) { user.to_owned() } else { own_name.unwrap_or(host).to_owned() }
}

/// Whether a name says something to people: it is neither digits alone nor a UUID.
pub fn is_telling(user: &str) -> bool {
    let user = user.trim();
    !user.chars().all(char::is_numeric) && Uuid::try_parse(user).is_err()
}

impl Account {
    /// What to call the account: see [`label`].
    pub fn label(&self) -> String {
        label(&self.user, self.name.as_deref(), &self.binding.host())
    }

    /// Whether the person has a name at the server that says something to people.
    pub fn has_telling_name(&self) -> bool {
        self.is_named() && is_telling(&self.user)
    }
}

/// What tells accounts apart that are shown together, in the order of the accounts: the person's own name for one at
/// whose host there are others. Where the names are equal all the same, what else differs; numbers if nothing does.
pub fn told_apart(accounts: &[&Account]) -> Vec<Option<String>> {
    let shown = |account: &Account| (account.label(), account.binding.host());
    let own_name = |account: &Account| {
        let others = accounts.iter().filter(|other| other.id != account.id);
        let is_alone = others.into_iter().all(|other| other.binding.host() != account.binding.host());
        account.name.clone().filter(|own| !is_alone && *own != account.label())
    };
    let mark = |account: &&Account| {
        own_name(account).or_else(|| {
            let is_alike = |other: &&Account| own_name(other).is_none() && shown(other) == shown(account);
            let alike: Vec<&Account> = accounts.iter().copied().filter(is_alike).collect();
            (alike.len() > 1).then(|| difference(account, &alike))
        })
    };
    accounts.iter().map(mark).collect()
}

/// What tells one of several accounts apart that are called alike.
fn difference(account: &Account, alike: &[&Account]) -> String {
    let facts: [fn(&Account) -> Option<String>; 2] = [
        |account| account.is_named().then(|| account.user.clone()),
        |account| Some(account.binding.service.as_str().to_owned()),
    ];
    let is_unlike = |fact: &String, of: fn(&Account) -> Option<String>| {
        *fact != account.label() && alike.iter().filter(|other| of(other).as_ref() == Some(fact)).count() == 1
    };
    let telling = facts.into_iter().find_map(|of| of(account).filter(|fact| is_unlike(fact, of)));
    telling.unwrap_or_else(|| {
        let mut order: Vec<_> = alike.iter().map(|other| (other.first_signed_in_at, other.id)).collect();
        order.sort();
        let place = order.iter().position(|(_, id)| *id == account.id).unwrap_or_default();
        (place + 1).to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn accounts_that_are_called_alike_are_told_apart() {
        let at = |server: &str, user: &str, own: &str, since: i64| {
            let mut account = testing::account_of(testing::binding(server), user, since);
            account.rename(own);
            account
        };
        let (store, nameless) = ("https://store.example.org", "store.example.org");
        for (accounts, marks) in [
            (vec![at(store, "ada", "", 1), at(store, "bob", "", 2)], [None, None]),
            (vec![at(store, "ada", "Work", 1), at(store, "bob", "", 2)], [Some("Work"), None]),
            (vec![at(store, "ada", "Work", 1), at("https://other.example.org", "bob", "", 2)], [None, None]),
            (vec![at(store, nameless, "", 1), at(store, nameless, "", 2)], [Some("1"), Some("2")]),
            (vec![at(store, nameless, "", 2), at(store, nameless, "Work", 1)], [None, Some("Work")]),
            (vec![at(store, "17", "", 1), at(store, "18", "", 2)], [Some("17"), Some("18")]),
            (
                vec![at(store, "ada", "", 1), at("https://store.example.org/api", "ada", "", 2)],
                [Some("https://store.example.org/"), Some("https://store.example.org/api/")],
            ),
        ] {
            let all: Vec<_> = accounts.iter().collect();
            let marks = marks.map(|mark: Option<&str>| mark.map(ToOwned::to_owned));
            assert_eq!(told_apart(&all), marks, "{accounts:?}");
        }
    }

    #[test]
    fn an_account_is_called_by_a_name_that_says_something() {
        let number = "6f1c2e0e-4a9d-4d1f-9a39-1d2c6d8f0a11";
        for (user, own_name, called) in [
            ("demo", None, "demo"),
            ("demo", Some("Work"), "demo"),
            ("1", None, "store.example.org"),
            ("1", Some("Work"), "Work"),
            (" 42 ", None, "store.example.org"),
            ("٤٢", None, "store.example.org"),
            ("", None, "store.example.org"),
            (number, None, "store.example.org"),
            (number, Some("Work"), "Work"),
            ("user1", None, "user1"),
            ("42nd", None, "42nd"),
            ("store.example.org", None, "store.example.org"),
        ] {
            assert_eq!(label(user, own_name, "store.example.org"), called, "{user}");
        }
        let has_name = |user| testing::account("https://store.example.org", user).has_telling_name();
        assert!(has_name("demo") && !has_name("7"));
        assert!(!has_name("store.example.org"), "the host stands for a name");
    }
}
