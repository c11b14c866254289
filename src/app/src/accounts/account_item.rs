// SPDX-License-Identifier: GPL-3.0-or-later
//! What a row of the list of accounts says. Pure.

use usher_core::{
    account::{Account, AccountId, told_apart},
    pending::Pending,
    service::ServiceUrl,
    store::{Entry, Unsaved},
};

use crate::{
    i18n::{gettext, gettext_f, ngettext_f},
    model::{Standing, Waiting, waiting_for},
    text,
    widgets::accessible::bare,
};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AccountItem {
    /// A readable account, with what tells it apart where another account is at the same host.
    Account {
        id: AccountId,
        user: String,
        host: String,
        mark: Option<String>,
        service: ServiceUrl,
        standing: Standing,
        /// What waits until the account is signed in to.
        waiting: Waiting,
        /// Whether the keyring has not saved a renewed sign-in.
        is_unsaved: bool,
    },
    /// One in a locked keyring.
    Locked { id: AccountId, host: String },
    /// An item that cannot be read.
    Broken { path: String },
}

impl AccountItem {
    /// The rows of these items, in their order. `notes` are what clients asked for and did not get.
    pub(super) fn all(entries: &[Entry], notes: &[Pending], now: i64) -> Vec<Self> {
        let accounts: Vec<&Account> = entries.iter().filter_map(Entry::account).collect();
        let marks = told_apart(&accounts);
        let mark = |id| accounts.iter().position(|account| account.id == id).and_then(|place| marks[place].clone());
        entries.iter().map(|entry| Self::of(entry, mark, |account| waiting_for(account, entries, notes), now)).collect()
    }

    /// `mark` is what tells an account apart from others.
    fn of(
        entry: &Entry,
        mark: impl Fn(AccountId) -> Option<String>,
        waiting: impl Fn(&Account) -> Waiting,
        now: i64,
    ) -> Self {
        match entry {
            Entry::Open(account) => {
                let standing = Standing::of(account, now);
                Self::Account {
                    id: account.id,
                    mark: mark(account.id).as_deref().map(text::plain),
                    user: text::user(account),
                    host: account.binding.host(),
                    service: account.binding.service.clone(),
                    standing,
                    waiting: if standing.is_usable() { Waiting::default() } else { waiting(account) },
                    is_unsaved: false,
                }
            }
            Entry::Locked(outline) => Self::Locked { id: outline.id, host: outline.service.host() },
            Entry::Broken(path) => Self::Broken { path: path.clone() },
        }
    }

