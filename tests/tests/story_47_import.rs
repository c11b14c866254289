// SPDX-License-Identifier: GPL-3.0-or-later
//! A registry that Podman or Docker has signed in to already: one press, and nothing is typed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use usher_tests::registry_login::{DEMO, DEMO_BEFORE, DOCKER, PODMAN, login};
use usher_tests::{Setup, Story};

#[tokio::test(flavor = "multi_thread")]
async fn what_podman_has_signed_in_to_is_taken_over_with_one_press() {
    let setup = Setup { without_shop: true, ..Setup::default() };
    let story = Story::begin("47-import", "A registry that Podman has signed in to", setup).await;
    let registry = story.session.open_registry("acme").await;
    let address = registry.registry_url().clone();
    let host = format!("127.0.0.1:{}", address.port().expect("it has a port"));
    story.session.write_logins(PODMAN, &login(&host, DEMO));
    let screen = story.session.screen();

    story.step("Add Account leads to what other programs have signed in with").await;
    story.session.open_usher();
    screen.window("Usher").await.press("Add Account").await;
    screen.front().press_row("Import From Podman and Docker").await;
    screen.front().find_row(&host).await;
    let was_asked = || registry.requests().iter().any(|request| request.user.is_some());
    assert!(!was_asked(), "nothing is used before it is chosen");

    story.step("The registry is named before anything is used").await;
    screen.front().press_row(&host).await;
    screen.front().press(&format!("Continue to {host}")).await;

    story.step("The sign-in stands above the form").await;
    let form = screen.front();
    form.says("Already Signed In").await.says("From Podman").await;
    assert!(!was_asked(), "nothing is used before it is chosen");

    story.step("One press signs in with it").await;
    form.press("Use the Sign-In of demo").await;
    screen.front().says("Signed In").await;
    screen.front().press("Done").await;
    screen.window("Usher").await.find_row(&format!("demo, {host}")).await;
    let users: Vec<_> = registry.requests().into_iter().filter_map(|request| request.user).collect();
    assert!(!users.is_empty() && users.iter().all(|user| user == "demo"), "{users:?}");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_told_and_the_next_is_offered() {
    let setup = Setup { without_shop: true, ..Setup::default() };
    let story = Story::begin("47-not-used", "A file that others can change", setup).await;
    let registry = story.session.open_registry("acme").await;
    let host = format!("127.0.0.1:{}", registry.registry_url().port().expect("it has a port"));
    let open = story.session.write_logins(PODMAN, &login(&host, DEMO));
    fs::set_permissions(&open, Permissions::from_mode(0o666)).expect("a file can be opened to others");
    story.session.write_logins(DOCKER, &login(&host, DEMO_BEFORE));
    let screen = story.session.screen();

    story.step("The form offers the one of Docker, and says why not that of Podman").await;
    story.session.open_usher();
    screen.window("Usher").await.press("Add Account").await;
    screen.front().press_row("Import From Podman and Docker").await;
    screen.front().mentions("can be changed by others").await;
    screen.front().press_row(&host).await;
    screen.front().press(&format!("Continue to {host}")).await;
    let form = screen.front();
    form.says("From Docker").await.mentions("can be changed by others").await;

    story.step("The registry does not accept it any more").await;
    form.press("Use the Sign-In of demo").await;
    form.mentions("is not accepted").await;

    story.step("A person types what is accepted").await;
    form.fill("User Name", "demo").await;
    form.fill("Password", "demo").await;
    form.press("Sign In").await;
    screen.front().says("Signed In").await;
    story.end().await;
}
