// SPDX-License-Identifier: GPL-3.0-or-later

use std::slice::from_ref;

use usher_core::{
    account::AccountState,
    buying::purchases,
    checks::{InstallationKind, Problem},
    ground::Ground,
    provider::Access,
    testing,
};

use super::*;

const NOW: i64 = 1_000_000_000;
const SOON: i64 = 7 * 24 * 60 * 60;

fn repository(service: &str) -> Repository {
    Repository::of(testing::remote("demo", "https://repo.example/", service)).unwrap()
}

fn ground(repository: &Repository) -> Ground {
    Ground::of(&repository.remote).unwrap()
}

fn account(repository: &Repository, is_linked: bool) -> Account {
    let mut account = Account::signed_in(repository.binding.clone(), &testing::signed_in("ada"), NOW - 2 * SOON);
    if is_linked {
        account.link(ground(repository).link());
    }
    account
}

fn note(repository: &Repository, operation: Operation, obstacle: Obstacle, apps: &[&str], at: i64) -> Pending {
    Pending {
        operation,
        obstacle,
        ground: ground(repository),
        account: None,
        refs: apps.iter().map(|app| format!("app/{app}/x86_64/stable")).collect(),
        client: "flatpak".into(),
        at,
    }
}

fn granted(app_id: &str) -> Access {
    Access { granted: [app_id.to_owned()].into(), ..Access::default() }
}

fn open(account: Account) -> Entry {
    Entry::Open(Box::new(account))
}

#[test]
fn what_may_stand_in_for_usher_comes_before_all_else() {
    let shop = repository("https://store.example");
    let asked = note(&shop, Operation::Install, Obstacle::NoAccount, &["org.a.A"], NOW);
    let mut overview = overview(&[], from_ref(&shop), &[asked], NOW);
    let problem = Problem::MayReplaceUsher { remote: "shop".into(), place: InstallationKind::User };
    let impostor = Impostor { problem, address: None };
    overview.warn_of(from_ref(&impostor));
    assert_eq!(overview.needs.len(), 2);
    assert_eq!(overview.needs[0], Need::Impostor(impostor));
}

#[test]
fn a_repository_without_an_account_is_offered_quietly_until_something_waits() {
    let shop = repository("https://store.example");
    let quiet = overview(&[], from_ref(&shop), &[], NOW);
    assert_eq!(quiet, Overview { without_account: vec![shop.clone()], ..Overview::default() });

    let asked = note(&shop, Operation::Install, Obstacle::NoAccount, &["org.a.A"], NOW);
    let loud = overview(&[], from_ref(&shop), &[asked], NOW);
    let waiting = Waiting { installs: 1, updates: 0 };
    assert_eq!(loud.needs, [Need::FirstSignIn { repository: shop, waiting }]);
    assert!(loud.without_account.is_empty());
}

#[test]
fn an_account_that_is_well_needs_nothing() {
    let shop = repository("https://store.example");
    let found = overview(&[open(account(&shop, true))], &[shop], &[], NOW);
    assert_eq!(found, Overview::default());
}

