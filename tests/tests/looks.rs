// SPDX-License-Identifier: GPL-3.0-or-later
//! Every page of the window fits on a narrow screen, and every control has a name for screen readers.

use std::fs;

use usher_tests::{KeyringState, Role, Setup, Story, Window};

const APP: &str = "org.example.Postcard";
/// The place of “About Usher” in the main menu.
pub(crate) const ABOUT: usize = 3;

/// The largest height of a one-line heading with text of the usual size.
const LARGEST_USUAL_HEADING: i32 = 40;

/// How to check a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageCheck {
    /// It fits into 360 pixels.
    Narrow,
    /// It works in a window of the default size.
    AsItIs,
    /// It fits into 360 pixels with text twice as large, and all of it can be read in the smallest window.
    LargeText,
}

impl PageCheck {
    pub(crate) async fn run(self, story: &Story, window: &Window<'_>, page: &str) {
        story.step(page).await;
        if self != Self::AsItIs {
            window.fits_into(360).await;
        }
        assert_eq!(window.controls_without_name().await, [] as [String; 0], "{page}\n{}", window.tree().await);
        if self == Self::LargeText && window.tree().await.shows_own_page() {
            window.can_be_read_when_smallest(story, page).await;
        }
        story.finish_step().await;
    }
}

/// A `.flatpakref` of an app in a repository that does not exist, with a key of the usual length. Large text is read line by
/// line, and a part of the key is enough for that.
fn app_file(check: PageCheck) -> String {
    let key_parts = if check == PageCheck::LargeText { 40 } else { 200 };
    format!(
        "[Flatpak Ref]\nName={APP}\nTitle=An App With a Name of Some Length\nUrl=https://repository.example.org/apps/stable\n\
         SuggestRemoteName=example\nGPGKey={}\n",
        "mQENBFUU".repeat(key_parts)
    )
}

/// Visits every page of the main window that needs no account, signs in, and visits the rest.
async fn walk_through_the_window(story: &Story, check: PageCheck) {
    let host = story.session.host();
    story.session.open_usher();
    let screen = story.session.screen();
    let window = screen.window("Usher").await;
    window.ready(&format!("Sign In to {host}")).await;
    if check == PageCheck::LargeText {
        let (_, height) = window.size_of(Role::Heading, "No Accounts Yet").await;
        assert!(height > LARGEST_USUAL_HEADING, "the text is large: {height}");
    }
    check.run(story, &window, "Accounts, none yet").await;

    screen.key("ctrl+comma").await;
    screen.front().ready_switch("Continue Installs After Signing In").await;
    check.run(story, &screen.front(), "Preferences").await;
    screen.key("Escape").await;
    window.choose_in_main_menu(ABOUT).await;
    screen.front().says("Troubleshooting").await;
    check.run(story, &screen.front(), "About").await;
    screen.key("Escape").await;

    window.press("Add Account").await;
    window.ready("Address").await;
    check.run(story, &window, "Add account").await;
    if check == PageCheck::AsItIs {
        let (width, _) = window.size_of(Role::Label, "Continue").await;
        let (_, line) = window.size_of(Role::Label, "From Another Computer").await;
        assert!(2 * width > 5 * line, "“Continue” is one line: {width} pixels, where a line is {line} pixels high");
    }
    window.fill("Address", "ftp://").await;
    let file = story.session.folder().join("home/app.flatpakref");
    fs::write(&file, app_file(check)).expect("a file can be written");
    let mut usher = story.session.command("usher");
    usher.arg(&file);
    story.session.processes.start("usher-open", usher);
    window.press("Continue").await;
    window.says("This repository is not set up yet").await;
    check.run(story, &window, "Set up a repository").await;
    window.press("Back").await;
    window.ready("Continue").await;
    for kind in ["Container Registry", "Access Token"] {
        window.press_row(kind).await;
        window.fill("Address", "http://registry.example.org").await;
        window.says("Only secure addresses (https) can be used").await;
        check.run(story, &window, &format!("Add account: {kind}")).await;
        window.fill("Address", "oci+https://registry.example.org").await;
        window.press("Continue").await;
        window.ready("Continue to registry.example.org").await;
        window.press("Back").await;
        window.wait("the address again", |tree| (!tree.mentions("Continue to")).then_some(())).await;
        window.press("Back").await;
        // Where the person came from has the keyboard once the page is back.
        window.wait(kind, |tree| tree.rows_called(kind).find(|row| row.nodes[0].is_focused()).map(drop)).await;
    }
    window.press("Back").await;

    window.press(&format!("Sign In to {host}")).await;
    window.ready(&format!("Continue to {host}")).await;
    check.run(story, &window, "Server").await;

    window.press(&format!("Continue to {host}")).await;
    screen.front().ready("User name").await;
    check.run(story, &screen.front(), "Web page").await;

    screen.front().sign_in_on_the_page("demo").await;
    screen.front().says("Signed In").await;
    check.run(story, &screen.front(), "Done").await;
    screen.front().press("Done").await;

    let window = screen.window("Usher").await;
    window.find_row(&format!("demo, {host}")).await;
    check.run(story, &window, "Accounts, one").await;
    window.press_row(&format!("demo, {host}")).await;
    window.ready("Sign Out").await;
    check.run(story, &window, "Account").await;
    window.press("Remove Account…").await;
    window.says("Remove demo?").await;
    check.run(story, &screen.front(), "Remove an account").await;
    window.press("Cancel").await;
    window.ready("Sign Out").await;
    window.press("Back").await;
    bring_along_what_is_here(story, &window, check).await;
    walk_through_the_repositories(story, &window, check).await;
}

