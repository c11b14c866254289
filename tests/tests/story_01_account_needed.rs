// SPDX-License-Identifier: GPL-3.0-or-later
//! From “account needed” to an installed app.

use usher_demo_store::CREDENTIAL_MARK;
use usher_tests::{SCHEMA, Setup, Story};

const APP: &str = "org.example.Postcard";

#[tokio::test(flavor = "multi_thread")]
async fn an_install_that_needs_an_account_works_after_signing_in() {
    let story = Story::begin("01-account-needed", "From “account needed” to installed", Setup::default()).await;
    let host = story.session.host();

    story.step("flatpak says in one line that an account is needed").await;
    let outcome = story.session.flatpak().install(APP).end().await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));

    story.step("The prompt names program, app, repository and server; flatpak is gone and the window stays").await;
    let screen = story.session.screen();
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    for (row, text) in
        [("Asked By", "flatpak in the terminal"), ("For", APP), ("Repository", "Demo Store"), ("Server", host.as_str())]
    {
        prompt.row_says(row, text).await;
    }
    prompt.says("The install was stopped. Sign in, then start it again.").await;

    story.step("The shop's page opens, with its host outside the page").await;
    prompt.press(&format!("Continue to {host}")).await;
    let page = screen.front();
    page.find_control(&format!("Address: {host}")).await;
    page.ready("User name").await;

    story.step("After signing in, the window shows how to go on").await;
    page.sign_in_on_the_page("demo").await;
    let done = screen.front();
    done.says("Signed In").await;
    done.says(&format!("demo at {host}")).await;
    done.says(&format!("flatpak install demo {APP}")).await;

    story.step("The sign-in is in the keyring, which shows only its server while locked").await;
    let item = story.session.keyring().only_item().await;
    assert_eq!(item.label, format!("Usher: {host}"));
    assert_eq!(item.attributes.get("xdg:schema").map(String::as_str), Some(SCHEMA));
    assert_eq!(item.attributes.get("type").map(String::as_str), Some("webflow"));
    assert_eq!(item.attributes.get("service").map(String::as_str), Some(story.session.shop().base_url().as_str()));
    assert!(item.attributes.contains_key("account"));
    assert!(item.text().contains(CREDENTIAL_MARK));

    story.step("“Copy and Close” copies the command, and the window closes").await;
    done.press("Copy and Close").await;
    screen.wait_until_empty().await;
    assert_eq!(story.session.clipboard().await, Some(format!("flatpak install demo {APP}")));

    story.step("The same command installs the app without a question").await;
    story.session.flatpak().install(APP).end().await.expect_success();
    assert!(screen.tree().await.nodes.is_empty(), "no window has opened");

    story.step("The app runs").await;
    let outcome = story.session.flatpak().run(&["run", "--user", APP]).await;
    outcome.expect_success();
    assert!(outcome.text.contains("Hello from Postcard 1"), "{}", outcome.text);
    story.end().await;
}
