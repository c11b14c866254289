// SPDX-License-Identifier: GPL-3.0-or-later
//! Opens Usher on this display, in a throw-away session with a shop and a container registry. `build-aux/run` runs it. `--flatpak` opens the
//! Flatpak instead, with `--openid` people sign in to the shop at an `OpenID` server, and with
//! `--signed-tokens` the shop signs its tokens so that `usherctl verify` can check them.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use usher_demo_store::{DemoIssuer, DemoRegistry};
use usher_tests::{Display, Package, Session, Setup, has_display};

/// The script that `build-aux/run --shell` runs.
const SHELL: &str = "shell";

#[tokio::main]
async fn main() -> ExitCode {
    if !has_display() {
        print("There is no display for a window. `build-aux/run --story` plays the stories without one.");
        return ExitCode::FAILURE;
    }
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests are in the workspace").join("build");
    print("Preparing a session: bus, keyring, flatpak, a shop with a repository, and a container registry.");
    let has_option = |option| std::env::args().any(|argument| argument == option);
    let package = if has_option("--flatpak") { Package::Flatpak } else { Package::System };
    let (single_sign_on, signed_tokens) = (has_option("--openid"), has_option("--signed-tokens"));
    if let Some(program) = DemoIssuer::missing_program().filter(|_| single_sign_on) {
        print(&format!("There is no OpenID server, since “{program}” is not installed."));
        return ExitCode::FAILURE;
    }
    let (display, parent) = (Display::Inherited, Some(build));
    let setup = Setup { package, single_sign_on, signed_tokens, display, parent, ..Setup::default() };
    let session = Session::start(setup).await;
    let registry = open_registry(&session).await;
    write_shell(&session);
    print(&format!("\nThe shop is at {}. flatpak has its repository as the remote “demo”.", session.shop().base_url()));
    if single_sign_on {
        print(&format!("It leaves signing in to the OpenID server at {}.", session.issuer().address()));
    }
    if let Some(registry) = &registry {
        print(&format!(
            "The container registry is at {}. flatpak has its images as the remote “acme”.",
            registry.registry_url()
        ));
    }
    print(
        "Both have two accounts, “demo” and “demo2”; the password of each is its name.\n\
         To install from them, in another terminal:\n\n    \
         build-aux/run --shell\n    flatpak install demo org.example.Postcard\n    flatpak install demo org.example.Sketchbook",
    );
    if registry.is_some() {
        print("    flatpak install acme org.example.Compass");
    }
    print(
        "\nSketchbook has to be bought; nothing is paid for it.\n\
         Everything ends, and leaves nothing behind, when Usher’s window is closed or Ctrl+C is pressed.",
    );
    let mut usher = tokio::process::Command::from(session.command("usher"));
    tokio::select! {
        status = usher.kill_on_drop(true).status() => match status {
            Ok(status) if status.success() => ExitCode::SUCCESS,
            Ok(status) => {
                print(&format!("Usher ended: {status}"));
                ExitCode::FAILURE
            }
            Err(error) => {
                print(&format!("Usher does not start: {error}"));
                ExitCode::FAILURE
            }
        },
        _ = tokio::signal::ctrl_c() => ExitCode::SUCCESS,
    }
}

/// Opens a registry as the remote `acme`, if its programs are installed.
async fn open_registry(session: &Session) -> Option<DemoRegistry> {
    if let Some(program) = DemoRegistry::missing_program() {
        print(&format!("There is no container registry, since the program “{program}” is not installed."));
        return None;
    }
    Some(session.open_registry("acme").await)
}

/// Writes a script that opens a shell with the session's environment.
fn write_shell(session: &Session) {
    let mut script = String::from("#!/bin/bash\n");
    for (name, value) in session.processes.environment() {
        writeln!(script, "export {name}='{}'", value.replace('\'', r"'\''")).expect("a string takes all");
    }
    script.push_str("export TERM=\"${TERM:-xterm}\"\ncd \"$HOME\"\nexec bash --norc \"$@\"\n");
    let file: PathBuf = session.folder().join(SHELL);
    fs::write(&file, script).expect("the session's folder takes a file");
    fs::set_permissions(&file, Permissions::from_mode(0o700)).expect("a file can be made a program");
}

fn print(text: &str) {
    // A closed output is no error.
    let _ = writeln!(io::stdout(), "{text}");
}
