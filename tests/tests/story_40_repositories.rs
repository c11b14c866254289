// SPDX-License-Identifier: GPL-3.0-or-later
//! The repositories of this computer: the list, the page of one with its account, and the check.

use usher_demo_store::{Failure, Route};
use usher_tests::{Setup, Story};

const APP: &str = "org.example.Postcard";

/// Installs without anybody being asked, and returns what flatpak says.
async fn install(story: &Story) -> String {
    story.session.flatpak().run(&["install", "--user", "--noninteractive", "demo", APP]).await.text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_given_an_account_on_its_page_and_checked_there() {
    let story = Story::begin("40-repositories", "The repositories of this computer", Setup::default()).await;
    let (session, host) = (&story.session, story.session.host());
    session.sign_in_as("demo").await;
    session.usherctl(&["revoke", "demo", "demo"]).await.expect_success();
    let screen = session.screen();

    story.step("The first page leads to all of them").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 1 on this computer").await;

    story.step("Each has its account beside it, and a page").await;
    window.press_row("Demo Store, No account").await;
    window.ready("Check Repository").await;
    for said in [session.shop().repository_url().as_str(), &host, "demo", "Current user"] {
        window.says(said).await;
    }

    story.step("Without an account nothing protected can be installed").await;
    assert!(install(&story).await.contains("Permission needed."));

    story.step("An account that is chosen is used").await;
    window.choose("Account", "demo").await;
    window.says("Demo Store may use this account").await;
    assert!(!install(&story).await.contains("error:"));
    session.flatpak().run(&["uninstall", "--user", "-y", APP]).await.expect_success();

    story.step("None takes the permission back").await;
    window.choose("Account", "None").await;
    window.says("Demo Store no longer uses this account").await;
    assert!(install(&story).await.contains("Permission needed."));

    story.step("The check says what is wrong, and what mends it").await;
    window.press("Check Repository").await;
    window.says("1 problem was found.").await;
    let sentence = format!("“demo” may not use the account at {host} yet.");
    window.find_row(&format!("Account, Problem, {sentence}")).await;
    assert!(session.usherctl(&["doctor"]).await.stdout.contains(&sentence), "the doctor says the same");
    window.says("usherctl sign-in demo").await;
    window.press("Copy Command").await;
    window.says("Copied").await;

    story.step("With an account everything has passed").await;
    window.press("Back").await;
    window.choose("Account", "demo").await;
    window.says("Demo Store may use this account").await;
    window.press("Check Repository").await;
    window.says("No problems were found.").await;
    window.find_row("Account Server Answers, Passed").await;

    story.step("A server that does not answer is a problem, too").await;
    session.shop().control().fail(Route::GetTokens, Failure::Reset);
    window.press("Check Again").await;
    window.says("1 problem was found.").await;
    window.find_row("Account Server Answers, Problem").await;

    story.step("A repository that goes away takes its pages along").await;
    session.flatpak().run(&["remote-delete", "--user", "--force", "demo"]).await.expect_success();
    window.says("Demo Store is no longer on this computer").await;
    window.says("No Repositories").await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_with_another_server_is_reviewed_from_its_page() {
    let story = Story::begin("40-blocked", "A blocked repository", Setup::default()).await;
    let session = &story.session;
    session.sign_in_as("demo").await;
    let other = session.open_another_shop("other").await;
    let option = format!("--authenticator-option=url={}", other.base_url());
    session.flatpak().run(&["remote-modify", "--user", &option, "demo"]).await.expect_success();
    let screen = session.screen();

    story.step("The list says that it is blocked").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 2 on this computer").await;
    window.press_row("Demo Store, Blocked").await;

    story.step("Its page offers no account, and leads to the question").await;
    window.find_row("Blocked, Now asks for an account at").await;
    assert!(!window.tree().await.mentions("Use Another Account…"));
    window.press("Review Demo Store").await;
    window.press("Keep Blocked").await;

    story.step("The decision is shown, and can be looked at again").await;
    window.find_row("Kept Blocked, Now asks for an account at").await;
    window.press("Review Demo Store").await;
    window.ready("Keep Blocked").await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_shown_with_its_repository_and_taken_back_there() {
    let story = Story::begin("40-refused", "A refused repository", Setup::default()).await;
    let (session, host) = (&story.session, story.session.host());
    session.sign_in_as("demo").await;
    session.usherctl(&["revoke", "--for-good", "demo"]).await.expect_success();
    let screen = session.screen();
    assert!(install(&story).await.contains("Not allowed: "));

    story.step("List and page say so, and the check counts it").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 1 on this computer").await;
    window.press_row("Demo Store, Not allowed").await;
    window.find_row(&format!("Not allowed to use an account at {host}")).await;
    window.press("Check Repository").await;
    let sentence = format!("Not allowed: “demo” may not use an account at {host}.");
    window.find_row(&format!("Account, Problem, {sentence}")).await;
    assert!(session.usherctl(&["doctor"]).await.stdout.contains(&sentence), "the doctor says the same");
    window.press("Back").await;

    story.step("It can be let ask again").await;
    window.press("Let Demo Store Ask Again").await;
    window.says("Demo Store can ask for an account again").await;
    window.wait("no refusal", |tree| (!tree.mentions("Not allowed")).then_some(())).await;
    assert!(install(&story).await.contains("Permission needed."));

    story.step("Refused once more, and then given an account").await;
    session.usherctl(&["revoke", "--for-good", "demo"]).await.expect_success();
    window.find_row(&format!("Not allowed to use an account at {host}")).await;
    window.choose("Account", "demo").await;
    window.wait("no refusal", |tree| (!tree.mentions("Not allowed")).then_some(())).await;
    assert!(!install(&story).await.contains("error:"));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_without_an_account_leads_to_one_from_its_page() {
    let story = Story::begin("40-first", "A repository without an account", Setup::default()).await;
    let (session, host) = (&story.session, story.session.host());
    let screen = session.screen();

    story.step("Its row opens its page").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.ready(&format!("Sign In to {host}")).await;
    window.click_row(&format!("Demo Store, {host}")).await;
    window.ready("Check Repository").await;

    story.step("Signing in from there leads back there, with the account").await;
    window.press("Sign In…").await;
    window.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_and_finish("demo").await;
    let window = screen.front();
    window.ready("Use Another Account…").await;
    window.says("demo").await;
    assert!(!install(&story).await.contains("error:"));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_can_use_no_account_says_why() {
    let story = Story::begin("40-unusable", "A repository that can use no account", Setup::default()).await;
    let session = &story.session;
    session.flatpak().run(&["remote-modify", "--user", "--url=file:///srv/repo", "demo"]).await.expect_success();
    let screen = session.screen();

    story.step("It is listed, and its page offers no account").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.press_row("Repositories, 1 on this computer").await;
    window.press_row("Demo Store, No account").await;
    window.find_row("No Account Can Be Used, No account is used for “demo”").await;
    assert!(!window.tree().await.mentions("Sign In…"));

    story.step("The check says the same as the doctor").await;
    window.press("Check Repository").await;
    window.find_row("Secure Address, Problem, No account is used for “demo”").await;
    window.find_row("Account, Not Checked").await;
    let doctor = session.usherctl(&["doctor"]).await.stdout;
    assert!(doctor.contains("demo: No account is used for “demo”"), "{doctor}");
    story.end().await;
}
