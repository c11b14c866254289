// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing in with a user name and a password, in Usher's own form.

use usher_demo_store::SignInKind;
use usher_tests::{Setup, Story, Window};

const APP: &str = "org.example.Postcard";
const WRONG: &str = "User name or password is wrong";

fn setup() -> Setup {
    Setup { sign_in: SignInKind::Basic, ..Setup::default() }
}

/// A wrong password is said at its field. It is gone, the user name stays, and the keyboard is where it is typed again.
async fn is_refused(window: &Window<'_>, user: &str) {
    window.says(WRONG).await;
    window
        .wait("the keyboard at the empty password", |tree| {
            let password = tree.usable("Password")?;
            let is_kept = tree.usable("User Name")?.text == user;
            (password.is_focused() && is_kept).then_some(())
        })
        .await;
    assert!(window.holds("Password", 0).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_then_the_right_one_and_the_install_goes_on() {
    let story = Story::begin("45-prompt", "A password in a prompt, wrong at first", setup()).await;
    story.session.change_setting("continue-installs", "true").await;
    let (host, screen) = (story.session.host(), story.session.screen());
    let title = format!("Sign In to {host}");

    story.step("The prompt leads to a form for the same host").await;
    let mut install = story.session.flatpak().install(APP);
    let prompt = screen.window(&title).await;
    prompt.press(&format!("Continue to {host}")).await;
    prompt.ready("User Name").await;
    assert!(!prompt.ready("Password").await.is_focused(), "the first field comes first");
    assert!(!prompt.tree().await.usable("Sign In").expect("the button is there").is_sensitive());

    story.step("A wrong password is said at its field").await;
    prompt.fill_in_the_form("demo", "demon").await;
    is_refused(&prompt, "demo").await;
    assert!(install.is_running(), "{}", install.text());

    story.step("The right one lets the install go on").await;
    prompt.fill("Password", "demo").await;
    prompt.wait("no complaint any more", |tree| (!tree.says(WRONG)).then_some(())).await;
    prompt.press("Sign In").await;
    screen.front().says("The install continues in the terminal.").await;
    install.end().await.expect_success();
    assert!(story.session.flatpak().is_installed(APP).await);
    screen.wait_until_empty().await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_first_with_a_password() {
    let story = Story::begin("45-window", "A password in the main window, wrong at first", setup()).await;
    let (host, screen) = (story.session.host(), story.session.screen());
    story.session.open_usher();
    let window = screen.window("Usher").await;

    story.step("The server's page says that it takes user name and password").await;
    window.press(&format!("Sign In to {host}")).await;
    window.ready(&format!("Continue to {host}")).await;
    window.says("User name and password").await;
    assert!(!window.tree().await.mentions("page of this server"), "no page opens");
    assert_eq!(story.session.requests_for("/api/v1/get_tokens").len(), 0, "nothing is sent yet");

    story.step("A wrong password is said at its field").await;
    window.press(&format!("Continue to {host}")).await;
    window.fill_in_the_form("demo", "demon").await;
    is_refused(&window, "demo").await;

    story.step("The right one leads to the account, and the repository may use it").await;
    window.fill("Password", "demo").await;
    window.press("Sign In").await;
    let done = screen.front();
    done.says("Signed In").await;
    assert!(done.ready_switch("Demo Store").await.is_on());
    done.press("Done").await;
    window.find_row(&format!("demo, {host}")).await;

    story.step("The first install just works").await;
    story.session.flatpak().install(APP).end().await.expect_success();
    assert_eq!(screen.tree().await.titles(), ["Usher"], "no prompt has opened");
    story.end().await;
}
