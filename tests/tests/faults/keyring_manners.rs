// SPDX-License-Identifier: GPL-3.0-or-later
//! Keyrings with other manners than GNOME Keyring's: what a request is answered, and what `usherctl list` shows.

use rustix::process::Signal;
use usher_core::testing::mock_keyring::{Lock, Manners, MockKeyring, Person};
use usher_tests::{AUTHENTICATOR, KeyringState, Session, Setup, send_signal};

use crate::client::{Client, Daemon};

/// How requests and lists end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Works {
    Yes,
    /// The server of the account is shown, and that it is locked.
    Locked,
    /// Nothing is shown but that the keyring is locked.
    Sealed,
}

fn table() -> Vec<(&'static str, Manners, Works)> {
    let opens = |manners: Manners| Manners { lock: Lock::OpensWhenAsked, ..manners };
    let asks = Manners::default();
    let items = Manners { locks_single_items: true, ..Manners::default() };
    let hides = Manners { hides_locked_items: true, ..Manners::default() };
    vec![
        ("it asks the person", asks.clone(), Works::Locked),
        ("it opens when asked", opens(asks.clone()), Works::Yes),
        ("items ask the person", items.clone(), Works::Locked),
        ("items open when asked", opens(items), Works::Yes),
        ("it shows nothing", hides.clone(), Works::Sealed),
        ("it shows nothing and opens when asked", opens(hides), Works::Yes),
        ("it asks at each save", opens(Manners { asks_at_save: true, ..asks.clone() }), Works::Yes),
        (
            "it claims another content",
            opens(Manners { content_type: Some("text/plain; charset=utf8"), ..asks }),
            Works::Yes,
        ),
    ]
}

async fn start() -> (Session, MockKeyring) {
    let session = Session::start(Setup { keyring: KeyringState::None, ..Setup::without_display() }).await;
    let keyring = MockKeyring::start(&session.bus.address, Manners::default()).await;
    session.sign_in_as("demo").await;
    (session, keyring)
}

/// Asks a freshly started daemon without interaction.
async fn answer(session: &Session) -> (u32, String) {
    let daemon = Daemon::start(session, "", &[]).await;
    let response = Client::new(session).await.request(session).await;
    send_signal(daemon.id, Signal::TERM);
    session.bus.wait_until_free(AUTHENTICATOR).await;
    (response.code, response.message)
}

#[tokio::test(flavor = "multi_thread")]
async fn k14_a_locked_keyring_opens_without_a_question_where_it_can_and_is_locked_otherwise() {
    let (session, keyring) = start().await;
    for (name, manners, works) in table() {
        keyring.behave(|now| *now = manners.clone());
        keyring.lock().await;
        let (code, message) = answer(&session).await;
        if works == Works::Yes {
            assert_eq!(code, 0, "{name}: {message}");
        } else {
            assert_eq!((code, message.as_str()), (2, "Keyring locked. Unlock it, then try again."), "{name}");
        }
        keyring.lock().await;
        let list = session.usherctl(&["list"]).await;
        match works {
            Works::Yes => {
                assert!(list.stdout.contains("demo") && list.stdout.contains("Signed in"), "{name}: {list:?}");
            }
            Works::Locked => {
                assert!(list.stdout.contains(&session.host()) && list.stdout.contains("Locked"), "{name}: {list:?}");
            }
            Works::Sealed => assert_eq!((list.code, list.stdout.as_str()), (5, ""), "{name}: {list:?}"),
        }
        assert_eq!(keyring.prompts(), 0, "{name}: nobody is asked");
        keyring.behave(|now| now.lock = Lock::OpensWhenAsked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k14_signing_in_again_opens_the_keyring_first_and_adds_nothing() {
    let (session, keyring) = start().await;
    for manners in [
        Manners::default(),
        Manners { locks_single_items: true, ..Manners::default() },
        Manners { hides_locked_items: true, ..Manners::default() },
    ] {
        let prompts = keyring.prompts();
        keyring.behave(|now| *now = manners);
        keyring.lock().await;
        // The account is found and may be used already; nobody needs a page.
        let output = session.usherctl(&["allow", "demo"]).await;
        assert_eq!((output.code, keyring.prompts()), (0, prompts + 1), "{output:?}");
        keyring.behave(|now| now.person = Person::Dismisses);
        keyring.lock().await;
        let output = session.usherctl(&["sign-in", "demo"]).await;
        assert_eq!((output.code, output.stderr.as_str()), (5, "The keyring is locked. Unlock it, then try again.\n"));
        assert_eq!(keyring.items().len(), 1);
        // Open again for the next one.
        keyring.behave(|now| now.lock = Lock::OpensWhenAsked);
        session.usherctl(&["list"]).await.expect_success();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k25_a_keyring_that_asks_for_each_program_asks_for_the_daemon_itself() {
    let (session, keyring) = start().await;
    let app = "org.example.Postcard";
    keyring.behave(|now| *now = Manners { locks_single_items: true, person: Person::IsAway, ..Manners::default() });
    keyring.lock().await;
    for _ in 0..2 {
        let outcome = session.flatpak().install(app).end().await;
        outcome.expect_refusal("Keyring locked. Unlock it, then try again.");
        keyring.wait_for_prompt().await;
        assert_eq!(keyring.prompts(), 1, "it asks once, however often the install is tried");
    }
    keyring.behave(|now| now.person = Person::Agrees);
    keyring.answer_prompts().await;
    session.flatpak().install(app).end().await.expect_success();
}

#[tokio::test(flavor = "multi_thread")]
async fn k15_an_unreadable_item_of_another_account_stops_no_request() {
    let (session, keyring) = start().await;
    let good = keyring.items().remove(0);
    let mut attributes = good.attributes.clone();
    attributes.insert("account".to_owned(), "7e0cf1a2-55f3-4ae7-a001-0d5b5b4aa2f1".to_owned());
    keyring.add_item(&attributes, b"\xff");
    assert_eq!(answer(&session).await.0, 0);
    let list = session.usherctl(&["list"]).await.stdout;
    assert!(list.contains("demo") && list.contains("Unreadable account"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn k16_another_default_collection_hides_no_account() {
    let (session, keyring) = start().await;
    for default in [Some("other"), None] {
        keyring.move_default(default);
        assert_eq!(answer(&session).await.0, 0, "{default:?}");
        assert!(session.usherctl(&["list"]).await.stdout.contains("demo"), "{default:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn k17_a_running_daemon_uses_a_keyring_that_reports_nothing_and_one_that_started_anew() {
    let (session, keyring) = start().await;
    keyring.behave(|now| now.is_silent = true);
    let _daemon = Daemon::start(&session, "", &[]).await;
    let mut client = Client::new(&session).await;
    assert_eq!(client.request(&session).await.code, 0);
    session.usherctl(&["remove", "--yes", "demo"]).await;
    assert!(keyring.items().is_empty());
    session.sign_in_as("demo").await;
    keyring.forget_sessions();
    let response = client.request(&session).await;
    assert_eq!(response.code, 0, "{}", response.message);
}
