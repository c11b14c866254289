// SPDX-License-Identifier: GPL-3.0-or-later
//! How the form of a sign-in looks: empty, wrong, busy, without a connection, in the window and in a prompt.

use usher_demo_store::{Failure, Route, SignInKind};
use usher_tests::{Setup, Story, Window};

use super::looks::PageCheck;

const APP: &str = "org.example.Postcard";
/// A token that says that it lasts for a long time, and that it is for the apps of `org.example`.
const TOKEN: &str = "e30.eyJleHAiOjQxMDI0NDQ4MDAsInByZWZpeGVzIjpbIm9yZy5leGFtcGxlIl19.c2ln";

/// Looks at the form in each of its states, and leaves it signed in.
async fn walk_through_the_form(story: &Story, window: &Window<'_>, check: PageCheck, place: &str) {
    let control = story.session.shop().control();
    window.ready("User Name").await;
    check.run(story, window, &format!("{place}: form")).await;

    window.fill_in_the_form("demo", "demon").await;
    window.says("User name or password is wrong").await;
    check.run(story, window, &format!("{place}: wrong password")).await;

    control.fail(Route::GetTokens, Failure::Reset);
    window.fill_in_the_form("demo", "demo").await;
    window.says(&format!("{} cannot be reached", story.session.host())).await;
    check.run(story, window, &format!("{place}: server not reached")).await;

    control.fail(Route::GetTokens, Failure::Hang);
    window.press("Try Again").await;
    window.says("Signing in…").await;
    check.run(story, window, &format!("{place}: busy")).await;
    story.session.screen().key("Escape").await;
    control.succeed(Route::GetTokens);
    window.press("Sign In").await;
    story.session.screen().front().says("Signed In").await;
}

/// Looks at the form for a token that was pasted, line breaks and all.
async fn walk_through_the_form_for_a_token(story: &Story, window: &Window<'_>, check: PageCheck) {
    let host = story.session.host();
    window.press("Add Account").await;
    window.press_row("Access Token").await;
    window.fill("Address", story.session.shop().repository_url().as_str()).await;
    window.press("Continue").await;
    window.says("Access token").await;
    check.run(story, window, "Token: server").await;
    window.press(&format!("Continue to {host}")).await;
    window.says(&format!("Usher gives it to flatpak, which sends it to {host}.")).await;
    let (start, end) = TOKEN.split_at(20);
    window.fill("Access Token", &format!("Bearer {start}\n  {end}\n")).await;
    window.mentions("Valid until ").await;
    window.mentions("For apps starting with org.example").await;
    check.run(story, window, "Token: form").await;
    window.fill("Access Token", "no token!").await;
    window.press("Sign In").await;
    window.says("This does not look like an access token").await;
    check.run(story, window, "Token: no token").await;
}

async fn walk(name: &'static str, title: &str, setup: Setup, check: PageCheck) {
    let story = Story::begin(name, title, Setup { sign_in: SignInKind::Basic, ..setup }).await;
    let (host, screen) = (story.session.host(), story.session.screen());
    let form = format!("Sign In to {host}");

    story.session.flatpak().install(APP).end().await;
    let prompt = screen.window(&form).await;
    prompt.ready(&format!("Continue to {host}")).await;
    prompt.press(&format!("Continue to {host}")).await;
    walk_through_the_form(&story, &prompt, check, "Prompt").await;
    screen.front().press("Done").await;
    screen.wait_until_empty().await;

    story.session.usherctl(&["remove", &host, "--yes"]).await.expect_success();
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.press(&form).await;
    window.ready(&format!("Continue to {host}")).await;
    check.run(&story, &window, "Window: server").await;
    window.press(&format!("Continue to {host}")).await;
    walk_through_the_form(&story, &screen.front(), check, "Window").await;
    screen.front().press("Done").await;
    walk_through_the_form_for_a_token(&story, &screen.window("Usher").await, check).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_fits_into_360_pixels_and_names_its_controls() {
    walk("looks-form", "The form, narrow", Setup::default(), PageCheck::Narrow).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_works_in_the_dark_and_at_its_own_size() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    let setup = Setup { environment: vec![dark], ..Setup::default() };
    walk("looks-form-dark", "The form, dark", setup, PageCheck::AsItIs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_works_with_text_of_twice_the_size() {
    let setup = Setup { large_text: true, ..Setup::default() };
    walk("looks-form-large", "The form, text of twice the size", setup, PageCheck::LargeText).await;
}
