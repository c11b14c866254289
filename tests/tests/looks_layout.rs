// SPDX-License-Identifier: GPL-3.0-or-later
//! Where things stand: rows in one line, pictures at their size, one button of a kind, nothing over what is to be read.

use usher_demo_store::DemoStore;
use usher_tests::{AUTHENTICATOR, Role, Session, Setup, Story, Window};

const APP: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";
const RUNTIME: &str = "org.example.Platform";

/// Size of pictures in rows.
const ROW_PICTURE: i32 = 32;
/// The space beside them.
const ROW_SPACE: i32 = 12;
/// The space below the picture of a prompt.
const SPACING: i32 = 12;
/// The space above it.
const TOP_MARGIN: i32 = 18;

/// Opens another shop, whose repository of that name asks for an account at `server`, or at its own.
async fn open_shop(session: &Session, name: &str, server: Option<&DemoStore>) -> (DemoStore, String) {
    let shop = session.open_another_shop(name).await;
    name_server(session, name, server.unwrap_or(&shop)).await;
    let host = shop.base_url().to_string().trim_start_matches("http://").trim_end_matches('/').to_owned();
    (shop, host)
}

async fn name_server(session: &Session, remote: &str, server: &DemoStore) {
    let (name, url) =
        (format!("--authenticator-name={AUTHENTICATOR}"), format!("--authenticator-option=url={}", server.base_url()));
    session.flatpak().run(&["remote-modify", "--user", &name, &url, remote]).await.expect_success();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_all_groups_are_in_line() {
    let story = Story::begin("looks-rows", "The main page with all its groups", Setup::default()).await;
    let (session, host) = (&story.session, story.session.host());
    session.update_appstream().await;
    session.sign_in_as("demo").await;
    let screen = session.screen();

    story.step("A purchase that was put off and made elsewhere: the app is ready").await;
    session.flatpak().install(PAID).end().await;
    screen.window("Buy “Sketchbook”?").await.press("Not Now").await;
    screen.wait_until_empty().await;
    session.buy(PAID).await;

    story
        .step("A repository without an account, an account that was signed out, and a repository that has moved")
        .await;
    let (fresh, fresh_host) = open_shop(session, "fresh", None).await;
    let (_ended, ended_host) = open_shop(session, "ended", None).await;
    session.sign_in_to("ended", "demo").await;
    session.usherctl(&["sign-out", &ended_host]).await.expect_success();
    let (_moved, moved_host) = open_shop(session, "moved", None).await;
    session.sign_in_to("moved", "demo").await;
    name_server(session, "moved", &fresh).await;

    story.step("All groups are there, and each account is one row").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    for group in ["Needs Attention", "Ready to Install", "Accounts", "Repositories Without an Account"] {
        window.says(group).await;
    }
    window.ready(&format!("Sign In to {ended_host}")).await;
    window.find_row(&format!("demo, {ended_host}, Signed out")).await;
    window.row_says("Sketchbook", "From Demo Store").await;
    let rows = window.rows().await;
    let titles: Vec<&str> = rows.iter().map(|row| row.title.as_str()).collect();
    let of_accounts = titles.iter().filter(|title| **title == "demo").count();
    assert_eq!((titles.len(), of_accounts), (7, 3), "{titles:?} at {host}, {fresh_host} and {moved_host}");
    story.finish_step().await;

    for width in [720, 360] {
        story.step(&format!("Their titles and pictures are in line at {width} pixels")).await;
        window.becomes(width, 860).await;
        let rows = window.rows().await;
        let starts: Vec<i32> = rows.iter().map(|row| row.title_start).collect();
        assert!(starts.iter().all(|start| *start == starts[0]), "{rows:?}");
        assert_eq!(starts[0] - rows[0].place.0, ROW_PICTURE + 2 * ROW_SPACE, "pictures have their size: {rows:?}");
        story.finish_step().await;
    }
    story.end().await;
}

/// The picture is all that is above the heading.
async fn assert_icon(window: &Window<'_>, heading: &str, size: i32) {
    let (above_heading, above_picture) = window.space_above(Role::Heading, heading).await;
    assert_eq!(above_heading, size + SPACING, "the picture of “{heading}”");
    assert!(above_picture >= TOP_MARGIN, "{above_picture} pixels between the header and the picture of “{heading}”");
}

/// How often the host stands on the page.
async fn count(window: &Window<'_>, host: &str) -> usize {
    let tree = window.tree().await;
    let is_text = |role| matches!(role, Role::Label | Role::Heading);
    tree.nodes.iter().filter(|node| is_text(node.role) && node.name.contains(host)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_says_each_thing_once_and_has_one_way_out() {
    let story = Story::begin("looks-prompt", "The first page of a prompt", Setup::default()).await;
    let (session, host) = (&story.session, story.session.host());
    session.update_appstream().await;
    let screen = session.screen();

    story.step("Signing in").await;
    session.flatpak().install(APP).end().await;
    let heading = format!("Sign In to {host}");
    let prompt = screen.window(&heading).await;
    assert_icon(&prompt, &heading, 96).await;
    assert_eq!(count(&prompt, &host).await, 3, "heading, server and button:\n{}", prompt.tree().await);
    assert!(!prompt.tree().await.says("Close"), "“Not Now” is the only way out:\n{}", prompt.tree().await);
    for named in ["flatpak in the terminal", "Demo Store", host.as_str()] {
        prompt.says(named).await;
    }
    story.finish_step().await;
    prompt.press("Not Now").await;
    screen.wait_until_empty().await;

    story.step("Choosing one of several accounts: server and familiarity are above the buttons").await;
    for user in ["demo", "demo2"] {
        session.sign_in_as(user).await;
    }
    // Otherwise flatpak asks which of the two repositories it is to come from.
    session.flatpak().run(&["install", "--user", "-y", "demo", RUNTIME]).await.expect_success();
    let (_asking, _) = open_shop(session, "asking", Some(session.shop())).await;
    session.flatpak().in_terminal(&["install", "--user", "asking", APP]).answering_yes().end().await;
    let prompt = screen.window("Choose an Account").await;
    assert_icon(&prompt, "Choose an Account", 48).await;
    let (_, button, ..) = prompt.place_of(&prompt.ready("Not Now").await).await;
    let primary = prompt.wait("the buttons", |tree| tree.find(Role::Button, "Allow").cloned()).await;
    let (_, buttons, ..) = prompt.place_of(&primary).await;
    for text in [host.as_str(), "Server"] {
        let (_, y, _, height) = prompt.place_of(&prompt.find(Role::Label, text).await).await;
        assert!((button..=buttons - height).contains(&y), "“{text}” is above the buttons, at {y} of {buttons}");
    }
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_can_be_read_in_the_smallest_window_with_large_text() {
    let setup = Setup { large_text: true, ..Setup::default() };
    let story = Story::begin("looks-smallest", "Warnings in the smallest window", setup).await;
    let session = &story.session;
    session.sign_in_as("demo").await;
    let (fresh, _) = open_shop(session, "fresh", None).await;
    let (asking, _) = open_shop(session, "asking", Some(session.shop())).await;
    name_server(session, "demo", &fresh).await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    for (repository, page, button) in [
        (session.shop(), "A repository that has changed its server", "Keep Blocked"),
        (&asking, "A repository that asks for permission", "Allow"),
    ] {
        story.step(page).await;
        let path = format!("/{}", AUTHENTICATOR.replace('.', "/"));
        let address = repository.repository_url().to_string();
        let action = ("attend-to-repository", vec![zbus::zvariant::Value::from(address)], NoData::new());
        let interface = Some("org.freedesktop.Application");
        let connection = &session.bus.connection;
        let called = connection.call_method(Some(AUTHENTICATOR), path, interface, "ActivateAction", &action).await;
        called.expect("the daemon forwards the call");
        window.ready(button).await;
        window.can_be_read_when_smallest(&story, page).await;
    }
    story.end().await;
}

/// No data of the platform's.
type NoData = std::collections::HashMap<&'static str, zbus::zvariant::Value<'static>>;