    /// Notes which renewed sign-ins the keyring has not saved.
    pub(super) fn note_unsaved(&mut self, unsaved: &[Unsaved]) {
        if let Self::Account { id, is_unsaved, .. } = self {
            *is_unsaved = unsaved.iter().any(|unsaved| unsaved.account == *id);
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

    /// The server, if the account has one.
    pub(super) fn host(&self) -> Option<&str> {
        match self {
            Self::Account { host, .. } | Self::Locked { host, .. } => Some(host),
            Self::Broken { .. } => None,
        }
    }

    /// The server and the account's own name, as far as the title does not say them, and how it stands.
    pub(super) fn subtitle(&self) -> String {
        let Self::Account { .. } = self else { return String::new() };
        joined([self.place(), self.state().unwrap_or_default()], " · ")
    }

    fn place(&self) -> String {
        match self {
            Self::Account { host, mark: Some(mark), .. } => format!("{} · {mark}", text::within(host)),
            Self::Account { host, user, .. } if user != host => text::within(host),
            Self::Account { .. } | Self::Locked { .. } | Self::Broken { .. } => String::new(),
        }
    }

    /// The state in words; nothing when all is well.
    fn state(&self) -> Option<String> {
        match self {
            Self::Locked { .. } => Some(gettext("Locked")),
            Self::Account { standing, waiting, is_unsaved, .. } => {
                waiting_in_words(*waiting).or_else(|| match standing {
                    Standing::Fine => is_unsaved.then(|| gettext("Renewed sign-in not saved")),
                    Standing::EndsSoon(at) => Some(gettext_f("Sign-in ends on {date}", &[("date", &text::day(*at))])),
                    Standing::MayHaveEnded => Some(gettext("Sign-in may have ended")),
                    Standing::Ended => Some(gettext("Sign in again")),
                    Standing::SignedOut => Some(gettext("Signed out")),
                })
            }
            Self::Broken { .. } => None,
        }
    }

    /// Whether signing in would mend something.
    pub(super) fn needs_sign_in(&self) -> bool {
        matches!(self, Self::Account { standing, .. } if *standing != Standing::Fine)
    }

    /// The whole row in one line.
    pub(super) fn spoken(&self) -> String {
        bare(&joined([self.title(), self.place(), self.state().unwrap_or_default()], ", "))
    }

    /// Whether a search finds it.
    pub(super) fn matches(&self, words: &str) -> bool {
        let text = self.spoken().to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// The texts that are not empty.
fn joined<const N: usize>(texts: [String; N], between: &str) -> String {
    texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(between)
}

fn waiting_in_words(Waiting { installs, updates }: Waiting) -> Option<String> {
    if updates > 0 {
        Some(ngettext_f(
            "{n} update is waiting for this account",
            "{n} updates are waiting for this account",
            updates,
            &[],
        ))
    } else if installs > 0 {
        Some(ngettext_f("{n} app is waiting for this account", "{n} apps are waiting for this account", installs, &[]))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use usher_core::{
        account::AccountState,
        pending::{Obstacle, Operation},
        testing,
    };

    use super::*;

    const NOW: i64 = 1_000_000_000;

    fn account(own_name: Option<&str>, standing: Standing) -> AccountItem {
        AccountItem::Account {
            id: AccountId::random(),
            user: "Ada".into(),
            host: "store.example".into(),
            mark: own_name.map(ToOwned::to_owned),
            service: testing::binding("https://store.example").service,
            standing,
            waiting: Waiting::default(),
            is_unsaved: false,
        }
    }

    #[test]
    fn a_row_says_that_a_renewed_sign_in_is_not_saved() {
        let mut row = account(None, Standing::Fine);
        let AccountItem::Account { id, .. } = row else { panic!("an account") };
        for (account, state) in [(AccountId::random(), ""), (id, "Renewed sign-in not saved")] {
            row.note_unsaved(&[Unsaved { account, reason: "the disk is full".to_owned() }]);
            assert_eq!(bare(&row.subtitle()), joined(["store.example".to_owned(), state.to_owned()], " · "));
            assert!(!row.needs_sign_in());
        }
    }

    #[test]
    fn a_row_says_how_its_account_stands_and_offers_to_sign_in_where_that_mends_it() {
        let day = text::day(NOW + 60);
        let ends = format!("Sign-in ends on {day}");
        for (standing, waiting, state, has_button) in [
            (Standing::Fine, (0, 0), "", false),
            (Standing::EndsSoon(NOW + 60), (0, 0), ends.as_str(), true),
            (Standing::MayHaveEnded, (0, 0), "Sign-in may have ended", true),
            (Standing::MayHaveEnded, (1, 0), "1 app is waiting for this account", true),
            (Standing::Ended, (0, 0), "Sign in again", true),
            (Standing::Ended, (0, 2), "2 updates are waiting for this account", true),
            (Standing::Ended, (1, 1), "1 update is waiting for this account", true),
            (Standing::SignedOut, (0, 0), "Signed out", true),
            (Standing::SignedOut, (2, 0), "2 apps are waiting for this account", true),
        ] {
            let mut row = account(None, standing);
            if let AccountItem::Account { waiting: shown, .. } = &mut row {
                *shown = Waiting { installs: waiting.0, updates: waiting.1 };
            }
            let told = |between| joined(["store.example".to_owned(), state.to_owned()], between);
            assert_eq!(bare(&row.subtitle()), told(" · "), "{standing:?} {waiting:?}");
            assert_eq!(row.spoken(), format!("Ada, {}", told(", ")), "{standing:?} {waiting:?}");
            assert_eq!(row.needs_sign_in(), has_button, "{standing:?} {waiting:?}");
        }
    }

    #[test]
    fn what_waits_for_an_account_is_told_until_the_account_can_be_used() {
        let ground = testing::ground("https://r.example/", "https://store.example");
        let note = Pending {
            operation: Operation::Update,
            obstacle: Obstacle::Expired,
            ground: ground.clone(),
            account: None,
            refs: ["app/org.a.A/x86_64/stable", "app/org.b.B/x86_64/stable"].map(ToOwned::to_owned).into(),
            client: String::new(),
            at: NOW,
        };
        let shown = |state| {
            let mut account = testing::account("https://store.example", "ada");
            account.link(ground.link());
            account.state = state;
            AccountItem::all(&[testing::open(account)], std::slice::from_ref(&note), NOW).remove(0).spoken()
        };
        assert_eq!(shown(AccountState::Expired), "ada, store.example, 2 updates are waiting for this account");
        assert_eq!(shown(AccountState::SignedOut), "ada, store.example, 2 updates are waiting for this account");
        assert_eq!(shown(AccountState::SignedIn), "ada, store.example");
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
            AccountItem::all(&entries, &[], 1).remove(0).spoken()
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
