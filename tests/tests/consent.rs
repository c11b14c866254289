// SPDX-License-Identifier: GPL-3.0-or-later
//! Any program on the bus can bring up a page that asks for consent. What somebody types then, meant for something else,
//! gives none, and contacts nobody.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use usher_demo_store::DemoStore;
use usher_tests::{AUTHENTICATOR, Session, Setup, wait_until};
use zbus::zvariant::Value;

/// How long the buttons do nothing.
const GUARD: Duration = Duration::from_millis(700);
/// When a key is pressed after a page came up.
const MOMENTS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(300), Duration::from_millis(650)];
/// How long a call and a key may take together.
const CALL: Duration = Duration::from_millis(150);
/// How often to try to press a key in time, and with a new session for each try.
const CHANCES: usize = 3;
const ATTEMPTS: usize = 20;
const APP: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";

type Data<'a> = HashMap<&'a str, Value<'a>>;

/// Calls the daemon, as any program can.
async fn call<B>(session: &Session, method: &str, arguments: &B)
where
    B: serde::Serialize + zbus::zvariant::DynamicType + Sync,
{
    let path = format!("/{}", AUTHENTICATOR.replace('.', "/"));
    let interface = Some("org.freedesktop.Application");
    let called = session.bus.connection.call_method(Some(AUTHENTICATOR), path, interface, method, arguments).await;
    called.expect("the daemon forwards the call");
}

async fn activate_action(session: &Session, action: &str, target: &str) {
    call(session, "ActivateAction", &(action, vec![Value::from(target)], Data::new())).await;
}

async fn activate(session: &Session, data: Data<'_>) {
    call(session, "Activate", &(data,)).await;
}

/// Makes a remote name Usher, with this account server.
async fn name_server(session: &Session, remote: &str, server: &DemoStore) {
    let (name, url) =
        (format!("--authenticator-name={AUTHENTICATOR}"), format!("--authenticator-option=url={}", server.base_url()));
    session.flatpak().run(&["remote-modify", "--user", &name, &url, remote]).await.expect_success();
}

fn host_of(shop: &DemoStore) -> String {
    let url = shop.base_url();
    format!("{}:{}", url.host_str().expect("it has a host"), url.port().expect("it has a port"))
}

/// The secrets of all accounts, which hold what each repository may use.
async fn accounts(session: &Session) -> Vec<String> {
    session.keyring().items().await.iter().map(usher_tests::Item::text).collect()
}

