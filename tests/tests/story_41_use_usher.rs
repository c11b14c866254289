// SPDX-License-Identifier: GPL-3.0-or-later
//! Repositories that do not use Usher: given to it in the window, and taken back.

use std::fs;

use usher_demo_store::{DemoStore, RegistryAuthentication};
use usher_tests::{AUTHENTICATOR, Session, Setup, Story, workspace};

const APP: &str = "org.example.Postcard";
/// The apps of a registry: for anybody, and for those with an account.
const PUBLIC: &str = "org.example.Almanac";
const PRIVATE: &str = "org.example.Compass";
/// A registry that nobody runs: nothing here contacts it.
const REGISTRY: &str = "oci+http://127.0.0.1:9/flatpaks";

/// Another shop, whose repository names its account server and no program that keeps accounts.
async fn open_other_store(session: &Session) -> (DemoStore, String) {
    let shop = session.open_another_shop("other").await;
    let option = format!("--authenticator-option=url={}", shop.base_url());
    let flatpak = session.flatpak();
    flatpak.run(&["remote-modify", "--user", "--title=Other Store", &option, "other"]).await.expect_success();
    flatpak.run(&["remote-ls", "--user", "other"]).await.expect_success();
    let host = shop.base_url().to_string().trim_start_matches("http://").trim_end_matches('/').to_owned();
    (shop, host)
}

async fn add_registry(session: &Session) {
    let arguments = ["remote-add", "--user", "--no-gpg-verify", "--title=Company Registry", "registry", REGISTRY];
    session.flatpak().run(&arguments).await.expect_success();
}

