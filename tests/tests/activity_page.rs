// SPDX-License-Identifier: GPL-3.0-or-later
//! What happened is told on a page of the window: why somebody was asked, and what was done with an account.

use usher_tests::{Role, Session, Setup, Story, Tree, Window};

const APP: &str = "org.example.Postcard";

/// Lets the repository use the account, or takes that back: what is done in a terminal is an entry as well.
async fn permit(session: &Session, is_allowed: bool) {
    let command = if is_allowed { "allow" } else { "revoke" };
    session.usherctl(&[command, "demo"]).await.expect_success();
}

/// How many rows mention this.
fn count(tree: &Tree, text: &str) -> usize {
    tree.rows_called("").filter(|row| row.mentions(text)).count()
}

/// Chooses *Clear*, the only entry of the menu, with the keyboard. Entries of GTK's menus have no names for screen readers.
async fn clear(session: &Session, window: &Window<'_>) {
    window.focus().await;
    let is_at_menu = |tree: &Tree| tree.nodes.iter().any(|node| node.name == "More" && node.is_focused());
    for _ in 0..8 {
        if is_at_menu(&window.tree().await) {
            break;
        }
        session.screen().key("shift+Tab").await;
    }
    session.screen().key("Return").await;
    let is_open = |tree: &Tree| tree.nodes.iter().any(|node| node.name == "More" && node.is_on());
    window.wait("the open menu", |tree| is_open(tree).then_some(())).await;
    // A key that comes while the menu opens is lost.
    for _ in 0..8 {
        if !is_open(&window.tree().await) {
            break;
        }
        session.screen().key("Return").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_account_the_page_of_a_repository_says_why_somebody_was_asked() {
    let story = Story::begin("activity-repository", "Why was I asked?", Setup::default()).await;
    let (session, host) = (&story.session, story.session.host());
    session.update_appstream().await;
    let screen = session.screen();

    story.step("An install asks for a sign-in, which is put off").await;
    session.flatpak().install(APP).end().await;
    screen.window(&format!("Sign In to {host}")).await.press("Not Now").await;
    screen.wait_until_empty().await;

    story.step("The page of the repository says when something happened").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 1 on this computer").await;
    window.press_row("Demo Store, No account").await;
    window.press_row("Activity, Today at ").await;

    story.step("There it says who asked for what, what came of it, and what was asked because of it").await;
    window.says("Today").await;
    let asked = "flatpak in the terminal asked to install 1 app from Demo Store";
    window.says(asked).await;
    window.row_says(asked, "An account was needed").await;
    window.mentions("Usher asked for a sign-in").await;
    assert!(!window.tree().await.mentions(APP), "no app is named");

    story.step("What happens while the page is open appears there").await;
    session.sign_in_as("demo").await;
    window.mentions("Signed in to").await;
    session.flatpak().install(APP).end().await.expect_success();
    window.row_says(asked, "The account has access").await;
    let tree = window.tree().await;
    let first = tree.rows_called("").next().expect("there are rows");
    assert!(first.mentions("The account has access"), "the newest is first:\n{tree}");
    story.end().await;
}

/// Opens the activity of the account from the first page.
async fn open_activity(window: &Window<'_>, host: &str) {
    window.press_row(&format!("demo, {host}")).await;
    window.press_row("Activity, Today at ").await;
    window.mentions("Signed in to").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_an_account_can_be_searched_and_cleared_and_that_be_undone() {
    let story = Story::begin("activity-account", "The activity of an account", Setup::default()).await;
    let (session, host) = (&story.session, story.session.host());
    session.sign_in_as("demo").await;
    for _ in 0..3 {
        permit(session, false).await;
        permit(session, true).await;
    }
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    open_activity(&window, &host).await;

    story.step("So little is not searched").await;
    assert!(!window.tree().await.says("Search"), "{}", window.tree().await);
    for _ in 0..2 {
        permit(session, false).await;
        permit(session, true).await;
    }

    story.step("A search finds a part of it").await;
    window.ready("Search").await;
    window.focus().await;
    screen.key("ctrl+f").await;
    window.fill("Search activity", "no longer").await;
    window
        .wait("what was found", |tree| {
            (count(tree, "may no longer use") == 5 && !tree.mentions("Signed in")).then_some(())
        })
        .await;
    window.fill("Search activity", "no such words").await;
    window.says("No Results").await;
    screen.key("Escape").await;
    window.mentions("Signed in to").await;

    story.step("Clear takes away what the page lists, at once").await;
    clear(session, &window).await;
    window.says("Nothing Yet").await;
    let log = session.folder().join("home/.local/share").join(usher_tests::AUTHENTICATOR).join("activity.jsonl");
    assert!(!log.exists(), "nothing is left on the disk");

    story.step("Undo brings it back").await;
    window.press("Undo").await;
    window.mentions("Signed in to").await;
    window.wait("all of it", |tree| (count(tree, "may no longer use") == 5).then_some(())).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_noted_while_the_log_is_off_and_apps_are_named_only_where_that_is_wanted() {
    let story = Story::begin("activity-switches", "The switches of the activity log", Setup::default()).await;
    let (session, host) = (&story.session, story.session.host());
    session.update_appstream().await;
    session.sign_in_as("demo").await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    open_activity(&window, &host).await;
    let before = count(&window.tree().await, "may use an account");

    story.step("The log is switched off in the preferences").await;
    screen.key("ctrl+comma").await;
    let front = screen.front();
    assert!(front.ready_switch("Keep an Activity Log").await.is_on());
    assert!(!front.ready_switch("Include App Names").await.is_on());
    front.press("Keep an Activity Log").await;
    front
        .wait("a switch that waits for the other", |tree| {
            tree.nodes
                .iter()
                .find(|node| node.is_switch() && node.name == "Include App Names" && !node.is_sensitive())
                .map(drop)
        })
        .await;
    screen.key("Escape").await;
    window.says("The activity log is off").await;
    permit(session, false).await;

    story.step("The page leads to the switch, and what comes after it is noted again").await;
    window.press("Preferences").await;
    front.press("Keep an Activity Log").await;
    front.press("Include App Names").await;
    screen.key("Escape").await;
    permit(session, true).await;
    window.wait("the permission", |tree| (count(tree, "may use an account") == before + 1).then_some(())).await;
    let is_off =
        |tree: &Tree| tree.nodes.iter().any(|node| node.role == Role::Label && node.name == "The activity log is off");
    window.wait("no word of it", |tree| (!is_off(tree)).then_some(())).await;
    assert!(!window.tree().await.mentions("may no longer use"), "{}", window.tree().await);

    story.step("Apps are named by their names").await;
    session.flatpak().install(APP).end().await.expect_success();
    window.mentions("asked to install “Postcard”").await;
    story.end().await;
}
