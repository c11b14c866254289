// SPDX-License-Identifier: GPL-3.0-or-later
//! One lapsed account never blocks everybody's updates.

use usher_demo_store::{Failure, Publication, Reply, Route};
use usher_tests::{Outcome, Setup, Story};

const PRIVATE: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";
const FREE: &str = "org.example.Metronome";
const PLATFORM: &str = "org.example.Platform";

/// Installs apps, publishes three updates, and lets the account lapse.
async fn let_account_lapse(story: &Story) {
    story.step("There is an account, and a free and a protected app are installed").await;
    story.session.sign_in_as("demo").await;
    for app in [PRIVATE, FREE] {
        story.session.flatpak().install(app).end().await.expect_success();
    }

    story.step("Three updates are published, and the sign-in ends at the server").await;
    let updates = [PRIVATE, FREE, PLATFORM].map(|id| Publication::Update(id.to_owned()));
    let control = story.session.shop().control();
    control.publish(updates.to_vec()).await.expect("the shop publishes");
    assert_eq!(control.expire_credentials(None).expect("the shop lets sign-ins expire"), 1);
    // A new daemon has no cached answers.
    story.session.stop_daemon().await;
}

/// The installed commits: protected app, free app, runtime.
async fn installed(story: &Story) -> [String; 3] {
    let flatpak = story.session.flatpak();
    [flatpak.commit(PRIVATE).await, flatpak.commit(FREE).await, flatpak.commit(PLATFORM).await]
}

fn assert_only_others_changed(before: &[String; 3], after: &[String; 3], outcome: &Outcome) {
    assert_eq!(before[0], after[0], "the protected app waits\n{}", outcome.text);
    assert_ne!(before[1], after[1], "the free app is updated\n{}", outcome.text);
    assert_ne!(before[2], after[2], "the runtime is updated\n{}", outcome.text);
}