#[test]
fn a_sign_in_that_ended_or_ends_soon_is_told_but_not_one_that_the_person_ended() {
    let shop = repository("https://store.example");
    let standing = |change: fn(&mut Account)| {
        let mut account = account(&shop, true);
        change(&mut account);
        match overview(&[open(account)], from_ref(&shop), &[], NOW).needs.as_slice() {
            [Need::SignIn { standing, .. }] => Some(*standing),
            [] => None,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(standing(|account| account.state = AccountState::Expired), Some(Standing::Ended));
    assert_eq!(standing(|account| account.valid_until = Some(NOW)), Some(Standing::MayHaveEnded));
    assert_eq!(standing(|account| account.failures = Account::FAILURES), Some(Standing::MayHaveEnded));
    assert_eq!(standing(|account| account.valid_until = Some(NOW + 60)), Some(Standing::EndsSoon(NOW + 60)));
    assert_eq!(standing(|account| account.valid_until = Some(NOW + SOON)), None);
    assert_eq!(standing(|account| drop(account.sign_out())), None);
}

#[test]
fn a_sign_in_that_is_always_short_does_not_nag() {
    let shop = repository("https://store.example");
    let mut account = account(&shop, true);
    (account.signed_in_at, account.valid_until) = (NOW - 60, Some(NOW + 3600));
    assert_eq!(Standing::of(&account, NOW), Standing::Fine);
}

#[test]
fn updates_left_out_are_counted_until_the_account_is_well_and_can_then_go_on() {
    let shop = repository("https://store.example");
    let left_out = [note(&shop, Operation::Update, Obstacle::Expired, &["org.a.A", "org.b.B"], NOW)];
    let mut lapsed = account(&shop, true);
    lapsed.state = AccountState::Expired;
    let found = overview(&[open(lapsed.clone())], from_ref(&shop), &left_out, NOW);
    let waiting = Waiting { installs: 0, updates: 2 };
    assert_eq!(found.needs, [Need::SignIn { account: Box::new(lapsed), standing: Standing::Ended, waiting }]);
    assert!(found.ready.is_empty());

    let found = overview(&[open(account(&shop, true))], &[shop], &left_out, NOW);
    assert!(found.needs.is_empty());
    let ready: Vec<_> = found.ready.iter().map(|ready| (ready.app_id.as_str(), ready.is_update)).collect();
    assert_eq!(ready, [("org.a.A", true), ("org.b.B", true)]);
}

#[test]
fn a_repository_that_asked_for_an_account_it_may_not_use_waits_for_permission() {
    let shop = repository("https://store.example");
    let asked = [note(&shop, Operation::Install, Obstacle::NoLink, &["org.a.A"], NOW)];
    let found = overview(&[open(account(&shop, false))], from_ref(&shop), &asked, NOW);
    assert_eq!(found.needs, [Need::Permission { repository: shop.clone() }]);
    let found = overview(&[open(account(&shop, false))], &[shop], &[], NOW);
    assert_eq!(found, Overview::default());
}

#[test]
fn g01_a_repository_that_names_another_server_is_told_without_being_asked() {
    let account = account(&repository("https://store.example"), true);
    let moved = repository("https://evil.example");
    let found = overview(&[open(account.clone())], from_ref(&moved), &[], NOW);
    assert_eq!(found.needs, [Need::ServerChanged { repository: moved, account: Box::new(account) }]);
    assert!(found.without_account.is_empty());
}

#[test]
fn notes_of_removed_repositories_and_other_obstacles_are_not_shown() {
    let shop = repository("https://store.example");
    let asked = note(&shop, Operation::Install, Obstacle::NoAccount, &["org.a.A"], NOW);
    assert_eq!(overview(&[], &[], &[asked], NOW), Overview::default());
    let down = note(&shop, Operation::Install, Obstacle::Unavailable, &["org.a.A"], NOW);
    assert!(overview(&[open(account(&shop, true))], &[shop], &[down], NOW).ready.is_empty());
}

#[test]
fn the_newest_stands_first_and_an_app_asked_for_twice_stands_once() {
    let shop = repository("https://store.example");
    let asked = |app: &str, at| note(&shop, Operation::Install, Obstacle::NoAccount, &[app], at);
    let notes = [asked("org.a.A", 1), asked("org.b.B", 3), asked("org.a.A.Locale", 2)];
    let found = overview(&[open(account(&shop, true))], from_ref(&shop), &notes, NOW);
    let apps: Vec<_> = found.ready.iter().map(|ready| ready.app_id.as_str()).collect();
    assert_eq!(apps, ["org.b.B", "org.a.A"]);
}

fn buy(account: &mut Account, repository: &Repository, app: &str, at: i64) {
    assert!(purchases::begin(&mut account.purchases, &ground(repository), app, at));
}

#[test]
fn a_purchase_whose_outcome_is_not_known_is_told_until_it_is() {
    let shop = repository("https://store.example");
    let mut buyer = account(&shop, true);
    buy(&mut buyer, &shop, "org.a.A", 5);
    let (account, purchase) = (buyer.id, buyer.purchases[0].clone());
    let found = overview(&[open(buyer.clone())], from_ref(&shop), &[], NOW);
    assert_eq!(found.needs, [Need::Unfinished { account, host: "store.example".into(), purchase }]);
    purchases::settle(&mut buyer.purchases, &granted("org.a.A"), 6);
    assert_eq!(overview(&[open(buyer)], &[shop], &[], NOW), Overview::default());
}

#[test]
fn an_install_that_wanted_a_purchase_can_go_on_once_the_app_is_owned() {
    let shop = repository("https://store.example");
    let stopped = [note(&shop, Operation::Install, Obstacle::NotBought, &["org.a.A", "org.b.B"], NOW)];
    let mut buyer = account(&shop, true);
    assert!(overview(&[open(buyer.clone())], from_ref(&shop), &stopped, NOW).ready.is_empty());
    buy(&mut buyer, &shop, "org.a.A", 5);
    assert!(overview(&[open(buyer.clone())], from_ref(&shop), &stopped, NOW).ready.is_empty());
    purchases::settle(&mut buyer.purchases, &granted("org.a.A"), 6);
    let ready = overview(&[open(buyer)], &[shop], &stopped, NOW).ready;
    let apps: Vec<_> = ready.iter().map(|ready| ready.app_id.as_str()).collect();
    assert_eq!(apps, ["org.a.A"]);
}

#[test]
fn an_update_that_lacks_access_is_shown_until_there_is_access_again() {
    let shop = repository("https://store.example");
    let left_out = |at| note(&shop, Operation::Update, Obstacle::NotBought, &["org.a.A", "org.b.B"], at);
    let notes = [left_out(1), left_out(2)];
    let mut buyer = account(&shop, true);
    let shown = |account: &Account| {
        let found = overview(&[open(account.clone())], from_ref(&shop), &notes, NOW);
        let named = |need: &Need| match need {
            Need::NoAccess { app_id, .. } => Some(app_id.clone()),
            _ => None,
        };
        (found.needs.iter().filter_map(named).collect::<Vec<_>>(), found.ready.len())
    };
    assert_eq!(shown(&buyer), (vec!["org.a.A".to_owned(), "org.b.B".to_owned()], 0));
    purchases::settle(&mut buyer.purchases, &testing::access_to("org.a.A", &ground(&shop)), NOW);
    assert_eq!(shown(&buyer), (vec!["org.b.B".to_owned()], 1), "what can be updated again is ready");
}

#[test]
fn what_was_not_bought_waits_as_one_question_of_its_repository_until_it_is_owned_or_begun() {
    let shop = repository("https://store.example");
    let stopped = |apps: &[&str], at| note(&shop, Operation::Install, Obstacle::NotBought, apps, at);
    let notes = [stopped(&["org.a.A", "org.b.B"], 1), stopped(&["org.c.C"], 2)];
    let mut buyer = account(&shop, true);
    let shown = |account: &Account| {
        let named = |need: &Need| match need {
            Need::NotBought { app_ids, account: id, .. } => {
                assert_eq!(*id, account.id);
                Some(app_ids.clone())
            }
            _ => None,
        };
        let found = overview(&[open(account.clone())], from_ref(&shop), &notes, NOW);
        found.needs.iter().filter_map(named).collect::<Vec<_>>()
    };
    assert_eq!(shown(&buyer), [["org.a.A", "org.b.B", "org.c.C"]]);
    purchases::settle(&mut buyer.purchases, &testing::access_to("org.a.A", &ground(&shop)), NOW);
    assert_eq!(shown(&buyer), [["org.b.B", "org.c.C"]]);
    buy(&mut buyer, &shop, "org.b.B", 5);
    assert_eq!(shown(&buyer), [["org.c.C"]], "an unfinished purchase has a row of its own");
    purchases::settle(&mut buyer.purchases, &testing::access_to("org.c.C", &ground(&shop)), NOW);
    assert_eq!(shown(&buyer), [] as [Vec<String>; 0]);
}

#[test]
fn updates_that_were_left_out_for_want_of_a_server_are_a_row() {
    let shop = repository("https://store.example");
    let account = account(&shop, true);
    let notes = [
        note(&shop, Operation::Update, Obstacle::Unavailable, &["org.a.A", "org.b.B"], NOW),
        note(&shop, Operation::Update, Obstacle::Unavailable, &["org.c.C"], NOW - 1),
        note(&shop, Operation::Install, Obstacle::Unavailable, &["org.d.D"], NOW),
    ];
    let found = overview(&[open(account.clone())], from_ref(&shop), &notes, NOW);
    let [Need::LeftOut(left_out)] = found.needs.as_slice() else { panic!("one row: {:?}", found.needs) };
    assert_eq!((left_out.account, left_out.app_ids().len(), left_out.refs.len()), (account.id, 3, 3));
    let mut expired = account;
    expired.state = AccountState::Expired;
    let found = overview(&[open(expired)], from_ref(&shop), &notes, NOW);
    assert!(matches!(found.needs.as_slice(), [Need::SignIn { .. }]), "first it has to be signed in: {:?}", found.needs);
}