/// The id of the only account.
async fn account_id(session: &Session) -> String {
    let listed = session.usherctl(&["list", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).expect("the list is JSON");
    listed["accounts"][0]["id"].as_str().expect("there is an account").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn w23_a_key_on_a_page_that_a_program_has_brought_up_consents_to_nothing() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    // One asks for permission, one names a server without an account, and one has changed its server.
    let (asking, new) = (session.open_another_shop("asking").await, session.open_another_shop("new").await);
    name_server(&session, "asking", session.shop()).await;
    name_server(&session, "new", &new).await;
    name_server(&session, "demo", &asking).await;
    let (host, id) = (session.host(), account_id(&session).await);
    let addresses = [&asking, &new, session.shop()].map(|shop| shop.repository_url().to_string());
    let cases = [
        ("sign-in-again", &id, format!("Continue to {host}")),
        ("attend-to-repository", &addresses[0], "Allow".to_owned()),
        ("attend-to-repository", &addresses[1], format!("Continue to {}", host_of(&new))),
        ("attend-to-repository", &addresses[2], "Keep Blocked".to_owned()),
    ];
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.find_row(&format!("demo, {host}")).await;
    let before = accounts(&session).await;
    let shops = [&asking, &new, session.shop()];
    for shop in shops {
        shop.control().clear_requests();
    }
    for (action, target, button) in &cases {
        for moment in MOMENTS {
            window.focus().await;
            activate_action(&session, action, target).await;
            window.wait(button, |tree| tree.usable(button).map(drop)).await;
            tokio::time::sleep(moment).await;
            screen.key("Return").await;
            // The page is still there, and can be answered by who meant it.
            window.ready(button).await;
            assert_eq!(accounts(&session).await, before, "{action}: {button} after {moment:?}");
            for shop in shops {
                assert_eq!(shop.control().requests(), [], "{action}: {button} after {moment:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w23_a_key_on_an_account_that_a_program_has_brought_up_gives_no_permission() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    let (host, id) = (session.host(), account_id(&session).await);
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.find_row(&format!("demo, {host}")).await;
    for moment in MOMENTS {
        let mut is_in_time = false;
        for _ in 0..ATTEMPTS {
            window.focus().await;
            let (before, start) = (accounts(&session).await, Instant::now());
            activate_action(&session, "show-account", &id).await;
            tokio::time::sleep(moment.saturating_sub(CALL)).await;
            screen.key("Return").await;
            is_in_time = start.elapsed() < GUARD;
            window.ready("Sign Out").await;
            if is_in_time {
                assert_eq!(accounts(&session).await, before, "after {moment:?}");
                break;
            }
        }
        assert!(is_in_time, "a key comes {moment:?} after the page");
    }
}

/// A question that opens a prompt.
struct Question {
    app: &'static str,
    title: String,
    button: String,
}

/// Presses Return at each moment after the prompt became active. A key that comes too late may consent; whether it did is
/// returned, since nothing is known then.
async fn press_too_early(session: &Session, question: &Question) -> bool {
    let before = accounts(session).await;
    session.flatpak().install(question.app).end().await;
    let screen = session.screen();
    let prompt = screen.window(&question.title).await;
    prompt.ready(&question.button).await;
    session.shop().control().clear_requests();
    for moment in MOMENTS {
        screen.window("Usher").await;
        let start = Instant::now();
        prompt.key_after_focus(moment, "Return").await;
        if start.elapsed() >= GUARD {
            return false;
        }
        prompt.ready(&question.button).await;
        assert_eq!(accounts(session).await, before, "{} after {moment:?}", question.title);
        assert_eq!(session.shop().control().requests(), [], "{} after {moment:?}", question.title);
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn w23_a_key_on_a_prompt_that_has_just_become_active_consents_to_nothing() {
    for kind in ["sign in", "buy", "allow"] {
        // A computer that is too busy to press a key in time gets some more chances.
        for _ in 0..CHANCES {
            let session = Session::start(Setup::default()).await;
            let host = session.host();
            let (app, title, button) = match kind {
                "sign in" => (APP, format!("Sign In to {host}"), format!("Continue to {host}")),
                "buy" => (PAID, format!("Buy “{PAID}”?"), "Continue to Purchase".to_owned()),
                _ => (APP, "Use the Account of demo?".to_owned(), "Allow".to_owned()),
            };
            if kind != "sign in" {
                session.sign_in_as("demo").await;
            }
            if kind == "allow" {
                session.usherctl(&["revoke", "demo"]).await.expect_success();
            }
            session.open_usher();
            session.screen().window("Usher").await;
            if press_too_early(&session, &Question { app, title, button }).await {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w23_what_a_press_leads_to_can_be_answered_at_once() {
    let session = Session::start(Setup::default()).await;
    let host = session.host();
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.ready(&format!("Sign In to {host}")).await;
    // It came up a while ago.
    tokio::time::sleep(2 * GUARD).await;
    window.press(&format!("Sign In to {host}")).await;
    let button = format!("Continue to {host}");
    let shown = window.wait(&button, |tree| tree.usable(&button).cloned()).await;
    assert!(shown.is_sensitive() && shown.is_focused(), "{}", window.tree().await);
}

/// A question put off this many seconds ago.
fn put_off(session: &Session, seconds: i64) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later than 1970");
    let at = i64::try_from(now.as_secs()).expect("it is not that late") - seconds;
    let remote_url = session.shop().repository_url().to_string();
    let dismissed = serde_json::json!([{ "remote_url": remote_url, "kind": "SignIn", "at": at }]);
    std::fs::create_dir_all(file(session).parent().expect("it is in a folder")).expect("the folder can be made");
    std::fs::write(file(session), dismissed.to_string()).expect("the file can be written");
}

/// Where the window remembers what was put off.
fn file(session: &Session) -> PathBuf {
    session.folder().join("run").join(AUTHENTICATOR).join("dismissed.json")
}

#[tokio::test(flavor = "multi_thread")]
async fn w24_only_a_person_brings_back_what_was_put_off() {
    let session = Session::start(Setup::default()).await;
    let host = session.host();
    let screen = session.screen();
    put_off(&session, 3600);
    activate(&session, Data::new()).await;
    let window = screen.window("Usher").await;
    window.ready(&format!("Sign In to {host}")).await;
    assert!(file(&session).exists(), "a program without a token is not the person");
    activate_action(&session, "attend-to-repository", session.shop().repository_url().as_str()).await;
    window.ready(&format!("Continue to {host}")).await;
    assert!(file(&session).exists());

    activate(&session, Data::from([("activation-token", Value::from("token"))])).await;
    wait_until("the end of what was put off", async || !file(&session).exists()).await;
    // A person who goes on in the window has opened it, too.
    put_off(&session, 3600);
    activate(&session, Data::new()).await;
    assert!(file(&session).exists());
    tokio::time::sleep(GUARD).await;
    screen.key("Escape").await;
    window.press(&format!("Sign In to {host}")).await;
    wait_until("the end of what was put off", async || !file(&session).exists()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w24_a_prompt_that_was_just_put_off_stays_so_when_the_window_behind_it_is_in_front_again() {
    let session = Session::start(Setup::default()).await;
    let host = session.host();
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.ready(&format!("Sign In to {host}")).await;
    session.flatpak().install(APP).end().await;
    let title = format!("Sign In to {host}");
    screen.window(&title).await.press("Not Now").await;
    screen.wait_until_gone(&title).await;
    window.focus().await;
    window.press(&format!("Sign In to {host}")).await;
    window.ready(&format!("Continue to {host}")).await;
    assert!(file(&session).exists());
}
