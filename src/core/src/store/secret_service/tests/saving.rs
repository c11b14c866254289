// SPDX-License-Identifier: GPL-3.0-or-later
//! How keyrings of many manners take what is saved.

use std::time::Duration;

use super::{Desk, PATIENCE, account, seen};
use crate::{
    binding::Link,
    patience::within,
    service::RemoteUrl,
    sign_in::{ExpectedAccount, SaveOutcome, Unsaved},
    store::{Entry, StoreError, record},
    testing::{
        self,
        mock_keyring::{Manners, Person, Times},
    },
};

/// A limit for calls in which no person has a part.
const LIMIT: Duration = Duration::from_secs(2);

fn unsaved(user: &str) -> Unsaved {
    Unsaved::new(&account(user).binding, &testing::signed_in(user), ExpectedAccount::Anybody, None, None)
}

/// Keyrings that ask the person something when a sign-in is saved.
fn asking() -> Vec<(&'static str, Manners)> {
    vec![
        ("it asks at each save", Manners { asks_at_save: true, ..Manners::default() }),
        ("it asks before it makes a collection", Manners { asks_at_making: true, ..Manners::default() }),
    ]
}

/// Such a keyring, which has no collection for new items if making one is what it asks about.
async fn asking_desk(manners: &Manners, person: Person) -> Desk {
    let desk = Desk::new(Manners { person, ..manners.clone() }).await;
    if manners.asks_at_making {
        desk.keyring.move_default(None);
    }
    desk
}

#[tokio::test]
async fn k19_a_save_that_asks_the_person_has_no_limit_but_the_persons() {
    for (name, manners) in asking() {
        let desk = asking_desk(&manners, Person::IsAway).await;
        let store = desk.store_within(LIMIT);
        let saving = tokio::spawn(async move { unsaved("ada").save(&store).await });
        desk.keyring.wait_for_prompt().await;
        // The person takes longer than any answer of the keyring may.
        tokio::time::sleep(LIMIT * 2).await;
        assert!(!saving.is_finished(), "{name}");
        desk.keyring.answer_prompts().await;
        assert!(matches!(saving.await.unwrap(), Ok(SaveOutcome::Saved(_))), "{name}");
        assert_eq!((desk.keyring.prompts(), desk.keyring.items().len()), (1, 1), "{name}");
    }
}

#[tokio::test]
async fn k19_a_person_who_says_no_at_the_save_can_try_again() {
    for (name, manners) in asking() {
        let desk = asking_desk(&manners, Person::Dismisses).await;
        let (store, unsaved) = (desk.store(), unsaved("ada"));
        // Nothing is locked where there is nothing yet.
        let refused = match unsaved.save(&store).await {
            Err(StoreError::NotSetUp) => manners.asks_at_making,
            Err(StoreError::Dismissed) => manners.asks_at_save,
            _ => false,
        };
        assert!(refused, "{name}");
        assert_eq!(desk.keyring.items().len(), 0, "{name}");
        desk.keyring.behave(|now| now.person = Person::Agrees);
        assert!(matches!(unsaved.save(&store).await, Ok(SaveOutcome::Saved(_))), "{name}");
        assert_eq!((desk.keyring.prompts(), seen(store.entries().await)), (2, vec!["ada".to_owned()]), "{name}");
    }
}

#[tokio::test]
async fn r14_quiet_work_asks_nobody_and_still_saves_changes() {
    let desk = Desk::new(Manners::default()).await;
    let ada = account("ada");
    desk.store().add(&ada).await.unwrap();
    for (name, manners) in asking() {
        desk.keyring.behave(|now| *now = manners.clone());
        desk.keyring.move_default(None);
        let quiet = desk.store().quietly();
        let refused = match quiet.add(&account("bob")).await {
            Err(StoreError::NotSetUp) => manners.asks_at_making,
            Err(StoreError::Locked) => manners.asks_at_save,
            _ => false,
        };
        assert!(refused, "{name}");
        let changed = quiet.change(ada.id, |account| account.name = Some(name.to_owned())).await.unwrap();
        assert!(changed.is_some(), "{name}");
        assert_eq!(quiet.entries().await.unwrap()[0].account().unwrap().name.as_deref(), Some(name));
        desk.keyring.move_default(Some("login"));
    }
    assert_eq!((desk.keyring.prompts(), desk.keyring.items().len()), (0, 1));
}

#[tokio::test]
async fn k20_an_equal_item_that_cannot_be_read_is_left_alone() {
    let desk = Desk::new(Manners::default()).await;
    let ada = account("ada");
    let attributes = record::attributes(&ada);
    for secret in [b"of a later version".as_slice(), &record::encode(&ada).unwrap()] {
        desk.keyring.add_item(&attributes, secret);
    }
    let changed = desk.store().change(ada.id, |account| account.name = Some("new".to_owned())).await.unwrap();
    assert_eq!(changed.unwrap().generation, 1);
    assert_eq!(seen(desk.store().entries().await), ["ada", "broken"]);
    assert_eq!(desk.keyring.items()[0].secret, b"of a later version");
}

