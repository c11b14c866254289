// SPDX-License-Identifier: GPL-3.0-or-later
//! A computer without a connection.

use usher_tests::{AUTHENTICATOR, Role, Setup, Story, Window};

const OFFLINE: &str = "Offline. Accounts can be viewed but not signed in to";
const FAR: &str = "store.example.org";

/// Waits until a button can be pressed, or cannot.
async fn wait_until_usable(window: &Window<'_>, button: &str, is_usable: bool) {
    window
        .wait(&format!("“{button}” usable: {is_usable}"), |tree| {
            let found = tree.usable(button)?;
            (found.is_sensitive() == is_usable).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_everything_can_be_read_and_nothing_signed_in_to() {
    let story = Story::begin("32-offline", "The connection goes and comes back", Setup::default()).await;
    let network = story.session.connect_network().await;
    let (host, screen) = (story.session.host(), story.session.screen());
    let option = format!("--authenticator-option=url=https://{FAR}/");
    let name = format!("--authenticator-name={AUTHENTICATOR}");
    let far = ["remote-add", "--user", "--no-gpg-verify", &name, &option, "far", "https://repo.example.org/"];
    story.session.flatpak().run(&far).await.expect_success();
    story.session.sign_in_as("demo").await;
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.ready(&format!("Sign In to {FAR}")).await;

    story.step("The connection goes: a banner says so, and a server far away cannot be signed in to").await;
    network.set_online(false).await;
    window.find(Role::Label, OFFLINE).await;
    wait_until_usable(&window, &format!("Sign In to {FAR}"), false).await;
    window.fits_into(360).await;

    story.step("Accounts can be read, and one on this computer can be used").await;
    window.press_row(&format!("demo, {host}")).await;
    window.ready("Sign Out").await;
    window.ready("Sign In Again…").await;
    window.find(Role::Label, OFFLINE).await;
    window.press("Back").await;

    story.step("The connection comes back").await;
    network.set_online(true).await;
    wait_until_usable(&window, &format!("Sign In to {FAR}"), true).await;
    window.press(&format!("Sign In to {FAR}")).await;
    window.ready(&format!("Continue to {FAR}")).await;
    network.set_online(false).await;
    wait_until_usable(&window, &format!("Continue to {FAR}"), false).await;
    story.end().await;
}
