// SPDX-License-Identifier: GPL-3.0-or-later
//! “Denied” is not “not bought”: another account has it, the server is late, or it is not for sale at all.

use usher_tests::{Setup, Story};

const PAID: &str = "org.example.Sketchbook";
const PRIVATE: &str = "org.example.Postcard";

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_another_account_is_installed_with_that_account() {
    let story = Story::begin("11-other-account", "Another account has the app", Setup::default()).await;
    let screen = story.session.screen();

    story.step("There are two accounts; the one that the repository does not use has the app").await;
    story.session.update_appstream().await;
    story.session.shop().control().grant("demo2", PAID).expect("the shop gives an app");
    for user in ["demo2", "demo"] {
        story.session.sign_in_as(user).await;
    }
    story.session.shop().control().clear_requests();

    story.step("The install stops, and the window asks whether to buy").await;
    let outcome = story.session.flatpak().install(PAID).end().await;
    assert!(outcome.text.contains("is not in the account of demo at"), "{}", outcome.text);
    let prompt = screen.window("Buy “Sketchbook”?").await;

    story.step("“Already Bought?” offers the other account, and asks with it only when pressed").await;
    prompt.press("Already Bought?").await;
    prompt.find_row("Check the account of demo2").await;
    let users = |story: &Story| -> Vec<_> {
        story.session.requests_for("/api/v1/get_tokens").into_iter().filter_map(|request| request.user).collect()
    };
    assert!(!users(&story).contains(&"demo2".to_owned()), "the other account was not used");
    prompt.press_row("Check the account of demo2").await;
    prompt.says("demo2 has this app").await;
    assert!(users(&story).contains(&"demo2".to_owned()));

    story.step("“Use This Account” finishes the prompt").await;
    prompt.press("Use This Account").await;
    prompt.says("“Sketchbook” belongs to demo2.").await;
    prompt.press("Done").await;
    screen.wait_until_empty().await;

    story.step("The install works, and nothing was begun at the shop").await;
    story.session.flatpak().install(PAID).end().await.expect_success();
    assert!(story.session.begun_purchases().is_empty());
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_bought_elsewhere_is_found_when_the_server_is_asked_again() {
    let story = Story::begin("11-check-again", "Bought elsewhere a moment ago", Setup::default()).await;
    let screen = story.session.screen();
    story.session.update_appstream().await;
    story.session.sign_in_as("demo").await;

    story.step("The server knows nothing yet").await;
    story.session.flatpak().install(PAID).end().await;
    let prompt = screen.window("Buy “Sketchbook”?").await;
    prompt.press("Already Bought?").await;
    prompt.toast_after("Nothing has changed", async || prompt.press_row("Check Again").await).await;
    prompt
        .wait("the keyboard at “Check Again”, still", |tree| {
            tree.usable("Check Again").filter(|row| row.is_focused()).map(drop)
        })
        .await;

    story.step("The shop gives access, and checking again finds it").await;
    story.session.shop().control().grant("demo", PAID).expect("the shop gives an app");
    prompt.press_row("Check Again").await;
    prompt.says("“Sketchbook” belongs to demo.").await;
    prompt.press("Done").await;
    screen.wait_until_empty().await;
    story.session.flatpak().install(PAID).end().await.expect_success();
    assert!(story.session.begun_purchases().is_empty());
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_not_for_sale_is_reported_as_such() {
    let story = Story::begin("11-not-for-sale", "Not available to this account", Setup::default()).await;
    let (host, screen) = (story.session.host(), story.session.screen());
    story.session.update_appstream().await;
    story.session.sign_in_as("demo").await;
    story.session.shop().control().take_away("demo", PRIVATE).expect("the shop takes an app away");

    story.step("An app that cannot be bought is denied").await;
    story.session.flatpak().install(PRIVATE).end().await;
    screen.window("Buy “Postcard”?").await.press("Continue to Purchase").await;
    let window = screen.front();
    window.says("Not Available to This Account").await;
    window
        .says(&format!("{host} does not offer “Postcard” to demo. The people who run the repository can give access."))
        .await;

    story.step("Another account can be used").await;
    window.press("Use Another Account…").await;
    window.sign_in_and_finish("demo2").await;
    screen.wait_until_empty().await;
    story.session.flatpak().install(PRIVATE).end().await.expect_success();
    story.end().await;
}
