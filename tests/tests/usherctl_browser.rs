// SPDX-License-Identifier: GPL-3.0-or-later
//! How `usherctl` opens a browser, and reads a pasted address.

use std::collections::HashMap;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use usher_tests::usherctl::{BrowserCommand, CommandOutput};
use usher_tests::{LIMIT, Session, Setup, browser};
use zbus::zvariant::{OwnedObjectPath, OwnedValue};

/// The desktop's portal for opening addresses. It only reports the address.
struct Portal(UnboundedSender<String>);

#[zbus::interface(name = "org.freedesktop.portal.OpenURI")]
impl Portal {
    #[zbus(name = "OpenURI")]
    fn open_uri(&self, parent: &str, uri: &str, options: HashMap<String, OwnedValue>) -> OwnedObjectPath {
        assert_eq!((parent, options.into_keys().count()), ("", 0));
        self.0.send(uri.to_owned()).expect("the test still waits");
        OwnedObjectPath::try_from("/org/freedesktop/portal/desktop/request/1").expect("this is a path")
    }
}

/// A session that looks like a desktop to `usherctl`, its portal, and the addresses that the portal gets.
async fn desktop() -> (Session, zbus::Connection, UnboundedReceiver<String>) {
    let environment = vec![("WAYLAND_DISPLAY", "nowhere".to_owned())];
    let session = Session::start(Setup { environment, ..Setup::without_display() }).await;
    let (sender, opened) = unbounded_channel();
    let portal = zbus::connection::Builder::address(session.bus.address.as_str())
        .and_then(|builder| builder.name("org.freedesktop.portal.Desktop"))
        .and_then(|builder| builder.serve_at("/org/freedesktop/portal/desktop", Portal(sender)))
        .expect("a portal can be described")
        .build()
        .await
        .expect("the bus takes a portal");
    (session, portal, opened)
}

async fn fetch(address: &str) -> (String, String) {
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code} %{redirect_url}",
            address,
        ])
        .output()
        .await
        .expect("curl starts");
    let text = String::from_utf8(output.stdout).expect("an answer is text");
    let (code, leads_to) = text.split_once(' ').expect("there is a code");
    (code.to_owned(), leads_to.to_owned())
}

