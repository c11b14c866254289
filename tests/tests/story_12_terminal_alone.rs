// SPDX-License-Identifier: GPL-3.0-or-later
//! Without the window everything works in a terminal: flatpak's messages name the commands, and the commands work.

use usher_tests::{Setup, Story, browser};

const PAID: &str = "org.example.Sketchbook";

/// The command that a message names, as words.
fn named_command(text: &str) -> Vec<String> {
    let (_, rest) = text.split_once("Run “").expect("the message names a command");
    let (command, _) = rest.split_once('”').expect("the command has an end");
    command.split(' ').map(str::to_owned).collect()
}

/// Expects the install to stop with `message`, and returns the command that the message names.
async fn refused_install(story: &Story, message: &str) -> Vec<String> {
    let outcome = story.session.flatpak().install(PAID).end().await;
    outcome.expect_refusal(message);
    named_command(&outcome.text)
}

async fn begin(name: &'static str, title: &str, setup: Setup) -> Story {
    let story = Story::begin(name, title, Setup { without_window: true, ..setup }).await;
    story.session.flatpak().run(&["list"]).await.expect_success();
    story
}

/// Signs in, buys and installs with the commands that the messages name.
async fn everything_in_a_terminal(story: &Story) {
    let host = story.session.host();

    story.step("flatpak names the command that signs in").await;
    let sign_in =
        refused_install(story, &format!("Account needed. Run “usherctl sign-in {host}”, then try again.")).await;

    story.step("It signs in, with a browser somewhere").await;
    let words: Vec<&str> = sign_in.iter().map(String::as_str).chain(["--no-browser"]).collect();
    let terminal = story.session.in_terminal(&words);
    terminal.wait_for_text(&format!("First time at {host}. Continue? [y/N] ")).await;
    terminal.enter("y");
    terminal.wait_for_text("Waiting… (Ctrl+C to stop)").await;
    let page = browser::sign_in(&terminal.address(), "demo").await;
    assert!(page.contains("Signed In"), "{page}");
    terminal.wait_for_text(&format!("Signed in to {host} as demo.")).await;
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    terminal.end().await.expect_success();

    story.step("flatpak names the command that buys").await;
    let buy = refused_install(
        story,
        &format!(
            "Purchase needed. “{PAID}” is not in the account of demo at {host}. Run “usherctl buy demo {PAID}”, then try again."
        ),
    )
    .await;

    story.step("It buys, after a yes").await;
    let words: Vec<&str> = buy.iter().map(String::as_str).chain(["--no-browser"]).collect();
    let terminal = story.session.in_terminal(&words);
    let question =
        format!("This opens the store at {host}. Nothing is paid before it is confirmed there. Continue? [y/N] ");
    terminal.wait_for_text(&question).await;
    assert!(story.session.begun_purchases().is_empty(), "nothing is begun before the person's yes");
    terminal.enter("y");
    terminal.wait_for_text("Waiting… (Ctrl+C to stop)").await;
    browser::buy(&terminal.address()).await;
    terminal.wait_for_text(&format!("Bought. Now run: flatpak install demo {PAID}")).await;
    terminal.end().await.expect_success();

    story.step("The install works").await;
    story.session.flatpak().install(PAID).end().await.expect_success();
    assert_eq!(story.session.purchase_counts(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_display_and_without_the_window_everything_works_in_a_terminal() {
    let setup = Setup::without_display();
    let story = begin("12-terminal", "In a terminal alone", setup).await;
    everything_in_a_terminal(&story).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_display_but_without_the_window_everything_works_in_a_terminal() {
    let story = begin("12-no-window", "The window is not installed", Setup::default()).await;
    everything_in_a_terminal(&story).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_address_signs_in_and_buys() {
    let setup = Setup::without_display();
    let story = begin("12-pasted", "In a terminal, the browser on another computer", setup).await;
    let host = story.session.host();

    story.step("Signing in takes the final address of the browser, and does not show it").await;
    let terminal = story.session.in_terminal(&["usherctl", "sign-in", "demo", "--paste"]);
    terminal.wait_for_text(&format!("First time at {host}. Continue? [y/N] ")).await;
    terminal.enter("y");
    terminal.wait_for_text("Paste that address (it stays hidden):").await;
    let redirect = browser::redirect_of_sign_in(&terminal.address(), "demo").await;
    terminal.enter(&redirect);
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    let outcome = terminal.end().await;
    outcome.expect_success();
    assert!(!outcome.text.contains("token="), "the pasted address is not shown");

    story.step("Buying does so too").await;
    let terminal = story.session.in_terminal(&["usherctl", "buy", "demo", PAID, "--paste"]);
    terminal.wait_for_text("Continue? [y/N] ").await;
    terminal.enter("y");
    terminal.wait_for_text("Paste that address (it stays hidden):").await;
    terminal.enter(&browser::redirect_of_purchase(&terminal.address()).await);
    terminal.end().await.expect_success();

    story.step("The install works").await;
    story.session.flatpak().install(PAID).end().await.expect_success();
    story.end().await;
}
