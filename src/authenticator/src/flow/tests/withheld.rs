// SPDX-License-Identifier: GPL-3.0-or-later
//! What no window shows: remotes whose options cannot be used, and failures that a program tells nobody.

use usher_core::{binding::OptionsError, notices::Cause, service::UrlError};

use super::*;
use crate::{
    fakes::{configured, options},
    flow::Ending,
};

/// A request for the remote `shop`, and the remote itself, with this option changed.
fn with_option(world: &World, name: &str, value: Option<&str>) -> Request {
    let mut changed = options(crate::fakes::SERVICE);
    changed.remove(name);
    changed.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    world.remotes.lock().unwrap()[0].options = changed.clone();
    Request { options: changed, ..request(&[APP, OTHER]) }
}

#[tokio::test]
async fn options_that_cannot_be_used_block_no_update_and_leave_a_mark() {
    for (name, value, message) in [
        ("url", None, "Remote “shop” does not say where its accounts are (authenticator option “url”)."),
        ("url", Some("nonsense"), "The authenticator option “url” of remote “shop” cannot be used."),
        (
            "url",
            Some("http://store.example.org/"),
            "The address in the authenticator option “url” of remote “shop” is not secure (https).",
        ),
        (
            "type",
            Some("ticket"),
            "Remote “shop” asks for accounts of the type “ticket”, which Usher does not know. Another program may serve it.",
        ),
    ] {
        for is_silent in [false, true] {
            let world = World::good();
            let asked = with_option(&world, name, value);
            let asked = if is_silent { silent(asked) } else { asked };
            let installed = answer(&world, &asked).await;
            assert_eq!(response(&installed), failed(2, message));
            assert_eq!(installed.follow_up.unusable.as_ref().map(|note| note.operation), Some(Operation::Install));
            world.install(&[APP, OTHER]);
            let updated = answer(&world, &asked).await;
            assert_eq!(response(&updated), all_left_out(), "{message}");
            let note = updated.follow_up.unusable.expect("a mark");
            assert_eq!((note.operation, note.remote.as_str()), (Operation::Update, "shop"));
            assert_eq!((note.remote_uri.as_str(), note.refs), (REMOTE_URI, vec![APP.to_owned(), OTHER.to_owned()]));
            assert_eq!((world.calls(), world.questions().len()), (0, 0));
        }
    }
}

#[tokio::test]
async fn r25_options_of_a_remote_that_is_not_configured_leave_no_mark() {
    let world = World::good();
    let asked = Request { options: options("http://elsewhere.example/"), ..request(&[APP]) };
    assert_eq!(asked.ground().unwrap_err(), OptionsError::Address("url", UrlError::NotSecure).into());
    world.install(&[APP]);
    let reply = answer(&world, &asked).await;
    assert_eq!(response(&reply), (0, APP.to_owned()));
    assert_eq!(reply.follow_up.unusable, None);
}

#[tokio::test]
async fn a_program_that_tells_nobody_of_a_failure_is_told_by_a_notification_where_no_window_is() {
    let arranged: [fn(&World); 5] = [
        |world| world.accounts.lock().unwrap().clear(),
        |world| world.set_server(Says::No(&["org.example.App"])),
        |world| world.set_server(Says::Fails(TokensError::Unexpected)),
        |world| world.set_keyring(Keyring::Missing),
        |world| *world.accounts.lock().unwrap() = vec![account("https://old.example/", "demo", &[REMOTE_URI])],
    ];
    for (client, is_mute) in [("plasma-discover", true), ("flatpak", false), ("claimed:plasma-discover", false)] {
        for (ending, on_screen) in [
            (Ending::Deferred, true),
            (Ending::Dismissed, true),
            (Ending::Withheld, false),
            (Ending::Queued, false),
            (Ending::Failed, false),
        ] {
            for (number, arrange) in arranged.iter().enumerate() {
                let stopped = async |interactive| {
                    let world = World::good();
                    arrange(&world);
                    *world.client.lock().unwrap() = client;
                    world.endings.lock().unwrap().push_back(ending);
                    let reply = answer(&world, &Request { interactive, ..request(&[APP]) }).await;
                    assert_ne!(response(&reply).0, 0);
                    reply.follow_up.notification.map(|event| event.cause)
                };
                // The first two are questions; the others never open a window.
                let is_withheld = is_mute && (!on_screen || number > 1);
                let expected = is_withheld.then_some(Cause::Stopped);
                assert_eq!(stopped(true).await, expected, "{client} {ending:?} {number}");
                assert_eq!(stopped(false).await, None, "{client} {ending:?} {number}");
            }
        }
    }
    let unknown = configured("other", REMOTE_URI, crate::fakes::SERVICE);
    let world = World::empty();
    *world.client.lock().unwrap() = "plasma-discover";
    *world.remotes.lock().unwrap() = vec![unknown];
    let reply = answer(&world, &request(&[APP])).await;
    assert!(reply.follow_up.notification.is_none(), "no remote of this computer (rule R25)");
}