/// Signs in again from Usher's window, and updates.
async fn sign_in_again_and_update(story: &Story) {
    let host = story.session.host();

    story.step("The account's own row says that an update waits, and offers to sign in").await;
    let screen = story.session.screen();
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.find_row(&format!("demo, {host}, 1 update is waiting for this account")).await;
    assert!(!window.tree().await.says("Needs Attention"), "one account is one row");

    story.step("Signing in again brings the update").await;
    window.read().await;
    window.press(&format!("Sign In to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    window.find_row(&format!("demo, {host}")).await;
    let button = format!("Sign In to {host}");
    window.wait("the account in order", |tree| tree.usable(&button).is_none().then_some(())).await;
    let before = installed(story).await;
    story.session.flatpak().run(&["update", "--user", "-y"]).await.expect_success();
    let after = installed(story).await;
    assert_ne!(before[0], after[0], "the protected app is updated");

    story.step("Nothing needs attention any more").await;
    let screen = story.session.screen();
    let window = screen.window("Usher").await;
    window.wait("nothing to attend to", |tree| (!tree.mentions("waiting for this account")).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lapsed_account_does_not_block_updates_without_questions() {
    let story = Story::begin("07-update-y", "Updating without questions, account lapsed", Setup::default()).await;
    let_account_lapse(&story).await;

    story.step("“flatpak update -y” updates the two others").await;
    let before = installed(&story).await;
    let outcome = story.session.flatpak().run(&["update", "--user", "-y"]).await;
    assert_only_others_changed(&before, &installed(&story).await, &outcome);
    assert!(story.session.screen().tree().await.nodes.is_empty(), "no window opens for an update");

    sign_in_again_and_update(&story).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lapsed_account_does_not_block_updates_in_a_terminal() {
    let story = Story::begin("07-update", "Updating in a terminal, account lapsed", Setup::default()).await;
    let_account_lapse(&story).await;

    story.step("“flatpak update”, answered with yes, updates the two others").await;
    let before = installed(&story).await;
    let outcome = story.session.flatpak().in_terminal(&["update", "--user"]).answering_yes().end().await;
    assert_only_others_changed(&before, &installed(&story).await, &outcome);

    story.step("A prompt waits for the person, but the update does not wait for the prompt").await;
    let host = story.session.host();
    let title = format!("Sign In to {host} Again");
    let screen = story.session.screen();
    let prompt = screen.window(&title).await;
    prompt.mentions("is part of the next update").await;
    prompt.press("Not Now").await;
    screen.wait_until_gone(&title).await;

    sign_in_again_and_update(&story).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_renamed_does_not_block_updates() {
    let story = Story::begin("07-renamed", "An app is renamed, account lapsed", Setup::default()).await;
    let session = &story.session;

    story.step("An app that was bought is installed, and a free one of another shop").await;
    let control = session.shop().control();
    session.sign_in_as("demo").await;
    session.buy(PAID).await;
    session.flatpak().install(PAID).end().await.expect_success();
    let other = session.open_another_shop("other").await;
    session.flatpak().run(&["install", "--user", "-y", "other", FREE]).await.expect_success();

    story.step("The bought app gets another id, the free one an update, and the sign-in ends").await;
    let rename = Publication::Rename { app: PAID.to_owned(), to: PRIVATE.to_owned() };
    control.publish(vec![rename]).await.expect("the shop publishes");
    other.control().publish_update(FREE).await.expect("the other shop publishes");
    control.expire_credentials(None).expect("the shop lets sign-ins expire");
    session.stop_daemon().await;

    story.step("The free app is updated, the renamed one stays as it is").await;
    let flatpak = session.flatpak();
    let before = flatpak.commit(FREE).await;
    let outcome = flatpak.run(&["update", "--user", "-y", "--noninteractive"]).await;
    assert_ne!(before, flatpak.commit(FREE).await, "{}", outcome.text);
    assert!(!outcome.text.contains("Failed to get tokens"), "{}", outcome.text);
    // Flatpak tries without a token, and its exit code tells of everything that it could not fetch. No answer changes that:
    // it knows none that leaves out an operation.
    assert_eq!(outcome.code, 1, "{}", outcome.text);
    let failed = format!("Error: Failed to install {PRIVATE}: ");
    assert!(outcome.text.contains(&failed) && outcome.text.contains("HTTP 403"), "{}", outcome.text);
    assert!(flatpak.is_installed(PAID).await && !flatpak.is_installed(PRIVATE).await, "{}", outcome.text);

    story.step("Usher says that the update waits").await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.mentions("1 update is waiting for this account").await;

    story.step("After signing in again the update brings the new id").await;
    session.sign_in_as("demo").await;
    let outcome = flatpak.run(&["update", "--user", "-y", "--noninteractive"]).await;
    assert!(flatpak.is_installed(PRIVATE).await, "{}", outcome.text);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_brings_a_new_runtime_is_still_an_update() {
    let story = Story::begin("07-new-runtime", "Updating to a new runtime, account lapsed", Setup::default()).await;

    story.step("There is an account, and a free and a protected app are installed").await;
    story.session.sign_in_as("demo").await;
    for app in [PRIVATE, FREE] {
        story.session.flatpak().install(app).end().await.expect_success();
    }

    story.step("Two updates are published, one of them needs a new runtime, and the sign-in ends").await;
    let runtime = Publication::Runtime { branch: "2".to_owned(), app: PRIVATE.to_owned() };
    let control = story.session.shop().control();
    control.publish(vec![runtime, Publication::Update(FREE.to_owned())]).await.expect("the shop publishes");
    control.expire_credentials(None).expect("the shop lets sign-ins expire");
    story.session.stop_daemon().await;

    story.step("The free app is updated, the protected one waits").await;
    let flatpak = story.session.flatpak();
    let before = [flatpak.commit(PRIVATE).await, flatpak.commit(FREE).await];
    let outcome = flatpak.run(&["update", "--user", "-y"]).await;
    assert_eq!(before[0], flatpak.commit(PRIVATE).await, "{}", outcome.text);
    assert_ne!(before[1], flatpak.commit(FREE).await, "{}", outcome.text);
    assert!(!outcome.text.contains("Failed to get tokens"), "{}", outcome.text);
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_out_for_want_of_a_server_or_of_sound_options_is_a_row() {
    let story = Story::begin("07-left-out", "Updates that nobody is asked about", Setup::default()).await;
    let session = &story.session;
    let (flatpak, host) = (session.flatpak(), session.host());

    story.step("There is an account, and a protected app is installed").await;
    session.sign_in_as("demo").await;
    flatpak.install(PRIVATE).end().await.expect_success();

    story.step("Its update is left out, since a page is in the place of the server").await;
    let control = session.shop().control();
    control.publish_update(PRIVATE).await.expect("the shop publishes");
    session.stop_daemon().await;
    control.fail(Route::GetTokens, Failure::Reply(Reply::html("<h1>Checking the browser</h1>")));
    let before = flatpak.commit(PRIVATE).await;
    let outcome = flatpak.run(&["update", "--user", "-y"]).await;
    assert_eq!(before, flatpak.commit(PRIVATE).await, "{}", outcome.text);

    story.step("Usher says so, and asks the server again").await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.mentions(&format!("1 update was skipped: {host} answered in an unexpected way")).await;
    control.clear_requests();
    window.press(&format!("Ask {host} again")).await;
    control.wait_for_request(|asked| asked.path == "/api/v1/get_tokens" && asked.status().is_some()).await;
    window.mentions("answered in an unexpected way").await;
    control.succeed(Route::GetTokens);
    window.press(&format!("Ask {host} again")).await;
    window.wait("nothing to attend to", |tree| (!tree.mentions("was left out")).then_some(())).await;

    story.step("The repository asks for accounts of another type, and its update is left out again").await;
    let change = ["remote-modify", "--user", "--authenticator-option=type=ticket", "demo"];
    flatpak.run(&change).await.expect_success();
    flatpak.run(&["update", "--user", "-y"]).await;
    assert_eq!(before, flatpak.commit(PRIVATE).await);
    window.mentions("Asks for accounts of a type that Usher does not know").await;
    window.press("Review: Demo Store").await;
    window.says("No Account Can Be Used").await;
    window.mentions("Another program may serve it").await;

    story.step("Once the options are sound, the row is gone").await;
    let change = ["remote-modify", "--user", "--authenticator-option=type=webflow", "demo"];
    flatpak.run(&change).await.expect_success();
    flatpak.run(&["update", "--user", "-y"]).await.expect_success();
    assert_ne!(before, flatpak.commit(PRIVATE).await);
    story.end().await;
}
