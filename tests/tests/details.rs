// SPDX-License-Identifier: GPL-3.0-or-later
//! *Copy Details* on the page of an error: the report is shown, and what is copied is what was shown.

use usher_demo_store::{Failure, Reply, Route};
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{Node, Role, Setup, Story, Window, browser};

use crate::looks::ABOUT;

const APP: &str = "org.example.Postcard";
/// A user of the shop whose name is an e-mail address.
const USER: &str = "countess@lovelace.example";
const PASSWORD: &str = "password-CANARY-77";
const DETAILS: &str = "Copy Details…";

/// Goes to the page that shows the details, from the page of an error. Returns the report, without the end of its last line.
async fn go_to_details(view: &Window<'_>) -> String {
    view.press(DETAILS).await;
    view.ready("Copy").await;
    view.wait("the report", |tree| {
        let texts = tree.nodes.iter().flat_map(Node::texts);
        texts.filter(|text| text.starts_with("## Message\n")).map(str::to_owned).next()
    })
    .await
}

/// Presses the button of that page. Returns what is on the clipboard then.
async fn copied(story: &Story, view: &Window<'_>) -> String {
    view.press("Copy").await;
    view.says("Copied").await;
    story.session.clipboard().await.expect("something was copied")
}

fn assert_tells_nothing_private(report: &str, story: &Story) {
    let folder = story.session.folder().display().to_string();
    let issued = story.session.shop().control().issued_secrets();
    let private = ["countess", "lovelace", "porter", "hunter2", "proxy.example", APP, &folder];
    for word in private.into_iter().chain(issued.iter().map(String::as_str)) {
        assert!(!report.contains(word), "“{word}” is private:\n{report}");
    }
}

/// A session with an account of that user, and a proxy with a password.
async fn begin(name: &'static str, title: &str, setup: Setup) -> Story {
    let proxy = ("https_proxy", "http://porter:hunter2@proxy.example:1".to_owned());
    let environment = setup.environment.into_iter().chain([proxy]).collect();
    let story = Story::begin(name, title, Setup { environment, ..setup }).await;
    story.session.shop().control().add_user(USER, PASSWORD).expect("the shop takes a user");
    let command = BrowserCommand::start(&story.session, &["sign-in", "demo", "--no-browser"]).await;
    browser::sign_in_with(&command.address, USER, PASSWORD).await;
    command.end().await.expect_success();
    story
}

/// Opens the page of an answer that brings nothing to read.
async fn go_to_an_error(story: &Story) {
    let host = story.session.host();
    story.session.shop().control().fail(Route::Login, Failure::Reply(Reply::new(502, "")));
    story.session.shop().control().expire_credentials(None).expect("the shop ends sign-ins");
    story.session.flatpak().install(APP).end().await;
    let screen = story.session.screen();
    screen.front().press(&format!("Continue to {host}")).await;
    screen.front().says(&format!("{host} Sent No Page")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_of_an_error_copies_is_what_it_shows() {
    let story = begin("details", "Details of an error", Setup::default()).await;
    let host = story.session.host();
    go_to_an_error(&story).await;
    let screen = story.session.screen();
    let view = screen.front();
    story.step("The details are shown before they are copied").await;
    let report = go_to_details(&view).await;
    assert!(report.starts_with(&format!("## Message\n\n- Title: {host} Sent No Page\n")), "{report}");
    for part in ["- GTK: ", "- libadwaita: ", "- WebKitGTK: ", "- Proxy: yes, by the environment\n", "- Remote: demo\n"]
    {
        assert!(report.contains(part), "{part}\n{report}");
    }
    assert!(report.contains(&format!("## Accounts\n\n- {host}: 1 ")), "{report}");
    assert_tells_nothing_private(&report, &story);
    assert_eq!(story.session.clipboard().await, None, "nothing is copied unasked");
    assert_eq!(copied(&story, &view).await, format!("{report}\n"));

    story.step("Escape leads back to the error").await;
    screen.key("Escape").await;
    view.ready("Try Again").await;
    view.says(&format!("{host} Sent No Page")).await;
    view.ready(DETAILS).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_reached_has_details_and_a_stopped_page_has_none() {
    let mut story = begin("details-unreachable", "Details where a server is gone", Setup::default()).await;
    let host = story.session.host();
    let control = story.session.shop().control();
    control.expire_credentials(None).expect("the shop ends sign-ins");
    control.fail(Route::Login, Failure::Hang);
    story.session.flatpak().install(APP).end().await;
    story.session.screen().front().press(&format!("Continue to {host}")).await;
    story.session.screen().front().press("Stop").await;
    story.session.screen().front().says("Loading Stopped").await;
    assert!(story.session.screen().tree().await.find(Role::Button, DETAILS).is_none(), "the person has stopped it");
    let _port = story.session.close_shop().await;
    let screen = story.session.screen();
    let view = screen.front();
    view.press("Try Again").await;
    view.says(&format!("{host} Cannot Be Reached")).await;
    let report = go_to_details(&view).await;
    assert!(report.contains(&format!("- Title: {host} Cannot Be Reached\n")), "{report}");
    assert!(report.contains("- demo: unreachable: "), "{report}");
    assert_eq!(copied(&story, &view).await, format!("{report}\n"));
}

/// Looks at the page of an error and at its details.
async fn look_at_details(name: &'static str, title: &str, setup: Setup, width: Option<i32>) {
    let story = begin(name, title, setup).await;
    go_to_an_error(&story).await;
    let screen = story.session.screen();
    let view = screen.front();
    for what in ["An error", "Its details"] {
        if what == "Its details" {
            go_to_details(&view).await;
        }
        story.step(what).await;
        if let Some(width) = width {
            view.fits_into(width).await;
        }
        assert_eq!(view.controls_without_name().await, [] as [String; 0], "{what}\n{}", view.tree().await);
        story.finish_step().await;
    }
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn details_fit_into_360_pixels() {
    look_at_details("looks-details", "Details, narrow", Setup::default(), Some(360)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn details_can_be_read_in_the_dark() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    let setup = Setup { environment: vec![dark], ..Setup::default() };
    look_at_details("looks-details-dark", "Details, dark", setup, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn details_fit_with_text_of_twice_the_size() {
    let setup = Setup { large_text: true, ..Setup::default() };
    look_at_details("looks-details-large", "Details, text of twice the size", setup, Some(360)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_and_the_about_dialog_have_details_too() {
    let story = begin("details-check", "Details of a check", Setup::default()).await;
    let host = story.session.host();
    story.session.open_usher();
    let screen = story.session.screen();
    let window = screen.window("Usher").await;
    window.choose_in_main_menu(ABOUT).await;
    screen.front().press_row("Troubleshooting").await;
    screen.front().press_row("Debugging Information").await;
    let shown = screen.front();
    shown.mentions("- WebKitGTK: ").await;
    shown.mentions("- Distribution: ").await;
    assert!(!shown.tree().await.nodes.iter().any(|node| node.texts().any(|text| text.contains("## Accounts"))));
    for _ in 0..3 {
        screen.key("Escape").await;
    }

    window.press_row("Repositories, 1 on this computer").await;
    window.press_row("Demo Store, ").await;
    window.press("Check Repository").await;
    let report = go_to_details(&window).await;
    assert!(report.contains("- Title: Check Repository\n") && report.contains(&format!("- {host}: 1 ")), "{report}");
    assert_tells_nothing_private(&report, &story);
    story.end().await;
}
