// SPDX-License-Identifier: GPL-3.0-or-later
//! Moving to a new computer takes one file, a sign-in and one command.

use std::fs;

use usher_tests::{Leak, Role, Setup, Story, Window};

const PAID: &str = "org.example.Sketchbook";
const PRIVATE: &str = "org.example.Postcard";

/// The command on the page, which begins with `start`.
async fn command_on(window: &Window<'_>, start: &str) -> String {
    window
        .wait(&format!("a command “{start}…”"), |tree| {
            let said = tree.nodes.iter().flat_map(usher_tests::Node::texts);
            said.into_iter().find(|text| text.starts_with(start)).map(str::to_owned)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_new_computer_one_file_and_a_sign_in_bring_everything_back() {
    let setup = Setup::without_display();
    let mut story = Story::begin("14-new-computer", "A new computer", setup).await;
    let host = story.session.host();

    story.step("An app was bought, and another one installed").await;
    story.session.sign_in_as("demo").await;
    story.session.buy(PAID).await;
    for app in [PAID, PRIVATE] {
        story.session.flatpak().install(app).end().await.expect_success();
    }

    story.step("The accounts are saved to a file, which holds no secret").await;
    let file = story.session.folder().join("Accounts.usher");
    story.session.usherctl(&["export", &file.display().to_string()]).await.expect_success();
    let saved = fs::read_to_string(&file).expect("the file was saved");
    for secret in story.session.shop().control().issued_secrets() {
        assert!(!saved.contains(&secret), "the file holds a secret");
    }

    story.finish_step().await;
    let new = story.session.another_computer(Setup::default()).await;
    let old = std::mem::replace(&mut story.session, new);
    let new = &story.session;
    story.step("On the new computer the file opens a list of what is left to do").await;
    let taken = new.folder().join("home/Accounts.usher");
    fs::copy(&file, &taken).expect("the file is taken along");
    let mut usher = new.processes.command("usher");
    usher.arg(&taken);
    new.processes.start("usher", usher);
    let screen = new.screen();
    let window = screen.window("Usher").await;
    window.says("Welcome Back").await;
    window.says("2 apps can be installed again").await;

    story.step("Its command sets the repository up").await;
    window.press_row("Demo Store").await;
    let set_up = command_on(&window, "flatpak remote-add").await;
    new.in_terminal(&["sh", "-c", &set_up]).end().await.expect_success();
    window.row_says("Demo Store", "Set Up").await;

    story.step("The server counts as new here, and the person signs in").await;
    window.press(&format!("Sign In to {host}")).await;
    window.says("First time at this server").await;
    window.press(&format!("Continue to {host}")).await;
    screen.front().sign_in_and_finish("demo").await;
    let window = screen.window("Usher").await;
    window.says("Welcome Back").await;
    window.row_says("demo", "Signed In").await;

    story.step("One command installs the apps again").await;
    window.find(Role::Button, "Copy Install Command").await;
    window.toast_after("Copied", async || window.press("Copy Install Command").await).await;
    let listed = new.usherctl(&["import", &taken.display().to_string()]).await;
    let install = listed.stdout.lines().map(str::trim).find(|line| line.starts_with("flatpak install"));
    new.in_terminal(&["sh", "-c", install.expect("a command installs again")])
        .answering_yes()
        .end()
        .await
        .expect_success();
    for app in [PAID, PRIVATE] {
        assert!(new.flatpak().is_installed(app).await, "{app}");
    }
    assert_eq!(old.begun_purchases().len(), 1, "nothing was bought again");

    story.step("Nothing is left to do, and the page says so").await;
    window.says("All Set").await;
    window.press("Done").await;
    window.find_row(&format!("demo, {host}")).await;
    assert_eq!(old.leaks(), [] as [Leak; 0]);
    story.end().await;
}