/// Visits the page of a file that brings nothing new.
async fn bring_along_what_is_here(story: &Story, window: &Window<'_>, check: PageCheck) {
    let saved = story.session.folder().join("home/Accounts.usher").display().to_string();
    story.session.usherctl(&["export", &saved]).await.expect_success();
    let mut usher = story.session.command("usher");
    usher.arg(&saved);
    story.session.processes.start("usher-file", usher);
    window.says("All Set").await;
    check.run(story, window, "Welcome back, with nothing left to do").await;
    window.press("Done").await;
    window.ready("Add Account").await;
}

/// Visits the list of repositories, the page of one, and what its check finds.
async fn walk_through_the_repositories(story: &Story, window: &Window<'_>, check: PageCheck) {
    window.press_row("Repositories, 1 on this computer").await;
    window.find_row("Demo Store, demo").await;
    check.run(story, window, "Repositories").await;
    window.press_row("Demo Store, demo").await;
    window.ready("Check Repository").await;
    check.run(story, window, "Repository").await;
    window.press("Check Repository").await;
    window.says("No problems were found.").await;
    check.run(story, window, "Check, all passed").await;
    window.press("Back").await;
    story.session.usherctl(&["revoke", "demo", "demo"]).await.expect_success();
    window.press("Check Repository").await;
    window.says("1 problem was found.").await;
    window.ready("Copy Command").await;
    check.run(story, window, "Check, a problem").await;
}

