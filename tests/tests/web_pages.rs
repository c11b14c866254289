// SPDX-License-Identifier: GPL-3.0-or-later
//! Sign-in pages that misbehave, in the real web view. Each one has a button that leads to the correct redirect.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::time::timeout;
use usher_demo_store::{Failure, Reply, Route};
use usher_tests::{LIMIT, Role, Session, Setup, Window, send_signal, wait_for, wait_until, with_shaders};

const APP: &str = "org.example.Postcard";
/// The token of the correct redirect.
const RIGHT: &str = "right-CANARY-31c7";
/// The token of every other attempt.
const WRONG: &str = "wrong-CANARY-88d0";

/// A sign-in page with a script, and a button that leads to the correct redirect.
fn page(script: &str) -> Reply {
    Reply::html(&format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Scripted</title><h1>Scripted</h1>\
         <script>\
         const query = new URLSearchParams(location.search);\
         const target = query.get('redirect_uri'), state = query.get('state');\
         const hit = token => target + '?token=' + token + '&state=' + state;\
         const right = '{RIGHT}', wrong = '{WRONG}';\
         </script>\
         <button onclick=\"location.href = hit(right)\">Go On</button>\
         <script>{script}</script>"
    ))
}

/// A session in which the prompt shows a sign-in page with that script.
async fn session_at(script: &str) -> Session {
    open_page(Setup::default(), script).await
}

async fn open_page(setup: Setup, script: &str) -> Session {
    let session = Session::start(setup).await;
    session.shop().control().set_page("/login", page(script));
    session.flatpak().install(APP).end().await;
    let host = session.host();
    session.screen().window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
    session
}

