// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository guarded by access tokens: the token is pasted into Usher.

use usher_demo_store::{SignInKind, TokenTerms};
use usher_tests::{Setup, Story};

const INSIDE: &str = "org.example.Postcard";
const OUTSIDE: &str = "org.example.Sketchbook";

async fn begin(name: &'static str, title: &str) -> Story {
    let story = Story::begin(name, title, Setup { sign_in: SignInKind::Token, ..Setup::default() }).await;
    story.session.flatpak().run(&["remote-ls", "--user", "demo"]).await.expect_success();
    story
}

fn handed_out(story: &Story, terms: TokenTerms) -> String {
    story.session.shop().control().hand_out_token(terms).expect("the shop hands out tokens")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_pasted_into_a_prompt_and_the_install_works() {
    let story = begin("46-prompt", "An access token in a prompt").await;
    let (host, screen) = (story.session.host(), story.session.screen());
    let ended = handed_out(&story, TokenTerms { lifetime: -60, ..TokenTerms::for_apps(&[INSIDE]) });
    let revoked = handed_out(&story, TokenTerms::for_apps(&[INSIDE]));
    story.session.shop().control().revoke_token(&revoked);
    let right = handed_out(&story, TokenTerms { name: "Ada".into(), ..TokenTerms::for_apps(&[INSIDE]) });

    story.step("The install stops, and Usher asks for the token").await;
    let outcome = story.session.flatpak().install(INSIDE).end().await;
    outcome.expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    prompt.press(&format!("Continue to {host}")).await;
    prompt.ready("Access Token").await;
    prompt.says(&format!("Usher gives it to flatpak, which sends it to {host}.")).await;

    for (step, token, said) in [
        ("What is no token is told apart", "not a token!", "This does not look like an access token".to_owned()),
        ("A token that has ended says so", ended.as_str(), "This token has ended".to_owned()),
        ("A token that was revoked is not accepted", &revoked, format!("This token is not accepted by {host}")),
    ] {
        story.step(step).await;
        prompt.fill("Access Token", token).await;
        prompt.press("Sign In").await;
        prompt.says(&said).await;
    }

    story.step("The right one says when it ends and what it is for").await;
    prompt.fill("Access Token", &right).await;
    prompt.press("Sign In").await;
    let done = screen.front();
    done.says("Signed In").await;
    done.mentions("Valid until").await;
    done.mentions(&format!("For apps starting with {INSIDE}")).await;
    done.press("Done").await;

    story.step("The install works").await;
    story.session.flatpak().install(INSIDE).end().await.expect_success();

    story.step("An app that the token is not for is not offered for sale").await;
    let outcome = story.session.flatpak().install(OUTSIDE).end().await;
    outcome.expect_refusal(&format!("No access. {host} does not offer “{OUTSIDE}” to Ada."));
    assert_eq!(screen.tree().await.titles(), [""; 0], "no prompt has opened");
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ended_is_replaced_from_the_account() {
    let story = begin("46-again", "An access token that ended").await;
    let (host, screen) = (story.session.host(), story.session.screen());
    let of_ada = |prefixes: &[&str]| TokenTerms { name: "Ada".into(), ..TokenTerms::for_apps(prefixes) };
    let (old, new) = (handed_out(&story, of_ada(&[])), handed_out(&story, of_ada(&[INSIDE])));

    story.step("The server's page says that a token is wanted").await;
    story.session.open_usher();
    let window = screen.window("Usher").await;
    window.press(&format!("Sign In to {host}")).await;
    window.says("Access token").await;
    window.press(&format!("Continue to {host}")).await;
    window.fill("Access Token", &old).await;
    window.press("Sign In").await;
    let done = screen.front();
    done.mentions("For all apps of the repository").await;
    done.press("Done").await;

    story.step("Check Repository notes that it opens everything").await;
    window.press_row("Repositories, 1 on this computer").await;
    window.press_row("Demo Store, Ada").await;
    window.press("Check Repository").await;
    window.says("No problems were found.").await;
    window.mentions("is for all apps of the repository.").await;

    story.step("Revoked, it is not accepted").await;
    story.session.shop().control().revoke_token(&old);
    window.press("Check Again").await;
    window.says(&format!("The access token is not accepted by {host}.")).await;

    story.step("The next install asks for a new one, which is enough").await;
    let outcome = story.session.flatpak().install(INSIDE).end().await;
    outcome.expect_refusal(&format!("Sign-in expired. Sign in to {host} again in the Usher window, then try again."));
    let prompt = screen.window(&format!("Sign In to {host} Again")).await;
    prompt.press(&format!("Continue to {host}")).await;
    let form = screen.window(&format!("Sign In to {host}")).await;
    form.fill("Access Token", &new).await;
    form.press("Sign In").await;
    screen.front().mentions(&format!("For apps starting with {INSIDE}")).await;
    screen.front().press("Done").await;
    story.session.flatpak().install(INSIDE).end().await.expect_success();
    story.end().await;
}
