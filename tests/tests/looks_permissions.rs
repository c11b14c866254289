// SPDX-License-Identifier: GPL-3.0-or-later
//! The questions whether a repository may use an account: narrow, dark, and with large text.

use usher_tests::{Setup, Story, Window};

const APP: &str = "org.example.Postcard";

/// Checks a page, and takes its picture.
async fn check(story: &Story, window: &Window<'_>, page: &str) {
    story.step(page).await;
    window.fits_into(360).await;
    assert_eq!(window.controls_without_name().await, [] as [String; 0], "{page}\n{}", window.tree().await);
    story.finish_step().await;
}

/// Visits every page about a permission.
async fn walk(name: &'static str, setup: Setup) {
    let story = Story::begin(name, "Every page about a permission", setup).await;
    let (session, host) = (&story.session, story.session.host());
    let screen = session.screen();
    session.update_appstream().await;
    for user in ["demo2", "demo"] {
        session.sign_in_as(user).await;
    }
    session.usherctl(&["revoke", "demo"]).await.expect_success();

    session.flatpak().install(APP).end().await;
    let prompt = screen.window("Choose an Account").await;
    prompt.ready("Don’t Allow").await;
    prompt.ready("Add Account…").await;
    check(&story, &prompt, "Prompt: choose an account").await;
    prompt.press("demo2").await;
    prompt.press("Allow").await;
    prompt.says("Allowed").await;
    prompt.close().await;
    screen.wait_until_empty().await;

    session.usherctl(&["remove", "--yes", &format!("demo2@{host}")]).await.expect_success();
    session.flatpak().install(APP).end().await;
    let prompt = screen.window("Use the Account of demo?").await;
    prompt.ready("Don’t Allow").await;
    prompt.ready("Use Another Account…").await;
    check(&story, &prompt, "Prompt: allow").await;
    prompt.press("Not Now").await;
    screen.wait_until_empty().await;

    session.open_usher();
    let window = screen.window("Usher").await;
    window.press("Review Demo Store").await;
    window.ready("Don’t Allow").await;
    window.row_says("For", "Postcard").await;
    check(&story, &window, "The same in the window").await;
    window.press("Don’t Allow").await;
    window.press_row(&format!("demo, {host}")).await;
    window.mentions("Not allowed").await;
    check(&story, &window, "An account that a repository may not use").await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_fits_into_360_pixels_and_names_its_controls() {
    walk("looks-permission", Setup::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_can_be_read_in_the_dark() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    walk("looks-permission-dark", Setup { environment: vec![dark], ..Setup::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_works_with_text_of_twice_the_size() {
    walk("looks-permission-large", Setup { large_text: true, ..Setup::default() }).await;
}
