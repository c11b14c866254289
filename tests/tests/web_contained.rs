// SPDX-License-Identifier: GPL-3.0-or-later
//! No variable of the environment weakens a rule: programs run without those that could, and a page has its sandbox.

use std::fs;

use usher_demo_store::Reply;
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{AUTHENTICATOR, Session, Setup, WINDOW};

const APP: &str = "org.example.Postcard";
/// Variables that switch off the sandbox of pages, open them to others, or write down secrets.
const HARMFUL: [&str; 9] = [
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS",
    "WEBKIT_FORCE_SANDBOX",
    "WEBKIT_INSPECTOR_SERVER",
    "WEBKIT_DEBUG",
    "SNAP",
    "SNAP_NAME",
    "SNAP_REVISION",
    "SSLKEYLOGFILE",
    "JSC_useJIT",
];

/// The names of the variables that a process runs with.
fn variables_of(process: u32) -> Vec<String> {
    let environment = fs::read(format!("/proc/{process}/environ")).expect("the process is there");
    let variables = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    variables.filter_map(|variable| Some(variable.split_once('=')?.0.to_owned())).collect()
}

fn expect_clean(process: u32, program: &str) {
    let variables = variables_of(process);
    assert!(variables.iter().any(|name| name == "PATH"), "{program}: {variables:?}");
    for name in HARMFUL {
        assert!(!variables.iter().any(|variable| variable == name), "{program} runs without {name}");
    }
}

fn namespace(process: u32, kind: &str) -> String {
    let link = fs::read_link(format!("/proc/{process}/ns/{kind}")).expect("the process is there");
    link.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn w21_a_page_has_its_sandbox_whatever_the_environment_says() {
    let environment = HARMFUL.iter().map(|name| (*name, "1".to_owned())).collect();
    let session = Session::start(Setup { environment, ..Setup::default() }).await;
    session.flatpak().install(APP).end().await;
    let host = session.host();
    let screen = session.screen();
    screen.window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
    screen.front().ready("User name").await;

    let window = session.bus.process_of(WINDOW).await;
    let pages = session.processes.of_program("WebKitWebProcess");
    assert!(!pages.is_empty(), "the page has a process");
    for (page, _) in pages {
        for kind in ["mnt", "pid"] {
            assert_ne!(namespace(page, kind), namespace(window, kind), "the page has a {kind} namespace of its own");
        }
        expect_clean(page, "the page");
    }
    expect_clean(window, "usher");
    expect_clean(session.bus.process_of(AUTHENTICATOR).await, "usher-authenticator");
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo", "--no-browser"]).await;
    for (process, _) in session.processes.of_program("usherctl") {
        expect_clean(process, "usherctl");
    }
    drop(waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn w25_a_server_that_asks_for_a_password_outside_its_page_gets_none() {
    let session = Session::start(Setup::default()).await;
    let asks = Reply::new(401, "<!doctype html><title>x</title><h1>Refused</h1>")
        .with_header("www-authenticate", "Basic realm=\"Enter the PIN of your bank\"");
    session.shop().control().set_page("/login", asks);
    session.flatpak().install(APP).end().await;
    let host = session.host();
    let screen = session.screen();
    screen.window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
    let view = screen.front();
    view.says("Page Cannot Be Shown Here").await;
    view.mentions(&format!("{host} asks for a password outside the page, which is not supported.")).await;
    view.ready("Continue in Browser").await;
    let tree = view.tree().await;
    assert!(!tree.mentions("PIN") && !tree.mentions("Refused"), "{tree}");
}

#[tokio::test(flavor = "multi_thread")]
async fn w25_a_part_of_a_page_that_asks_for_a_password_stays_away() {
    let session = Session::start(Setup::default()).await;
    let asks = Reply::new(401, "").with_header("www-authenticate", "Basic realm=\"Enter the PIN of your bank\"");
    session.shop().control().set_page("/picture", asks);
    let page = "<!doctype html><html lang=en><meta charset=utf-8><title>x</title><h1>Shop</h1>\
                <img src='/picture' onerror=\"document.body.insertAdjacentHTML('beforeend', '<p>No picture</p>')\">";
    session.shop().control().set_page("/login", Reply::html(page));
    session.flatpak().install(APP).end().await;
    let host = session.host();
    let screen = session.screen();
    screen.window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
    let view = screen.front();
    view.says("No picture").await;
    let tree = view.tree().await;
    assert!(tree.says("Shop") && !tree.mentions("PIN") && !tree.says("Page Cannot Be Shown Here"), "{tree}");
}
