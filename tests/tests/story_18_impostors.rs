// SPDX-License-Identifier: GPL-3.0-or-later
//! The window reports a program that may have replaced Usher, and gives the command that removes it.

use std::fs;
use std::path::PathBuf;

use usher_tests::{AUTHENTICATOR, Node, Session, Setup, Story, Window};

/// Creates a repository on disk with an app of this id, and adds it as a remote.
async fn repository_with(session: &Session, remote: &str, app: &str, branch: &str) {
    let folder: PathBuf = session.folder().join(remote);
    let files = folder.join("app/files/bin");
    for made in [&files, &folder.join("app/export")] {
        fs::create_dir_all(made).expect("a folder can be made");
    }
    fs::write(files.join("app"), "#!/bin/sh\n").expect("a file can be written");
    let metadata = format!("[Application]\nname={app}\nruntime=org.example.Runtime/x86_64/1\ncommand=app\n");
    fs::write(folder.join("app/metadata"), metadata).expect("a file can be written");
    let at = |name: &str| folder.join(name).display().to_string();
    let flatpak = session.flatpak();
    flatpak.run(&["build-export", "--disable-sandbox", &at("repo"), &at("app"), branch]).await.expect_success();
    let address = format!("file://{}", at("repo"));
    flatpak.run(&["remote-add", "--user", "--no-gpg-verify", remote, &address]).await.expect_success();
}

/// Creates a repository with Usher's id in it, whose summary lets flatpak install that app as the authenticator.
/// Returns its folder.
async fn installing_repository(session: &Session, remote: &str, branch: &str) -> String {
    repository_with(session, remote, AUTHENTICATOR, branch).await;
    let name = format!("--authenticator-name={AUTHENTICATOR}");
    let repository = session.folder().join(remote).join("repo").display().to_string();
    let summary = ["build-update-repo", &name, "--authenticator-install", &repository];
    session.flatpak().run(&summary).await.expect_success();
    session.flatpak().run(&["remote-modify", "--user", "--update-metadata", remote]).await.expect_success();
    repository
}

async fn install(session: &Session, remote: &str, app: &str) {
    let install = ["install", "--user", "--noninteractive", "--no-deps", remote, app];
    session.flatpak().run(&install).await.expect_success();
}

/// Runs the command that the page shows in a terminal.
async fn run_shown_command(session: &Session, window: &Window<'_>, start: &str) {
    let command = window
        .wait("a command", |tree| {
            tree.nodes.iter().flat_map(Node::texts).find(|text| text.starts_with(start)).map(str::to_owned)
        })
        .await;
    session.in_terminal(&["sh", "-c", &command]).answering_yes().end().await.expect_success();
}

/// Waits until this row is the first one.
async fn wait_for_first_row(window: &Window<'_>, start: &str) {
    window
        .wait(&format!("the first row “{start}…”"), |tree| {
            tree.nodes.iter().find(|node| node.is_row()).filter(|node| node.name.starts_with(start)).map(drop)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_may_have_replaced_usher_is_the_first_row_until_it_is_removed() {
    let story = Story::begin("impostors", "Another program under Usher's name", Setup::default()).await;
    let session = &story.session;
    let screen = session.screen();

    story.step("Usher is installed on the system, and an install needs an account").await;
    let refused = ["install", "--user", "--noninteractive", "demo", "org.example.Postcard"];
    assert_eq!(session.flatpak().run(&refused).await.code, 1);
    session.open_usher();
    let window = screen.window("Usher").await;
    wait_for_first_row(&window, "Demo Store").await;

    story.step("A repository brings a program under Usher's name, and another repository could").await;
    let repository = installing_repository(session, "other", "autoinstall").await;
    install(session, "other", AUTHENTICATOR).await;
    installing_repository(session, "third", "stable").await;
    wait_for_first_row(&window, &format!("Usher May Have Been Replaced, {AUTHENTICATOR} comes from other")).await;
    window.find_row("Usher Can Be Replaced, “third” can replace it with another program").await;
    window.find_row("Demo Store").await;

    story.step("The page says what it is and where it came from, with the command that undoes it").await;
    window.press("Review: Usher May Have Been Replaced").await;
    window.ready("Copy Command").await;
    window.mentions(&format!("file://{repository}")).await;
    window.fits_into(360).await;
    assert_eq!(window.controls_without_name().await, [] as [String; 0]);
    window.toast_after("Copied", async || window.press("Copy Command").await).await;

    story.step("The command undoes it, and the page closes by itself").await;
    run_shown_command(
        session,
        &window,
        "flatpak remote-modify --user --no-authenticator-install other && flatpak uninstall",
    )
    .await;
    wait_for_first_row(&window, "Usher Can Be Replaced").await;

    story.step("The other command does so too").await;
    window.press("Review: Usher Can Be Replaced").await;
    run_shown_command(session, &window, "flatpak remote-modify").await;
    wait_for_first_row(&window, "Demo Store").await;
    story.end().await;
}
