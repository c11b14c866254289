// SPDX-License-Identifier: GPL-3.0-or-later
//! Every page of a purchase, and of what was bought, fits on a narrow screen, and every control has a name for screen
//! readers.

use usher_tests::{Role, Setup, Story};

use crate::looks::PageCheck;

const APP: &str = "org.example.Postcard";
/// The place of “Export Accounts…” in the main menu.
const EXPORT_ACCOUNTS: usize = 0;
const PAID: &str = "org.example.Sketchbook";
const PAID2: &str = "org.example.Stargazer";

/// Visits every page of a purchase.
async fn walk_through_buying(story: &Story, check: PageCheck) {
    let session = &story.session;
    let screen = session.screen();
    let window = screen.front();
    session.update_appstream().await;
    for user in ["demo2", "demo"] {
        session.sign_in_as(user).await;
    }
    let install = async |apps: &[&str]| {
        let command: Vec<&str> = ["install", "--user", "demo"].iter().chain(apps).copied().collect();
        session.flatpak().in_terminal(&command).answering_yes().end().await;
    };

    install(&[PAID, PAID2]).await;
    screen.window("Buy 2 Apps?").await.ready("Continue to Purchase").await;
    check.run(story, &window, "Prompt: buy").await;
    window.press("Already Bought?").await;
    window.find_row("Check the account of demo2").await;
    check.run(story, &window, "Already bought?").await;
    if check == PageCheck::LargeText {
        let height = async |text| window.size_of(Role::Label, text).await.1;
        let (long, short) = (height("Sign In With Another Account…").await, height("Check Again").await);
        assert!(2 * long > 3 * short, "a label that is too long for a line wraps: {long}, {short}");
    }
    window.press_row("Check the account of demo2").await;
    window.says("demo2 does not have these 2 apps").await;
    window.press("Back").await;

    session.shop().control().hold_grants();
    window.press("Continue to Purchase").await;
    window.says("Buy “Sketchbook”?").await;
    check.run(story, &window, "The shop's page").await;
    window.pay_on_the_page("Sketchbook").await;
    window.says("Thank You").await;
    check.run(story, &window, "The shop's last page").await;
    window.press("Done").await;
    window.ready("Not Paid").await;
    check.run(story, &window, "Waiting for the store").await;
    session.shop().control().release_grants().expect("the shop unlocks");
    window.says("Buying 2 of 2").await;
    window.ready("Stop Here").await;
    check.run(story, &window, "Buying 2 of 2").await;

    window.press("Continue With “Stargazer”").await;
    window.says("Buy “Stargazer”?").await;
    window.press("Cancel").await;
    window.says("Leave the Purchase?").await;
    check.run(story, &window, "Leave the purchase?").await;
    window.press("Leave").await;
    window.ready("Not Paid").await;
    check.run(story, &window, "Purchase not finished").await;
    window.press("Not Paid").await;
    window.press("Stop Here").await;
    window.says("Bought").await;
    check.run(story, &window, "Prompt: bought").await;
    window.press("Done").await;
    screen.wait_until_empty().await;

    session.shop().control().take_away("demo", APP).expect("the shop takes an app away");
    install(&[APP]).await;
    screen.window("Buy “Postcard”?").await.press("Continue to Purchase").await;
    window.ready("Use Another Account…").await;
    check.run(story, &window, "Not available").await;
    window.press("Not Now").await;
    screen.wait_until_empty().await;
}

/// Visits the purchases, and the pages for moving to another computer.
async fn walk_through_purchases(story: &Story, check: PageCheck) {
    let session = &story.session;
    let host = session.host();
    session.update_appstream().await;
    session.sign_in_as("demo").await;
    let saved = session.folder().join("home/Accounts.usher").display().to_string();
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press_row(&format!("demo, {host}")).await;
    window.click_row("Purchases").await;
    window.says("No Purchases Yet").await;
    check.run(story, &window, "Purchases, none yet").await;
    for app in [PAID, PAID2] {
        session.buy(app).await;
    }
    window.find_row("Stargazer").await;
    check.run(story, &window, "Purchases").await;
    window.press("Back").await;
    window.ready("Sign Out").await;
    window
        .wait("the keyboard at the row that has led on", |tree| {
            tree.usable("Purchases, 2 apps").filter(|row| row.is_focused()).map(drop)
        })
        .await;
    check.run(story, &window, "Account with purchases").await;
    window.press("Back").await;
    window.ready("Add Account").await;

    session.usherctl(&["export", &saved]).await.expect_success();
    for arguments in [&["remote-delete", "--user", "--force", "demo"][..], &["uninstall", "--user", "-y", "--unused"]] {
        session.flatpak().run(arguments).await;
    }
    let mut usher = session.processes.command("usher");
    usher.arg(&saved);
    session.processes.start("usher-file", usher);
    window.ready("Copy Install Command").await;
    check.run(story, &window, "Welcome back").await;
    window.press_row("Demo Store").await;
    window.mentions("flatpak remote-add").await;
    check.run(story, &window, "Welcome back, with a command").await;
    window.press("Back").await;

    window.ready("Add Account").await;
    window.choose_in_main_menu(EXPORT_ACCOUNTS).await;
    window.ready("Save File…").await;
    check.run(story, &window, "Export accounts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_purchase_fits_into_360_pixels_and_names_its_controls() {
    let story = Story::begin("looks-buying", "Every page of a purchase, narrow", Setup::default()).await;
    walk_through_buying(&story, PageCheck::Narrow).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_bought_fits_into_360_pixels_and_names_its_controls() {
    let story = Story::begin("looks-purchases", "What was bought and taken along, narrow", Setup::default()).await;
    walk_through_purchases(&story, PageCheck::Narrow).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buying_works_in_the_dark_and_at_the_windows_own_size() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    let setup = Setup { environment: vec![dark], ..Setup::default() };
    let story = Story::begin("looks-buying-dark", "Every page of a purchase, dark", setup).await;
    walk_through_buying(&story, PageCheck::AsItIs).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_bought_works_with_text_of_twice_the_size() {
    let setup = Setup { large_text: true, ..Setup::default() };
    let title = "What was bought and taken along, text of twice the size";
    let story = Story::begin("looks-purchases-large", title, setup).await;
    walk_through_purchases(&story, PageCheck::LargeText).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buying_works_with_text_of_twice_the_size() {
    let setup = Setup { large_text: true, ..Setup::default() };
    let story = Story::begin("looks-buying-large", "Every page of a purchase, text of twice the size", setup).await;
    walk_through_buying(&story, PageCheck::LargeText).await;
    story.end().await;
}
