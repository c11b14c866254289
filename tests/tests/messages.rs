// SPDX-License-Identifier: GPL-3.0-or-later
//! What a page says for a moment: that something was copied, in the button itself, and all else beside what was pressed,
//! where it can be read also on a narrow screen and with large text.

use usher_demo_store::{Failure, Reply, Route};
use usher_tests::{Role, Session, Setup, Story, ToastPlace, Tree, Window, wait_for};

const PAID: &str = "org.example.Sketchbook";

/// A person's screen with text of some size.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Usual,
    TwiceAsLarge,
}

impl Text {
    /// How many pixels a letter takes at least, with the space around it: half the square of 11 points.
    fn letter(self) -> usize {
        if self == Self::Usual { 107 } else { 430 }
    }

    fn setup(self) -> Setup {
        Setup { large_text: self == Self::TwiceAsLarge, ..Setup::default() }
    }
}

/// Checks a message with that text: all of it is in the window and can be read, and it leaves alone what was pressed.
fn check(size: Text, message: &str, pressed: &str, place: ToastPlace) {
    assert_eq!(place.window.2, 360);
    assert!(!place.overlaps(), "“{message}” leaves “{pressed}” alone: {place:?}");
    assert!(place.is_in_window(), "“{message}” is in the window: {place:?}");
    let room = usize::try_from(place.text.2 * place.text.3).expect("it has a size");
    assert!(room >= size.letter() * message.chars().count(), "“{message}” can be read: {place:?}");
}

/// Presses a control or a row, and checks what is said then. Most are beside what was pressed; `beside` is what stands in its
/// place where it disappears.
async fn press_and_check(window: &Window<'_>, size: Text, pressed: &str, message: &str, beside: &str) {
    let press = async || window.click_on(pressed).await;
    check(size, message, pressed, window.toast_beside(message, beside, press).await);
}

async fn every_message_leaves_alone_what_was_pressed(name: &'static str, size: Text) {
    let story = Story::begin(name, "Messages beside what was pressed", size.setup()).await;
    let session = &story.session;
    let (host, screen) = (session.host(), session.screen());
    session.update_appstream().await;
    session.sign_in_as("demo").await;

    story.step("A prompt, before it is bought").await;
    session.flatpak().install(PAID).end().await;
    let window = screen.front();
    window.press("Already Bought?").await;
    window.ready("Check Again").await;
    window.fits_into(360).await;
    press_and_check(&window, size, "Check Again", "Nothing has changed", "Check Again").await;
    story.finish_step().await;
    window.press("Back").await;

    story.step("A purchase that the store has not unlocked").await;
    session.shop().control().hold_grants();
    window.press("Continue to Purchase").await;
    window.pay_before_access("Sketchbook").await;
    window.ready("Not Paid").await;
    window.fits_into(360).await;
    for beside in ["Check Again", "Not Paid"] {
        press_and_check(&window, size, "Check Again", "Nothing has changed", beside).await;
    }
    story.finish_step().await;
    window.press("Not Now").await;
    screen.wait_until_empty().await;

    story.step("The first page").await;
    session.open_usher();
    let window = screen.window("Usher").await;
    window.fits_into(360).await;
    let button = "Check Sketchbook Again";
    press_and_check(&window, size, button, "Nothing has changed", button).await;
    story.finish_step().await;
    session.shop().control().release_grants().expect("the shop unlocks");

    story.step("The purchases").await;
    window.press_row(&format!("demo, {host}")).await;
    window.click_row("Purchases").await;
    // It stands in the header, outside the content.
    let place = window.toast_beside("Nothing has changed", "Check Again", async || window.press("Check Again").await);
    check(size, "Nothing has changed", "Check Again", place.await);
    story.finish_step().await;
    window.press("Back").await;

    story.step("The account").await;
    let row = "Demo Store";
    let message = "Demo Store no longer uses this account";
    let place = window.toast_beside(message, row, async || {
        // Pressed again, it says something else.
        if window.ready_switch(row).await.is_on() {
            window.click_on(row).await;
        } else {
            window.press(row).await;
        }
    });
    check(size, message, row, place.await);
    story.finish_step().await;
    window.press("Undo").await;
    window.wait("the end of it", |tree| (!tree.mentions(message)).then_some(())).await;

    story.step("The account, signed out of").await;
    // The longest that is said of it.
    session.shop().control().fail(Route::SignOut, Failure::Reply(Reply::new(503, "")));
    let message = format!("Signed out on this computer only. {host} did not say that it ended the sign-in.");
    // The button disappears, and the one below takes its place.
    press_and_check(&window, size, "Sign Out", &message, "Remove Account…").await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_leaves_alone_what_was_pressed_on_a_narrow_screen() {
    every_message_leaves_alone_what_was_pressed("messages-narrow", Text::Usual).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_leaves_alone_what_was_pressed_with_text_of_twice_the_size() {
    every_message_leaves_alone_what_was_pressed("messages-large", Text::TwiceAsLarge).await;
}

/// Presses a button that copies, and checks that it says so itself and keeps its size.
async fn copy_and_check(session: &Session, window: &Window<'_>, button: &str, copied: &str) {
    let before = window.size_of(Role::Button, button).await;
    let during = wait_for(
        &format!("“Copied” in place of “{button}”"),
        async || {
            window.toast_after("Copied", async || window.press(button).await).await;
            let tree = window.tree().await;
            let index = tree.nodes.iter().position(|node| node.role == Role::Button && node.name == "Copied")?;
            let end = index + tree.within(index).nodes.len();
            let beside = [&tree.nodes[..index], &tree.nodes[end..]].concat();
            assert!(!beside.iter().any(|node| node.name == "Copied"), "nothing else says so:\n{tree}");
            window.size_now(Role::Button, "Copied").await
        },
        async || window.tree().await.to_string(),
    )
    .await;
    assert_eq!(during, before, "“{button}” keeps its size");
    assert_eq!(session.clipboard().await.as_deref(), Some(copied));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_that_copies_says_so_itself() {
    let story = Story::begin("messages-copied", "Copying", Setup::default()).await;
    let session = &story.session;
    session.update_appstream().await;
    session.sign_in_as("demo").await;
    session.buy(PAID).await;
    let (host, screen) = (session.host(), session.screen());
    session.open_usher();
    let window = screen.window("Usher").await;

    story.step("The command of an app").await;
    window.press_row(&format!("demo, {host}")).await;
    window.press_row("Purchases").await;
    let install = format!("flatpak install demo {PAID}");
    copy_and_check(session, &window, "Copy Command for Sketchbook", &install).await;
    window.ready("Copy Command for Sketchbook").await;
    window.fits_into(360).await;
    copy_and_check(session, &window, "Copy Command for Sketchbook", &install).await;
    window.ready("Copy Command for Sketchbook").await;
    story.finish_step().await;
    window.press("Back").await;
    window.ready("Sign Out").await;
    window.press("Back").await;

    story.step("The address of a page").await;
    window.press("Add Account").await;
    window.fill("Address", &format!("http://{host}/")).await;
    window.press("Continue").await;
    window.press(&format!("Continue to {host}")).await;
    let front = screen.front();
    front.ready("User name").await;
    screen.key("ctrl+l").await;
    copy_and_check(session, &front, "Copy Address", &format!("http://{host}/")).await;
    let is_closed = |tree: &Tree| (!tree.says("Copied") && !tree.says("Copy Address")).then_some(());
    front.wait("the end of what showed the address", is_closed).await;
    story.end().await;
}