#[tokio::test]
async fn k20_a_change_replaces_the_item() {
    let table = [
        ("a good keyring", Manners::default()),
        ("it forgets what SetSecret sets", Manners { forgets_set_secret: true, ..Manners::default() }),
        ("it never replaces", Manners { never_replaces: true, ..Manners::default() }),
        ("it asks at each save", Manners { asks_at_save: true, ..Manners::default() }),
    ];
    for (name, manners) in table {
        let desk = Desk::new(manners).await;
        let store = desk.store();
        let (ada, bob) = (account("ada"), account("bob"));
        store.add(&ada).await.unwrap();
        store.add(&bob).await.unwrap();
        let before = desk.keyring.items();
        for generation in 1..4 {
            let changed = store.change(ada.id, |account| account.name = Some(format!("{generation}"))).await.unwrap();
            assert_eq!(changed.unwrap().generation, generation, "{name}");
        }
        assert_eq!(seen(desk.store().entries().await), ["ada", "bob"], "{name}");
        let after = desk.keyring.items();
        let attributes = |items: &[testing::mock_keyring::StoredItem], account: &str| {
            items.iter().find(|item| item.attributes["account"] == account).map(|item| item.attributes.clone())
        };
        assert_eq!(after.len(), 2, "{name}");
        for id in [ada.id.to_string(), bob.id.to_string()] {
            assert!(
                attributes(&before, &id).is_some() && attributes(&before, &id) == attributes(&after, &id),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn k07_what_another_program_deletes_meanwhile_does_not_come_back() {
    let desk = Desk::new(Manners::default()).await;
    let (ada, store) = (account("ada"), desk.store());
    store.add(&ada).await.unwrap();
    desk.keyring.behave(|now| now.loses_what_was_read = true);
    let changed = store.change(ada.id, |account| account.name = Some("Work".to_owned())).await;
    assert!(changed.unwrap().is_none());
    assert!(desk.keyring.items().is_empty());

    desk.keyring.add_item(&record::attributes(&ada), &record::encode(&ada).unwrap());
    let remote_url = RemoteUrl::parse("https://store.example.org/repo").unwrap();
    assert!(!store.allow(ada.id, Link { remote_url, remote: "store".to_owned() }).await.unwrap());
    assert!(desk.keyring.items().is_empty());
}

#[tokio::test]
async fn k07_what_another_program_deletes_in_the_last_moment_does_not_come_back() {
    // A keyring that gives each change a new item has deleted nothing.
    for (times, is_kept) in [(Times::Once, false), (Times::Always, true)] {
        let desk = Desk::new(Manners::default()).await;
        let (ada, store) = (account("ada"), desk.store());
        store.add(&ada).await.unwrap();
        desk.keyring.behave(|now| now.loses_what_is_replaced = times);
        for name in ["Work", "Home"] {
            let changed = store.change(ada.id, |account| account.name = Some(name.to_owned())).await.unwrap();
            let left: Vec<_> = store.entries().await.unwrap().iter().filter_map(Entry::account).cloned().collect();
            assert_eq!((changed.is_some(), left.len()), (is_kept, usize::from(is_kept)), "{times:?}, {name}");
            assert!(left.iter().all(|account| account.name.as_deref() == Some(name)), "{left:?}");
        }
    }
}

#[tokio::test]
async fn k20_a_read_back_that_differs_is_no_save() {
    // A quiet change falls back to SetSecret, and this keyring forgets what that sets.
    let desk = Desk::new(Manners::default()).await;
    let ada = account("ada");
    desk.store().add(&ada).await.unwrap();
    desk.keyring.behave(|now| (now.asks_at_save, now.forgets_set_secret) = (true, true));
    let changed = desk.store().quietly().change(ada.id, |account| account.name = Some("Work".into())).await;
    assert!(matches!(changed, Err(StoreError::NotKept)), "{changed:?}");
}

#[tokio::test]
async fn k21_a_kept_sign_in_is_saved_once_the_keyring_can() {
    let table = [
        ("it is unlocked", Manners::default()),
        ("it shows nothing while locked", Manners { hides_locked_items: true, ..Manners::default() }),
    ];
    for (name, manners) in table {
        let desk = Desk::new(manners).await;
        desk.store().add(&account("bob")).await.unwrap();
        desk.keyring.lock().await;
        desk.keyring.behave(|now| now.person = Person::Dismisses);
        let (store, unsaved) = (desk.store(), unsaved("ada"));
        assert!(matches!(unsaved.save(&store).await, Err(StoreError::Dismissed)), "{name}");
        let connection = desk.bus.connect().build().await.unwrap();
        let waiting = tokio::spawn({
            let (unsaved, store) = (unsaved.clone(), store.clone());
            async move { unsaved.save_when_possible(&store, &connection).await }
        });
        desk.keyring.behave(|now| now.person = Person::Agrees);
        // The person unlocks it for another program.
        desk.store().unlock().await.unwrap();
        let outcome = within(PATIENCE, waiting).await.expect(name).unwrap();
        assert!(matches!(outcome, SaveOutcome::Saved(_)), "{name}");
        assert_eq!(seen(store.entries().await), ["ada", "bob"], "{name}");
        assert_eq!(desk.keyring.prompts(), 2, "{name}: waiting asks nobody");
    }
}

#[tokio::test]
async fn k21_a_kept_sign_in_is_saved_when_a_keyring_starts() {
    let bus = testing::Bus::start();
    let folder = tempfile::tempdir().unwrap();
    let store = crate::store::testing::on_bus(bus.address(), folder.path(), PATIENCE);
    let unsaved = unsaved("ada");
    assert!(matches!(unsaved.save(&store).await, Err(StoreError::NoKeyring)));
    let connection = bus.connect().build().await.unwrap();
    let waiting = tokio::spawn({
        let (unsaved, store) = (unsaved.clone(), store.clone());
        async move { unsaved.save_when_possible(&store, &connection).await }
    });
    let keyring = testing::mock_keyring::MockKeyring::start(bus.address(), Manners::default()).await;
    let outcome = within(PATIENCE, waiting).await.expect("it is saved").unwrap();
    assert!(matches!(outcome, SaveOutcome::Saved(_)));
    assert_eq!(keyring.items().len(), 1);
}
