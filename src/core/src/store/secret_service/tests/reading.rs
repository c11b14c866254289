// SPDX-License-Identifier: GPL-3.0-or-later
//! What is read from keyrings of many manners, and what it takes to open them.

use std::{collections::HashMap, time::Duration};

use zbus::Message;

use super::{Desk, account, seen};
use crate::{
    sign_in::{ExpectedAccount, Unsaved},
    store::{StoreError, secret_service::signals},
    testing::{
        self,
        mock_keyring::{Lock, Manners, Person},
    },
};

/// A short limit, for keyrings that never answer.
const SHORT: Duration = Duration::from_millis(500);

struct Case {
    name: &'static str,
    manners: Manners,
    /// What is read while nobody may be asked.
    quietly: &'static [&'static str],
    /// What is read after the person may be asked.
    unlocked: &'static [&'static str],
    prompts: usize,
}

fn locked_cases() -> Vec<Case> {
    let plain = Manners::default();
    let opens = Manners { lock: Lock::OpensWhenAsked, ..Manners::default() };
    let items = |manners: &Manners| Manners { locks_single_items: true, ..manners.clone() };
    let hides = |manners: &Manners| Manners { hides_locked_items: true, ..manners.clone() };
    let dismisses = |manners: &Manners| Manners { person: Person::Dismisses, ..manners.clone() };
    let asks_first = Manners { asks_in_search: true, ..hides(&plain) };
    let (both, locked, sealed) = (&["ada", "bob"], &["locked", "locked"], &["Locked"]);
    let case = |name, manners, quietly, unlocked, prompts| Case { name, manners, quietly, unlocked, prompts };
    vec![
        case("it asks the person", plain.clone(), locked, both, 1),
        case("it opens when asked", opens.clone(), both, both, 0),
        case("items ask the person", items(&plain), locked, both, 1),
        case("items open when asked", items(&opens), both, both, 0),
        case("it shows nothing and asks the person", hides(&plain), sealed, both, 1),
        case("it shows nothing and opens when asked", hides(&opens), both, both, 0),
        case("it asks the person before it searches", asks_first, sealed, both, 1),
        case("the person says no", dismisses(&plain), locked, &["Dismissed"], 1),
        case("the person says no to items", dismisses(&items(&plain)), locked, &["Dismissed"], 1),
        case("the person says no, and it shows nothing", dismisses(&hides(&plain)), sealed, &["Dismissed"], 1),
        case("it is silent", Manners { is_silent: true, ..plain.clone() }, locked, both, 1),
    ]
}

#[tokio::test]
async fn k14_a_locked_keyring_is_opened_without_a_person_where_that_works_and_never_counts_as_empty() {
    for Case { name, manners, quietly, unlocked, prompts } in locked_cases() {
        let desk = Desk::new(Manners::default()).await;
        let store = desk.store();
        for user in ["ada", "bob"] {
            store.add(&account(user)).await.unwrap();
        }
        desk.keyring.behave(|now| *now = manners.clone());
        desk.keyring.lock().await;
        assert_eq!(store.quietly().is_locked().await.unwrap(), quietly[0] != "ada", "{name}");
        desk.keyring.lock().await;
        for _ in 0..2 {
            assert_eq!(seen(store.quietly().entries().await), quietly, "{name}");
            assert_eq!(seen(store.entries().await), quietly, "{name}: only an unlock asks the person");
        }
        let quiet = store.quietly();
        assert_eq!(
            seen(quiet.unlocked_entries().await)[0] == "ada",
            quietly[0] == "ada",
            "{name}: quiet work asks nobody"
        );
        assert_eq!(desk.keyring.prompts(), 0, "{name}: rule R14");
        assert_eq!(seen(store.unlocked_entries().await), unlocked, "{name}");
        assert_eq!(desk.keyring.prompts(), prompts, "{name}");

        // Signing in once more adds nothing, whether the account can be read or not.
        let signed_in = testing::signed_in("ada");
        let binding = account("ada").binding;
        let saved = Unsaved::new(&binding, &signed_in, ExpectedAccount::Anybody, None, None).save(&store).await;
        assert_eq!(saved.is_ok(), unlocked[0] == "ada", "{name}");
        assert_eq!(desk.keyring.items().len(), 2, "{name}");
    }
}

