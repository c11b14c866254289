// SPDX-License-Identifier: GPL-3.0-or-later
//! A container registry: an install with an account, and one without any.

use usher_tests::{Setup, Story, token_requests};

const APP: &str = "org.example.Compass";
const OPEN_APP: &str = "org.example.Almanac";

#[tokio::test(flavor = "multi_thread")]
async fn an_install_from_a_registry_asks_once_and_never_again() {
    let setup = Setup { without_shop: true, ..Setup::default() };
    let story = Story::begin("50-registry", "A container registry: signing in once", setup).await;
    let session = &story.session;
    let registry = session.open_registry("acme").await;
    let host = registry.host();
    let install = ["install", "--user", "acme", APP];

    story.step("flatpak says in one line that an account is needed").await;
    let outcome = session.flatpak().in_terminal(&install).answering_yes().end().await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));

    story.step("The prompt names program, app, repository and registry").await;
    let screen = session.screen();
    let title = format!("Sign In to {host}");
    let prompt = screen.window(&title).await;
    for (row, text) in [("Asked By", "flatpak in the terminal"), ("For", APP), ("Server", host.as_str())] {
        prompt.row_says(row, text).await;
    }

    story.step("The form says which host gets the password").await;
    prompt.read().await;
    prompt.press(&format!("Continue to {host}")).await;
    prompt.ready("User Name").await;
    prompt.says(&format!("The password goes to {}.", registry.realm_host())).await;

    story.step("A wrong password is said, and the user name stays").await;
    prompt.fill("User Name", "1234567|name").await;
    prompt.fill("Password", "CANARY wrong").await;
    prompt.press("Sign In").await;
    prompt.says("User name or password is wrong").await;

    story.step("The right one leads to “Signed In”, and to how to go on").await;
    let password = registry.control().password("1234567|name").expect("a user of the registry");
    prompt.fill("Password", &password).await;
    prompt.press("Sign In").await;
    let done = screen.front();
    done.says("Signed In").await;
    done.says(&format!("flatpak install acme {APP}")).await;
    let item = session.keyring().only_item().await;
    assert_eq!(item.attributes.get("type").map(String::as_str), Some("oci"));
    assert_eq!(item.attributes.get("service").map(String::as_str), Some(registry.registry_url().as_str()));
    done.press("Copy and Close").await;
    screen.wait_until_empty().await;

    story.step("The same command installs the app without a question").await;
    session.flatpak().in_terminal(&install).answering_yes().end().await.expect_success();
    let run = session.flatpak().run(&["run", APP]).await;
    assert!(run.expect_success().text.contains("Hello from Compass 1"), "{}", run.text);

    story.step("So does an update, after Usher was started anew").await;
    registry.control().publish_update(APP).await.expect("an update can be published");
    session.stop_daemon().await;
    session.flatpak().run(&["update", "--user", "-y"]).await.expect_success();
    let run = session.flatpak().run(&["run", APP]).await;
    assert!(run.expect_success().text.contains("Hello from Compass 2"), "{}", run.text);
    assert!(screen.tree().await.nodes.is_empty(), "no window has opened");
    assert_eq!(session.leaks(), []);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_anybody_may_have_needs_no_account() {
    let setup = Setup { without_shop: true, ..Setup::default() };
    let story = Story::begin("50-anybody", "A container registry: what anybody may have", setup).await;
    let session = &story.session;
    let registry = session.open_registry("acme").await;

    story.step("An app that anybody may have is installed without a question").await;
    session.flatpak().run(&["install", "--user", "-y", "acme", OPEN_APP]).await.expect_success();
    assert!(session.keyring().items().await.is_empty());
    let requests = registry.requests();
    let asked = token_requests(&requests);
    assert!(!asked.is_empty() && asked.iter().all(|(_, user)| user.is_none()), "{asked:?}");

    story.step("So is an update of it").await;
    registry.control().publish_update(OPEN_APP).await.expect("an update can be published");
    session.flatpak().in_terminal(&["update", "--user"]).answering_yes().end().await.expect_success();
    let run = session.flatpak().run(&["run", OPEN_APP]).await;
    assert!(run.expect_success().text.contains("Hello from Almanac 2"), "{}", run.text);
    assert!(session.screen().tree().await.nodes.is_empty(), "no window has opened");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_in_a_terminal_signs_in_with_usherctl() {
    let setup = Setup { without_shop: true, without_window: true, ..Setup::without_display() };
    let story = Story::begin("50-terminal", "A container registry, in a terminal alone", setup).await;
    let session = &story.session;
    let registry = session.open_registry("acme").await;
    let host = registry.host();
    let install = ["install", "--user", "acme", APP];

    story.step("flatpak names the command that signs in").await;
    let refused = session.flatpak().in_terminal(&install).answering_yes().end().await;
    refused.expect_refusal(&format!("Account needed. Run “usherctl sign-in {host}”, then try again."));

    story.step("It says which host gets the password, and that a password is wrong").await;
    let terminal = session.in_terminal(&["usherctl", "sign-in", &host]);
    terminal.wait_for_text(&format!("First time at {host}. Continue? [y/N] ")).await;
    terminal.enter("y");
    terminal.wait_for_text(&format!("The password goes to {}.", registry.realm_host())).await;
    terminal.wait_for_text("User name: ").await;
    terminal.enter("robot$name");
    terminal.wait_for_text("Password: ").await;
    terminal.enter("CANARY wrong");
    terminal.wait_for_text("User name or password is wrong.").await;

    story.step("The right one is enough, and flatpak installs the app").await;
    terminal.wait_for_text("User name [robot$name]: ").await;
    terminal.enter("");
    terminal.wait_for_nth("Password: ", 2).await;
    terminal.enter(&registry.control().password("robot$name").expect("a user of the registry"));
    terminal.wait_for_text(&format!("Signed in to {host} as robot$name.")).await;
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    let signed_in = terminal.end().await;
    assert!(!signed_in.expect_success().text.contains("CANARY"), "no password is shown");
    session.flatpak().in_terminal(&install).answering_yes().end().await.expect_success();
    assert_eq!(session.leaks(), []);
    story.end().await;
}
