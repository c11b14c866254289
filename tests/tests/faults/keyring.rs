// SPDX-License-Identifier: GPL-3.0-or-later
//! A keyring that stores nothing, from which others delete, and that holds an account twice.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use usher_demo_store::{Authorization, CREDENTIAL_MARK};
use usher_tests::{Session, Setup, send_signal, wait_for};

use crate::client::{APP, Client, Daemon, SignIn};

const TOKEN: &str = "credential-CANARY-9a41";

async fn list(session: &Session) -> String {
    session.usherctl(&["list"]).await.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn k06_a_sign_in_that_a_locked_keyring_refuses_is_saved_once_it_is_unlocked() {
    let session = Session::start(Setup::without_display()).await;
    let mut sign_in = SignIn::start(&session).await;
    session.keyring().lock().await;
    session.keyring().dismiss_next_prompt();
    let browser = sign_in.redirect(TOKEN);
    sign_in.says("Signed in, but the keyring did not save it: it is locked.").await;
    session.keyring().answer_next_prompt();
    assert!(session.keyring().ask_to_unlock().await);
    let (code, said) = sign_in.end().await;
    assert_eq!(code, 0, "{said}");
    browser.await.expect("the browser comes back");
    assert!(list(&session).await.contains("Signed in"));
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn k06_a_sign_in_waits_for_a_keyring_that_has_ended() {
    let session = Session::start(Setup::without_display()).await;
    let mut sign_in = SignIn::start(&session).await;
    session.bus.kill_owner("org.freedesktop.secrets").await;
    let browser = sign_in.redirect(TOKEN);
    sign_in.says("Signed in, but the keyring did not save it: none is running.").await;
    session.keyring().restart(&session.processes, &session.bus).await;
    let (code, said) = sign_in.end().await;
    assert_eq!(code, 0, "{said}");
    browser.await.expect("the browser comes back");
    assert!(list(&session).await.contains("Signed in"));
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn l09_a_sign_in_that_the_keyring_has_no_room_for_is_not_listed_once_it_is_given_up() {
    let session = Session::start(Setup::without_display()).await;
    let mut sign_in = SignIn::start(&session).await;
    // As on a full disk: the keyring cannot create a file in its folder.
    let folder = Path::new(&session.processes.environment()["XDG_DATA_HOME"]).join("keyrings");
    let aside = folder.with_extension("aside");
    fs::rename(&folder, &aside).expect("the keyring has its files there");
    fs::write(&folder, "in the way").expect("a file can be written");
    let browser = sign_in.redirect(TOKEN);
    sign_in.says("Signed in, but the keyring did not save it:").await;
    sign_in.interrupt();
    sign_in.says("The sign-in is not saved yet.").await;
    sign_in.interrupt();
    let (code, said) = sign_in.end().await;
    assert_eq!(code, 7, "{said}");
    browser.await.expect("the browser comes back");
    fs::remove_file(&folder).expect("the file is there");
    fs::rename(&aside, &folder).expect("the files can come back");
    assert!(list(&session).await.starts_with("No accounts."));
}

#[tokio::test(flavor = "multi_thread")]
async fn k07_the_daemon_forgets_an_account_that_another_program_deleted() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let daemon = Daemon::start(&session, "", &[]).await;
    let mut client = Client::new(&session).await;
    assert_eq!(client.request(&session).await.code, 0);
    session.keyring().delete_items().await;
    let response = wait_for(
        "the daemon to hear of it",
        async || {
            let response = client.request(&session).await;
            (response.code != 0).then_some(response)
        },
        async || String::new(),
    )
    .await;
    assert!(response.message.starts_with("Account needed."), "{}", response.message);
    assert_eq!(crate::client::owner(&session).await, daemon.id, "it is the same daemon");
    assert!(session.keyring().items().await.is_empty(), "nothing is written back");
}

#[tokio::test(flavor = "multi_thread")]
async fn k07_removing_an_account_that_another_program_has_just_deleted_succeeds() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    let app = session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press_row(&format!("demo, {}", session.host())).await;
    window.press("Remove Account…").await;
    window.says("Remove demo?").await;
    session.keyring().delete_items().await;
    window.press("Remove").await;
    wait_for(
        "the account to be gone",
        async || (!screen.tree().await.mentions("Signed in")).then_some(()),
        async || screen.tree().await.to_string(),
    )
    .await;
    assert!(session.processes.ids().contains(&app), "the window process is alive");
    assert!(session.keyring().items().await.is_empty(), "nothing is written back");
}

#[tokio::test(flavor = "multi_thread")]
async fn k09_the_newest_item_of_an_account_is_used_and_never_one_of_another_server() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let good = session.keyring().only_item().await;
    let text = good.text();
    let (_, rest) = text.split_once(CREDENTIAL_MARK).expect("the account has its credential");
    let end = rest.find('"').expect("the credential ends");
    let credential = format!("{CREDENTIAL_MARK}{}", &rest[..end]);

    // Add older items, and newer ones of another server.
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let evil = format!("http://{}/", elsewhere.local_addr().expect("it has a port"));
    let ours = session.shop().base_url().to_string();
    assert!(text.contains(&ours), "the account names its server");
    let number: u64 = field(&text, "generation").parse().expect("a number");
    let with_generation =
        |text: &str, new: u64| text.replace(&format!("\"generation\":{number}"), &format!("\"generation\":{new}"));
    let add = async |secret: String| session.keyring().add_item(&good.label, &good.attributes, secret.as_bytes()).await;
    for _ in 0..3 {
        add(with_generation(&text.replace(&ours, &evil), number + 9)).await;
        add(with_generation(&text.replace(&credential, TOKEN), number - 1)).await;
        // Of items of equal age, the first one counts.
        add(text.replace(&credential, TOKEN)).await;
    }
    let control = session.shop().control();
    for _ in 0..5 {
        let daemon = Daemon::start(&session, "", &[]).await;
        let response = Client::new(&session).await.request(&session).await;
        assert_eq!(response.code, 0, "{}", response.message);
        let asked = control.requests().into_iter().rev().find(|request| request.path == "/api/v1/get_tokens");
        let asked = asked.expect("the shop was asked");
        assert_eq!((asked.authorization, asked.user.as_deref()), (Authorization::Bearer, Some("demo")));
        send_signal(daemon.id, Signal::TERM);
        session.bus.wait_until_free(usher_tests::AUTHENTICATOR).await;
    }
    let nobody = futures_util::FutureExt::now_or_never(elsewhere.accept());
    assert!(nobody.is_none(), "the other server was never contacted");
    assert!(session.flatpak().run(&["install", "--user", "--noninteractive", APP]).await.code == 0);
}

/// A number in the JSON of an account.
fn field<'t>(text: &'t str, name: &str) -> &'t str {
    let rest = text.split_once(&format!("\"{name}\":")).expect("the field is there").1;
    &rest[..rest.find([',', '}']).expect("the field ends")]
}
