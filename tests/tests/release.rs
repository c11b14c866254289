// SPDX-License-Identifier: GPL-3.0-or-later
//! A release build: it contains none of a development build's switches, and never contacts an unencrypted shop, not
//! even on this computer. `build-aux/stage` puts it into `build/release-stage`.

use std::fs;
use std::path::{Path, PathBuf};

use usher_demo_store::Authorization;
use usher_tests::{Display, Session, Setup, workspace};

const PROGRAMS: [&str; 3] = ["bin/usher", "bin/usherctl", "libexec/usher-authenticator"];
/// The daemon's name in a release.
const RELEASE: &str = "io.github.usher.Usher";
/// What only a development build may contain: its own names, the feature that allows unencrypted connections to this
/// computer, an option for shorter waits, variables that control a build or a test, and a sentence of the builders for tests.
const SWITCHES: [&str; 7] = [
    "io.github.usher.Account.Devel",
    "/io/github/usher/Usher/Devel",
    "insecure-loopback",
    "sign-in-limit",
    "USHER_",
    "RUST_LOG",
    "a test has a sound token",
];

fn stage(name: &str) -> PathBuf {
    workspace().join("build").join(name)
}

fn switches_in(stage: &Path) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    for program in PROGRAMS {
        let bytes = fs::read(stage.join(program)).expect("the program is installed");
        let text = String::from_utf8_lossy(&bytes);
        let holds = |switch: &str| text.contains(switch);
        found.extend(SWITCHES.into_iter().filter(|switch| holds(switch)).map(|switch| (program, switch)));
    }
    found
}

async fn session() -> Session {
    let setup = Setup { stage: Some("release-stage"), display: Display::None, ..Setup::default() };
    Session::start(setup).await
}

#[test]
fn release_programs_contain_no_development_switch() {
    assert_eq!(switches_in(&stage("release-stage")), []);
    let of_development = switches_in(&stage("stage"));
    assert!(PROGRAMS.iter().all(|program| of_development.contains(&(program, SWITCHES[0]))), "{of_development:?}");
}

#[tokio::test]
async fn g06_a_release_signs_in_to_no_unencrypted_shop() {
    let session = session().await;
    let address = session.shop().base_url().to_string();
    session.shop().control().clear_requests();
    let output = session.usherctl(&["sign-in", &address, "--no-browser"]).await;
    assert_ne!(output.code, 0);
    assert!(output.stderr.contains("https"), "{}", output.stderr);
    assert_eq!(session.shop().requests(), []);
}

#[tokio::test]
async fn g06_a_release_daemon_never_contacts_an_unencrypted_shop() {
    let session = session().await;
    let flatpak = session.flatpak();
    flatpak
        .run(&["remote-modify", "--user", "demo", &format!("--authenticator-name={RELEASE}")])
        .await
        .expect_success();
    session.shop().control().clear_requests();
    let installed = flatpak.run(&["install", "--user", "--noninteractive", "demo", "org.example.Postcard"]).await;
    // The daemon answers without a token, and the shop refuses the app.
    assert_eq!(installed.code, 1, "{}", installed.text);
    assert!(session.started_names().await.contains(RELEASE), "the daemon of the release was asked");
    let asked: Vec<_> =
        session.shop().requests().into_iter().filter(|request| !request.path.starts_with("/repo/")).collect();
    assert_eq!(asked, []);
    assert!(
        session.shop().requests().iter().all(|request| request.authorization == Authorization::None),
        "no token was sent"
    );
}
