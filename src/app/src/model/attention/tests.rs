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
    Entry::Open(account.into())
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
fn how_an_account_stands_is_told_by_its_own_row_alone() {
    let shop = repository("https://store.example");
    let standing = |change: fn(&mut Account)| {
        let mut account = account(&shop, true);
        change(&mut account);
        let standing = Standing::of(&account, NOW);
        assert_eq!(overview(&[open(account)], from_ref(&shop), &[], NOW), Overview::default(), "{standing:?}");
        standing
    };
    assert_eq!(standing(|account| account.state = AccountState::Expired), Standing::Ended);
    assert_eq!(standing(|account| account.valid_until = Some(NOW)), Standing::MayHaveEnded);
    assert_eq!(standing(|account| account.failures = Account::FAILURES), Standing::MayHaveEnded);
    assert_eq!(standing(|account| account.valid_until = Some(NOW + 60)), Standing::EndsSoon(NOW + 60));
    assert_eq!(standing(|account| account.valid_until = Some(NOW + SOON)), Standing::Fine);
    assert_eq!(standing(|account| drop(account.sign_out())), Standing::SignedOut);
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
    let entries = [open(lapsed.clone())];
    assert_eq!(overview(&entries, from_ref(&shop), &left_out, NOW), Overview::default());
    assert_eq!(waiting_for(&lapsed, &entries, &left_out), Waiting { installs: 0, updates: 2 });

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
    assert_eq!(left_out.host, "store.example");
    let mut not_renewed = notes.clone();
    not_renewed[0].obstacle = Obstacle::NotRenewed { host: "sso.example".to_owned() };
    let found = overview(&[open(account.clone())], from_ref(&shop), &not_renewed, NOW);
    let [Need::LeftOut(left_out)] = found.needs.as_slice() else { panic!("one row: {:?}", found.needs) };
    assert_eq!(
        (left_out.host.as_str(), left_out.refs.len()),
        ("sso.example", 3),
        "the server of the newest note is named"
    );
    let mut expired = account;
    expired.state = AccountState::Expired;
    let found = overview(&[open(expired)], from_ref(&shop), &notes, NOW);
    assert_eq!(found, Overview::default(), "first it has to be signed in");
}

/// Where an app is shown that a client asked for and did not get.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Ready,
    NotBought,
    NoAccess,
    Unfinished,
    LeftOut,
    SignIn,
    Permission,
}

fn places(found: &Overview) -> Vec<Place> {
    let needs = found.needs.iter().map(|need| match need {
        Need::NotBought { .. } => Place::NotBought,
        Need::NoAccess { .. } => Place::NoAccess,
        Need::Unfinished { .. } => Place::Unfinished,
        Need::LeftOut(_) => Place::LeftOut,
        Need::FirstSignIn { .. } => Place::SignIn,
        Need::Permission { .. } => Place::Permission,
        Need::Impostor(_) | Need::ServerChanged { .. } | Need::Unusable(_) => panic!("{need:?}"),
    });
    found.ready.iter().map(|_| Place::Ready).chain(needs).collect()
}

/// An account in that state of its sign-in; nothing at all, or without permission.
fn buyer(shop: &Repository, how: &str) -> Option<Account> {
    let mut account = account(shop, how != "not allowed");
    match how {
        "none" => return None,
        "expired" => account.state = AccountState::Expired,
        "signed out" => drop(account.sign_out()),
        "may have ended" => account.valid_until = Some(NOW),
        _ => {}
    }
    Some(account)
}

fn bought(account: &mut Account, shop: &Repository, state: Option<PurchaseState>) {
    let Some(state) = state else { return };
    buy(account, shop, "org.a.A", 5);
    account.purchases[0].state = state;
}

/// Where an app is shown, by the account, what stood in the way, what was asked for, and what is known of its purchase.
fn expected(how: &str, note: &Pending, state: Option<PurchaseState>) -> Vec<Place> {
    let is_install = note.operation == Operation::Install;
    let lacking = || if is_install { Place::NotBought } else { Place::NoAccess };
    let is_left_out = note.obstacle == Obstacle::Unavailable;
    let mut places = Vec::new();
    match (how, state) {
        ("none", _) => places.push(Place::SignIn),
        ("not allowed", _) => places.push(Place::Permission),
        ("well" | "ends soon", _) if is_left_out && is_install => {}
        ("well" | "ends soon", _) if is_left_out => places.push(Place::LeftOut),
        ("well" | "ends soon", Some(PurchaseState::NoAccess)) => places.push(lacking()),
        ("well" | "ends soon", None) if note.obstacle == Obstacle::NotBought => places.push(lacking()),
        ("well" | "ends soon", Some(PurchaseState::Owned) | None) => places.push(Place::Ready),
        _ => {}
    }
    if how != "none" && state == Some(PurchaseState::Unfinished) {
        places.push(Place::Unfinished);
    }
    places.sort();
    places
}

#[test]
fn nothing_is_ready_that_is_unfinished_or_without_access() {
    let shop = repository("https://store.example");
    let obstacles = [
        Obstacle::NoAccount,
        Obstacle::Expired,
        Obstacle::NoLink,
        Obstacle::NotBought,
        Obstacle::Locked,
        Obstacle::ServerChanged { agreed: shop.binding.clone() },
        Obstacle::Unavailable,
    ];
    let states = [None, Some(PurchaseState::Unfinished), Some(PurchaseState::Owned), Some(PurchaseState::NoAccess)];
    for how in ["none", "not allowed", "well", "ends soon", "may have ended", "expired", "signed out"] {
        for obstacle in &obstacles {
            for operation in [Operation::Install, Operation::Update] {
                for state in states {
                    let note = note(&shop, operation, obstacle.clone(), &["org.a.A", "org.a.A.Locale"], NOW);
                    let mut known = buyer(&shop, how);
                    if let Some(account) = &mut known {
                        bought(account, &shop, state);
                        account.valid_until = account.valid_until.or((how == "ends soon").then_some(NOW + 60));
                    }
                    let entries: Vec<Entry> = known.into_iter().map(open).collect();
                    let mut found = places(&overview(&entries, from_ref(&shop), from_ref(&note), NOW));
                    found.sort();
                    assert_eq!(found, expected(how, &note, state), "{how}, {obstacle:?}, {operation:?}, {state:?}");
                }
            }
        }
    }
}

#[test]
fn an_app_that_was_asked_for_twice_is_ready_only_once_the_account_is_known_to_have_it() {
    let shop = repository("https://store.example");
    let asked = |obstacle, at| note(&shop, Operation::Install, obstacle, &["org.a.A"], at);
    let part = Pending { refs: vec!["runtime/org.a.A.Locale/x86_64/stable".into()], ..asked(Obstacle::NoLink, 1) };
    let notes = [part, asked(Obstacle::NotBought, 2)];
    let mut buyer = account(&shop, true);
    let shown = |account: &Account| places(&overview(&[open(account.clone())], from_ref(&shop), &notes, NOW));
    assert_eq!(shown(&buyer), [Place::NotBought]);
    purchases::settle(&mut buyer.purchases, &testing::access_to("org.a.A", &ground(&shop)), NOW);
    assert_eq!(shown(&buyer), [Place::Ready]);
}
