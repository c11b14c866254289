// SPDX-License-Identifier: GPL-3.0-or-later
//! What a store asks the installed daemon, over the session bus, before it shows “Install” or “Purchase”.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use futures_util::StreamExt as _;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use usher_demo_store::Failure;
use usher_demo_store::Route::GetTokens;
use usher_tests::{ACCESS, AUTHENTICATOR, KeyringState, LIMIT, Session, Setup, Story, WINDOW, wait_for, workspace};
use zbus::zvariant::{OwnedValue, Type};
use zbus::{MatchRule, MessageStream};

const PATH: &str = "/io/github/usher/Usher/Devel/Access";
const INTERFACE: &str = "io.github.usher.Access1";
const FREE: &str = "org.example.Metronome";
const PRIVATE: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";

fn example() -> PathBuf {
    workspace().join("docs/examples/store.py")
}

/// Calls a method of the interface.
async fn call<R, B>(session: &Session, method: &str, arguments: &B) -> zbus::Result<R>
where
    R: serde::de::DeserializeOwned + Type,
    B: serde::Serialize + zbus::zvariant::DynamicType,
{
    let call = session.bus.connection.call_method(Some(ACCESS), PATH, Some(INTERFACE), method, arguments);
    timeout(LIMIT, call).await.expect("there is an answer in time")?.body().deserialize()
}

async fn states_of(session: &Session, remote: &str, address: &str, ids: &[&str]) -> BTreeMap<String, String> {
    let apps: HashMap<String, HashMap<String, OwnedValue>> =
        call(session, "Query", &(remote, address, ids)).await.expect("a question is answered");
    let state = |app: &HashMap<String, OwnedValue>| app["state"].downcast_ref::<String>().expect("a text");
    apps.iter().map(|(id, app)| (id.clone(), state(app))).collect()
}

fn address(session: &Session) -> String {
    session.shop().repository_url().to_string()
}

/// The states of apps of the remote `demo`.
async fn states(session: &Session, ids: &[&str]) -> BTreeMap<String, String> {
    states_of(session, "demo", &address(session), ids).await
}

async fn state(session: &Session, id: &str) -> String {
    states(session, &[id]).await.remove(id).expect("there is an answer about it")
}

/// How many requests the shop received, apart from those for the repository.
fn requests(session: &Session) -> usize {
    session.shop().requests().iter().filter(|request| !request.path.starts_with("/repo/")).count()
}

