// SPDX-License-Identifier: GPL-3.0-or-later
//! What is left to do on this computer for what came from another one. Pure.

use std::collections::BTreeSet;

use usher_core::{
    remote::Remote,
    store::Entry,
    takeout::{self, SetUp, TakenAccount, TakenRepository, Takeout},
};

use crate::text;

/// An account, and whether it is signed in to here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccountStep {
    pub(super) account: TakenAccount,
    pub(super) is_done: bool,
}

/// A repository, and what sets it up here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RepositoryStep {
    pub(super) repository: TakenRepository,
    pub(super) set_up: SetUp,
}

/// What is known of this computer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ThisComputer {
    /// Its remotes.
    pub(super) remotes: Vec<Remote>,
    /// The ids of apps that are installed, of those that were taken along.
    pub(super) installed: BTreeSet<String>,
}

/// All that is left to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) accounts: Vec<AccountStep>,
    pub(super) repositories: Vec<RepositoryStep>,
    /// How many apps are left, and what installs them.
    pub(super) apps: Option<(usize, String)>,
    /// Whether an app is missing, whether or not there is such a command.
    misses_apps: bool,
}

impl Steps {
    /// Of a file, on this computer.
    pub(super) fn of(takeout: &Takeout, entries: &[Entry], here: &ThisComputer) -> Self {
        let accounts = takeout.accounts.iter();
        let repositories = takeout.repositories.iter();
        Self {
            accounts: accounts
                .map(|account| AccountStep { is_done: account.is_signed_in(entries), account: account.clone() })
                .collect(),
            repositories: repositories
                .map(|repository| RepositoryStep {
                    set_up: repository.set_up(&here.remotes),
                    repository: repository.clone(),
                })
                .collect(),
            misses_apps: takeout
                .repositories
                .iter()
                .flat_map(|known| &known.apps)
                .any(|id| !here.installed.contains(id)),
            apps: takeout::install_command(&takeout.repositories, &here.remotes, |id| here.installed.contains(id)),
        }
    }
}

impl Steps {
    /// Whether nothing is left to do.
    pub(super) fn are_all_done(&self) -> bool {
        let is_set_up = |step: &RepositoryStep| step.set_up == SetUp::Done;
        self.accounts.iter().all(|step| step.is_done) && self.repositories.iter().all(is_set_up) && !self.misses_apps
    }
}

impl AccountStep {
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.account.binding == other.account.binding && self.account.user == other.account.user
    }

    pub(super) fn title(&self) -> String {
        text::plain(&self.account.label())
    }

    /// Its server, and the person's own name for it.
    pub(super) fn subtitle(&self) -> String {
        let host = self.account.binding.host();
        match &self.account.name {
            Some(name) if text::plain(name) != self.title() => format!("{host} · {}", text::within(name)),
            _ => host,
        }
    }
}

impl RepositoryStep {
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.repository.address == other.repository.address && self.repository.name == other.repository.name
    }
}

/// How many apps go along.
pub(super) fn count_of_apps(takeout: &Takeout) -> usize {
    takeout.repositories.iter().flat_map(|repository| &repository.apps).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    fn takeout() -> Takeout {
        let binding = testing::binding("https://store.example");
        let account = |user: &str| TakenAccount {
            binding: binding.clone(),
            user: user.into(),
            name: None,
            bought: vec!["org.a.A".into()],
        };
        let repository = TakenRepository {
            tag: None,
            name: "demo".into(),
            title: Some("Demo Store".into()),
            address: testing::remote_url("https://repo.example/"),
            binding: binding.clone(),
            user_only: true,
            verified: false,
            key: None,
            account: Some(0),
            apps: vec!["org.a.A".into(), "org.b.B".into()],
        };
        Takeout { accounts: vec![account("ada"), account("bob")], repositories: vec![repository] }
    }

    #[test]
    fn steps_are_done_one_by_one() {
        let takeout = takeout();
        let fresh = Steps::of(&takeout, &[], &ThisComputer::default());
        assert!(fresh.accounts.iter().all(|step| !step.is_done));
        assert!(matches!(fresh.repositories[0].set_up, SetUp::Command(Some(_))));
        assert_eq!(fresh.apps.map(|(count, _)| count), Some(2));

        let ada = testing::account("https://store.example", "ada");
        let here = ThisComputer { remotes: Vec::new(), installed: ["org.a.A".to_owned()].into() };
        let later = Steps::of(&takeout, &[testing::open(ada)], &here);
        assert_eq!(later.accounts.iter().map(|step| step.is_done).collect::<Vec<_>>(), [true, false]);
        let (count, command) = later.apps.unwrap();
        assert!(count == 1 && command.contains("org.b.B") && !command.contains("org.a.A"));
    }

    #[test]
    fn all_is_set_once_every_account_repository_and_app_is_here() {
        let takeout = takeout();
        let open = |user| testing::open(testing::account("https://store.example", user));
        let remotes = vec![testing::remote("demo", "https://repo.example/", "https://store.example")];
        let both: Vec<Entry> = vec![open("ada"), open("bob")];
        let all = BTreeSet::from(["org.a.A".to_owned(), "org.b.B".to_owned()]);
        for (entries, remotes, installed, is_set) in [
            (Vec::new(), Vec::new(), BTreeSet::new(), false),
            (both[..1].to_vec(), remotes.clone(), all.clone(), false),
            (both.clone(), Vec::new(), all.clone(), false),
            (both.clone(), remotes.clone(), BTreeSet::from(["org.a.A".to_owned()]), false),
            (both, remotes, all, true),
        ] {
            let here = ThisComputer { remotes, installed };
            assert_eq!(Steps::of(&takeout, &entries, &here).are_all_done(), is_set, "{here:?}");
        }
    }

    #[test]
    fn an_account_is_shown_with_its_server_and_the_name_that_the_person_gave_it() {
        let account = TakenAccount { name: Some("Work".into()), ..takeout().accounts.remove(0) };
        let step = AccountStep { account, is_done: false };
        assert_eq!((step.title(), step.subtitle()), ("ada".into(), "store.example · \u{2068}Work\u{2069}".into()));
        assert_eq!(count_of_apps(&takeout()), 2);
    }
}
