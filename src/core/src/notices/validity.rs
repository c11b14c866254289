// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether the statement of a notification still holds, decided from accounts and notes. Pure.

use std::collections::BTreeSet;

use super::Cause;
use crate::{
    account::{Account, AccountId, AccountState},
    binding::Binding,
    buying::purchases::{Purchase, PurchaseState},
    lookup::{self, Lookup},
    pending::{Obstacle, Operation, Pending},
    refs::FlatpakRef,
    store::Entry,
};

/// Id of the one notification about the keyring.
pub const KEYRING: &str = "keyring";

/// Id of the notifications about an account.
pub fn id_of_account(id: AccountId) -> String {
    format!("account-{id}")
}

/// Id of the notifications about a server at which there is no account yet, or no single one.
pub fn id_of_server(binding: &Binding) -> String {
    format!("server-{}", binding.host())
}

/// Everything that a notification could state now: ids and causes. Whatever a locked keyring hides may hold.
pub fn still_valid(entries: &[Entry], notes: &[Pending], now: i64) -> BTreeSet<(String, Cause)> {
    let updates = notes.iter().filter(|note| note.operation == Operation::Update);
    let mut valid: BTreeSet<_> = updates.flat_map(|note| of_note(note, entries)).collect();
    // That an install stopped holds until it is made, or forgotten.
    for note in notes.iter().filter(|note| note.operation == Operation::Install) {
        let id = note.account.map_or_else(|| id_of_server(&note.ground.binding), id_of_account);
        valid.insert((id, Cause::Stopped));
    }
    for entry in entries {
        if let Entry::Locked(outline) = entry {
            let id = id_of_account(outline.id);
            valid.extend(Cause::ALL.map(|cause| (id.clone(), cause)));
        }
    }
    for account in entries.iter().filter_map(Entry::account) {
        let id = id_of_account(account.id);
        if account.ends_soon(now).is_some() {
            valid.insert((id.clone(), Cause::EndsSoon));
        }
        // That the app can be installed holds until somebody has seen it.
        valid.insert((id, Cause::Finished));
    }
    valid
}

/// What an update that was left out waits for now.
fn of_note(note: &Pending, entries: &[Entry]) -> Vec<(String, Cause)> {
    let of_server = |cause| (id_of_server(&note.ground.binding), cause);
    match lookup::find(entries, &note.ground.binding, &note.ground.remote_url) {
        Lookup::Linked(account) => {
            let cause = match account.state {
                AccountState::Expired | AccountState::SignedOut => Cause::SignIn,
                AccountState::SignedIn if is_without_access(note, account) => Cause::NoAccess,
                AccountState::SignedIn => return Vec::new(),
            };
            vec![(id_of_account(account.id), cause)]
        }
        Lookup::Unlinked(accounts) => vec![match accounts.as_slice() {
            [one] => (id_of_account(one.id), Cause::Permission),
            _ => of_server(Cause::Permission),
        }],
        Lookup::Ambiguous(_) => vec![of_server(Cause::Permission)],
        Lookup::Nothing => vec![of_server(Cause::SignIn)],
        Lookup::Locked => {
            vec![(KEYRING.to_owned(), Cause::Unlock), of_server(Cause::SignIn), of_server(Cause::Permission)]
        }
        Lookup::Changed(_) => Vec::new(),
    }
}

