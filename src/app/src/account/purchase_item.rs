// SPDX-License-Identifier: GPL-3.0-or-later
//! What the list of purchases says of each. Pure.

use std::collections::BTreeSet;

use usher_core::{
    account::{Account, AccountId},
    buying::purchases::{Purchase, PurchaseState},
    service::RemoteUrl,
};

use crate::{
    desktop::software,
    i18n::{gettext, gettext_f},
    model::App,
    text,
};

/// A purchase, and what is known of its app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PurchaseItem {
    pub(super) purchase: Purchase,
    pub(super) app: App,
    /// Whether the app is installed.
    pub(super) is_installed: bool,
    /// Flatpak's name for its repository, where that is on this computer.
    pub(super) remote: Option<String>,
    /// With which account.
    pub(super) account: AccountId,
    /// The host of its server.
    pub(super) host: String,
    /// Whether Software can install it.
    pub(super) with_software: bool,
}

impl PurchaseItem {
    /// The purchases of an account, the newest first.
    pub(super) fn all(
        account: &Account,
        installed: &BTreeSet<String>,
        with_software: bool,
        app: impl Fn(&Purchase) -> App,
        remote_at: impl Fn(&RemoteUrl) -> Option<String>,
    ) -> Vec<Self> {
        let mut all = Vec::new();
        for purchase in &account.purchases {
            all.push(Self {
                purchase: purchase.clone(),
                app: app(purchase),
                is_installed: installed.contains(&purchase.app_id),
                remote: remote_at(&purchase.remote_url),
                account: account.id,
                host: account.binding.host(),
                with_software,
            });
        }
        all.sort_by_key(|item| std::cmp::Reverse(item.purchase.at));
        all
    }

    /// Whether two rows are about the same purchase.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.purchase.app_id == other.purchase.app_id
    }

    /// Whether it was begun and nothing more is known.
    pub(super) fn is_unfinished(&self) -> bool {
        self.purchase.state == PurchaseState::Unfinished
    }

    /// Whether the app is there to be installed.
    pub(super) fn can_be_installed(&self) -> bool {
        self.purchase.state == PurchaseState::Owned && !self.is_installed
    }

    /// When it was bought, or begun.
    pub(super) fn subtitle(&self) -> String {
        let date = text::day(self.purchase.at);
        if self.is_unfinished() {
            gettext_f("Begun on {date}", &[("date", &date)])
        } else if self.purchase.was_found {
            gettext_f("Found in this account on {date}", &[("date", &date)])
        } else {
            gettext_f("Bought on {date}", &[("date", &date)])
        }
    }

    /// How it stands, where the person has nothing to do.
    pub(super) fn state_label(&self) -> Option<String> {
        match self.purchase.state {
            PurchaseState::Owned if self.is_installed => Some(gettext("Installed")),
            PurchaseState::NoAccess => Some(gettext("No Access")),
            PurchaseState::Owned | PurchaseState::Unfinished => None,
        }
    }

    /// Whether a search finds it.
    pub(super) fn matches(&self, words: &str) -> bool {
        let text = format!("{} {}", self.app.title(), self.app.id).to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// How many purchases came to an end.
pub(super) fn count(account: &Account) -> usize {
    account.purchases.iter().filter(|known| known.state != PurchaseState::Unfinished).count()
}

/// The command that installs all apps that can be installed, one repository after the other.
pub(super) fn command_for_all(all: &[PurchaseItem]) -> Option<String> {
    let wanted: Vec<(&str, &str)> = all
        .iter()
        .filter(|bought| bought.can_be_installed())
        .filter_map(|bought| Some((bought.remote.as_deref()?, bought.app.id.as_str())))
        .collect();
    let remotes: BTreeSet<&str> = wanted.iter().map(|(remote, _)| *remote).collect();
    let mut commands = Vec::new();
    for remote in remotes {
        let ids: Vec<&str> = wanted.iter().filter(|(from, _)| *from == remote).map(|(_, id)| *id).collect();
        commands.extend(software::command(false, remote, &ids));
    }
    (!commands.is_empty()).then(|| commands.join(" && "))
}

#[cfg(test)]
mod tests {
    use usher_core::{buying::purchases, ground::Ground, testing};

    use super::*;

    fn account(apps: &[(&str, PurchaseState)]) -> Account {
        let mut account = testing::account("https://store.example", "ada");
        let ground =
            Ground { remote: "old".into(), ..testing::ground("https://repo.example/", "https://store.example") };
        for ((id, state), at) in apps.iter().zip(1..) {
            purchases::begin(&mut account.purchases, &ground, id, at);
            account.purchases.last_mut().unwrap().state = *state;
        }
        account
    }

    fn all(account: &Account, installed: &[&str], remote: Option<&str>) -> Vec<PurchaseItem> {
        let installed = installed.iter().map(|&id| id.to_owned()).collect();
        PurchaseItem::all(
            account,
            &installed,
            false,
            |known| App::unknown(&known.app_id),
            |_| remote.map(ToOwned::to_owned),
        )
    }

    #[test]
    fn the_newest_purchase_comes_first_and_each_says_how_it_stands() {
        use PurchaseState::{NoAccess, Owned, Unfinished};
        let account = account(&[("a.b.A", Owned), ("a.b.B", Owned), ("a.b.C", NoAccess), ("a.b.D", Unfinished)]);
        let listed = all(&account, &["a.b.A", "a.b.C"], Some("demo"));
        let told: Vec<_> = listed.iter().map(|row| (row.app.id.as_str(), row.state_label())).collect();
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [("a.b.D", None), ("a.b.C", said("No Access")), ("a.b.B", None), ("a.b.A", said("Installed"))]
        );
        assert!(listed[0].is_unfinished() && listed[0].subtitle().starts_with("Begun on "));
        assert!(listed[1].subtitle().starts_with("Bought on "));
        let mut found = listed[1].clone();
        found.purchase.was_found = true;
        assert!(found.subtitle().starts_with("Found in this account on "), "nobody knows when it was bought");
        assert_eq!(count(&account), 3);
    }

    #[test]
    fn the_command_for_all_names_what_is_owned_and_not_installed() {
        use PurchaseState::{NoAccess, Owned, Unfinished};
        let account = account(&[
            ("a.b.A", Owned),
            ("a.b.B", Owned),
            ("a.b.C", NoAccess),
            ("a.b.D", Unfinished),
            ("a.b.E", Owned),
        ]);
        let command = |installed: &[&str], remote| command_for_all(&all(&account, installed, remote));
        assert_eq!(command(&["a.b.A"], Some("demo")).as_deref(), Some("flatpak install demo a.b.E a.b.B"));
        assert_eq!(command(&["a.b.A", "a.b.B", "a.b.E"], Some("demo")), None);
        assert_eq!(command(&[], None), None);
        assert_eq!(command(&[], Some("--system")), None);
    }

    #[test]
    fn a_search_finds_parts_of_the_name_and_of_the_id() {
        let listed = all(&account(&[("org.example.Notes", PurchaseState::Owned)]), &[], None);
        assert!(listed[0].matches("NOTES org") && listed[0].matches("") && !listed[0].matches("notes other"));
    }
}