/// Presses the button of the correct redirect, and checks the account that this creates.
async fn go_on(session: &Session, page: &Window<'_>) {
    page.press("Go On").await;
    page.says("Signed In").await;
    let item = session.keyring().only_item().await;
    assert!(item.text().contains(RIGHT) && !item.text().contains(WRONG), "the right hit counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_drawn_with_shaders_signs_in() {
    let session = open_page(Setup { environment: with_shaders(), ..Setup::default() }, "").await;
    go_on(&session, &session.screen().front()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w02_a_redirect_with_the_wrong_state_neither_signs_in_nor_ends_the_flow() {
    // A refusal counts as little as a token.
    let wrong = [
        "'?token=' + wrong + '&state=other'",
        "'?token=' + wrong",
        "'?token=' + wrong + '&state=' + state + '&state=' + state",
        "'?token=' + wrong + '#state=' + state",
        "'?error=access_denied&state=other'",
        "'?error=access_denied'",
    ];
    let buttons = wrong
        .iter()
        .enumerate()
        .map(|(n, rest)| format!("<button onclick=\"location.href = target + {rest}\">Wrong {n}</button>"))
        .collect::<Vec<_>>()
        .concat();
    // The number tells each page from the one before, which stays until the next one has loaded.
    let numbered =
        |n: usize| format!("document.body.insertAdjacentHTML('beforeend', `{buttons}<p>This is page {n}</p>`)");
    let session = session_at(&numbered(0)).await;
    let screen = session.screen();
    let view = screen.front();
    for n in 0..wrong.len() {
        view.says(&format!("This is page {n}")).await;
        view.press(&format!("Wrong {n}")).await;
        view.says(&format!("The answer from {} did not match this sign-in.", session.host())).await;
        assert_eq!(session.keyring().items().await.len(), 0);
        session.shop().control().set_page("/login", page(&numbered(n + 1)));
        view.press("Try Again").await;
    }
    view.says(&format!("This is page {}", wrong.len())).await;
    go_on(&session, &view).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w05_only_the_page_itself_can_go_to_the_redirect() {
    let session = session_at(
        "for (const tag of ['iframe', 'img', 'embed']) {\
             const child = document.createElement(tag); child.src = hit(wrong); document.body.append(child);\
         }\
         fetch(hit(wrong), {mode: 'no-cors'}).catch(() => {});\
         const request = new XMLHttpRequest(); request.open('GET', hit(wrong)); try { request.send() } catch {}\
         window.open(hit(wrong));\
         document.body.insertAdjacentHTML('beforeend',\
             `<iframe name=inner></iframe><form target=inner method=post action='${hit(wrong)}'></form>`);\
         document.forms[0].submit();\
         document.body.insertAdjacentHTML('beforeend', '<p>All tried</p>');",
    )
    .await;
    let screen = session.screen();
    let view = screen.front();
    view.says("All tried").await;
    assert_eq!(session.keyring().items().await.len(), 0);
    go_on(&session, &view).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w12_a_page_that_asks_for_every_permission_gets_none_and_goes_on() {
    let session = session_at(
        "navigator.geolocation?.getCurrentPosition(() => {}, () => {});\
         if (window.Notification) Notification.requestPermission();\
         navigator.mediaDevices?.getUserMedia({video: true, audio: true}).catch(() => {});\
         navigator.clipboard?.readText().catch(() => {});\
         document.documentElement.requestFullscreen?.().catch(() => {});\
         for (let n = 0; n < 100; n++) window.open('/login?n=' + n);\
         const link = document.createElement('a'); link.download = 'taken.txt';\
         link.href = 'data:text/plain,taken'; document.body.append(link); link.click();\
         document.body.insertAdjacentHTML('beforeend', '<p>All tried</p>');",
    )
    .await;
    let screen = session.screen();
    let view = screen.front();
    view.says("All tried").await;
    assert_eq!(screen.tree().await.titles().len(), 1, "no further window has opened");
    go_on(&session, &view).await;
    assert_eq!(files_called(session.folder(), "taken.txt"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn w13_addresses_with_other_schemes_lead_nowhere() {
    let addresses =
        ["file:///etc/passwd", "data:text/html,<h1>Elsewhere</h1>", "mailto:a@example.org", "myapp://x", "intent:x"];
    let buttons = addresses
        .iter()
        .enumerate()
        .map(|(n, address)| format!("<button onclick=\"location.href = '{address}'\">Away {n}</button>"))
        .collect::<Vec<_>>()
        .concat();
    let script = format!("document.body.insertAdjacentHTML('beforeend', `{buttons}`)");
    let session = session_at(&script).await;
    let screen = session.screen();
    let view = screen.front();
    for n in 0..addresses.len() {
        view.press(&format!("Away {n}")).await;
        view.says("Scripted").await;
    }
    assert!(!screen.tree().await.mentions("root:") && !screen.tree().await.says("Elsewhere"));
    go_on(&session, &view).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w14_a_page_whose_process_dies_can_be_loaded_again() {
    let session = session_at("").await;
    let screen = session.screen();
    let view = screen.front();
    view.ready("Go On").await;
    let pages = session.processes.of_program("WebKitWebProcess").into_iter();
    assert_eq!(pages.map(|(id, _)| send_signal(id, Signal::KILL)).count(), 1, "one page has a process");
    view.says("The Page Stopped Working").await;
    view.says("Nothing was signed in or paid.").await;
    view.press("Reload").await;
    go_on(&session, &view).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w14_a_page_whose_process_dies_after_the_answer_shows_no_error() {
    let session = session_at("").await;
    let screen = session.screen();
    let view = screen.front();
    view.ready("Go On").await;
    let keyring = session.bus.process_of("org.freedesktop.secrets").await;
    send_signal(keyring, Signal::STOP);
    view.press("Go On").await;
    view.says("Signing in…").await;
    let [(page, _)] = &session.processes.of_program("WebKitWebProcess")[..] else { panic!("one page has a process") };
    send_signal(*page, Signal::KILL);
    let process = PathBuf::from(format!("/proc/{page}"));
    wait_until("the end of the page", async || !process.exists()).await;
    // Once the window has handled a key, it has also handled the end of the page.
    screen.key("F6").await;
    let tree = view.tree().await;
    assert!(tree.says("Signing in…") || tree.says("Waiting for the keyring…"), "{tree}");
    send_signal(keyring, Signal::CONT);
    view.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w15_a_page_that_never_loads_can_be_left() {
    let session = Session::start(Setup::default()).await;
    session.shop().control().fail(Route::Login, Failure::Hang);
    session.flatpak().install(APP).end().await;
    let host = session.host();
    let screen = session.screen();
    screen.window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
    session.shop().control().wait_for_request(|request| request.path == "/login").await;
    screen.front().press("Cancel").await;
    wait_for(
        "the page to be left",
        async || screen.tree().await.find(Role::Button, "Cancel").is_none().then_some(()),
        async || screen.tree().await.to_string(),
    )
    .await;
    assert_eq!(session.keyring().items().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn w26_a_sign_in_in_the_main_window_ends_after_a_while() {
    let session = Session::start(Setup::default()).await;
    let mut usher = session.command("usher");
    usher.arg("--sign-in-limit=5");
    session.processes.start("usher", usher);
    let host = session.host();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press(&format!("Sign In to {host}")).await;
    window.press(&format!("Continue to {host}")).await;
    let view = screen.front();
    for time in 1..3 {
        view.says("Nobody signed in within 15 minutes.").await;
        let requests = session.shop().control().requests();
        let pages = requests.iter().filter(|request| request.path == "/login" && request.method == "GET");
        assert_eq!(pages.count(), time, "each try opens the page once");
        view.press("Try Again").await;
        view.wait("the next try", |tree| (!tree.says("Nobody signed in within 15 minutes.")).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w18_names_from_outside_are_shown_as_plain_text() {
    let session = Session::start(Setup::default()).await;
    let title = "<b>Shop</b> \u{202e}& “more”";
    session.flatpak().run(&["remote-modify", "--user", "--title", title, "demo"]).await.expect_success();
    session.flatpak().install(APP).end().await;
    let host = session.host();
    let screen = session.screen();
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    prompt.row_says("Server", &host).await;
    prompt.mentions("<b>Shop</b> & “more”").await;
}

/// How many files below the folder have that name.
fn files_called(folder: &Path, name: &str) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_called(&entry.path(), name),
            _ => usize::from(entry.file_name().to_string_lossy().contains(name)),
        })
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn h40_a_page_goes_through_the_proxy_of_the_environment() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let proxy = format!("http://127.0.0.1:{}/", listener.local_addr().expect("it has a port").port());
    // There GIO, and with it WebKit, follows the settings alone.
    let environment = vec![("https_proxy", proxy), ("XDG_CURRENT_DESKTOP", "GNOME".to_owned())];
    let setup = Setup { environment, ..Setup::default() };
    let session = Session::start(setup).await;
    let option = "--authenticator-option=url=https://store.test/";
    session.flatpak().run(&["remote-modify", "--user", option, "demo"]).await.expect_success();
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press("Sign In to store.test").await;
    window.press("Continue to store.test").await;
    let (stream, _) = timeout(LIMIT, listener.accept()).await.expect("the proxy is asked").expect("it is asked well");
    let line = timeout(LIMIT, BufReader::new(stream).lines().next_line()).await.expect("a line comes");
    assert_eq!(line.expect("it is text").as_deref(), Some("CONNECT store.test:443 HTTP/1.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn h40_a_page_does_not_go_past_a_proxy_that_is_not_understood() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it has a port").port();
    let environment = vec![("https_proxy", "quic://proxy.example:1".to_owned())];
    let session = Session::start(Setup { environment, ..Setup::default() }).await;
    let option = format!("--authenticator-option=url=https://127.0.0.1:{port}/");
    session.flatpak().run(&["remote-modify", "--user", &option, "demo"]).await.expect_success();
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press(&format!("Sign In to 127.0.0.1:{port}")).await;
    window.press(&format!("Continue to 127.0.0.1:{port}")).await;
    window.says(&format!("127.0.0.1:{port} Cannot Be Reached")).await;
    window.says("The proxy in the variable “https_proxy” is not understood. Nothing was sent.").await;
    assert!(timeout(Duration::ZERO, listener.accept()).await.is_err(), "nobody has connected");
}
