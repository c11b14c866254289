// SPDX-License-Identifier: GPL-3.0-or-later
//! Whose activity a page shows.

use std::collections::BTreeSet;

use usher_core::{
    account::{Account, AccountId},
    activity_log::Entry,
    remote::Remote,
};

use crate::{i18n::gettext_f, model::Repository, services::Services, text};

/// What a page is about.
#[derive(Debug, Clone)]
pub(crate) enum Scope {
    /// An account.
    Account(AccountId),
    /// A repository. It need not have an account.
    Repository(Remote),
}

/// Which entries those are. Pure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    /// All at a server but what was done with another account that is still here.
    Account {
        /// The host of the server.
        host: String,
        /// The other accounts.
        others: BTreeSet<AccountId>,
    },
    /// All that name a repository, and what happened to accounts at its server: an account may serve several.
    Repository {
        /// Flatpak's name for it.
        name: String,
        /// The host of its account server, where it can use one.
        host: Option<String>,
    },
}

impl Scope {
    /// `None` while the account is not known.
    pub(super) fn filter(&self, services: &Services) -> Option<Filter> {
        match self {
            Self::Account(id) => Filter::of_account(&services.accounts().accounts(), *id),
            Self::Repository(known) => {
                let remote = services.repositories().now(known).unwrap_or_else(|| known.clone());
                let name = remote.name.clone();
                Some(Filter::Repository { name, host: Repository::of(remote).map(|repository| repository.host()) })
            }
        }
    }

    /// Whose activity it is, as a page says it: empty while the account is not known.
    pub(super) fn title(&self, services: &Services) -> String {
        match self {
            Self::Account(id) => services.accounts().find(*id).map_or_else(String::new, |account| {
                let (user, host) = (text::within(&account.label()), text::within(&account.binding.host()));
                gettext_f("{user} at {host}", &[("user", &user), ("host", &host)])
            }),
            Self::Repository(remote) => text::plain(remote.display_name()),
        }
    }

    /// What a page without entries says will be there. The filter is that of [`Self::filter`].
    pub(super) fn what_appears(&self, filter: Option<&Filter>) -> String {
        match (self, filter) {
            (_, Some(Filter::Account { host, .. })) => gettext_f(
                "What programs ask {host} for, sign-ins and purchases appear here.",
                &[("host", &text::within(host))],
            ),
            (Self::Repository(remote), _) => gettext_f(
                "What programs ask {repository} for appears here.",
                &[("repository", &text::within(remote.display_name()))],
            ),
            _ => String::new(),
        }
    }
}

impl Filter {
    fn of_account(accounts: &[Account], id: AccountId) -> Option<Self> {
        let account = accounts.iter().find(|account| account.id == id)?;
        let others = accounts.iter().map(|other| other.id).filter(|other| *other != id).collect();
        Some(Self::Account { host: account.binding.host(), others })
    }

    /// Whether an entry is one of them.
    pub(super) fn includes(&self, entry: &Entry) -> bool {
        match self {
            Self::Account { host, others } => {
                entry.host == *host && !entry.account.is_some_and(|account| others.contains(&account))
            }
            Self::Repository { name, host } => match &entry.remote {
                Some(remote) => remote == name,
                None => host.as_ref() == Some(&entry.host),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_core::{activity_log::Event, testing};

    use super::*;

    fn entry(host: &str, account: Option<AccountId>, remote: Option<&str>) -> Entry {
        let remote = remote.map(ToOwned::to_owned);
        Entry { at: 1, host: host.to_owned(), remote, account, event: Event::SignedOut }
    }

    #[test]
    fn the_activity_of_an_account_is_all_at_its_server_but_what_another_account_did() {
        let (ada, bob) = (testing::account("store.example", "ada"), testing::account("store.example", "bob"));
        let (id, other) = (ada.id, bob.id);
        let filter = Filter::of_account(&[ada, bob], id).unwrap();
        for (host, account, is_included) in [
            ("store.example", Some(id), true),
            // Before there was an account, and with one that is no longer here.
            ("store.example", None, true),
            ("store.example", Some(AccountId::random()), true),
            ("store.example", Some(other), false),
            ("other.example", None, false),
            ("other.example", Some(id), false),
        ] {
            assert_eq!(filter.includes(&entry(host, account, Some("demo"))), is_included, "{host} {account:?}");
        }
    }

    #[test]
    fn an_unknown_account_has_no_activity() {
        assert_eq!(Filter::of_account(&[testing::account("store.example", "ada")], AccountId::random()), None);
    }

    #[test]
    fn the_activity_of_a_repository_is_what_names_it_and_the_sign_ins_at_its_server() {
        let host = Some("store.example".to_owned());
        for (host, entry, is_included) in [
            (host.clone(), entry("store.example", None, Some("demo")), true),
            // Before its server has changed.
            (host.clone(), entry("old.example", Some(AccountId::random()), Some("demo")), true),
            (host.clone(), entry("store.example", Some(AccountId::random()), None), true),
            (host.clone(), entry("store.example", None, Some("other")), false),
            (host, entry("other.example", None, None), false),
            (None, entry("", None, Some("demo")), true),
            (None, entry("", None, None), false),
        ] {
            let filter = Filter::Repository { name: "demo".to_owned(), host };
            assert_eq!(filter.includes(&entry), is_included, "{filter:?} {entry:?}");
        }
    }
}
