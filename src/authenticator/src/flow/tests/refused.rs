// SPDX-License-Identifier: GPL-3.0-or-later
//! A remote that the person does not let use an account.

use usher_core::notices::Cause;

use super::*;
use crate::{
    fakes::{SERVICE, ground},
    flow::Ending,
};

const REFUSED: &str = "Not allowed: “shop” may not use an account at store.example.org. This can be changed in Usher.";

/// A change of the world, and what it is.
type Case = (&'static str, fn(&World));

fn refuse(world: &World) {
    world.refused.lock().unwrap().push(ground());
}

#[tokio::test]
async fn g14_a_refused_remote_is_answered_no_without_a_question_or_a_trace() {
    let arranged: [Case; 6] = [
        ("one account", |world| world.change_account(|account| account.links.clear())),
        ("several accounts", |world| {
            let others = ["a", "b"].map(|user| account(SERVICE, user, &[]));
            *world.accounts.lock().unwrap() = others.into();
        }),
        ("several that it used", |world| {
            world.accounts.lock().unwrap().push(account(SERVICE, "other", &[REMOTE_URI]));
        }),
        ("signed out", |world| {
            world.change_account(|account| {
                account.links.clear();
                account.sign_out();
            });
        }),
        ("no account", |world| world.accounts.lock().unwrap().clear()),
        ("locked", |world| world.set_keyring(Keyring::Locked)),
    ];
    for (what, arrange) in arranged {
        let row = row(|world| {
            arrange(world);
            refuse(world);
        })
        .await;
        assert_eq!((row.install, row.silent_install), (failed(23, REFUSED), failed(23, REFUSED)), "{what}");
        assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()), "{what}");
        assert_eq!((row.install_asked, row.update_asks, row.noted), (vec![], None, None), "{what}");
        let asked = self::row(arrange).await;
        assert!(!asked.install_asked.is_empty(), "{what}: without the refusal there is a question");
    }
}

#[tokio::test]
async fn nobody_unlocks_a_keyring_and_nobody_is_notified_for_a_refused_remote() {
    let world = World::good();
    world.change_account(|account| account.links.clear());
    world.install(&[OTHER]);
    refuse(&world);
    for refs in [APP, OTHER] {
        for asked in [request(&[refs]), silent(request(&[refs]))] {
            let reply = answer(&world, &asked).await;
            assert_eq!((reply.follow_up.note, reply.follow_up.notification), (None, None), "{refs}");
        }
    }
    assert!(world.readings.lock().unwrap().iter().all(|reading| !reading.interactive));
    assert_eq!(world.calls(), 0);
    *world.client.lock().unwrap() = "plasma-discover";
    let notification = answer(&world, &request(&[APP])).await.follow_up.notification;
    assert_eq!(notification.map(|event| event.cause), Some(Cause::Stopped), "the person pressed something there");
}

#[tokio::test]
async fn only_this_remote_at_this_server_is_refused() {
    let world = World::good();
    refuse(&world);
    assert_eq!(response(&answer(&world, &request(&[APP])).await).0, 0, "a permission is newer, and wins");
    let changed: [Case; 2] = [
        ("another server", |world| world.refused.lock().unwrap()[0].binding = crate::fakes::binding("other.example")),
        ("another repository", |world| {
            world.refused.lock().unwrap()[0].remote_url = usher_core::testing::remote_url("https://r.example/");
        }),
    ];
    world.change_account(|account| account.links.clear());
    for (what, change) in changed {
        world.refused.lock().unwrap().clear();
        refuse(&world);
        change(&world);
        let (code, message) = response(&answer(&world, &request(&[APP])).await);
        assert!(code == 23 && message.starts_with("Permission needed."), "{what}: {message}");
    }
    assert_eq!(world.questions().len(), 2);
}

#[tokio::test]
async fn a_question_that_is_answered_no_ends_the_request_with_that() {
    let world = World::good();
    world.change_account(|account| account.links.clear());
    *world.meanwhile.lock().unwrap() = Some(Box::new(refuse));
    world.endings.lock().unwrap().push_back(Ending::Done);
    let reply = answer(&world, &request(&[APP])).await;
    assert_eq!(response(&reply), failed(23, REFUSED));
    assert_eq!((world.questions().len(), reply.follow_up.note), (1, None));
}

#[tokio::test]
async fn an_account_that_is_known_is_used_without_another_look_and_nothing_else_is_believed() {
    let world = World::good();
    world.set_keyring(Keyring::Known);
    refuse(&world);
    assert_eq!(response(&answer(&world, &request(&[APP])).await).0, 0, "a permission is newer, and wins");
    assert_eq!(world.readings.lock().unwrap().as_slice(), []);
    world.change_account(|account| account.links.clear());
    assert_eq!(response(&answer(&world, &request(&[APP])).await), failed(23, REFUSED));
    let afresh: Vec<bool> = world.readings.lock().unwrap().iter().map(|reading| reading.afresh).collect();
    assert_eq!(afresh, [false, true]);
}