#[tokio::test]
async fn k26_a_question_for_another_program_survives_a_look_at_the_accounts() {
    let desk = Desk::new(Manners::default()).await;
    let (store, other) = (desk.store(), desk.store());
    store.add(&account("ada")).await.unwrap();
    desk.keyring.behave(|now| now.person = Person::IsAway);
    desk.keyring.lock().await;
    let unlocking = tokio::spawn(async move { other.unlock().await });
    desk.keyring.wait_for_prompt().await;
    assert_eq!(seen(store.quietly().entries().await), ["locked"]);
    desk.keyring.behave(|now| now.person = Person::Agrees);
    desk.keyring.answer_prompts().await;
    unlocking.await.unwrap().unwrap();
    assert_eq!(seen(store.entries().await), ["ada"]);
}

#[tokio::test]
async fn k14_an_empty_keyring_that_is_locked_is_locked() {
    for hides in [false, true] {
        let desk = Desk::new(Manners { hides_locked_items: hides, ..Manners::default() }).await;
        let store = desk.store();
        assert_eq!(store.entries().await.unwrap(), []);
        desk.keyring.lock().await;
        assert_eq!(seen(store.entries().await), ["Locked"]);
        assert_eq!(store.unlocked_entries().await.unwrap(), []);
        assert_eq!(desk.keyring.prompts(), 1);
    }
}

#[tokio::test]
async fn k14_a_person_may_unlock_only_some_items() {
    let desk = Desk::new(Manners { locks_single_items: true, ..Manners::default() }).await;
    let store = desk.store();
    let remote = |host: &str| format!("https://{host}/repo");
    for host in ["a.example.org", "b.example.org"] {
        let account = testing::account(&format!("https://{host}"), host);
        store.add(&testing::linked(account, &[&remote(host)])).await.unwrap();
    }
    desk.keyring.behave(|now| now.person = Person::AgreesToOne);
    let (first, second) = ("a.example.org", "b.example.org");
    for (asked, shown) in [(first, &[first, "locked"] as &[_]), (second, &[first, second])] {
        desk.keyring.lock().await;
        // The keyring asks about its items in order.
        while seen(store.quietly().entries().await) != shown {
            let is_known = store.unlock_for(&testing::binding(asked), &testing::remote_url(&remote(asked))).await;
            assert_eq!(is_known.unwrap(), seen(store.entries().await).contains(&asked.to_owned()), "{asked}");
        }
        let prompts = desk.keyring.prompts();
        assert_eq!(prompts, if asked == first { 1 } else { 3 });
    }
}

#[tokio::test]
async fn k15_one_item_that_fails_is_one_unreadable_account() {
    let errors = [
        "org.freedesktop.DBus.Error.Failed",
        "org.freedesktop.DBus.Error.AccessDenied",
        "org.freedesktop.DBus.Error.InvalidArgs",
        "org.freedesktop.DBus.Error.NotSupported",
        "org.example.Error",
    ];
    for error in errors {
        let desk = Desk::new(Manners::default()).await;
        let store = desk.store();
        let (first, second) = (account("ada"), account("bob"));
        store.add(&first).await.unwrap();
        store.add(&second).await.unwrap();
        desk.keyring.behave(|now| now.first_item_fails = Some(error));
        assert_eq!(seen(store.entries().await), ["bob", "broken"], "{error}");
        store.change(second.id, |account| account.name = Some("Work".into())).await.unwrap().expect("it is there");
        store.remove_broken(&desk.keyring.items()[0].path).await.unwrap();
        desk.keyring.behave(|now| now.first_item_fails = None);
        assert_eq!(seen(store.entries().await), ["bob"], "{error}");
    }
}

#[tokio::test]
async fn k15_the_type_of_content_does_not_matter() {
    let types = ["text/plain", "text/plain; charset=utf8", "application/json", "application/octet-stream", ""];
    for content_type in types {
        let desk = Desk::new(Manners { content_type: Some(content_type), ..Manners::default() }).await;
        let store = desk.store();
        store.add(&account("ada")).await.unwrap();
        assert_eq!(seen(store.entries().await), ["ada"], "{content_type}");
    }
}

