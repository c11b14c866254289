// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: whom the daemon answers, which installations it knows, and what happens to clients when it is
//! killed.

use rustix::process::Signal;
use usher_demo_store::{Failure, Publication, Route};
use usher_tests::{AUTHENTICATOR, Client, Display, Setup, Story, WINDOW, send_signal, wait_for};

const APP: &str = "org.example.Postcard";
const FREE: &str = "org.example.Metronome";
/// A store that Usher's sandbox may talk to.
const STORE: &str = "org.gnome.Software";
const INSTALL: [&str; 5] = ["install", "--user", "--noninteractive", "demo", APP];

fn in_a_terminal() -> Setup {
    Setup { display: Display::None, ..Setup::with_flatpak() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_knows_both_installations_and_a_remote_in_neither_opens_no_window() {
    let setup = Setup::with_flatpak();
    let story = Story::begin("sandbox-4-installations", "Usher as a Flatpak: the installations", setup).await;
    let session = &story.session;
    let host = session.host();
    let remote = |name| session.shop().remote_add_arguments(name);

    story.step("A remote that is in no installation of this computer opens no window").await;
    let elsewhere = format!("FLATPAK_USER_DIR={}", session.folder().join("elsewhere").display());
    let mut add = vec!["env".to_owned(), elsewhere.clone(), "flatpak".to_owned()];
    add.extend(["remote-add", "--user"].map(str::to_owned));
    add.extend(remote("elsewhere"));
    let add: Vec<&str> = add.iter().map(String::as_str).collect();
    session.in_terminal(&add).end().await.expect_success();
    let outcome = session
        .in_terminal(&["env", &elsewhere, "flatpak", "install", "--user", "elsewhere", APP])
        .answering_yes()
        .end()
        .await;
    assert_eq!(outcome.code, 1, "{}", outcome.text);
    assert!(outcome.text.contains("Account needed."), "{}", outcome.text);
    assert!(!session.started_names().await.contains(WINDOW), "the window process was started");

    story.step("A remote of the system installation opens one").await;
    let mut add = vec!["remote-add".to_owned(), "--system".to_owned()];
    add.extend(remote("everybody"));
    let add: Vec<&str> = add.iter().map(String::as_str).collect();
    session.flatpak().run(&add).await.expect_success();
    let outcome = session.flatpak().in_terminal(&["install", "--system", "everybody", APP]).answering_yes().end().await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));
    let title = format!("Sign In to {host}");
    let screen = session.screen();
    screen.window(&title).await.press("Not Now").await;
    screen.wait_until_gone(&title).await;

    story.step("With an account, apps can be installed system-wide").await;
    session.sign_in_to("everybody", "demo").await;
    for app in [APP, FREE] {
        let outcome = session.flatpak().run(&["install", "--system", "--noninteractive", "everybody", app]).await;
        outcome.expect_success();
    }

    story.step("Usher knows the installed apps: an expired account does not block updates").await;
    let updates = [APP, FREE].map(|app| Publication::Update(app.to_owned()));
    let control = session.shop().control();
    control.publish(updates.to_vec()).await.expect("the shop publishes");
    control.expire_credentials(None).expect("the shop lets sign-ins expire");
    session.stop_daemon().await;
    let commit = async |app| {
        let outcome = session.flatpak().run(&["info", "--system", "--show-commit", app]).await;
        outcome.expect_success();
        outcome.text
    };
    let before = [commit(APP).await, commit(FREE).await];
    session.flatpak().run(&["update", "--system", "--noninteractive"]).await;
    assert_eq!(before[0], commit(APP).await, "the protected app waits");
    assert_ne!(before[1], commit(FREE).await, "the free app is updated");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_answered_alone_and_a_terminal_by_broadcast() {
    let story = Story::begin("sandbox-5-answers", "Usher as a Flatpak: whom it answers", in_a_terminal()).await;
    let session = &story.session;
    session.sign_in_as("demo").await;
    let mut bystander = Client::new(session).await;
    let mut store = Client::new(session).await;
    store.take_name(STORE).await;

    story.step("The answer to a store goes to the store alone").await;
    let answer = store.request(session).await;
    assert_eq!((answer.code, answer.message.as_str()), (0, ""));
    assert_eq!(answer.sent_to, Some(store.unique_name()));
    assert!(answer.tokens.keys().any(|token| !token.is_empty()));

    story.step("flatpak in a terminal gets its answer by broadcast").await;
    session.flatpak().run(&INSTALL).await.expect_success();
    let heard = bystander.response().await;
    assert_eq!((heard.code, heard.sent_to), (0, None), "the first that others hear is the answer to flatpak");
    assert_ne!(heard.handle, answer.handle);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_of_a_sandbox_nobody_else_hears_an_answer() {
    let setup = Setup::without_display();
    let story = Story::begin("sandbox-5-outside", "Not as a Flatpak: whom Usher answers", setup).await;
    let session = &story.session;
    session.sign_in_as("demo").await;
    let mut bystander = Client::new(session).await;

    story.step("flatpak gets its answer, and others do not").await;
    session.flatpak().run(&INSTALL).await.expect_success();
    assert!(!session.requests_for("/api/v1/get_tokens").is_empty(), "the daemon has asked for tokens");
    let answer = bystander.request(session).await;
    assert_eq!(answer.sent_to, Some(bystander.unique_name()), "the first that it hears is the answer to itself");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_clients_of_a_killed_daemon_are_released_by_the_next_one() {
    let story = Story::begin("sandbox-6-killed", "Usher as a Flatpak: the daemon is killed", in_a_terminal()).await;
    let session = &story.session;
    session.sign_in_as("demo").await;

    story.step("The daemon is killed while flatpak waits for its answer").await;
    session.shop().control().fail(Route::GetTokens, Failure::Hang);
    let mut command = vec!["flatpak"];
    command.extend(INSTALL);
    let install = session.in_terminal(&command);
    session.shop().control().wait_for_request(|request| request.path == "/api/v1/get_tokens").await;
    let killed = session.daemon().expect("the daemon is there");
    let sandbox = session.sandbox_of(killed);
    send_signal(killed, Signal::KILL);

    story.step("flatpak ends and says why").await;
    install.end().await.expect_refusal("Usher was stopped before it could answer. Try again.");

    story.step("Another daemon runs in the same sandbox, and serves the next request").await;
    let next = async || session.daemon().filter(|daemon| *daemon != killed);
    let next = wait_for("the next daemon", next, async || String::new()).await;
    assert_eq!(session.sandbox_of(next), sandbox);
    assert!(session.bus.has_owner(AUTHENTICATOR).await);
    session.shop().control().reset();
    session.flatpak().run(&INSTALL).await.expect_success();
    story.end().await;
}
