// SPDX-License-Identifier: GPL-3.0-or-later
//! Folders that are unset, relative, missing or not to be written: an account is saved nevertheless where any folder
//! serves, and nobody is sent to a sign-in page where none does.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use usher_tests::usherctl::{BrowserCommand, CommandOutput};
use usher_tests::{AUTHENTICATOR, Session, Setup, browser};

/// A folder that is not as it should be, and what doctor says of it.
#[derive(Clone, Copy, Debug)]
enum Odd {
    Unset,
    Empty,
    Relative,
    Missing,
    File,
    ReadOnly,
}

impl Odd {
    const ALL: [Self; 6] = [Self::Unset, Self::Empty, Self::Relative, Self::Missing, Self::File, Self::ReadOnly];

    fn value(self, folder: &Path) -> Option<PathBuf> {
        let path = folder.join(format!("odd-{self:?}"));
        match self {
            Self::Unset => return None,
            Self::Empty => return Some(PathBuf::new()),
            Self::Relative => return Some("odd".into()),
            Self::Missing => {}
            Self::File => fs::write(&path, "in the way").expect("a file can be written"),
            Self::ReadOnly => {
                fs::create_dir_all(&path).expect("a folder can be made");
                // Root may write where nobody may, but not where a file is in the way.
                let _ = fs::write(path.join(AUTHENTICATOR), "in the way");
                fs::set_permissions(&path, Permissions::from_mode(0o500)).expect("a folder can be closed");
            }
        }
        Some(path)
    }

    fn said(self) -> &'static str {
        match self {
            Self::Unset | Self::Empty => "XDG_RUNTIME_DIR is not set.",
            Self::Relative => "XDG_RUNTIME_DIR is not an absolute path.",
            Self::Missing | Self::File => "The folder that XDG_RUNTIME_DIR names does not exist.",
            Self::ReadOnly => "The folder that XDG_RUNTIME_DIR names cannot be written.",
        }
    }

    fn put(self, variable: &str, folder: &Path, command: &mut Command) {
        match self.value(folder) {
            Some(value) => command.env(variable, value),
            None => command.env_remove(variable),
        };
        // A relative folder would be made here.
        command.current_dir(folder);
    }
}

fn run(session: &Session, odd: &[(&str, Odd)], arguments: &[&str]) -> CommandOutput {
    let mut command = session.command("usherctl");
    for (variable, odd) in odd {
        odd.put(variable, session.folder(), &mut command);
    }
    command.args(arguments).output().expect("usherctl starts").into()
}

async fn sign_in(session: &Session, odd: &[(&str, Odd)]) -> CommandOutput {
    let mut command = session.command("usherctl");
    for (variable, odd) in odd {
        odd.put(variable, session.folder(), &mut command);
    }
    let waiting = BrowserCommand::of(command, &["sign-in", "demo"]).await;
    browser::sign_in(&waiting.address, "demo").await;
    waiting.end().await
}

#[tokio::test]
async fn u03_where_the_folder_of_the_session_is_of_no_use_an_account_is_signed_in_to_and_listed() {
    let session = Session::start(Setup::without_display()).await;
    let host = session.host();
    for odd in Odd::ALL {
        let odd_runtime = [("XDG_RUNTIME_DIR", odd)];
        let output = sign_in(&session, &odd_runtime).await;
        assert!(output.stdout.starts_with(&format!("Signed in to {host} as demo.\n")), "{odd:?}: {output:?}");
        let list = run(&session, &odd_runtime, &["list"]);
        assert!(list.code == 0 && list.stdout.contains(&host), "{odd:?}: {list:?}");
        let doctor = run(&session, &odd_runtime, &["doctor"]);
        let said = format!("Usher: {} Usher uses ", odd.said());
        assert!(doctor.code == 0 && doctor.stdout.contains(&said), "{odd:?}: {doctor:?}");
        run(&session, &odd_runtime, &["remove", &host, "--yes"]).expect_success();
    }
    assert!(!session.folder().join("odd").exists(), "nothing is made in the folder of the caller");
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn u03_where_no_folder_serves_nobody_is_sent_to_a_page() {
    let session = Session::start(Setup::without_display()).await;
    session.shop().control().clear_requests();
    for odd in [Odd::File, Odd::ReadOnly] {
        let both = [("XDG_RUNTIME_DIR", odd), ("XDG_DATA_HOME", odd)];
        let output = run(&session, &both, &["sign-in", "demo"]);
        assert_eq!((output.code, output.stdout.as_str()), (5, ""), "{odd:?}: {output:?}");
        assert!(output.stderr.starts_with("No account can be saved, because the folder "), "{output:?}");
        assert!(!output.stderr.contains("http"), "{output:?}");
        let list = run(&session, &both, &["list"]);
        assert_eq!(list.code, 0, "{odd:?}: {list:?}");
        let doctor = run(&session, &both, &["doctor"]);
        assert!(doctor.code == 1 && doctor.stdout.contains("cannot be written either."), "{odd:?}: {doctor:?}");
    }
    assert_eq!(session.shop().requests(), [], "no page was opened");
    assert_eq!(session.keyring().items().await.len(), 0);
}

#[tokio::test]
async fn u03_odd_data_folders_are_replaced_by_the_usual_one() {
    let session = Session::start(Setup::without_display()).await;
    for odd in [Odd::Unset, Odd::Empty, Odd::Relative] {
        let both = [("XDG_RUNTIME_DIR", odd), ("XDG_DATA_HOME", odd)];
        let output = sign_in(&session, &both).await;
        assert_eq!(output.code, 0, "{odd:?}: {output:?}");
        let doctor = run(&session, &both, &["doctor"]);
        let usual = session.folder().join("home/.local/share").join(AUTHENTICATOR).display().to_string();
        assert!(doctor.stdout.contains(&usual), "{odd:?}: {doctor:?}");
    }
}

#[tokio::test]
async fn u03_the_daemon_starts_and_answers_whatever_its_folders_are() {
    for odd in Odd::ALL {
        let session = Session::start(Setup::without_display()).await;
        session.sign_in_as("demo").await;
        session.stop_daemon().await;
        let folders = &session.processes.environment()["XDG_DATA_DIRS"];
        let stage =
            Path::new(folders.split(':').next().expect("there is a folder")).parent().expect("it is in the stage");
        let mut daemon = session.processes.command(&stage.join("libexec/usher-authenticator").display().to_string());
        odd.put("XDG_RUNTIME_DIR", session.folder(), &mut daemon);
        session.processes.start("odd-daemon", daemon);
        session.bus.wait_for_owner(AUTHENTICATOR).await;
        let install = ["install", "--user", "--noninteractive", "demo", "org.example.Postcard"];
        session.flatpak().run(&install).await.expect_success();
    }
}
