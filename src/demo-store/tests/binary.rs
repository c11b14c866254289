// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop as a program.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usher-demo-store");

/// A program that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already if the test passed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_prints_how_to_use_it_and_ends_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(PROGRAM)
        .args(["--no-repository", "--port=0", "--control-port=0", "--data-dir"])
        .arg(folder.path())
        .args(["--fail", r#"get_tokens={"mode":"nonsense"}"#])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let output = BufReader::new(running.0.stdout.take().unwrap());
    let lines: Vec<_> = output.lines().map(Result::unwrap).take_while(|line| line != "Ready.").collect();
    let after = |start: &str| lines.iter().find_map(|line| line.strip_prefix(start)).unwrap().trim().to_owned();
    let shop = after("Shop:");
    assert!(after("Control:").starts_with("http://127.0.0.1:"));
    let command = after("    flatpak remote-add ");
    assert!(command.contains("--authenticator-name=io.github.usher.Usher.Devel"));
    assert!(command.contains(&format!("--authenticator-option=url={shop} ")));
    assert!(command.ends_with(&format!(" demo {shop}repo")));

    let logged = Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap();
    assert!(logged.success());
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn without_flatpak_it_says_that_flatpak_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(PROGRAM)
        .args(["--make-only", "--port=0", "--data-dir"])
        .arg(folder.path().join("shop"))
        .env("PATH", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the program “flatpak” is needed"), "{said}");
    assert!(!folder.path().join("shop/repository").exists());
}