#[tokio::test]
async fn the_desktop_gets_an_address_that_works_once_and_holds_no_state() {
    let (session, _portal, mut opened) = desktop().await;
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    let door = timeout(LIMIT, opened.recv()).await.expect("a browser is opened in time").expect("the portal is there");
    let state = waiting.address.rsplit_once("state=").expect("the page's address has a state").1;
    assert!(door.starts_with("http://127.0.0.1:") && !door.contains(state), "{door}");

    assert_eq!(fetch(&door).await, ("303".to_owned(), waiting.address.clone()));
    assert_eq!(fetch(&door).await, ("410".to_owned(), String::new()));
    let page = browser::sign_in(&waiting.address, "demo").await;
    assert!(page.contains("Signed In"), "{page}");
    assert_eq!(waiting.end().await.code, 0);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn with_no_browser_no_browser_is_opened() {
    let (session, _portal, mut opened) = desktop().await;
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo", "--no-browser"]).await;
    assert_eq!(waiting.printed, "Open this address in a browser:\n");
    browser::sign_in(&waiting.address, "demo").await;
    assert_eq!(waiting.end().await.code, 0);
    assert!(opened.try_recv().is_err());
}

#[tokio::test]
async fn the_final_address_is_read_from_standard_input_too() {
    let session = Session::start(Setup::without_display()).await;
    let mut child = Command::from(session.processes.command("usherctl"))
        .args(["sign-in", "demo", "--paste"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("usherctl starts");
    let mut output = String::new();
    let mut errors = tokio::io::BufReader::new(child.stderr.take().expect("standard error is piped"));
    while !output.contains("Paste that address") {
        let read = tokio::io::AsyncBufReadExt::read_line(&mut errors, &mut output);
        assert_ne!(timeout(LIMIT, read).await.expect("usherctl asks").expect("usherctl asks"), 0, "{output}");
    }
    let address = output.lines().find(|line| line.starts_with("http")).expect("usherctl prints an address");
    let redirect = browser::redirect_of_sign_in(address, "demo").await;
    let mut input = child.stdin.take().expect("standard input is piped");
    for line in ["nonsense", &redirect.replace("127.0.0.1", "localhost"), &redirect] {
        input.write_all(format!("{line}\n").as_bytes()).await.expect("usherctl reads");
    }
    drop(input);
    let output = CommandOutput::from(child.wait_with_output().await.expect("usherctl ends"));
    assert_eq!(output.code, 0, "{}", output.stdout);
    assert!(output.stdout.starts_with(&format!("Signed in to {} as demo.\n", session.host())), "{}", output.stdout);
}

#[tokio::test]
async fn w19_a_sign_in_that_is_refused_at_the_server_says_who_has_stopped_it() {
    let session = Session::start(Setup::without_display()).await;
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    let page = browser::cancel(&waiting.address, "Cancel").await;
    assert!(page.contains("Not Signed In") && page.contains("This tab can be closed."), "{page}");
    let output = waiting.end().await;
    assert_eq!((output.code, output.stdout.as_str()), (7, ""));
    assert!(output.stderr.ends_with("Not signed in: cancelled.\n"), "{}", output.stderr);

    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    let [back, state] = ["redirect_uri", "state"].map(|name| browser::parameter(&waiting.address, name));
    // With another state nothing of it counts.
    browser::open(&format!("{back}?error=access_denied&state=other")).await;
    let page = browser::open(&format!("{back}?error=server_error&state={state}")).await;
    assert!(page.contains("Not Signed In") && page.contains("Go back to Usher to see why."), "{page}");
    let output = waiting.end().await;
    assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    assert!(output.stderr.ends_with("Not signed in: the server stopped it (“server_error”).\n"), "{}", output.stderr);
    assert_eq!(session.keyring().items().await.len(), 0);
}

#[tokio::test]
async fn an_input_that_ends_without_the_address_signs_nobody_in() {
    let session = Session::start(Setup::without_display()).await;
    let output = session.usherctl(&["sign-in", "demo", "--paste"]).await;
    assert_eq!((output.code, output.stdout.as_str()), (2, ""));
    assert_eq!(session.keyring().items().await.len(), 0);
}

/// Signs in at a server whose answer is only this token, which tells no name.
async fn sign_in_with(session: &Session, token: &str) {
    let waiting = BrowserCommand::start(session, &["sign-in", "demo"]).await;
    let [redirect, state] = ["redirect_uri", "state"].map(|name| browser::parameter(&waiting.address, name));
    browser::open(&format!("{redirect}?state={state}&token={token}")).await;
    waiting.end().await.expect_success();
}

#[tokio::test]
async fn where_the_server_tells_no_name_no_account_is_taken_over() {
    let session = Session::start(Setup::without_display()).await;
    for token in ["opaque-one", "opaque-two"] {
        sign_in_with(&session, token).await;
    }
    let items = session.keyring().items().await;
    assert_eq!(items.len(), 2, "the second sign-in may be somebody else's");
    for token in ["opaque-one", "opaque-two"] {
        assert_eq!(items.iter().filter(|item| item.text().contains(token)).count(), 1, "{token}");
    }
    // An account without a name is taken up again only once nobody is signed in to it.
    session.usherctl(&["sign-out", &items[0].attributes["account"]]).await.expect_success();
    sign_in_with(&session, "opaque-three").await;
    assert_eq!(session.keyring().items().await.len(), 2);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn an_account_that_an_earlier_version_saved_is_used_and_saved_anew() {
    let session = Session::start(Setup::without_display()).await;
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    browser::sign_in(&waiting.address, "demo").await;
    waiting.end().await.expect_success();
    // Version 1 kept the token as plain text.
    let item = session.keyring().only_item().await;
    let (start, token) = item.text().split_once(r#""credential":{"bearer":""#).map(own).expect("there is a credential");
    let (token, rest) = token.split_once(r#""}"#).map(own).expect("the credential has an end");
    let earlier = format!(r#"{start}"credential":"{token}"{rest}"#).replace(r#""version":2"#, r#""version":1"#);
    session.keyring().delete_items().await;
    session.keyring().add_item(&item.label, &item.attributes, earlier.as_bytes()).await;

    let query = session.usherctl(&["query", "demo", "org.example.Postcard"]).await;
    assert_eq!(query.expect_success().stdout, "org.example.Postcard  Owned\n");
    session.usherctl(&["rename", "demo", "Work"]).await.expect_success();
    assert!(session.keyring().only_item().await.text().contains(&format!(r#""credential":{{"bearer":"{token}"}}"#)));
    assert_eq!(session.leaks(), []);
}

fn own((one, other): (&str, &str)) -> (String, String) {
    (one.to_owned(), other.to_owned())
}
