// SPDX-License-Identifier: GPL-3.0-or-later
//! Every page of the window fits on a narrow screen, and tells a screen reader what its controls are.

use std::fs;

use usher_tests::{KeyringState, Role, Setup, Story, Window};

const APP: &str = "org.example.Private";

/// How high a heading of one line is at most where text has its usual size.
const LARGEST_USUAL_HEADING: i32 = 40;

/// What is asked of every page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// It fits into 360 pixels.
    Narrow,
    /// It works in a window of its own size.
    AsItIs,
    /// The same, and text is twice as large.
    LargeText,
}

impl Look {
    async fn at(self, story: &Story, window: &Window<'_>, page: &str) {
        story.step(page).await;
        if self == Self::Narrow {
            window.fits_into(360).await;
        }
        assert_eq!(window.controls_without_name().await, [] as [String; 0], "{page}\n{}", window.tree().await);
        story.finish_step().await;
    }
}

/// Goes through every page of the main window that can be reached without an account, signs in, and goes on.
async fn walk_through_the_window(story: &Story, look: Look) {
    let host = story.session.host();
    story.session.open_usher();
    let screen = story.session.screen();
    let window = screen.window("Usher").await;
    window.ready(&format!("Sign In to {host}")).await;
    if look == Look::LargeText {
        let height = window.height_of(Role::Heading, "No Accounts Yet").await;
        assert!(height > LARGEST_USUAL_HEADING, "the text is large: {height}");
    }
    look.at(story, &window, "Accounts, none yet").await;

    screen.key("ctrl+comma").await;
    screen.front().ready_switch("Continue Installs After Signing In").await;
    look.at(story, &screen.front(), "Preferences").await;
    screen.key("Escape").await;
    // The entries of GTK's menus have no names, but the last one is known to be “About Usher”.
    for key in ["F10", "Up", "Return"] {
        screen.key(key).await;
    }
    screen.front().says("Troubleshooting").await;
    look.at(story, &screen.front(), "About").await;
    screen.key("Escape").await;

    window.press("Add Account").await;
    window.ready("Address").await;
    look.at(story, &window, "Add account").await;
    window.fill("Address", "ftp://").await;
    window.press("Back").await;

    window.press(&format!("Sign In to {host}")).await;
    window.ready(&format!("Continue to {host}")).await;
    look.at(story, &window, "Server").await;

    window.press(&format!("Continue to {host}")).await;
    screen.front().ready("User name").await;
    look.at(story, &screen.front(), "Web page").await;

    screen.front().sign_in_on_the_page("demo").await;
    screen.front().says("Signed In").await;
    look.at(story, &screen.front(), "Done").await;
    screen.front().press("Done").await;

    let window = screen.window("Usher").await;
    window.find_row(&format!("demo, {host}")).await;
    look.at(story, &window, "Accounts, one").await;
    window.press_row(&format!("demo, {host}")).await;
    window.ready("Sign Out").await;
    look.at(story, &window, "Account").await;
    window.press("Remove Account…").await;
    window.says("Remove demo?").await;
    look.at(story, &screen.front(), "Remove an account").await;
    window.press("Cancel").await;
}

/// Goes through the prompts.
async fn walk_through_the_prompts(story: &Story, look: Look) {
    let host = story.session.host();
    let screen = story.session.screen();
    let install = async || story.session.flatpak().install(APP).end().await;

    install().await;
    let title = format!("Sign In to {host}");
    let prompt = screen.window(&title).await;
    prompt.ready(&format!("Continue to {host}")).await;
    look.at(story, &prompt, "Prompt: sign in").await;
    prompt.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    screen.front().says("Signed In").await;
    look.at(story, &screen.front(), "Prompt: done").await;
    screen.front().press("Done").await;
    screen.wait_until_empty().await;

    story.session.keyring().lock().await;
    story.session.end_the_daemon().await;
    install().await;
    let prompt = screen.window("Unlock the Keyring").await;
    prompt.ready("Unlock").await;
    look.at(story, &prompt, "Prompt: unlock").await;
    story.session.keyring().the_next_question_is_answered();
    prompt.press("Unlock").await;
    prompt.says("Keyring Unlocked").await;
    look.at(story, &prompt, "Prompt: unlocked").await;
    prompt.press("Done").await;
    screen.wait_until_empty().await;

    story.session.shop().control().expire_credentials(None).expect("the shop lets sign-ins expire");
    install().await;
    let prompt = screen.window(&format!("Sign In to {host} Again")).await;
    prompt.ready(&format!("Continue to {host}")).await;
    look.at(story, &prompt, "Prompt: sign in again").await;
    prompt.press("Not Now").await;
    screen.wait_until_empty().await;

    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.says("Needs Attention").await;
    look.at(story, &window, "Accounts, one needs attention").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_into_360_pixels_and_names_its_controls() {
    let story = Story::begin("looks-window", "Every page of the window, narrow", Setup::default()).await;
    walk_through_the_window(&story, Look::Narrow).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_prompt_fits_into_360_pixels_and_names_its_controls() {
    let story = Story::begin("looks-prompts", "Every prompt, narrow", Setup::default()).await;
    walk_through_the_prompts(&story, Look::Narrow).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_works_in_the_dark_and_at_its_own_size() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    let setup = Setup { environment: vec![dark], ..Setup::default() };
    let story = Story::begin("looks-dark", "Every page of the window, dark", setup).await;
    walk_through_the_window(&story, Look::AsItIs).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_with_text_of_twice_the_size() {
    let setup = Setup { large_text: true, ..Setup::default() };
    let story = Story::begin("looks-large", "Every page of the window, text of twice the size", setup).await;
    walk_through_the_window(&story, Look::LargeText).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_the_window_says_so_and_fits() {
    let setup = Setup { keyring: KeyringState::None, ..Setup::default() };
    let story = Story::begin("looks-no-keyring", "The window without a keyring", setup).await;
    story.session.open_usher();
    let screen = story.session.screen();
    let window = screen.window("Usher").await;
    window.says("No Keyring").await;
    Look::Narrow.at(&story, &window, "No keyring").await;
    story.end().await;
}

/// A window whose minimum width is 500 pixels, and one that has an icon for a name.
const CLUMSY: &str = r#"
import gi
gi.require_version("Adw", "1")
from gi.repository import Adw, GLib, Gtk
GLib.set_prgname("clumsy")
def activate(app):
    window = Adw.ApplicationWindow(application=app, title="Clumsy", default_width=600)
    box = Gtk.Box()
    box.append(Gtk.Button(icon_name="edit-copy-symbolic"))
    box.append(Gtk.Button(label="Wide", width_request=500))
    window.set_content(box)
    window.present()
app = Adw.Application(application_id="org.example.Clumsy")
app.connect("activate", activate)
app.run()
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_look_at_a_page_sees_what_is_too_wide_and_what_has_no_name() {
    let setup = Setup { keyring: KeyringState::None, without_shop: true, ..Setup::default() };
    let story = Story::begin("looks-clumsy", "A clumsy window", setup).await;
    let script = story.session.folder().join("clumsy");
    fs::write(&script, CLUMSY).expect("a file can be written");
    let mut command = story.session.processes.command("/usr/bin/python3");
    command.arg(&script);
    story.session.processes.start("clumsy", command);
    let screen = story.session.screen().of("clumsy");
    let window = screen.window("Clumsy").await;
    window.ready("Wide").await;
    let width = window.narrowest(360).await;
    assert!(width >= 500, "{width}");
    assert_eq!(window.controls_without_name().await.len(), 1, "{}", window.tree().await);
}