/// Visits every prompt.
async fn walk_through_the_prompts(story: &Story, check: PageCheck) {
    let host = story.session.host();
    let screen = story.session.screen();
    let install = async || story.session.flatpak().install(APP).end().await;

    install().await;
    let title = format!("Sign In to {host}");
    let prompt = screen.window(&title).await;
    prompt.ready(&format!("Continue to {host}")).await;
    check.run(story, &prompt, "Prompt: sign in").await;
    prompt.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    screen.front().says("Signed In").await;
    check.run(story, &screen.front(), "Prompt: done").await;
    screen.front().press("Done").await;
    screen.wait_until_empty().await;

    story.session.keyring().lock().await;
    story.session.stop_daemon().await;
    install().await;
    let prompt = screen.window("Unlock the Keyring").await;
    prompt.ready("Unlock").await;
    check.run(story, &prompt, "Prompt: unlock").await;
    story.session.keyring().answer_next_prompt();
    prompt.press("Unlock").await;
    prompt.says("Keyring Unlocked").await;
    check.run(story, &prompt, "Prompt: unlocked").await;
    prompt.press("Done").await;
    screen.wait_until_empty().await;

    story.session.shop().control().expire_credentials(None).expect("the shop lets sign-ins expire");
    install().await;
    let prompt = screen.window(&format!("Sign In to {host} Again")).await;
    prompt.ready(&format!("Continue to {host}")).await;
    check.run(story, &prompt, "Prompt: sign in again").await;
    prompt.press("Not Now").await;
    screen.wait_until_empty().await;

    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.ready(&format!("Sign In to {host}")).await;
    check.run(story, &window, "Accounts, one needs attention").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_into_360_pixels_and_names_its_controls() {
    let story = Story::begin("looks-window", "Every page of the window, narrow", Setup::default()).await;
    walk_through_the_window(&story, PageCheck::Narrow).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_prompt_fits_into_360_pixels_and_names_its_controls() {
    let story = Story::begin("looks-prompts", "Every prompt, narrow", Setup::default()).await;
    walk_through_the_prompts(&story, PageCheck::Narrow).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_prompt_works_with_text_of_twice_the_size() {
    let setup = Setup { large_text: true, ..Setup::default() };
    let story = Story::begin("looks-prompts-large", "Every prompt, text of twice the size", setup).await;
    walk_through_the_prompts(&story, PageCheck::LargeText).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_works_in_the_dark_and_at_its_own_size() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    let setup = Setup { environment: vec![dark], ..Setup::default() };
    let story = Story::begin("looks-dark", "Every page of the window, dark", setup).await;
    walk_through_the_window(&story, PageCheck::AsItIs).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_with_text_of_twice_the_size() {
    let setup = Setup { large_text: true, ..Setup::default() };
    let story = Story::begin("looks-large", "Every page of the window, text of twice the size", setup).await;
    walk_through_the_window(&story, PageCheck::LargeText).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_the_window_says_so_and_fits() {
    let setup = Setup { keyring: KeyringState::None, ..Setup::default() };
    let story = Story::begin("looks-no-keyring", "The window without a keyring", setup).await;
    story.session.open_usher();
    let screen = story.session.screen();
    let window = screen.window("Usher").await;
    let usual = window.size_of(Role::Label, "No Keyring").await.1;
    PageCheck::Narrow.run(&story, &window, "No keyring").await;
    let compact = window.size_of(Role::Label, "No Keyring").await.1;
    assert!(compact < usual, "it is smaller where there is little room: {compact} instead of {usual}");
    story.end().await;
}

/// A window that is at least 500 pixels wide, with a button that has an icon and no name.
const CLUMSY: &str = include_str!("../helpers/clumsy.py");

#[tokio::test(flavor = "multi_thread")]
async fn the_checks_notice_a_wide_window_and_a_control_without_a_name() {
    let setup = Setup { keyring: KeyringState::None, without_shop: true, ..Setup::default() };
    let story = Story::begin("looks-clumsy", "A clumsy window", setup).await;
    let script = story.session.folder().join("clumsy");
    fs::write(&script, CLUMSY).expect("a file can be written");
    let mut command = story.session.processes.command("/usr/bin/python3");
    command.arg(&script);
    story.session.processes.start("clumsy", command);
    let screen = story.session.screen().of_program("clumsy");
    let window = screen.window("Clumsy").await;
    window.ready("Wide").await;
    let width = window.narrowest(360).await;
    assert!(width >= 500, "{width}");
    assert_eq!(window.controls_without_name().await.len(), 1, "{}", window.tree().await);
}
