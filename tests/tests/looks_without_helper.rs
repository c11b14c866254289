// SPDX-License-Identifier: GPL-3.0-or-later
//! Without the background service the window says so, and says what helps.

use std::fs;

use usher_tests::{AUTHENTICATOR, Setup, Story, Window};

/// Removes the background service from the bus, as a broken installation does.
fn remove_service(story: &Story) {
    let service = story.session.folder().join(format!("services/{AUTHENTICATOR}.service"));
    fs::remove_file(service).expect("the service is removed");
    let bus = ["--session", "-d", "org.freedesktop.DBus", "-o", "/", "-m", "org.freedesktop.DBus.ReloadConfig"];
    let output = story.session.processes.command("gdbus").arg("call").args(bus).output().expect("gdbus starts");
    assert!(output.status.success(), "the bus reads its services again");
}

async fn check_page(story: &Story, window: &Window<'_>, page: &str) {
    story.step(page).await;
    window.fits_into(360).await;
    assert_eq!(window.controls_without_name().await, [] as [String; 0], "{page}\n{}", window.tree().await);
    story.finish_step().await;
}

async fn walk_through(story: &Story) {
    remove_service(story);
    story.session.open_usher();
    let screen = story.session.screen();
    let window = screen.window("Usher").await;
    window.says("Installs cannot ask for accounts: the background service did not start").await;
    window.ready("Details").await;
    check_page(story, &window, "No helper").await;
    window.press("Details").await;
    window.says("usherctl doctor").await;
    window.ready("Copy Command").await;
    check_page(story, &window, "No helper, details").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_helper_the_window_says_so_and_fits() {
    let story = Story::begin("looks-no-helper", "The window without the helper", Setup::default()).await;
    walk_through(&story).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_helper_the_window_fits_with_text_of_twice_the_size() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    let setup = Setup { large_text: true, environment: vec![dark], ..Setup::default() };
    let title = "The window without the helper, dark, text of twice the size";
    let story = Story::begin("looks-no-helper-large", title, setup).await;
    walk_through(&story).await;
    story.end().await;
}
