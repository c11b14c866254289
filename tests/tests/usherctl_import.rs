// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing in with what Podman, Docker or a program of theirs keeps, in the terminal.

use std::fs;

use usher_tests::registry_login::{DEMO, DEMO_BEFORE, DOCKER, PODMAN, kept_by, login};
use usher_tests::{Session, Setup};

async fn session() -> Session {
    Session::start(Setup { without_shop: true, ..Setup::without_display() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_whether_to_use_what_podman_has() {
    let session = session().await;
    let registry = session.open_registry("acme").await;
    // What flatpak has fetched names the registry.
    session.flatpak().run(&["remote-ls", "--user", "acme"]).await.expect_success();
    let host = format!("127.0.0.1:{}", registry.registry_url().port().expect("it has a port"));
    session.write_logins(PODMAN, &login(&host, DEMO));

    let refused = session.in_terminal(&["usherctl", "sign-in", "acme"]);
    refused.wait_for_text("Continue? [y/N]").await;
    refused.enter("y");
    refused.wait_for_text("Use the sign-in of demo from Podman? [y/N]").await;
    refused.enter("n");
    refused.wait_for_text("User name").await;
    refused.interrupt();
    refused.end().await;
    assert!(registry.requests().iter().all(|request| request.user.is_none()), "nothing was used");

    let taken = session.in_terminal(&["usherctl", "sign-in", "acme"]);
    taken.wait_for_text("Continue? [y/N]").await;
    taken.enter("y");
    taken.wait_for_text("Use the sign-in of demo from Podman? [y/N]").await;
    taken.enter("y");
    taken.wait_for_text("Allow? [y/N]").await;
    taken.enter("y");
    taken.end().await.expect_success();
    assert!(session.usherctl(&["list"]).await.expect_success().stdout.contains("demo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_takes_it_over_without_a_question() {
    let session = session().await;
    let registry = session.open_registry("acme").await;
    // What flatpak has fetched names the registry.
    session.flatpak().run(&["remote-ls", "--user", "acme"]).await.expect_success();
    let host = format!("127.0.0.1:{}", registry.registry_url().port().expect("it has a port"));
    let import = ["sign-in", "acme", "--import"];
    let nothing = session.usherctl(&import).await;
    assert!(nothing.code == 1 && nothing.stderr.contains("There is no sign-in for"), "{nothing:?}");

    session.write_logins(DOCKER, &login(&host, DEMO_BEFORE));
    let wrong = session.usherctl(&import).await;
    assert!(wrong.code == 1 && wrong.stderr.contains("User name or password is wrong"), "{wrong:?}");

    session.write_logins(DOCKER, &login(&host, DEMO));
    let taken = session.usherctl(&import).await;
    assert!(taken.expect_success().stderr.contains("From Docker"), "{taken:?}");
    assert!(session.usherctl(&["list"]).await.expect_success().stdout.contains("demo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_keeps_the_sign_in_is_named_before_it_is_run() {
    let session = session().await;
    let registry = session.open_registry("acme").await;
    // What flatpak has fetched names the registry.
    session.flatpak().run(&["remote-ls", "--user", "acme"]).await.expect_success();
    let host = format!("127.0.0.1:{}", registry.registry_url().port().expect("it has a port"));
    session.write_logins(DOCKER, &kept_by(&host, "usher-test"));
    let asked = session.folder().join("asked");
    let folder = session.write_program(
        "docker-credential-usher-test",
        &format!(
            "read -r server; echo \"$1 $server\" > '{}'; printf '{{\"Username\":\"demo\",\"Secret\":\"demo\"}}'",
            asked.display()
        ),
    );
    let programs = Session::with_programs(&folder);
    let command = |words: &[&'static str]| -> Vec<String> {
        programs.iter().cloned().chain(words.iter().map(|word| (*word).to_owned())).collect()
    };
    let words = command(&["usherctl", "sign-in", "acme"]);
    let terminal = session.in_terminal(&words.iter().map(String::as_str).collect::<Vec<_>>());
    terminal.wait_for_text("Continue? [y/N]").await;
    terminal.enter("y");
    if !rustix::process::geteuid().is_root() {
        // Here it belongs to the person, and is not run.
        return terminal.wait_for_text("docker-credential-usher-test can be changed by others").await;
    }
    terminal.wait_for_text("Run /usr/local/bin/docker-credential-usher-test").await;
    assert!(!asked.exists(), "it runs only after the answer");
    terminal.enter("y");
    terminal.wait_for_text("Allow? [y/N]").await;
    terminal.enter("y");
    terminal.end().await.expect_success();
    assert_eq!(fs::read_to_string(&asked).expect("it was run").trim(), format!("get {host}"));
    assert!(session.usherctl(&["list"]).await.expect_success().stdout.contains("demo"));
}
