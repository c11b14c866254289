// SPDX-License-Identifier: GPL-3.0-or-later
//! An account of a user name and a password, from its sign-in to a password that was changed.

use serde_json::Value;
use usher_demo_store::{Authorization, Publication, SignInKind};
use usher_tests::{Session, Setup, usherctl::CommandOutput};

const APP: &str = "org.example.Postcard";
const FREE: &str = "org.example.Metronome";
const PAID: &str = "org.example.Sketchbook";
const FIRST: &str = "CANARY-first: one";
const SECOND: &str = "CANARY-second: “é”";

/// Signs in for the remote `demo` with a password from standard input.
fn sign_in(session: &Session, password: &str) -> CommandOutput {
    session.usherctl_with_password(&["sign-in", "demo", "--user", "demo", "--password-stdin"], password)
}

/// The state of the only account.
async fn state(session: &Session) -> String {
    let list = session.usherctl(&["list", "--json"]).await.expect_success().stdout.clone();
    let list: Value = serde_json::from_str(&list).expect("JSON");
    assert_eq!(list["accounts"].as_array().map(Vec::len), Some(1), "{list}");
    list["accounts"][0]["state"].as_str().expect("a state").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn b04_a_changed_password_ends_the_sign_in_blocks_no_update_and_is_asked_for_again() {
    let session = Session::start(Setup { sign_in: SignInKind::Basic, ..Setup::without_display() }).await;
    let (control, host) = (session.shop().control(), session.host());
    let needed = format!("Account needed. Run “usherctl sign-in {host}”, then try again.");
    control.set_password("demo", FIRST).expect("the shop has this user");
    let flatpak = session.flatpak();
    flatpak.install(APP).end().await.expect_refusal(&needed);
    sign_in(&session, FIRST).expect_success();
    for app in [APP, FREE] {
        flatpak.install(app).end().await.expect_success();
    }
    session.buy(PAID).await;

    control.set_password("demo", SECOND).expect("the shop has this user");
    let updates = [APP, FREE].map(|app| Publication::Update(app.to_owned()));
    control.publish(updates.into()).await.expect("the shop publishes");
    // It keeps tokens for some minutes.
    session.stop_daemon().await;
    let before = [flatpak.commit(APP).await, flatpak.commit(FREE).await];
    flatpak.run(&["update", "--user", "--noninteractive"]).await;
    assert_eq!(flatpak.commit(APP).await, before[0]);
    assert_ne!(flatpak.commit(FREE).await, before[1], "the free app is updated");
    assert_eq!(state(&session).await, "expired");
    let ended = format!("Sign-in expired. Run “usherctl sign-in {host}”, then try again.");
    flatpak.install(PAID).end().await.expect_refusal(&ended);
    assert_ne!(sign_in(&session, FIRST).code, 0);
    assert_eq!(state(&session).await, "expired", "the old password is refused");
    sign_in(&session, SECOND).expect_success();
    assert_eq!(state(&session).await, "signed-in");
    flatpak.install(PAID).end().await.expect_success();

    let requests = session.shop().requests();
    let calls = requests.iter().filter(|request| request.path.starts_with("/api/"));
    assert!(calls.clone().count() > 4 && calls.clone().all(|call| call.authorization != Authorization::Bearer));
    let repository = requests.iter().filter(|request| request.path.starts_with("/repo/"));
    assert!(repository.clone().all(|request| request.authorization != Authorization::Basic), "no password gets there");
    assert_eq!(session.leaks(), []);
}
