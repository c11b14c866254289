// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: from “account needed” to installed.

use usher_demo_store::CREDENTIAL_MARK;
use usher_tests::{AUTHENTICATOR, Session, Setup, Story, WINDOW, wait_for};

const APP: &str = "org.example.Postcard";

/// Flatpak's numbers of the sandboxes in which WebKit shows pages.
fn sandboxes_of_pages(session: &Session) -> Vec<String> {
    let pages = session.processes.of_program("WebKitWebProcess");
    let mut sandboxes: Vec<_> = pages.into_iter().filter_map(|(page, _)| session.sandbox_of(page)).collect();
    sandboxes.sort();
    sandboxes
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_works_after_signing_in_from_within_the_sandbox() {
    let setup = Setup::with_flatpak();
    let story =
        Story::begin("sandbox-1-account", "Usher as a Flatpak: from “account needed” to installed", setup).await;
    let session = &story.session;
    let host = session.host();
    assert_eq!(session.instances().await, [], "nothing of Usher's runs");

    story.step("flatpak starts the daemon in its sandbox, and says in one line that an account is needed").await;
    let outcome = session.flatpak().install(APP).end().await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));

    story.step("The prompt comes from a sandbox of its own").await;
    let screen = session.screen();
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    for (row, text) in [("For", APP), ("Repository", "Demo Store"), ("Server", host.as_str())] {
        prompt.row_says(row, text).await;
    }
    wait_for(
        "one sandbox for the daemon, one for the window",
        async || (session.instances().await.len() == 2).then_some(()),
        async || format!("{:?}", session.instances().await),
    )
    .await;
    assert_ne!(session.bus.process_of(AUTHENTICATOR).await, session.bus.process_of(WINDOW).await);
    let daemon = session.sandbox_of(session.daemon().expect("the daemon is there"));
    let [(window, _)] = &session.processes.of_program("usher")[..] else { panic!("one window process is there") };
    let window = session.sandbox_of(*window).expect("the window is in a sandbox");
    assert_ne!(daemon.as_ref(), Some(&window));

    story.step("The shop's page opens in a sandbox within the window's").await;
    prompt.press(&format!("Continue to {host}")).await;
    let page = screen.front();
    page.find_control(&format!("Address: {host}")).await;
    page.ready("User name").await;
    let pages = sandboxes_of_pages(session);
    assert!(!pages.is_empty() && !pages.contains(&window), "{pages:?} are not {window}");
    assert!(session.instances().await.len() >= 3);

    story.step("After signing in, the window shows how to go on").await;
    page.sign_in_on_the_page("demo").await;
    let done = screen.front();
    done.says("Signed In").await;
    done.says(&format!("demo at {host}")).await;
    done.says(&format!("flatpak install demo {APP}")).await;

    story.step("The keyring file of the sandbox holds the sign-in, the desktop's keyring does not").await;
    let [item] = &session.accounts_in_file().await[..] else { panic!("one account is in the file") };
    assert_eq!(item.label, format!("Usher: {host}"));
    assert!(item.text().contains(CREDENTIAL_MARK));
    assert!(session.keyring().items().await.is_empty());

    story.step("The window closes, and its sandboxes with it").await;
    done.press("Done").await;
    screen.wait_until_empty().await;

    story.step("The same command installs the app without a question").await;
    session.flatpak().install(APP).end().await.expect_success();
    assert!(screen.tree().await.nodes.is_empty(), "no window has opened");

    story.step("The app runs").await;
    let outcome = session.flatpak().run(&["run", "--user", APP]).await;
    outcome.expect_success();
    assert!(outcome.text.contains("Hello from Postcard 1"), "{}", outcome.text);
    story.end().await;
}