fn map(states: &[(&str, &str)]) -> BTreeMap<String, String> {
    states.iter().map(|&(id, state)| (id.to_owned(), state.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_apps_are_one_request() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    session.shop().control().clear_requests();
    let others: Vec<String> = (0..497).map(|number| format!("org.example.Other{number}")).collect();
    let ids: Vec<&str> = others.iter().map(String::as_str).chain([FREE, PRIVATE, PAID]).collect();
    let said = states(&session, &ids).await;
    assert_eq!(said.len(), 500);
    let known: BTreeMap<_, _> = said.iter().filter(|(id, _)| !id.contains("Other")).collect();
    assert_eq!(format!("{known:?}"), format!("{:?}", map(&[(FREE, "free"), (PRIVATE, "owned"), (PAID, "not-owned")])));
    assert!(others.iter().all(|id| said[id] == "not-owned"));
    let asked = session.shop().requests();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(
        (asked[0].path.as_str(), asked[0].ids.len()),
        ("/api/v1/get_tokens", 499),
        "flatpak knows which one needs no token"
    );

    assert_eq!(states(&session, &ids).await, said);
    assert_eq!(requests(&session), 1, "the answers are kept");
    assert!(!session.started_names().await.contains(WINDOW), "nobody is asked");
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn query_says_what_is_in_the_way() {
    let session = Session::start(Setup::without_display()).await;
    session.shop().control().clear_requests();
    assert_eq!(state(&session, PRIVATE).await, "account-needed");
    assert_eq!(requests(&session), 0);

    session.sign_in_as("demo").await;
    session.add_remote("other").await;
    assert_eq!(state(&session, PRIVATE).await, "owned");

    session.shop().control().clear_requests();
    session.keyring().lock().await;
    assert_eq!(state(&session, PRIVATE).await, "locked");
    assert_eq!(requests(&session), 0);
    assert!(session.keyring().is_locked().await && !session.keyring().saw_unexpected_prompt());
    assert_eq!(listed(&session, "state").await, ["locked"]);
    session.keyring().answer_next_prompt();
    assert!(session.keyring().ask_to_unlock().await);
    assert_eq!(listed(&session, "user").await, ["demo"]);

    session.shop().control().expire_credentials(None).expect("the shop lets sign-ins expire");
    assert_eq!(state(&session, PAID).await, "account-needed");
    assert_eq!((requests(&session), listed(&session, "state").await), (1, vec!["expired".to_owned()]));

    let out = session.usherctl(&["sign-out", &session.host()]).await;
    out.expect_success();
    session.shop().control().clear_requests();
    assert_eq!(state(&session, PRIVATE).await, "account-needed");
    assert_eq!((requests(&session), listed(&session, "state").await), (0, vec!["signed-out".to_owned()]));
}

/// One field of every listed account.
async fn listed(session: &Session, key: &str) -> Vec<String> {
    let accounts: Vec<HashMap<String, OwnedValue>> =
        call(session, "ListAccounts", &()).await.expect("the accounts are listed");
    accounts.iter().map(|account| account[key].downcast_ref::<String>().expect("a text")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn h17_h19_without_an_answer_from_the_server_the_state_is_unknown() {
    let mut session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    for failure in [Failure::Nonsense, Failure::Reset, Failure::Json { value: serde_json::json!({"tokens": {}}) }] {
        session.shop().control().fail(GetTokens, failure);
        assert_eq!(states(&session, &[PRIVATE, PAID]).await, map(&[(PRIVATE, "unknown"), (PAID, "unknown")]));
    }
    session.shop().control().succeed(GetTokens);
    assert_eq!(state(&session, PAID).await, "not-owned", "an unknown state is asked for again");
    let address = address(&session);
    let _port = session.close_shop().await;
    let said = states_of(&session, "demo", &address, &[PRIVATE, PAID]).await;
    assert_eq!(said, map(&[(PRIVATE, "unknown"), (PAID, "not-owned")]), "a moment ago it was known");
}

#[tokio::test(flavor = "multi_thread")]
async fn r25_a_query_for_a_missing_remote_contacts_nobody() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    session.shop().control().clear_requests();
    let address = address(&session);
    for (remote, uri) in [("other", address.as_str()), ("demo", "http://127.0.0.1:9/repo/"), ("demo", "")] {
        assert_eq!(states_of(&session, remote, uri, &[PRIVATE]).await, map(&[(PRIVATE, "unknown")]), "{remote} {uri}");
        let outcome: u32 =
            call(&session, "Purchase", &("a", remote, uri, PAID, "")).await.expect("a purchase has an outcome");
        assert_eq!(outcome, 2, "{remote} {uri}");
    }
    assert_eq!(session.shop().requests(), []);
    assert!(!session.started_names().await.contains(WINDOW), "no window was opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_every_state_is_unknown() {
    let session = Session::start(Setup { keyring: KeyringState::None, ..Setup::without_display() }).await;
    session.shop().control().clear_requests();
    assert_eq!(state(&session, PRIVATE).await, "unknown");
    assert_eq!(requests(&session), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bus_starts_the_daemon_for_either_name_and_the_daemon_takes_both() {
    let session = Session::start(Setup::without_display()).await;
    assert!(!session.bus.has_owner(AUTHENTICATOR).await);
    state(&session, PRIVATE).await;
    assert!(session.bus.has_owner(AUTHENTICATOR).await);
    session.stop_daemon().await;
    let flatpak = session.flatpak();
    let (asked, installed) = tokio::join!(
        state(&session, PRIVATE),
        flatpak.run(&["install", "--user", "--noninteractive", "demo", PRIVATE])
    );
    assert_eq!(asked, "account-needed");
    let host = session.host();
    installed.expect_refusal(&format!("Account needed. Run “usherctl sign-in {host}”, then try again."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandboxed_store_that_may_query_reaches_nothing_else() {
    let session = Session::start(Setup::without_display()).await;
    let socket = session.folder().join("proxy");
    let mut proxy = session.processes.command("xdg-dbus-proxy");
    proxy.args([&session.bus.address, &socket.display().to_string(), "--filter", &format!("--talk={ACCESS}")]);
    session.processes.start("proxy", proxy);
    let behind = format!("unix:path={}", socket.display());
    let store = wait_for(
        "the proxy of a sandbox",
        async || zbus::connection::Builder::address(behind.as_str()).ok()?.build().await.ok(),
        async || fs::read_to_string(session.processes.log_file("proxy")).unwrap_or_default(),
    )
    .await;
    let rule = MatchRule::builder().msg_type(zbus::message::Type::Signal).interface(INTERFACE).expect("a valid name");
    let mut changes = MessageStream::for_match_rule(rule.build(), &store, None).await.expect("a match is taken");
    let ask = async || -> HashMap<String, HashMap<String, OwnedValue>> {
        let arguments = ("demo", address(&session), vec![PRIVATE]);
        let call = store.call_method(Some(ACCESS), PATH, Some(INTERFACE), "Query", &arguments);
        let reply = timeout(LIMIT, call).await.expect("there is an answer in time").expect("a question is answered");
        reply.body().deserialize().expect("states")
    };
    assert_eq!(ask().await[PRIVATE]["state"].downcast_ref::<&str>(), Ok("account-needed"));
    session.sign_in_as("demo").await;
    timeout(LIMIT, changes.next()).await.expect("there is news in time");
    assert_eq!(ask().await[PRIVATE]["state"].downcast_ref::<&str>(), Ok("owned"));
    let peer = Some("org.freedesktop.DBus.Peer");
    assert!(store.call_method(Some(AUTHENTICATOR), "/", peer, "Ping", &()).await.is_err(), "it may not talk to that");
}

/// The lines that describe the interface, without comments and indentation.
fn interface(xml: &str) -> Vec<String> {
    let without: String = xml.split("<!--").map(|part| part.split_once("-->").map_or(part, |(_, rest)| rest)).collect();
    let lines = without.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
    let mut found: Vec<_> = lines.skip_while(|line| *line != format!("<interface name=\"{INTERFACE}\">")).collect();
    let end = found.iter().position(|line| line == "</interface>").expect("the interface is there and ends");
    found.truncate(end + 1);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_served_interface_matches_its_xml_file() {
    let session = Session::start(Setup { without_shop: true, ..Setup::without_display() }).await;
    let introspectable = Some("org.freedesktop.DBus.Introspectable");
    let reply = session.bus.connection.call_method(Some(ACCESS), PATH, introspectable, "Introspect", &()).await;
    let xml: String = reply.expect("the object is there").body().deserialize().expect("a text");
    let file = workspace().join("data/dbus-interfaces/io.github.usher.Access1.xml");
    assert_eq!(interface(&xml), interface(&fs::read_to_string(file).expect("the file is there")));
}

/// The example of `docs/stores.md`, as a process.
struct Example {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Example {
    fn start(session: &Session, arguments: &[&str]) -> Self {
        let mut command = Command::from(session.processes.command("python3"));
        command.arg(example()).args(["--name", ACCESS]).args(arguments).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("python3 starts");
        let lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
        Self { child, lines }
    }

    /// Waits for the next line that it prints.
    async fn says(&mut self) -> String {
        let line = timeout(LIMIT, self.lines.next_line()).await.expect("it says something in time");
        line.expect("it says text").expect("it has not ended")
    }

    /// Waits until it ends, and returns the remaining lines.
    async fn end(mut self) -> Vec<String> {
        let mut rest = Vec::new();
        while let Some(line) = timeout(LIMIT, self.lines.next_line()).await.expect("it ends in time").expect("text") {
            rest.push(line);
        }
        assert!(self.child.wait().await.expect("it ends").success(), "{rest:?}");
        rest
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_says_which_button_to_show() {
    let session = Session::start(Setup::without_display()).await;
    let address = address(&session);
    let said = async || Example::start(&session, &["demo", &address, FREE, PRIVATE, PAID]).end().await;
    let sign_in =
        [(FREE, "Install (free)"), (PRIVATE, "Sign In… (account-needed)"), (PAID, "Sign In… (account-needed)")];
    assert_eq!(said().await, sign_in.map(|(app, button)| format!("{app}: {button}")));
    session.sign_in_as("demo").await;
    let buttons = [(FREE, "Install (free)"), (PRIVATE, "Install (owned)"), (PAID, "Purchase… (not-owned)")];
    assert_eq!(said().await, buttons.map(|(app, button)| format!("{app}: {button}")));
    // Without a display Usher can open no window.
    let pressed = Example::start(&session, &["--press", "demo", &address, PAID]).end().await;
    assert_eq!(pressed, [format!("{PAID}: Purchase… (not-owned)"), "could not be asked".to_owned()]);
}

#[test]
fn the_documentation_quotes_the_example() {
    let documentation = fs::read_to_string(workspace().join("docs/stores.md")).expect("the documentation is there");
    let example = fs::read_to_string(example()).expect("the example is there");
    let trimmed = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let example = trimmed(&example);
    let blocks: Vec<&str> =
        documentation.split("```python\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        assert!(!block.is_empty() && example.contains(&trimmed(block)), "not in the example:\n{block}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_opens_usher_and_learns_the_outcome() {
    let story = Story::begin("access", "A store asks, and opens Usher", Setup::default()).await;
    let (session, address) = (&story.session, address(&story.session));
    let host = session.host();

    story.step("“Sign In…” opens the window, which asks only for an account").await;
    let mut store = Example::start(session, &["--press", "demo", &address, PAID]);
    assert_eq!(store.says().await, format!("{PAID}: Sign In… (account-needed)"));
    let screen = session.screen();
    let window = screen.window(&format!("Sign In to {host}")).await;
    window.says(&format!("Demo Store needs an account at {host}.")).await;
    assert_eq!(store.says().await, "a window is open");

    story.step("After signing in, the store learns of it and offers the purchase").await;
    window.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    assert_eq!(store.says().await, format!("{PAID}: Purchase… (not-owned)"));
    screen.front().press("Done").await;
    screen.wait_until_empty().await;

    story.step("“Purchase…” opens the window for that app").await;
    let mut buying = Example::start(session, &["--press", "demo", &address, PAID]);
    assert_eq!(buying.says().await, format!("{PAID}: Purchase… (not-owned)"));
    assert_eq!(buying.says().await, "a window is open");
    screen.front().press("Continue to Purchase").await;

    story.step("Once the app is bought, both stores offer to install it").await;
    screen.front().press("Buy Now").await;
    let install = format!("{PAID}: Install (owned)");
    for example in [store, buying] {
        assert_eq!(example.end().await.last(), Some(&install));
    }
    let begun = session.shop().requests().into_iter().filter(|request| request.path == "/api/v1/begin_purchase");
    assert_eq!(begun.count(), 1);
    story.end().await;
}
