// SPDX-License-Identifier: GPL-3.0-or-later
//! Adding an account before installing anything.

use usher_tests::{Setup, Story};

const APP: &str = "org.example.Postcard";

#[tokio::test(flavor = "multi_thread")]
async fn an_account_added_from_a_repository_is_enough_to_install() {
    let story = Story::begin("03-from-repository", "The account first, from a repository", Setup::default()).await;
    let host = story.session.host();
    let screen = story.session.screen();

    story.step("Usher lists the repository as one without an account").await;
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.says("Repositories Without an Account").await;
    window.ready(&format!("Sign In to {host}")).await;

    story.step("Its server is shown before anything is opened").await;
    window.press(&format!("Sign In to {host}")).await;
    window.ready(&format!("Continue to {host}")).await;
    assert!(story.session.shop().requests().iter().all(|request| request.path != "/login"));

    story.step("Signing in ends with the repository switched on").await;
    window.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    let done = screen.front();
    done.says("Signed In").await;
    done.says("May Be Used By").await;
    done.wait("the switch to be on", |tree| {
        tree.nodes.iter().find(|node| node.is_switch() && node.name == "Demo Store" && node.is_on()).map(drop)
    })
    .await;

    story.step("The account is listed, with nothing to complain about").await;
    done.press("Done").await;
    screen.window("Usher").await.find_row(&format!("demo, {host}")).await;

    story.step("The first install just works").await;
    story.session.flatpak().install(APP).end().await.expect_success();
    assert_eq!(screen.tree().await.titles(), ["Usher"], "no prompt has opened");
    story.end().await;
}

/// Adds an account by the address of its server. No repository may use it yet.
async fn add_by_address(story: &Story) {
    let host = story.session.host();
    let address = story.session.shop().base_url().to_string();
    let screen = story.session.screen();
    story.step("The address is typed under Add Account").await;
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.press("Add Account").await;
    window.fill("Address", &address).await;
    window.press("Continue").await;

    story.step("Signing in adds the account, and no repository may use it").await;
    window.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    let done = screen.front();
    done.says("Signed In").await;
    assert!(!done.ready_switch("Demo Store").await.is_on());
    done.press("Done").await;
    screen.window("Usher").await.find_row(&format!("demo, {host}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_added_by_its_address_asks_once_for_permission() {
    let story = Story::begin("03-by-address", "The account first, by its address", Setup::default()).await;
    let host = story.session.host();
    let screen = story.session.screen();
    add_by_address(&story).await;

    story.step("The first install asks for permission").await;
    let outcome = story.session.flatpak().install(APP).end().await;
    outcome.expect_refusal(&format!(
        "Permission needed. Allow “demo” to use an account at {host} in the Usher window, then try again."
    ));
    let prompt = screen.window("Use the Account of demo?").await;
    prompt.press("Allow").await;
    prompt.says("Allowed").await;
    prompt.press("Done").await;
    screen.wait_until_gone("Use the Account of demo?").await;

    story.step("The next install works without a question").await;
    story.session.flatpak().install(APP).end().await.expect_success();
    assert_eq!(screen.tree().await.titles(), ["Usher"], "no prompt has opened");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn allowing_a_signed_out_account_leads_on_to_signing_in() {
    let story = Story::begin("03-signed-out", "Permission for an account that was signed out", Setup::default()).await;
    let host = story.session.host();
    let screen = story.session.screen();
    add_by_address(&story).await;
    story.session.usherctl(&["sign-out", &host]).await.expect_success();

    story.step("“Allow” does not end with an account that nobody can use").await;
    story.session.flatpak().install(APP).end().await;
    screen.window("Use the Account of demo?").await.press("Allow").await;
    let prompt = screen.window(&format!("Sign In to {host} Again")).await;

    story.step("Signing in does, and the install works").await;
    prompt.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_and_finish("demo").await;
    story.session.flatpak().install(APP).end().await.expect_success();
    story.end().await;
}
