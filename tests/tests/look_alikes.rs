// SPDX-License-Identifier: GPL-3.0-or-later
//! How well a server is known, for who does not see it: it describes the heading that has the keyboard, wherever a page
//! says it.

use usher_tests::{ACCESS, AUTHENTICATOR, Node, Role, Session, Setup, Tree};
use zbus::zvariant::Value;

const KNOWN: &str = "store.example.org";
const LOOK_ALIKE: &str = "st0re.example.org";
const WARNING: &str = "Not the same as store.example.org, which is already in use";

/// Saves an account at a server that does not exist here, as if it had been signed in to.
async fn add_account_at(session: &Session, host: &str) {
    session.sign_in_as("demo").await;
    let account = session.keyring().only_item().await;
    let (old, new) = (session.shop().base_url().to_string(), format!("https://{host}/"));
    let (old, new) = (old.trim_end_matches('/'), new.trim_end_matches('/'));
    let moved = |text: &str| text.replace(old, new);
    let mut record: serde_json::Value = serde_json::from_str(&moved(&account.text())).expect("an account is JSON");
    record["user"] = "known".into();
    let attributes = account.attributes.iter().map(|(name, value)| (name.clone(), moved(value)));
    session.keyring().delete_items().await;
    session.keyring().add_item("Usher", &attributes.collect(), record.to_string().as_bytes()).await;
    let listed = session.usherctl(&["list"]).await;
    assert!(listed.stdout.contains(host), "{}\n{}{}", record, listed.stdout, listed.stderr);
}

/// Sets up a repository that does not exist, which names an account server.
async fn add_repository_of(session: &Session, host: &str) -> String {
    let address = format!("https://{host}/repo/");
    let (name, url) =
        (format!("--authenticator-name={AUTHENTICATOR}"), format!("--authenticator-option=url=https://{host}/"));
    let arguments = ["remote-add", "--user", "--no-gpg-verify", "alike", &address];
    session.flatpak().run(&arguments).await.expect_success();
    session.flatpak().run(&["remote-modify", "--user", &name, &url, "alike"]).await.expect_success();
    address
}

fn focused(tree: &Tree) -> Option<&Node> {
    tree.nodes.iter().find(|node| node.is_focused() && node.role != Role::Frame)
}

#[tokio::test(flavor = "multi_thread")]
async fn w28_the_focused_heading_is_described_by_how_well_the_server_is_known() {
    let session = Session::start(Setup::default()).await;
    add_account_at(&session, KNOWN).await;
    let address = add_repository_of(&session, LOOK_ALIKE).await;
    let screen = session.screen();

    // In a prompt.
    let (bus, asked) = (session.bus.connection.clone(), address.clone());
    let path = format!("/{}", ACCESS.replace('.', "/"));
    let asking = tokio::spawn(async move {
        let arguments = ("t1", "alike", asked, "");
        bus.call_method(Some(ACCESS), path, Some("io.github.usher.Access1"), "SignIn", &arguments).await
    });
    let title = format!("Sign In to {LOOK_ALIKE}");
    let prompt = screen.window(&title).await;
    let heading = |tree: &Tree| focused(tree).filter(|node| node.description.ends_with(WARNING)).cloned();
    assert_eq!(prompt.wait(WARNING, heading).await.role, Role::Heading);
    prompt.press("Not Now").await;
    screen.wait_until_gone(&title).await;
    asking.abort();

    // On the page of a server.
    let path = format!("/{}", AUTHENTICATOR.replace('.', "/"));
    let data = std::collections::HashMap::<&str, Value<'_>>::new();
    let arguments = ("attend-to-repository", vec![Value::from(address)], data);
    let interface = Some("org.freedesktop.Application");
    let called = session.bus.connection.call_method(Some(AUTHENTICATOR), path, interface, "ActivateAction", &arguments);
    called.await.expect("the daemon forwards the call");
    let window = screen.window("Usher").await;
    assert_eq!(window.wait(WARNING, heading).await.role, Role::Heading);
}

#[tokio::test(flavor = "multi_thread")]
async fn w28_the_address_of_a_page_is_described_by_how_well_the_server_is_known() {
    let session = Session::start(Setup::default()).await;
    session.flatpak().install("org.example.Postcard").end().await;
    let host = session.host();
    let screen = session.screen();
    screen.window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
    let page = screen.front();
    page.ready("User name").await;
    let address = page.find_control(&format!("Address: {host}")).await;
    assert_eq!(address.description, "First time at this server", "{}", page.tree().await);
    // Ctrl+L opens what stands behind it.
    screen.key("ctrl+l").await;
    page.ready("Copy Address").await;
}