#[tokio::test]
async fn k15_an_item_of_another_program_with_our_schema_hides_nothing() {
    let desk = Desk::new(Manners::default()).await;
    let store = desk.store();
    store.add(&account("ada")).await.unwrap();
    let good = desk.keyring.items().remove(0).attributes;
    let schema = HashMap::from([("xdg:schema".to_owned(), good["xdg:schema"].clone())]);
    desk.keyring.add_item(&schema, b"{}");
    desk.keyring.add_item(&good, b"\xff\0");
    assert_eq!(seen(store.entries().await), ["ada", "broken", "broken"]);
}

#[tokio::test]
async fn k16_accounts_are_found_in_every_collection() {
    let desk = Desk::new(Manners::default()).await;
    let store = desk.store();
    let (old, new) = (account("ada"), account("bob"));
    store.add(&old).await.unwrap();
    desk.keyring.move_default(Some("other"));
    assert_eq!(seen(store.entries().await), ["ada"]);
    store.add(&new).await.unwrap();
    for id in [old.id, new.id] {
        store.change(id, |account| account.name = Some("Work".into())).await.unwrap().expect("it is there");
    }
    assert_eq!(seen(store.entries().await), ["ada", "bob"]);
    let paths: Vec<_> = desk.keyring.items().into_iter().map(|item| item.path).collect();
    assert!(paths.len() == 2 && paths[0].contains("/login/") && paths[1].contains("/other/"), "{paths:?}");
    desk.keyring.move_default(None);
    assert_eq!(seen(store.entries().await), ["ada", "bob"]);
}

#[tokio::test]
async fn k17_a_keyring_that_started_anew_is_used_again() {
    let desk = Desk::new(Manners::default()).await;
    let store = desk.store();
    let ada = account("ada");
    store.add(&ada).await.unwrap();
    desk.keyring.forget_sessions();
    assert_eq!(seen(store.entries().await), ["ada"]);
    desk.keyring.forget_sessions();
    store.change(ada.id, |account| account.name = Some("Work".into())).await.unwrap().expect("it is there");
    desk.keyring.forget_sessions();
    store.add(&account("bob")).await.unwrap();
    assert_eq!(seen(store.entries().await), ["ada", "bob"]);

    // Another keyring takes the place of the first, with nothing in it.
    let Desk { bus, keyring, folder } = desk;
    keyring.end().await;
    assert!(matches!(store.entries().await, Err(StoreError::NoKeyring)));
    let keyring = testing::mock_keyring::MockKeyring::start(bus.address(), Manners::default()).await;
    let desk = Desk { bus, keyring, folder };
    assert_eq!(store.entries().await.unwrap(), []);
    store.add(&ada).await.unwrap();
    assert_eq!(
        (seen(store.entries().await), seen(desk.store().entries().await)),
        (vec!["ada".into()], vec!["ada".into()])
    );
}

#[tokio::test]
async fn k18_a_keyring_that_does_not_answer_is_given_up() {
    for method in ["OpenSession", "SearchItems", "Get", "GetSecret", "Unlock", "CreateItem", "ReadAlias"] {
        let desk = Desk::new(Manners::default()).await;
        desk.store().add(&account("ada")).await.unwrap();
        if method == "Unlock" {
            desk.keyring.lock().await;
        }
        desk.keyring.behave(|now| now.stalls = Some(method));
        let store = desk.store_within(SHORT);
        let outcome = match method {
            "CreateItem" | "ReadAlias" => store.add(&account("bob")).await,
            _ => store.entries().await.map(|_| ()),
        };
        assert!(matches!(outcome, Err(StoreError::TimedOut)), "{method}: {outcome:?}");
    }
}

#[test]
fn a_prompt_is_no_change_of_the_keyring() {
    let counts = |interface| {
        let signal = Message::signal("/org/freedesktop/secrets/x", interface, "Changed").unwrap();
        signals::concerns(&signal.build(&()).unwrap())
    };
    assert!(!counts("org.freedesktop.Secret.Prompt"));
    for interface in
        ["org.freedesktop.Secret.Service", "org.freedesktop.Secret.Collection", "org.freedesktop.DBus.Properties"]
    {
        assert!(counts(interface));
    }
}
