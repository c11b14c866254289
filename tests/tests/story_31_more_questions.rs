// SPDX-License-Identifier: GPL-3.0-or-later
//! More than one question at a time, and questions that were put off.

use usher_tests::{AUTHENTICATOR, Role, Setup, Story, Terminal, Tree};

const APP: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";
const RUNTIME: &str = "org.example.Platform";

/// Opens another shop, whose repository names Usher and is called “Other Store”. Returns the host of its server.
async fn open_other_store(story: &Story) -> (usher_demo_store::DemoStore, String) {
    // Otherwise flatpak asks which of the two repositories it is to come from.
    story.session.flatpak().run(&["install", "--user", "-y", "demo", RUNTIME]).await.expect_success();
    let shop = story.session.open_another_shop("other").await;
    let address = shop.base_url().to_string();
    let (name, option) =
        (format!("--authenticator-name={AUTHENTICATOR}"), format!("--authenticator-option=url={address}"));
    let arguments = ["remote-modify", "--user", "--title=Other Store", &name, &option, "other"];
    story.session.flatpak().run(&arguments).await.expect_success();
    let host = address.trim_start_matches("http://").trim_end_matches('/').to_owned();
    (shop, host)
}

fn install_from(story: &Story, remote: &str) -> Terminal {
    story.session.flatpak().in_terminal(&["install", "--user", remote, APP]).answering_yes()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_open_question_says_what_else_is_asked_and_leads_there() {
    let story = Story::begin("31-more-questions", "Two repositories ask at once", Setup::default()).await;
    let (host, screen) = (story.session.host(), story.session.screen());
    let (_shop, other_host) = open_other_store(&story).await;
    let (first, second) = (format!("Sign In to {host}"), format!("Sign In to {other_host}"));

    story.step("Two installs from two repositories: one window, and it says that the other one waits").await;
    let outcome = install_from(&story, "demo").end().await;
    assert_eq!(outcome.code, 1, "{}", outcome.text);
    let prompt = screen.window(&first).await;
    let outcome = install_from(&story, "other").end().await;
    // Its question is behind another one, so no window is promised.
    let told = format!("Account needed. Sign in to {other_host} in Usher, then try again.");
    assert!(outcome.text.contains(&told), "{}", outcome.text);
    prompt.says("Other Store is waiting too.").await;
    assert_eq!(screen.tree().await.titles(), [first.as_str()]);
    prompt.fits_into(360).await;

    story.step("The last page leads to the other question").await;
    prompt.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    let done = screen.front();
    done.says("Signed In").await;
    done.ready("Next: Other Store").await;
    done.fits_into(360).await;
    done.press("Next: Other Store").await;
    let prompt = screen.window(&second).await;
    prompt.ready(&format!("Continue to {other_host}")).await;
    assert_eq!(screen.tree().await.titles(), [second.as_str()]);

    story.step("Put off, it waits in the main window").await;
    prompt.press("Not Now").await;
    screen.wait_until_empty().await;
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.mentions(&format!("1 app is waiting for an account at {other_host}")).await;
    window.ready("More About Other Store").await;
    story.end().await;
}

/// Presses the last entry of the menu that is open: entries of GTK's menus have no names for screen readers.
async fn dismiss(story: &Story) {
    for key in ["Up", "Return"] {
        story.session.screen().key(key).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_behind_another_opens_when_that_is_put_off() {
    let story = Story::begin("31-put-off", "The first of two questions is put off", Setup::default()).await;
    let (host, screen) = (story.session.host(), story.session.screen());
    let (_shop, other_host) = open_other_store(&story).await;
    install_from(&story, "demo").end().await;
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    install_from(&story, "other").end().await;
    prompt.says("Other Store is waiting too.").await;
    prompt.press("Not Now").await;
    screen.window(&format!("Sign In to {other_host}")).await.press("Not Now").await;
    screen.wait_until_empty().await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_that_waits_behind_another_question_goes_on_in_its_turn() {
    let story = Story::begin("31-waiting", "Two installs wait", Setup::default()).await;
    let (host, screen) = (story.session.host(), story.session.screen());
    let (shop, other_host) = open_other_store(&story).await;
    story.session.change_setting("continue-installs", "true").await;
    let first = install_from(&story, "demo");
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    let second = install_from(&story, "other");
    prompt.press("Not Now").await;
    assert_eq!(first.end().await.code, 1);
    let prompt = screen.window(&format!("Sign In to {other_host}")).await;
    prompt.says("The terminal is waiting. The install continues after signing in.").await;
    prompt.press(&format!("Continue to {other_host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    second.end().await.expect_success();
    drop(shop);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_bought_waits_with_a_way_on() {
    let story = Story::begin("31-not-bought", "A purchase is put off", Setup::default()).await;
    let (host, screen) = (story.session.host(), story.session.screen());
    story.session.update_appstream().await;
    story.session.sign_in_as("demo").await;

    story.step("A purchase is put off").await;
    story.session.flatpak().install(PAID).end().await;
    screen.window("Buy “Sketchbook”?").await.press("Not Now").await;
    screen.wait_until_empty().await;

    story.step("It waits under Needs Attention").await;
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.mentions(&format!("Not bought at {host} yet")).await;
    window.fits_into(360).await;

    story.step("Its button brings the question back").await;
    window.press("Buy Sketchbook").await;
    let prompt = screen.window("Buy “Sketchbook”?").await;
    prompt.ready("Continue to Purchase").await;
    prompt.says("flatpak in the terminal").await;
    prompt.press("Not Now").await;
    screen.wait_until_gone("Buy “Sketchbook”?").await;

    story.step("Dismissed, it is gone").await;
    window.press("More About Sketchbook").await;
    dismiss(&story).await;
    window
        .wait("the end of the row", |tree| {
            let is_there = tree.nodes.iter().any(|node| node.role == Role::Label && node.name.contains("Not bought"));
            (!is_there).then_some(())
        })
        .await;
    story.end().await;
}

/// How many rows of the main page are about an app of that name.
fn rows_about(tree: &Tree, app: &str) -> usize {
    tree.rows_called(app).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_account_was_allowed_for_and_does_not_have_is_not_ready() {
    let story =
        Story::begin("31-not-ready", "An account is allowed, and does not have the app", Setup::default()).await;
    let (host, screen) = (story.session.host(), story.session.screen());
    story.session.update_appstream().await;
    story.session.sign_in_as("demo").await;
    story.session.usherctl(&["revoke", "demo"]).await.expect_success();
    let allow = async || {
        story.session.flatpak().install(PAID).end().await;
        screen.window("Use the Account of demo?").await.press("Allow").await;
        screen.window("Buy “Sketchbook”?").await
    };

    story.step("The account is allowed, and the purchase is put off").await;
    allow().await.press("Not Now").await;
    screen.wait_until_empty().await;

    story.step("The app waits to be bought, and is not ready").await;
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.row_says("Sketchbook", &format!("Not bought at {host} yet")).await;
    assert!(!window.tree().await.says("Ready to Install"), "{}", window.tree().await);

    story.step("The shop is opened and left").await;
    window.press("Buy Sketchbook").await;
    screen.window("Buy “Sketchbook”?").await.press("Continue to Purchase").await;
    let prompt = screen.front();
    prompt.ready("Buy Now").await;
    prompt.press("Cancel").await;
    prompt.press("Leave").await;
    prompt.says("Unfinished Purchase").await;
    prompt.press("Not Now").await;
    screen.wait_until_gone("Buy “Sketchbook”?").await;

    story.step("The unfinished purchase is all that stands there of it").await;
    let window = screen.window("Usher").await;
    window.row_says("Sketchbook", &format!("Unfinished purchase at {host}")).await;
    let tree = window.tree().await;
    assert_eq!(rows_about(&tree, "Sketchbook"), 1, "{tree}");
    assert!(!tree.says("Ready to Install"), "{tree}");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_added_from_any_page() {
    let story = Story::begin("31-add-from-anywhere", "Ctrl+N on another page", Setup::default()).await;
    let (host, screen) = (story.session.host(), story.session.screen());
    story.session.sign_in_as("demo").await;
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.press_row(&format!("demo, {host}")).await;
    window.ready("Sign Out").await;
    window.focus().await;
    screen.key("ctrl+n").await;
    window.ready("Address").await;
    window.press("Back").await;
    window.ready("Sign Out").await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_repository_that_is_not_set_up_says_what_it_is() {
    let story = Story::begin("31-not-set-up", "A repository's address, typed", Setup::default()).await;
    let (host, screen) = (story.session.host(), story.session.screen());
    story.session.flatpak().run(&["remote-delete", "--user", "--force", "demo"]).await.expect_success();
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.press("Add Account").await;
    window.fill("Address", story.session.shop().repository_url().as_str()).await;
    window.press("Continue").await;
    window.mentions(&format!("{host} has a repository that is not set up on this computer.")).await;
    window.fits_into(360).await;
    window.fill("Address", &format!("{}nothing-here/", story.session.shop().base_url())).await;
    window.press("Continue").await;
    window.mentions(&format!("{host} does not offer accounts for apps")).await;
    story.end().await;
}
