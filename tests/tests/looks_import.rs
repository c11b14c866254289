// SPDX-License-Identifier: GPL-3.0-or-later
//! What other programs have signed in with: narrow, dark, and with large text.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use usher_tests::registry_login::{DEMO, DOCKER, PODMAN, login};
use usher_tests::{Setup, Story, Window};

/// Checks a page, and takes its picture.
async fn check(story: &Story, window: &Window<'_>, page: &str) {
    story.step(page).await;
    window.fits_into(360).await;
    assert_eq!(window.controls_without_name().await, [] as [String; 0], "{page}\n{}", window.tree().await);
    story.finish_step().await;
}

async fn walk(name: &'static str, setup: Setup) {
    let setup = Setup { without_shop: true, ..setup };
    let story = Story::begin(name, "What other programs have signed in with", setup).await;
    let registry = story.session.open_registry("acme").await;
    let host = format!("127.0.0.1:{}", registry.registry_url().port().expect("it has a port"));
    let open = story.session.write_logins(PODMAN, &login(&host, DEMO));
    fs::set_permissions(&open, Permissions::from_mode(0o666)).expect("a file can be opened to others");
    story.session.write_logins(DOCKER, &login(&host, DEMO));
    let screen = story.session.screen();

    story.session.open_usher();
    screen.window("Usher").await.press("Add Account").await;
    screen.front().find_row("Import From Podman and Docker").await;
    check(&story, &screen.front(), "Add Account").await;
    screen.front().press_row("Import From Podman and Docker").await;
    screen.front().mentions("can be changed by others").await;
    check(&story, &screen.front(), "What is there, and what is not used").await;
    screen.front().press_row(&host).await;
    screen.front().press(&format!("Continue to {host}")).await;
    screen.front().ready("Use the Sign-In of demo").await;
    check(&story, &screen.front(), "A form below a sign-in that is there").await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_of_other_programs_fit_into_360_pixels_in_the_dark() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    walk("looks-import-dark", Setup { environment: vec![dark], ..Setup::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_of_other_programs_can_be_read_with_large_text() {
    walk("looks-import-large", Setup { large_text: true, ..Setup::default() }).await;
}
