// SPDX-License-Identifier: GPL-3.0-or-later
//! From “purchase needed” to an installed app, in one window: one app, several apps, and without an account at first.

use usher_tests::{Outcome, Setup, Story};

const PAID: &str = "org.example.Sketchbook";
const PAID2: &str = "org.example.Stargazer";
const FREE: &str = "org.example.Metronome";

/// `flatpak install` of several apps in one command.
async fn install(story: &Story, apps: &[&str]) -> Outcome {
    let command: Vec<&str> = ["install", "--user", "demo"].iter().chain(apps).copied().collect();
    story.session.flatpak().in_terminal(&command).answering_yes().end().await
}

async fn begin(name: &'static str, title: &str) -> Story {
    let story = Story::begin(name, title, Setup::default()).await;
    story.session.update_appstream().await;
    story
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_not_bought_is_bought_and_installed() {
    let story = begin("08-buying", "From “purchase needed” to installed").await;
    let host = story.session.host();
    let screen = story.session.screen();
    story.session.sign_in_as("demo").await;

    story.step("flatpak says in one line that the app has to be bought").await;
    let outcome = story.session.flatpak().install(PAID).end().await;
    outcome.expect_refusal(&format!(
        "Purchase needed. “{PAID}” is not in the account of demo at {host}. See the Usher window, then try again."
    ));

    story.step("The window shows app, account and host; nothing was begun at the shop").await;
    let prompt = screen.window("Buy “Sketchbook”?").await;
    prompt
        .says(&format!(
            "The account demo at {host} has no access yet. Nothing is paid before it is confirmed on the store’s page."
        ))
        .await;
    for (row, text) in
        [("Asked By", "flatpak in the terminal"), ("For", PAID), ("Repository", "Demo Store"), ("Server", &host)]
    {
        prompt.row_says(row, text).await;
    }
    prompt.says("The install was stopped. Buy the app, then start it again.").await;
    prompt.ready("Continue to Purchase").await;
    assert!(story.session.begun_purchases().is_empty(), "nothing is begun before the person's click");

    story.step("“Continue to Purchase” opens the shop's own page").await;
    prompt.press("Continue to Purchase").await;
    let page = screen.front();
    page.find_control(&format!("Address: {host}")).await;
    page.says("Buy “Sketchbook”?").await;
    page.mentions("$5.00").await;

    story.step("Paying there leads back to Usher").await;
    page.pay_on_the_page("Sketchbook").await;
    page.says("Bought").await;
    page.says("“Sketchbook” now belongs to demo.").await;
    page.says(&format!("flatpak install demo {PAID}")).await;

    story.step("The same command installs the app without a question").await;
    page.press("Copy and Close").await;
    screen.wait_until_empty().await;
    assert_eq!(story.session.clipboard().await, Some(format!("flatpak install demo {PAID}")));
    story.session.flatpak().install(PAID).end().await.expect_success();
    let outcome = story.session.flatpak().run(&["run", "--user", PAID]).await;
    assert!(outcome.text.contains("Hello from Sketchbook 1"), "{}", outcome.text);

    story.step("Removing and installing it again asks nothing either").await;
    story.session.flatpak().run(&["uninstall", "--user", "--noninteractive", PAID]).await.expect_success();
    story.session.flatpak().install(PAID).end().await.expect_success();
    assert!(screen.tree().await.nodes.is_empty(), "no window has opened");

    story.step("There was one purchase and one payment").await;
    assert_eq!(
        (story.session.begun_purchases(), story.session.paid_purchases()),
        (vec![PAID.to_owned()], vec![PAID.to_owned()])
    );
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_apps_are_bought_in_turn_and_a_free_one_comes_along() {
    let story = begin("08-several", "Two apps to buy and a free one, in one command").await;
    let host = story.session.host();
    let screen = story.session.screen();
    story.session.sign_in_as("demo").await;

    story.step("flatpak says that two apps have to be bought").await;
    let outcome = install(&story, &[PAID, FREE, PAID2]).await;
    outcome.expect_refusal(&format!(
        "Purchase needed. 2 apps are not in the account of demo at {host}. See the Usher window, then try again."
    ));

    story.step("One window buys both, one after the other").await;
    let prompt = screen.window("Buy 2 Apps?").await;
    prompt.press("Continue to Purchase").await;
    let page = screen.front();
    page.pay_on_the_page("Sketchbook").await;
    page.says("Buying 2 of 2").await;
    page.row_says("Sketchbook", "Bought").await;
    page.row_says("Stargazer", "To Buy").await;
    assert_eq!(story.session.begun_purchases(), [PAID], "the second waits for another click");

    story.step("The second follows after another click").await;
    page.press("Continue With “Stargazer”").await;
    page.pay_on_the_page("Stargazer").await;
    page.says("2 apps now belong to demo.").await;
    page.mentions(&format!("flatpak install demo {PAID} {PAID2}")).await;

    story.step("The same command installs all three").await;
    page.press("Done").await;
    screen.wait_until_empty().await;
    install(&story, &[PAID, FREE, PAID2]).await.expect_success();
    for app in [PAID, FREE, PAID2] {
        assert!(story.session.flatpak().is_installed(app).await, "{app}");
    }
    assert_eq!(
        (story.session.begun_purchases(), story.session.paid_purchases()),
        (ids(&[PAID, PAID2]), ids(&[PAID, PAID2]))
    );
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_asked_for_meanwhile_joins_the_question() {
    let story = begin("08-joined", "A second install asks while the question is open").await;
    let screen = story.session.screen();
    story.session.sign_in_as("demo").await;

    story.step("Two commands ask for an app each, and one window asks for both").await;
    install(&story, &[PAID]).await;
    screen.window("Buy “Sketchbook”?").await;
    install(&story, &[PAID2]).await;
    let window = screen.window("Buy 2 Apps?").await;
    assert_eq!(screen.tree().await.titles().len(), 1, "it is the same window");

    story.step("“Not Now” puts off both: the next install opens no window, and says what to do").await;
    window.press("Not Now").await;
    screen.wait_until_empty().await;
    let outcome = install(&story, &[PAID2]).await;
    assert!(
        outcome.text.contains("Purchase needed. “org.example.Stargazer” is not in the account"),
        "{}",
        outcome.text
    );
    assert!(screen.tree().await.nodes.is_empty(), "no window has opened");
    assert!(story.session.begun_purchases().is_empty());
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_after_the_first_keeps_it() {
    let story = begin("08-stop-here", "Two apps to buy, stopped after the first").await;
    let screen = story.session.screen();
    story.session.sign_in_as("demo").await;

    story.step("The first of two is bought").await;
    install(&story, &[PAID, PAID2]).await;
    screen.window("Buy 2 Apps?").await.press("Continue to Purchase").await;
    let page = screen.front();
    page.pay_on_the_page("Sketchbook").await;

    story.step("“Stop Here” keeps the app that was bought").await;
    page.press("Stop Here").await;
    page.says("“Sketchbook” now belongs to demo.").await;
    page.says(&format!("flatpak install demo {PAID}")).await;
    page.press("Done").await;
    screen.wait_until_empty().await;

    story.step("The first can be installed, the second was never begun").await;
    story.session.flatpak().install(PAID).end().await.expect_success();
    assert_eq!(story.session.begun_purchases(), [PAID]);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_window_leads_through_signing_in_and_buying() {
    let story = begin("08-sign-in-and-buy", "Neither signed in nor bought: one window for both").await;
    let host = story.session.host();
    let screen = story.session.screen();

    story.step("flatpak says that an account is needed").await;
    let outcome = story.session.flatpak().install(PAID).end().await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));

    story.step("Signing in leads to the purchase prompt").await;
    screen.window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    let prompt = screen.window("Buy “Sketchbook”?").await;
    assert_eq!(screen.tree().await.titles().len(), 1, "it is the same window");
    assert!(story.session.begun_purchases().is_empty(), "nothing is begun before the person's click");

    story.step("After buying, the window shows how to go on").await;
    prompt.press("Continue to Purchase").await;
    let page = screen.front();
    page.pay_on_the_page("Sketchbook").await;
    page.says("“Sketchbook” now belongs to demo.").await;

    story.step("The same command installs the app without a question").await;
    page.press("Done").await;
    screen.wait_until_empty().await;
    story.session.flatpak().install(PAID).end().await.expect_success();
    assert!(screen.tree().await.nodes.is_empty(), "no window has opened");
    assert_eq!(story.session.begun_purchases(), [PAID]);
    story.end().await;
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}
