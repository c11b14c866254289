// SPDX-License-Identifier: GPL-3.0-or-later
//! Which files the desktop opens with Usher: its own always, those that name a repository only when nobody else does.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use usher_tests::{AUTHENTICATOR, workspace};

const STORE: &str = "org.example.Store.desktop";
const EDITOR: &str = "org.example.Editor.desktop";
const FILES: [(&str, &str); 3] =
    [("demo.flatpakrepo", "[Flatpak Repo]\n"), ("demo.flatpakref", "[Flatpak Ref]\n"), ("Accounts.usher", "{}\n")];

/// A computer with some applications and file types.
struct Computer {
    folder: TempDir,
    stage: PathBuf,
}

impl Computer {
    fn new() -> Self {
        let stage = env::var_os("USHER_STAGE").map_or_else(|| workspace().join("build/stage"), PathBuf::from);
        let computer = Self { folder: tempfile::tempdir().expect("a folder can be made"), stage };
        fs::create_dir(computer.path("system")).expect("the folder is ours");
        symlink("/usr/share/mime", computer.path("system/mime")).expect("the folder is ours");
        for (name, content) in FILES {
            fs::write(computer.path(name), content).expect("the folder is ours");
        }
        computer
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds an application in a data folder of its own.
    fn install(&self, folder: &str, id: &str, types: &str) -> PathBuf {
        let folder = self.path(folder);
        let applications = folder.join("applications");
        fs::create_dir_all(&applications).expect("the folder is ours");
        let entry = format!("[Desktop Entry]\nType=Application\nName=Other\nExec=true %F\nMimeType={types}\n");
        fs::write(applications.join(id), entry).expect("the folder is ours");
        run(Command::new("update-desktop-database").arg(applications));
        folder
    }

    /// Who opens the files, if these data folders count in this order.
    fn handlers(&self, folders: &[&Path]) -> Vec<Value> {
        let system = self.path("system");
        let folders = env::join_paths(folders.iter().copied().chain([system.as_path()])).expect("plain paths");
        let programs = env::var_os("PATH").expect("programs can be found");
        let own = self.stage.join("bin");
        let programs = env::join_paths([own].into_iter().chain(env::split_paths(&programs))).expect("plain paths");
        let mut command = Command::new("/usr/bin/python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/helpers/handlers.py"));
        command.args(FILES.map(|(name, _)| self.path(name)));
        for name in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"] {
            command.env(name, self.path("home"));
        }
        let printed = run(command.env("XDG_DATA_DIRS", folders).env("PATH", programs));
        printed.lines().map(|line| serde_json::from_str(line).expect("it prints JSON")).collect()
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn usher_is_offered_for_repositories_and_is_never_the_default_beside_a_store() {
    let computer = Computer::new();
    let usher = computer.stage.join("share");
    let types = "application/vnd.flatpak.ref;application/vnd.flatpak.repo;";
    let (store, editor) = (computer.install("store", STORE, types), computer.install("editor", EDITOR, "text/plain;"));
    // The data folder of a Flatpak counts first, that of the system last.
    for folders in [[&*usher, &*store, &*editor], [&*store, &*editor, &*usher], [&*editor, &*usher, &*store]] {
        let handlers = computer.handlers(&folders);
        for handler in &handlers[..2] {
            assert_eq!((&handler["default"], &handler["recommended"]), (&json!(STORE), &json!([STORE])), "{handler}");
            let related = handler["related"].as_array().expect("a list");
            assert!(related.contains(&json!(format!("{AUTHENTICATOR}.desktop"))), "{handler}");
        }
        assert_eq!(handlers[0]["type"], "application/vnd.flatpak.repo");
        assert_eq!(handlers[1]["type"], "application/vnd.flatpak.ref");
        assert_eq!(handlers[2]["default"], format!("{AUTHENTICATOR}.desktop"), "{}", handlers[2]);
    }
}

#[test]
fn usher_opens_repositories_where_no_other_program_does() {
    let computer = Computer::new();
    let editor = computer.install("editor", EDITOR, "text/plain;");
    let usher = computer.stage.join("share");
    for folders in [[&*usher, &*editor], [&*editor, &*usher]] {
        for handler in computer.handlers(&folders) {
            assert_eq!(handler["default"], format!("{AUTHENTICATOR}.desktop"), "{handler}");
        }
    }
}
