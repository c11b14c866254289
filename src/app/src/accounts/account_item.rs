// SPDX-License-Identifier: GPL-3.0-or-later
//! What a row of the list of accounts says. Pure.

use usher_core::{account::AccountId, store::Entry};

use crate::{i18n::gettext, model::Standing, text};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AccountItem {
    /// A readable account. It has a name of its own where another account is at the same host.
    Account { id: AccountId, user: String, host: String, own_name: Option<String>, standing: Standing },
    /// One in a locked keyring.
    Locked { id: AccountId, host: String },
    /// An item that cannot be read.
    Broken { path: String },
}

impl AccountItem {
    /// The rows of these items, in their order.
    pub(super) fn all(entries: &[Entry], now: i64) -> Vec<Self> {
        let hosts: Vec<String> = entries.iter().filter_map(Entry::account).map(|known| known.binding.host()).collect();
        entries.iter().map(|entry| Self::of(entry, &hosts, now)).collect()
    }

    /// `hosts` are those of all accounts, each as often as there are accounts at it.
    fn of(entry: &Entry, hosts: &[String], now: i64) -> Self {
        match entry {
            Entry::Open(account) => {
                let host = account.binding.host();
                let is_one_of_several = hosts.iter().filter(|other| **other == host).count() > 1;
                let user = text::user(account);
                Self::Account {
                    id: account.id,
                    own_name: account.name.as_deref().map(text::plain).filter(|own| is_one_of_several && *own != user),
                    user,
                    host,
                    standing: Standing::of(account, now),
                }
            }
            Entry::Locked(outline) => Self::Locked { id: outline.id, host: outline.service.host() },
            Entry::Broken(path) => Self::Broken { path: path.clone() },
        }
    }

    /// Whether two rows are of the same item.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Broken { path }, Self::Broken { path: other }) => path == other,
            _ => self.id().is_some() && self.id() == other.id(),
        }
    }

    /// Whether there is a page about it.
    pub(super) fn is_readable(&self) -> bool {
        matches!(self, Self::Account { .. })
    }

    pub(super) fn id(&self) -> Option<AccountId> {
        match self {
            Self::Account { id, .. } | Self::Locked { id, .. } => Some(*id),
            Self::Broken { .. } => None,
        }
    }

    pub(super) fn title(&self) -> String {
        match self {
            Self::Account { user, .. } => user.clone(),
            Self::Locked { host, .. } => host.clone(),
            Self::Broken { .. } => String::new(),
        }
    }

    pub(super) fn subtitle(&self) -> String {
        match self {
            Self::Account { host, own_name: Some(name), .. } => format!("{host} · {name}"),
            Self::Account { host, user, .. } if user == host => String::new(),
            Self::Account { host, .. } => host.clone(),
            Self::Locked { .. } | Self::Broken { .. } => String::new(),
        }
    }

    /// The state in words; nothing when all is well.
    pub(super) fn state_label(&self) -> Option<String> {
        match self {
            Self::Locked { .. } => Some(gettext("Locked")),
            Self::Account { standing: Standing::Ended | Standing::MayHaveEnded, .. } => Some(gettext("Sign in again")),
            Self::Account { standing: Standing::SignedOut, .. } => Some(gettext("Signed out")),
            Self::Account { .. } | Self::Broken { .. } => None,
        }
    }

    /// The whole row in one line.
    pub(super) fn spoken(&self) -> String {
        let parts = [self.title(), self.subtitle(), self.state_label().unwrap_or_default()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// Whether a search finds it.
    pub(super) fn matches(&self, words: &str) -> bool {
        let text = self.spoken().to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use usher_core::{account::Account, testing};

    use super::*;

    fn account(own_name: Option<&str>, standing: Standing) -> AccountItem {
        AccountItem::Account {
            id: AccountId::random(),
            user: "Ada".into(),
            host: "store.example".into(),
            own_name: own_name.map(ToOwned::to_owned),
            standing,
        }
    }

    #[test]
    fn a_row_is_spoken_with_user_host_and_state() {
        assert_eq!(account(None, Standing::Fine).spoken(), "Ada, store.example");
        assert_eq!(account(Some("Work"), Standing::Ended).spoken(), "Ada, store.example · Work, Sign in again");
        let locked = AccountItem::Locked { id: AccountId::random(), host: "store.example".into() };
        assert_eq!(locked.spoken(), "store.example, Locked");
    }

    #[test]
    fn an_account_whose_user_is_a_number_is_called_by_its_own_name_or_its_host() {
        let shown = |own_name: Option<&str>, others: &[Account]| {
            let mut account = testing::account("store.example", "7");
            account.name = own_name.map(ToOwned::to_owned);
            let entries: Vec<_> = std::iter::once(&account).chain(others).cloned().map(testing::open).collect();
            AccountItem::all(&entries, 1).remove(0).spoken()
        };
        let other = [testing::account("store.example", "ada")];
        assert_eq!(shown(None, &[]), "store.example");
        assert_eq!(shown(Some("Work"), &[]), "Work, store.example");
        assert_eq!(shown(Some("Work"), &other), "Work, store.example", "the name is said once");
        assert_eq!(shown(None, &other), "store.example");
    }

    #[test]
    fn a_search_finds_user_and_host_in_any_order_and_case() {
        let row = account(None, Standing::Fine);
        assert!(row.matches("STORE ada") && row.matches("") && !row.matches("ada other"));
    }
}
