// SPDX-License-Identifier: GPL-3.0-or-later
//! A keyring that does not keep, that others tidy up, and that holds two of a kind.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use rustix::process::Signal;
use secret_service::{EncryptionType, SecretService};
use usher_demo_store::{Authorization, CREDENTIAL_MARK};
use usher_tests::{Item, SCHEMA, Session, Setup, send, wait_for};
use zbus::fdo::DBusProxy;

use crate::client::{APP, Client, Daemon, SignIn, terminal_only};

const TOKEN: &str = "credential-CANARY-9a41";

async fn service(session: &Session) -> SecretService<'_> {
    let connection = session.bus.connection.clone();
    SecretService::connect_with_existing(EncryptionType::Dh, connection).await.expect("the keyring answers")
}

async fn remove_all(session: &Session) {
    let service = service(session).await;
    let found = service.search_items(HashMap::from([("xdg:schema", SCHEMA)])).await.expect("the keyring is searched");
    assert!(!found.unlocked.is_empty(), "there is something to remove");
    for item in found.unlocked {
        item.delete().await.expect("an item can be removed");
    }
}

/// Puts one more item with the same attributes into the keyring.
async fn plant(session: &Session, like: &Item, secret: &str) {
    let service = service(session).await;
    let collection = service.get_default_collection().await.expect("there is a default collection");
    let attributes = like.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let item = collection.create_item(&like.label, attributes, secret.as_bytes(), false, "application/octet-stream");
    item.await.expect("the keyring takes an item");
}

async fn list(session: &Session) -> String {
    String::from_utf8(session.usherctl(&["list"]).await.stdout).expect("the list is text")
}

#[tokio::test(flavor = "multi_thread")]
async fn k06_what_a_locked_keyring_does_not_keep_is_told_and_not_listed() {
    let session = Session::start(terminal_only()).await;
    let sign_in = SignIn::start(&session).await;
    session.keyring().lock().await;
    sign_in.come_back(TOKEN).await.expect("the browser comes back");
    let (code, said) = sign_in.end().await;
    assert_eq!((code, said.as_str()), (5, "The keyring is locked. Unlock it, then try again.\n"));
    session.keyring().the_next_question_is_answered();
    assert!(session.keyring().ask_to_unlock().await);
    assert!(list(&session).await.starts_with("No accounts."));
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn k06_what_a_keyring_that_ends_does_not_keep_is_told() {
    let session = Session::start(terminal_only()).await;
    let sign_in = SignIn::start(&session).await;
    let bus = DBusProxy::new(&session.bus.connection).await.expect("the bus has its own interface");
    let name = "org.freedesktop.secrets".try_into().expect("a valid name");
    send(bus.get_connection_unix_process_id(name).await.expect("there is a keyring"), Signal::KILL);
    wait_for(
        "the end of the keyring",
        async || (!session.bus.has_owner("org.freedesktop.secrets").await).then_some(()),
        async || String::new(),
    )
    .await;
    sign_in.come_back(TOKEN).await.expect("the browser comes back");
    let (code, said) = sign_in.end().await;
    assert_eq!((code, said.as_str()), (5, "No keyring is running, so no account can be used.\n"));
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn l09_what_the_keyring_has_no_room_for_is_told_and_not_listed() {
    let session = Session::start(terminal_only()).await;
    let sign_in = SignIn::start(&session).await;
    // A disk that takes no more: nothing can be made where the keyring keeps its files.
    let folder = Path::new(&session.processes.environment()["XDG_DATA_HOME"]).join("keyrings");
    let aside = folder.with_extension("aside");
    fs::rename(&folder, &aside).expect("the keyring has its files there");
    fs::write(&folder, "in the way").expect("a file can be written");
    sign_in.come_back(TOKEN).await.expect("the browser comes back");
    let (code, said) = sign_in.end().await;
    assert_eq!(code, 5, "{said}");
    assert!(said.starts_with("The keyring did not do what was asked:"), "{said}");
    fs::remove_file(&folder).expect("the file is there");
    fs::rename(&aside, &folder).expect("the files can come back");
    assert!(list(&session).await.starts_with("No accounts."));
}

#[tokio::test(flavor = "multi_thread")]
async fn k07_an_account_that_is_deleted_elsewhere_is_gone_for_the_daemon_too() {
    let session = Session::start(terminal_only()).await;
    session.sign_in_before("demo").await;
    let daemon = Daemon::start(&session, "", &[]).await;
    let mut client = Client::new(&session).await;
    assert_eq!(client.answer(&session).await.code, 0);
    remove_all(&session).await;
    let response = wait_for(
        "the daemon to hear of it",
        async || {
            let response = client.answer(&session).await;
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
async fn k07_removing_an_account_that_is_deleted_elsewhere_meanwhile_ends_well() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_before("demo").await;
    let app = session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press_row(&format!("demo, {}", session.host())).await;
    window.press("Remove Account…").await;
    window.says("Remove demo?").await;
    remove_all(&session).await;
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
async fn k09_of_two_items_of_one_account_the_newer_is_used_and_never_one_of_another_server() {
    let session = Session::start(terminal_only()).await;
    session.sign_in_before("demo").await;
    let good = session.keyring().the_item().await;
    let text = good.text();
    let (_, rest) = text.split_once(CREDENTIAL_MARK).expect("the account has its credential");
    let end = rest.find('"').expect("the credential ends");
    let credential = format!("{CREDENTIAL_MARK}{}", &rest[..end]);

    // Older ones and those of other servers, among them in the keyring's order.
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let evil = format!("http://{}/", elsewhere.local_addr().expect("it has a port"));
    let ours = session.shop().base_url().to_string();
    assert!(text.contains(&ours), "the account names its server");
    let number: u64 = field(&text, "generation").parse().expect("a number");
    let with_generation =
        |text: &str, new: u64| text.replace(&format!("\"generation\":{number}"), &format!("\"generation\":{new}"));
    for _ in 0..3 {
        plant(&session, &good, &with_generation(&text.replace(&ours, &evil), number + 9)).await;
        plant(&session, &good, &with_generation(&text.replace(&credential, TOKEN), number - 1)).await;
        // Of equal ones the one that was there first.
        plant(&session, &good, &text.replace(&credential, TOKEN)).await;
    }
    let control = session.shop().control();
    for _ in 0..5 {
        let daemon = Daemon::start(&session, "", &[]).await;
        let response = Client::new(&session).await.answer(&session).await;
        assert_eq!(response.code, 0, "{}", response.message);
        let asked = control.requests().into_iter().rev().find(|request| request.path == "/api/v1/get_tokens");
        let asked = asked.expect("the shop was asked");
        assert_eq!((asked.authorization, asked.user.as_deref()), (Authorization::Bearer, Some("demo")));
        let name = daemon.log.display().to_string();
        send(daemon.id, Signal::TERM);
        wait_for(
            "the end of the daemon",
            async || (!session.bus.has_owner(usher_tests::AUTHENTICATOR).await).then_some(()),
            async || name,
        )
        .await;
    }
    let nobody = futures_util::FutureExt::now_or_never(elsewhere.accept());
    assert!(nobody.is_none(), "the other server was never spoken to");
    assert!(session.flatpak().run(&["install", "--user", "--noninteractive", APP]).await.code == 0);
}

/// A number of the record.
fn field<'t>(text: &'t str, name: &str) -> &'t str {
    let rest = text.split_once(&format!("\"{name}\":")).expect("the field is there").1;
    &rest[..rest.find([',', '}']).expect("the field ends")]
}
