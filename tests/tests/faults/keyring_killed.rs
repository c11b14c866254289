// SPDX-License-Identifier: GPL-3.0-or-later
//! A keyring that is killed while it saves a change, and one that is made anew while Usher runs.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use usher_tests::{Session, Setup};
use zbus::fdo::MonitoringProxy;
use zbus::{Connection, MatchRule, MessageStream};

use crate::client::{Client, Daemon, owner};

const KEYRING: &str = "org.freedesktop.secrets";
/// How many moments to kill it at, and how far apart they are.
const POINTS: u32 = 20;
const STEP: Duration = Duration::from_micros(200);

/// All calls of `CreateItem` on the bus.
async fn saves(session: &Session) -> MessageStream {
    let address = session.bus.address.as_str();
    let connection: Connection =
        zbus::connection::Builder::address(address).expect("a sound address").build().await.expect("there is a bus");
    let rule = MatchRule::builder().interface("org.freedesktop.Secret.Collection").expect("a valid interface");
    let rule = rule.member("CreateItem").expect("a valid name").build();
    let monitoring = MonitoringProxy::new(&connection).await.expect("the bus has its own interface");
    monitoring.become_monitor(&[rule], 0).await.expect("the bus allows monitors");
    MessageStream::from(&connection)
}

/// The custom name of the one account, which must be whole.
async fn name(session: &Session) -> String {
    let item = session.keyring().only_item().await;
    let account: serde_json::Value = serde_json::from_str(&item.text()).expect("an account is JSON");
    assert_eq!((account["user"].as_str(), account["state"].as_str()), (Some("demo"), Some("signed-in")));
    account["name"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn k24_a_keyring_killed_in_a_save_has_the_old_account_or_the_new_one() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let mut outcomes = Vec::new();
    for point in 0..POINTS {
        let before = name(&session).await;
        let after = format!("Name {point}");
        let mut saves = saves(&session).await;
        let keyring = session.bus.process_of(KEYRING).await;
        let renaming = async {
            session.usherctl(&["rename", "demo", &after]).await;
        };
        let killing = async {
            saves.next().await.expect("a change is saved").expect("the bus runs");
            let since = Instant::now();
            // Timers are too coarse.
            while since.elapsed() < STEP * point {
                std::hint::spin_loop();
            }
            usher_tests::send_signal(keyring, rustix::process::Signal::KILL);
        };
        tokio::join!(renaming, killing);
        session.bus.wait_until_free(KEYRING).await;
        session.keyring().restart(&session.processes, &session.bus).await;
        let now = name(&session).await;
        assert!(now == before || now == after, "{now} is neither {before} nor {after}");
        outcomes.push(now == after);
    }
    assert!(outcomes.contains(&false), "it was killed too late to matter: {outcomes:?}");
    assert!(session.usherctl(&["list"]).await.stdout.contains("Signed in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn k17_a_running_daemon_uses_a_login_keyring_that_was_made_anew() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let daemon = Daemon::start(&session, "", &[]).await;
    let mut client = Client::new(&session).await;
    assert_eq!(client.request(&session).await.code, 0);
    session.bus.kill_owner(KEYRING).await;
    session.keyring().make_anew(&session.processes, &session.bus).await;
    let response = client.request(&session).await;
    assert!(response.message.starts_with("Account needed."), "{}", response.message);
    session.sign_in_as("demo").await;
    let response = client.request(&session).await;
    assert_eq!(response.code, 0, "{}", response.message);
    assert_eq!(owner(&session).await, daemon.id, "it is the same daemon");
}
