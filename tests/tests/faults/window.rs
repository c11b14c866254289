// SPDX-License-Identifier: GPL-3.0-or-later
//! What ends or disappears while a window shows it.

use std::collections::HashMap;
use std::fs;

use futures_util::StreamExt as _;
use rustix::process::Signal;
use usher_tests::{AUTHENTICATOR, LIMIT, Session, Setup, WINDOW, send_signal};
use zbus::fdo::DBusProxy;
use zbus::zvariant::{OwnedValue, Value};
use zbus::{MatchRule, MessageStream};

use crate::client::APP;

const PROMPTER: &str = "/io/github/usher/Usher/Devel/Prompter";

/// Calls a method of the window process in place of the daemon, whose name this connection owns.
async fn call_prompter<B>(session: &Session, method: &str, arguments: &B) -> zbus::Result<zbus::Message>
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
{
    let interface = Some("io.github.usher.Prompter1");
    session.bus.connection.call_method(Some(WINDOW), PROMPTER, interface, method, arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_a_prompt_that_is_cancelled_at_once_opens_no_window() {
    let session = Session::start(Setup::default()).await;
    session.change_setting("continue-installs", "true").await;
    session.bus.connection.request_name(AUTHENTICATOR).await.expect("no daemon runs yet");
    let bus = DBusProxy::new(&session.bus.connection).await.expect("the bus has its own interface");
    bus.start_service_by_name(WINDOW.try_into().expect("a valid name"), 0).await.expect("the window process starts");

    let server = session.shop().base_url().to_string();
    let repository = session.shop().repository_url().to_string();
    let binding = HashMap::from([("type", "webflow"), ("url", &server)]);
    let details = HashMap::from([
        ("binding", Value::from(binding)),
        ("remote", "demo".into()),
        ("remote-uri", repository.as_str().into()),
        ("app-ids", vec![APP].into()),
        ("client", "flatpak".into()),
        ("reason", "no-account".into()),
    ]);
    let rule = MatchRule::builder().msg_type(zbus::message::Type::Signal).member("Presented").expect("a valid name");
    let presented = MessageStream::for_match_rule(rule.build(), &session.bus.connection, None).await;
    let mut presented = presented.expect("the bus takes a match rule");
    let ask = async |token: &str| {
        let arguments = (token, &details, "");
        let reply = tokio::time::timeout(LIMIT, call_prompter(&session, "SignIn", &arguments)).await;
        let reply = reply.expect("it is answered in time").expect("the window process answers");
        let (outcome, _): (u32, HashMap<String, OwnedValue>) = reply.body().deserialize().expect("its form is right");
        outcome
    };
    let (outcome, taken_back) = futures_util::join!(ask("usher1"), call_prompter(&session, "Cancel", &"usher1"));
    taken_back.expect("it can be taken back");
    assert_eq!(outcome, 1, "it was dismissed");
    assert!(session.screen().tree().await.titles().is_empty(), "no window has opened");

    // A prompt that is not cancelled shows its window, and says so.
    let title = format!("Sign In to {}", session.host());
    let shown = async {
        let said = tokio::time::timeout(LIMIT, presented.next()).await.expect("the window appears");
        let said: String = said.expect("the bus runs").expect("it is whole").body().deserialize().expect("a token");
        assert_eq!(said, "usher2");
        let screen = session.screen();
        screen.window(&title).await.press("Not Now").await;
    };
    assert_eq!(futures_util::join!(ask("usher2"), shown).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn l15_a_stopped_window_process_ends_an_install_with_the_command_that_helps() {
    let session = Session::start(Setup::default()).await;
    session.change_setting("continue-installs", "true").await;
    let bus = DBusProxy::new(&session.bus.connection).await.expect("the bus has its own interface");
    bus.start_service_by_name(WINDOW.try_into().expect("a valid name"), 0).await.expect("the window process starts");
    let window = session.bus.process_of(WINDOW).await;
    send_signal(window, Signal::STOP);
    install_names_the_command(&session).await;

    send_signal(window, Signal::CONT);
    // The answer to this comes after all that was asked before.
    let refused = call_prompter(&session, "Cancel", &"none").await;
    assert!(refused.is_err(), "only the daemon may call");
    assert!(session.screen().tree().await.titles().is_empty(), "what was taken back opens no window");
    // A window that appears is waited for.
    let install = session.flatpak().install(APP);
    session.screen().window(&format!("Sign In to {}", session.host())).await.press("Not Now").await;
    assert_ne!(install.end().await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn l15_a_window_process_that_never_comes_up_ends_an_install_with_the_command_that_helps() {
    let session = Session::start(Setup { without_window: true, ..Setup::default() }).await;
    let service = format!("[D-BUS Service]\nName={WINDOW}\nExec=/bin/sleep 600\n");
    let file = session.folder().join("services").join(format!("{WINDOW}.service"));
    fs::write(file, service).expect("a service can be added");
    let bus = DBusProxy::new(&session.bus.connection).await.expect("the bus has its own interface");
    bus.reload_config().await.expect("the bus reads its services again");
    install_names_the_command(&session).await;
}

/// Installs an app, which ends without a window.
async fn install_names_the_command(session: &Session) {
    let outcome = session.flatpak().install(APP).end().await;
    assert_ne!(outcome.code, 0);
    let command = format!("Run “usherctl sign-in {}”", session.host());
    assert!(outcome.text.contains(&command), "{}", outcome.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn l15_a_portal_that_answers_nothing_does_not_hold_up_an_install() {
    let session = Session::start(Setup::default()).await;
    for name in ["org.freedesktop.portal.Desktop", "org.freedesktop.Notifications", "org.gtk.Notifications"] {
        // The test owns the name, and serves nothing there.
        session.bus.connection.request_name(name).await.expect("the name is free");
    }
    let outcome = session.flatpak().install(APP).end().await;
    assert_ne!(outcome.code, 0);
    assert!(outcome.text.contains("Account needed."), "{}", outcome.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_page_reports_a_missing_keyring_and_recovers_when_it_returns() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press_row(&format!("demo, {}", session.host())).await;
    window.ready("Sign Out").await;

    session.keyring().kill(&session.bus).await;
    window.press("Try Again").await;
    window.says("The keyring is not responding").await;
    session.keyring().restart(&session.processes, &session.bus).await;
    window.ready("Sign Out").await;
    assert!(window.tree().await.usable("Try Again").is_none(), "{}", window.tree().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_goes_on_although_its_account_is_removed_meanwhile() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    let host = session.host();
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press_row(&format!("demo, {host}")).await;
    window.read().await;
    window.press("Sign In Again…").await;
    window.ready("User name").await;
    session.usherctl(&["remove", &host, "--yes"]).await.expect_success();
    screen.front().sign_in_and_finish("demo").await;
    screen.window("Usher").await.find_row(&format!("demo, {host}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_no_client_waits_for_stays_when_the_daemon_ends() {
    let session = Session::start(Setup::default()).await;
    session.change_setting("continue-installs", "true").await;
    session.sign_in_as("demo").await;
    session.shop().control().take_away("demo", APP).expect("the shop takes an app away");
    let install = session.flatpak().install(APP);
    let screen = session.screen();
    screen.window(&format!("Buy “{APP}”?")).await.press("Continue to Purchase").await;
    let window = screen.front();
    window.says("Not Available to This Account").await;
    assert_ne!(install.end().await.code, 0, "flatpak got an answer");
    session.stop_daemon().await;
    // The next request starts another daemon, so by then the window knows that the first one has ended.
    let outcome = session.flatpak().run(&["install", "--user", "--noninteractive", "demo", APP]).await;
    assert!(outcome.text.contains("Purchase needed."), "{}", outcome.text);
    window.press("Use Another Account…").await;
    window.ready("User name").await;
}
