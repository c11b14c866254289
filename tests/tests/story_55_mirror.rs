// SPDX-License-Identifier: GPL-3.0-or-later
//! The commands of `docs/mirrors.md` make a mirror of the shop, from which an app comes to those who have it at the shop.

use std::mem;

use usher_tests::{Mirror, Outcome, Session, Setup, Story};

const APP: &str = "org.example.Postcard";

async fn install(client: &Session) -> Outcome {
    client.flatpak().run(&["install", "--user", "--noninteractive", "shop", APP]).await
}

/// Whether anybody has asked the shop's own repository.
fn is_shop_asked(client: &Session) -> bool {
    client.shop().requests().iter().any(|request| request.path.starts_with("/repo"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_comes_from_a_mirror_with_the_token_of_the_shop() {
    let setup = Setup { signed_tokens: true, ..Setup::without_display() };
    let mut story = Story::begin("55-mirror", "A mirror on the local network", setup).await;
    let host = story.session.host();

    story.step("An administrator pulls an app, and makes a mirror of it").await;
    let mirror = Mirror::open(&story.session).await;

    story.finish_step().await;
    let client = story.session.another_computer(Setup::without_display()).await;
    let server = mem::replace(&mut story.session, client);
    let client = &story.session;
    story.step("Another computer has an account at the shop, and asks the mirror from now on").await;
    client.add_remote("shop").await;
    client.sign_in_to("shop", "demo").await;
    let moved = mirror.command("flatpak remote-modify --user --url");
    client.in_terminal(&["sh", "-c", &moved]).end().await.expect_success();

    story.step("The account may not be used there until somebody says so").await;
    client.shop().control().clear_requests();
    install(client).await.expect_refusal("Permission needed. Run “usherctl sign-in shop”, then try again.");
    let allowed = mirror.command("usherctl allow ");
    client.in_terminal(&["sh", "-c", &allowed]).end().await.expect_success();
    assert_eq!(mirror.unused_commands(), [] as [&String; 0]);

    story.step("The app and its translations come from the mirror, with the token of the shop").await;
    install(client).await.expect_success();
    assert!(client.flatpak().is_installed("org.example.Postcard.Locale").await);
    assert!(!is_shop_asked(client), "{:?}", client.shop().requests());

    story.step("The mirror is filled again, and the app is updated from there").await;
    let before = client.flatpak().commit(APP).await;
    client.shop().control().publish_update(APP).await.expect("the shop publishes");
    mirror.fill(&server).await;
    client.shop().control().clear_requests();
    client.flatpak().run(&["update", "--user", "--noninteractive"]).await.expect_success();
    assert_ne!(client.flatpak().commit(APP).await, before);
    assert!(!is_shop_asked(client), "{:?}", client.shop().requests());

    story.step("Who has lost the app at the shop gets no token for the mirror").await;
    client.flatpak().run(&["uninstall", "--user", "--noninteractive", APP]).await.expect_success();
    client.shop().control().take_away("demo", APP).expect("the shop takes it away");
    // Tokens that it has stay with the daemon for some minutes.
    client.stop_daemon().await;
    install(client).await.expect_refusal(&format!(
        "Purchase needed. “{APP}” is not in the account of demo at {host}. Run “usherctl buy shop {APP}”, then try again."
    ));

    assert_eq!(server.leaks(), []);
    story.end().await;
}