fn is_without_access(note: &Pending, account: &Account) -> bool {
    let owns = |app_id: &str| {
        let is_owned = |known: &Purchase| known.app_id == app_id && known.state == PurchaseState::Owned;
        account.purchases.iter().any(is_owned)
    };
    let refs = note.refs.iter().filter_map(|text| text.parse::<FlatpakRef>().ok());
    note.obstacle == Obstacle::NotBought && refs.into_iter().any(|wanted| !owns(wanted.app_id()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{buying::purchases, ground::Ground, provider::SignedIn, store::Outline, testing};

    const NOW: i64 = 1_000_000_000;
    const DAY: i64 = 24 * 60 * 60;

    fn binding() -> Binding {
        ground().binding
    }

    fn ground() -> Ground {
        testing::ground("https://repo.example.org/", "https://store.example.org")
    }

    fn account() -> Account {
        let mut account = Account::signed_in(binding(), &testing::signed_in("demo"), NOW - 30 * DAY);
        account.link(ground().link());
        account
    }

    fn note(obstacle: Obstacle) -> Pending {
        Pending {
            operation: Operation::Update,
            obstacle,
            ground: ground(),
            account: None,
            refs: vec!["app/org.example.App/x86_64/stable".into()],
            client: "flatpak".into(),
            at: NOW,
        }
    }

    /// What holds apart from finished purchases.
    fn causes(account: Option<&Account>, note: Option<Pending>) -> Vec<(String, Cause)> {
        let entries: Vec<Entry> = account.into_iter().cloned().map(testing::open).collect();
        let notes: Vec<Pending> = note.into_iter().collect();
        let all = still_valid(&entries, &notes, NOW);
        all.into_iter().filter(|(_, cause)| *cause != Cause::Finished).collect()
    }

    #[test]
    fn a_sign_in_is_needed_until_it_was_done_or_the_update_went_through() {
        let mut account = account();
        let waits = || Some(note(Obstacle::Expired));
        account.state = AccountState::Expired;
        assert_eq!(causes(Some(&account), waits()), [(id_of_account(account.id), Cause::SignIn)]);
        assert_eq!(causes(Some(&account), None), [], "the update went through");
        account.state = AccountState::SignedIn;
        assert_eq!(causes(Some(&account), waits()), [], "signed in");
        assert_eq!(causes(None, waits()), [("server-store.example.org".to_owned(), Cause::SignIn)]);
    }

    #[test]
    fn a_permission_is_needed_until_it_is_given() {
        let mut account = account();
        account.unlink(&ground().remote_url);
        let waits = || Some(note(Obstacle::NoLink));
        assert_eq!(causes(Some(&account), waits()), [(id_of_account(account.id), Cause::Permission)]);
        account.link(ground().link());
        assert_eq!(causes(Some(&account), waits()), []);
    }

    #[test]
    fn access_is_missing_until_the_app_is_owned_again() {
        let mut account = account();
        let waits = || Some(note(Obstacle::NotBought));
        assert_eq!(causes(Some(&account), waits()), [(id_of_account(account.id), Cause::NoAccess)]);
        purchases::settle(&mut account.purchases, &testing::access_to("org.example.App", &ground()), NOW);
        assert_eq!(causes(Some(&account), waits()), []);
    }

    #[test]
    fn an_end_is_near_until_the_sign_in_is_renewed() {
        let mut account = account();
        account.valid_until = Some(NOW + DAY);
        assert_eq!(causes(Some(&account), None), [(id_of_account(account.id), Cause::EndsSoon)]);
        let again = SignedIn { valid_until: Some(NOW + 60 * DAY), ..testing::signed_in("demo") };
        account.renew(&Account::signed_in(binding(), &again, NOW));
        assert_eq!(causes(Some(&account), None), []);
    }

    #[test]
    fn a_keyring_locked_meanwhile_settles_nothing() {
        let account = account();
        let outline = |account: &Account| Outline {
            id: account.id,
            provider: account.binding.provider,
            service: account.binding.service.clone(),
        };
        let stands = |entries: &[Entry], notes: &[Pending], id: String, cause| {
            still_valid(entries, notes, NOW).contains(&(id, cause))
        };
        let locked = [Entry::Locked(outline(&account))];
        let notes = [note(Obstacle::Expired)];
        for cause in Cause::ALL {
            assert!(stands(&locked, &[], id_of_account(account.id), cause), "{cause:?}");
            assert!(!stands(&[], &[], id_of_account(account.id), cause), "{cause:?} of an account that was removed");
        }
        assert!(stands(&locked, &notes, id_of_server(&binding()), Cause::SignIn));
        assert!(stands(&locked, &notes, KEYRING.into(), Cause::Unlock));
        let open = [testing::open(account)];
        assert!(!stands(&open, &notes, id_of_server(&binding()), Cause::SignIn));
        assert!(!stands(&open, &notes, KEYRING.into(), Cause::Unlock));
    }

    #[test]
    fn that_an_install_stopped_holds_until_its_note_is_forgotten() {
        let stopped = Pending { operation: Operation::Install, ..note(Obstacle::NoAccount) };
        assert_eq!(causes(None, Some(stopped)), [("server-store.example.org".to_owned(), Cause::Stopped)]);
        assert_eq!(causes(None, None), []);
    }
}
