// SPDX-License-Identifier: GPL-3.0-or-later
//! Several processes write at once.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Command},
};

use super::{account, files, seen, store};

/// How many accounts each process adds.
const COUNT: usize = 50;

/// Runs a test on this folder in its own process; `command` is a wrapper for it, or just the test binary.
pub(super) fn child(mut command: Command, test: &str, data: &Path) -> Child {
    command
        .arg(env::current_exe().unwrap())
        .args(["--exact", &format!("store::file::tests::{test}"), "--ignored"])
        .env("USHER_TEST_DATA", data)
        .spawn()
        .unwrap()
}

/// The folder that the parent process passed to the test.
pub(super) fn data() -> Option<PathBuf> {
    env::var_os("USHER_TEST_DATA").map(PathBuf::from)
}

#[tokio::test]
#[ignore = "is run by others, with a folder"]
async fn adding_many() {
    let Some(data) = data() else { return };
    let store = store(&data);
    for number in 0..COUNT {
        store.add(&account(&format!("{number:02}"))).await.unwrap();
    }
}

#[tokio::test]
async fn k11_nothing_is_lost_when_two_processes_write_at_once() {
    let data = tempfile::tempdir().unwrap();
    let begin = || child(Command::new("env"), "processes::adding_many", data.path());
    for mut process in [begin(), begin()] {
        assert!(process.wait().unwrap().success());
    }
    let mut expected: Vec<String> = (0..2 * COUNT).map(|number| format!("{:02}", number / 2)).collect();
    expected.sort_unstable();
    assert_eq!(seen(&store(data.path())).await, expected);
    assert_eq!(files(data.path()), ["usher.keyring"]);
}
