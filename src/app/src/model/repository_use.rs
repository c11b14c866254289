// SPDX-License-Identifier: GPL-3.0-or-later
//! Which account a repository uses, why it uses none, and which ones it could use. Pure.

use usher_core::{
    account::{Account, AccountId},
    lookup::{self, Lookup},
    remote::Remote,
    store::Entry,
};

use super::Repository;
use crate::{i18n::gettext, text};

/// The account of a repository, or why it has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RepositoryUse {
    /// It uses this account.
    Account(Box<Account>),
    /// It may use several accounts, so none is used.
    Several(Vec<AccountId>),
    /// It uses none.
    None,
    /// The person does not allow it to use one.
    Refused,
    /// It names another server than that of this account.
    Blocked(Box<Account>),
    /// Nobody knows until the keyring is unlocked.
    Locked,
    /// No account can be used with its address or its options.
    Unusable,
}

impl RepositoryUse {
    /// What these accounts mean for a remote.
    pub(crate) fn of(remote: &Remote, entries: &[Entry], is_refused: impl Fn(&Repository) -> bool) -> Self {
        let Some(repository) = Repository::of(remote.clone()) else {
            return Self::Unusable;
        };
        match lookup::find(entries, &repository.binding, &repository.address) {
            Lookup::Linked(account) => Self::Account(Box::new(Account::clone(account))),
            Lookup::Locked => Self::Locked,
            found if found.yields_to_refusal() && is_refused(&repository) => Self::Refused,
            Lookup::Ambiguous(accounts) => Self::Several(accounts.iter().map(|account| account.id).collect()),
            Lookup::Changed(account) => Self::Blocked(Box::new(account.clone())),
            Lookup::Unlinked(_) | Lookup::Nothing => Self::None,
        }
    }

    /// The same in the words of a list.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Account(account) => text::user(account),
            Self::Several(_) | Self::None | Self::Unusable => gettext("No account"),
            Self::Refused => gettext("Not allowed"),
            Self::Blocked(_) => gettext("Blocked"),
            Self::Locked => gettext("Locked"),
        }
    }
}

/// The accounts from which a person chooses one for a repository. The last choice is none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AccountChoices {
    accounts: Vec<(AccountId, String)>,
    /// The number of the choice that is made; none where several are.
    pub(crate) chosen: Option<usize>,
}

impl AccountChoices {
    /// The accounts at the server of a repository.
    pub(crate) fn of(repository: &Repository, used: &RepositoryUse, accounts: &[Account]) -> Self {
        let here: Vec<&Account> = accounts.iter().filter(|account| account.binding == repository.binding).collect();
        let names = text::users_apart(&here);
        let accounts: Vec<_> = here.iter().map(|account| account.id).zip(names).collect();
        let chosen = match used {
            RepositoryUse::Account(account) => accounts.iter().position(|(id, _)| *id == account.id),
            RepositoryUse::Several(_) => None,
            _ => Some(accounts.len()),
        };
        Self { accounts, chosen }
    }

    /// What a list of the choices says.
    pub(crate) fn labels(&self) -> Vec<String> {
        let none = gettext("None");
        self.accounts.iter().map(|(_, name)| name.clone()).chain([none]).collect()
    }

    /// The account behind a choice.
    pub(crate) fn account(&self, choice: usize) -> Option<AccountId> {
        self.accounts.get(choice).map(|(id, _)| *id)
    }

    /// Whether there is an account to be chosen.
    pub(crate) fn has_accounts(&self) -> bool {
        !self.accounts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use usher_core::{store::Outline, testing};

    use super::*;

    const REMOTE: &str = "https://repo.example/";
    const STORE: &str = "https://store.example";

    fn remote(url: &str) -> Remote {
        testing::remote("demo", url, STORE)
    }

    fn linked(service: &str) -> Account {
        testing::linked(testing::account(service, "ada"), &[REMOTE])
    }

    #[test]
    fn a_repository_is_listed_with_its_account_or_with_what_it_has_in_its_place() {
        let unlinked = testing::account(STORE, "ada");
        let (provider, service) = (unlinked.binding.provider, unlinked.binding.service.clone());
        let locked = Entry::Locked(Outline { id: unlinked.id, provider, service });
        let open = |accounts: &[Account]| accounts.iter().cloned().map(testing::open).collect::<Vec<_>>();
        for (url, entries, is_refused, says) in [
            (REMOTE, open(&[linked(STORE)]), false, "ada"),
            // Whoever allows an account has taken the refusal back.
            (REMOTE, open(&[linked(STORE)]), true, "ada"),
            (REMOTE, open(&[linked(STORE), linked(STORE)]), false, "No account"),
            (REMOTE, open(&[linked(STORE), linked(STORE)]), true, "Not allowed"),
            (REMOTE, open(std::slice::from_ref(&unlinked)), false, "No account"),
            (REMOTE, open(&[unlinked]), true, "Not allowed"),
            (REMOTE, Vec::new(), false, "No account"),
            (REMOTE, Vec::new(), true, "Not allowed"),
            (REMOTE, open(&[linked("https://old.example")]), false, "Blocked"),
            (REMOTE, open(&[linked("https://old.example")]), true, "Blocked"),
            (REMOTE, vec![locked], true, "Locked"),
            ("http://repo.example/", open(&[linked(STORE)]), false, "No account"),
        ] {
            let used = RepositoryUse::of(&remote(url), &entries, |_| is_refused);
            assert_eq!(used.text(), says, "{url} {entries:?} {is_refused}");
        }
    }

    #[test]
    fn the_accounts_at_the_server_can_be_chosen_and_so_can_none() {
        let repository = Repository::of(remote(REMOTE)).unwrap();
        let (ada, bob) = (linked(STORE), testing::account(STORE, "bob"));
        let mut work = testing::account(STORE, "bob");
        work.rename("Work");
        let other = testing::account("https://other.example", "eve");
        let all = [ada.clone(), bob, work, other];
        for (used, chosen) in [
            (RepositoryUse::Account(Box::new(ada.clone())), Some(0)),
            (RepositoryUse::None, Some(3)),
            (RepositoryUse::Refused, Some(3)),
            (RepositoryUse::Several(vec![ada.id]), None),
        ] {
            let choices = AccountChoices::of(&repository, &used, &all);
            assert_eq!(choices.labels(), ["ada", "bob", "bob · Work", "None"]);
            assert_eq!(choices.chosen, chosen, "{used:?}");
            assert_eq!((choices.account(0), choices.account(3)), (Some(ada.id), None));
        }
        let none = AccountChoices::of(&repository, &RepositoryUse::None, &[]);
        assert_eq!((none.labels(), none.chosen, none.has_accounts()), (vec!["None".to_owned()], Some(0), false));
    }
}