fn configured(session: &Session) -> String {
    fs::read_to_string(session.folder().join("flatpak/user/repo/config")).expect("flatpak has a configuration")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_given_to_usher_signed_in_to_and_taken_back() {
    let story = Story::begin("41-use-usher", "A repository that does not use Usher", Setup::default()).await;
    let session = &story.session;
    let (_other, host) = open_other_store(session).await;
    let screen = session.screen();

    story.step("It is listed below those that use Usher").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 2 on this computer").await;
    window.says("Other Repositories").await;
    window.find_row("Other Store, Nothing signs in to it").await;

    story.step("The page shows the command before anything is changed").await;
    window.press("Use Usher for Other Store").await;
    window.says("Use Usher for Other Store?").await;
    let command = format!("flatpak remote-modify --user --authenticator-name={AUTHENTICATOR} other");
    window.says(&command).await;
    window.press("Copy Command").await;
    window.says("Copied").await;
    assert_eq!(session.clipboard().await.as_deref(), Some(command.as_str()));
    let before = configured(session);

    story.step("One press changes it, and leads to its server").await;
    window.press("Use Usher").await;
    window.ready(&format!("Continue to {host}")).await;
    window.says("Other Store").await;
    assert_ne!(configured(session), before);

    story.step("Signing in is all that is left to do before an install").await;
    window.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_and_finish("demo2").await;
    session.flatpak().run(&["install", "--user", "--noninteractive", "other", APP]).await.expect_success();

    story.step("Its page takes it back").await;
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 2 on this computer").await;
    window.press_row("Other Store, demo2").await;
    window.press("Stop Using Usher…").await;
    window.says("Stop Using Usher for Other Store?").await;
    window.press("Stop Using Usher").await;
    window.says("Other Store no longer asks Usher").await;
    window.find_row("Other Store, Nothing signs in to it").await;
    assert!(session.usherctl(&["list"]).await.stdout.contains("demo2"), "the account stays");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_flatpak_asked_for_itself_is_given_to_usher() {
    let story = Story::begin("41-registry", "A registry, until now flatpak's own affair", Setup::default()).await;
    let session = &story.session;
    let registry = session.start_registry("registry", RegistryAuthentication::Tokens).await;
    session.add_registry(&registry, "registry", None).await;
    let install = async |app| session.flatpak().run(&["install", "--user", "--noninteractive", "registry", app]).await;
    let screen = session.screen();

    story.step("flatpak's own authenticator installs what anybody may have, and nothing else").await;
    install(PUBLIC).await.expect_success();
    let refused = install(PRIVATE).await;
    assert!(refused.code != 0 && !refused.text.contains("Account needed."), "{}", refused.text);

    story.step("One press gives the registry to Usher, and its server is known").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 2 on this computer").await;
    window.press("Use Usher for registry").await;
    window.says("Use Usher for registry?").await;
    window.press("Use Usher").await;
    let host = registry.host();
    window.ready(&format!("Continue to {host}")).await;
    install(PRIVATE).await.expect_refusal(&format!("Account needed. Sign in to {host} in Usher, then try again."));

    story.step("After signing in, what only people with an account may have is installed").await;
    window.press(&format!("Continue to {host}")).await;
    let page = screen.front();
    page.fill("User Name", "demo").await;
    page.fill("Password", "demo").await;
    page.press("Sign In").await;
    page.says("Signed In").await;
    page.press("Done").await;
    install(PRIVATE).await.expect_success();

    story.step("Its page says what it is").await;
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 2 on this computer").await;
    window.press_row("registry, demo").await;
    for said in [registry.remote_url().as_str(), &host, "registry", "Current user"] {
        window.says(said).await;
    }
    window.press("Check Repository").await;
    window.says("No problems were found.").await;
    window.press("Back").await;

    story.step("Taken back, it is flatpak's own affair again").await;
    window.press("Stop Using Usher…").await;
    window.says("Stop Using Usher for registry?").await;
    window.press("Stop Using Usher").await;
    window.says("registry no longer asks Usher").await;
    session.flatpak().run(&["uninstall", "--user", "-y", PRIVATE]).await.expect_success();
    let refused = install(PRIVATE).await;
    assert!(refused.code != 0 && !refused.text.contains("Account needed."), "{}", refused.text);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_run_by_hand_makes_the_page_continue() {
    let story = Story::begin("41-by-hand", "A registry, given to Usher in a terminal", Setup::default()).await;
    let session = &story.session;
    add_registry(session).await;
    let screen = session.screen();

    story.step("A registry is offered where accounts are added").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press("Add Account").await;
    window.find_row("Company Registry, Asks again each time").await;
    window.press("Use Usher for Company Registry").await;
    window.says("127.0.0.1:9").await;

    story.step("The command is run in a terminal, and the page continues").await;
    let command = format!("flatpak remote-modify --user --authenticator-name={AUTHENTICATOR} registry");
    window.says(&command).await;
    session.in_terminal(&["sh", "-c", &command]).end().await.expect_success();
    window.says("Add Account").await;
    window.wait("nothing to offer", |tree| (!tree.mentions("Company Registry, Asks")).then_some(())).await;
    assert!(session.usherctl(&["remotes"]).await.stdout.contains("No account"));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_flatpak_changes_nothing_the_page_says_why() {
    let story = Story::begin("41-failed", "flatpak cannot be run", Setup::default()).await;
    let session = &story.session;
    add_registry(session).await;
    let before = configured(session);

    story.step("There is no flatpak where programs are").await;
    let mut usher = session.command("env");
    usher.arg("PATH=/nonexistent").arg(workspace().join("build/stage/bin/usher"));
    session.processes.start("usher", usher);
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 2 on this computer").await;
    window.press("Use Usher for Company Registry").await;
    window.says("Use Usher for Company Registry?").await;

    story.step("The page says what happened, and still has the command").await;
    window.press("Use Usher").await;
    window.says("flatpak is not installed, so nothing was changed.").await;
    window.ready("Use Usher").await;
    window.ready("Copy Command").await;
    assert_eq!(configured(session), before);
    story.end().await;
}

/// All that the list and the page say, in every size.
async fn look(name: &'static str, setup: Setup) {
    let story = Story::begin(name, "The pages that give a repository to Usher", setup).await;
    let session = &story.session;
    add_registry(session).await;
    let screen = session.screen();
    story.step("The list").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 2 on this computer").await;
    window.find_row("Company Registry").await;
    window.can_be_read_when_smallest(&story, "the list of repositories").await;
    story.step("The page").await;
    window.press("Use Usher for Company Registry").await;
    window.says("Use Usher for Company Registry?").await;
    story.finish_step().await;
    story.step("The page when it is smallest").await;
    window.can_be_read_when_smallest(&story, "the page that gives a repository to Usher").await;
    window.fits_into(360).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_can_be_read_in_the_dark_and_small() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    look("41-dark", Setup { environment: vec![dark], ..Setup::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_can_be_read_with_large_text() {
    look("41-large", Setup { large_text: true, ..Setup::default() }).await;
}
