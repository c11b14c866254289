// SPDX-License-Identifier: GPL-3.0-or-later
//! One account from signing in to signing out, in the keyrings of others.

use usher_tests::{KeyringState, Setup, Story};

use crate::other_keyring::{Maker, OtherKeyring};

const APP: &str = "org.example.Postcard";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs that build-aux/interop installs"]
async fn kwallet() {
    keeps_an_account("interop-kwallet", Maker::KWallet).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs that build-aux/interop installs"]
async fn keepassxc() {
    keeps_an_account("interop-keepassxc", Maker::KeePassXc).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs that build-aux/interop installs"]
async fn oo7() {
    keeps_an_account("interop-oo7", Maker::Oo7).await;
}

async fn keeps_an_account(name: &'static str, maker: Maker) {
    // Programs of Qt describe their windows only if they are told to.
    let environment = vec![("QT_LINUX_ACCESSIBILITY_ALWAYS_ON", "1".to_owned())];
    let setup = Setup { keyring: KeyringState::None, environment, ..Setup::default() };
    let story = Story::begin(name, "An account in another keyring", setup).await;
    let session = &story.session;
    let screen = session.screen();
    let keyring = OtherKeyring::start(session, maker).await;

    story.step("Signing in saves the account, after the keyring has asked").await;
    let ((), asked) = keyring.answering(session.sign_in_as("demo")).await;
    assert_ne!(asked.is_empty(), maker != Maker::KeePassXc, "the keyring was locked, or had no collection");

    story.step("The account is in the list").await;
    let (list, _) = keyring.answering(session.usherctl(&["list"])).await;
    // KeePassXC asks for each program whether it may read an item, and a list asks nobody.
    let shown = if maker == Maker::KeePassXc { "Locked" } else { "demo" };
    assert!(list.expect_success().stdout.contains(shown), "{list:?}");

    story.step("Locked, the account waits for the keyring, and another one is not asked for").await;
    keyring.lock().await;
    let outcome = session.flatpak().install(APP).end().await;
    outcome.expect_refusal("Keyring locked. Unlock it in the Usher window, then try again.");

    story.step("“Unlock” opens the keyring").await;
    let prompt = screen.window("Unlock the Keyring").await;
    let unlock = async {
        if maker == Maker::KeePassXc {
            keyring.open_database().await;
        }
        prompt.press("Unlock").await;
        prompt.says("Keyring Unlocked").await;
    };
    keyring.answering(unlock).await;
    prompt.press("Done").await;
    screen.wait_until_empty().await;

    if maker == Maker::KeePassXc {
        story.step("KeePassXC asks for the daemon as well, and allows it").await;
        let outcome = session.flatpak().install(APP).end().await;
        outcome.expect_refusal("Keyring locked. Unlock it, then try again.");
        keyring.answer().await;
    }

    story.step("The install works").await;
    let (outcome, _) = keyring.answering(session.flatpak().install(APP).end()).await;
    outcome.expect_success();

    story.step("After a restart of the keyring the account is still there, under a new name").await;
    keyring.restart().await;
    if maker == Maker::KeePassXc {
        keyring.open_database().await;
    }
    let (renamed, _) = keyring.answering(session.usherctl(&["rename", "demo", "Games"])).await;
    renamed.expect_success();
    let (list, _) = keyring.answering(session.usherctl(&["list", "--json"])).await;
    let shown = if maker == Maker::KeePassXc { "locked" } else { "Games" };
    assert!(list.expect_success().stdout.contains(shown), "{list:?}");

    story.step("Signing out keeps the account, and removing it leaves nothing").await;
    let (signed_out, _) = keyring.answering(session.usherctl(&["sign-out", "demo"])).await;
    signed_out.expect_success();
    let (removed, _) = keyring.answering(session.usherctl(&["remove", "demo", "--yes"])).await;
    removed.expect_success();
    let (list, _) = keyring.answering(session.usherctl(&["list"])).await;
    assert!(list.expect_success().stdout.contains("No accounts"), "{list:?}");
    story.end().await;
}
