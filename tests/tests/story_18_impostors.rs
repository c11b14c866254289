// SPDX-License-Identifier: GPL-3.0-or-later
//! What may have taken Usher's place is told in its window, and undone by the command that the window gives.

use std::fs;
use std::path::PathBuf;

use usher_tests::{AUTHENTICATOR, Node, Session, Setup, Story, Window};

/// Makes a repository on disk with an app of this id, and adds it under a name.
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

/// The same with Usher in it, and a summary that has flatpak install that by itself. Gives the repository's folder.
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

/// Runs the command that the page shows, in a terminal.
async fn undo(session: &Session, window: &Window<'_>, start: &str) {
    let command = window
        .wait("a command", |tree| {
            tree.nodes.iter().flat_map(Node::texts).find(|text| text.starts_with(start)).map(str::to_owned)
        })
        .await;
    session.in_terminal(&["sh", "-c", &command]).answering_yes().end().await.expect_success();
}

/// Waits until this row comes before all others.
async fn first_row_is(window: &Window<'_>, start: &str) {
    window
        .wait(&format!("the first row “{start}…”"), |tree| {
            tree.nodes.iter().find(|node| node.is_row()).filter(|node| node.name.starts_with(start)).map(drop)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_taken_the_place_of_usher_is_the_first_row_until_it_was_undone() {
    let story = Story::begin("impostors", "Another Usher from a repository of no good", Setup::default()).await;
    let session = &story.session;
    let screen = session.screen();

    story.step("Usher belongs to the system, and an install waits for an account").await;
    let refused = ["install", "--user", "--noninteractive", "demo", "org.example.Private"];
    assert_eq!(session.flatpak().run(&refused).await.code, 1);
    session.open_usher();
    let window = screen.window("Usher").await;
    first_row_is(&window, "Demo Store").await;

    story.step("A repository brings one of its own, and another one may").await;
    let repository = installing_repository(session, "other", "autoinstall").await;
    install(session, "other", AUTHENTICATOR).await;
    installing_repository(session, "third", "stable").await;
    first_row_is(&window, &format!("Usher May Have Been Replaced, {AUTHENTICATOR} comes from other")).await;
    window.find_row("Usher Can Be Replaced, “third” can install a program in its place").await;
    window.find_row("Demo Store").await;

    story.step("What it is and where it came from is told, with the command that undoes it").await;
    window.press("Review: Usher May Have Been Replaced").await;
    window.ready("Copy Command").await;
    window.mentions(&format!("file://{repository}")).await;
    window.fits_into(360).await;
    assert_eq!(window.controls_without_name().await, [] as [String; 0]);
    window.toast_after("Copied", async || window.press("Copy Command").await).await;

    story.step("The command undoes it, and the page closes by itself").await;
    undo(session, &window, "flatpak remote-modify --user --no-authenticator-install other && flatpak uninstall").await;
    first_row_is(&window, "Usher Can Be Replaced").await;

    story.step("So does the other one").await;
    window.press("Review: Usher Can Be Replaced").await;
    undo(session, &window, "flatpak remote-modify").await;
    first_row_is(&window, "Demo Store").await;
    story.end().await;
}
