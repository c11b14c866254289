// SPDX-License-Identifier: GPL-3.0-or-later
//! Full disks, and disks that cannot be written.

use std::{env, fs, path::Path, process::Command};

use super::{account, file, files, processes, seen, store};
use crate::store::StoreError;

const EXPECTED: &str = "USHER_TEST_EXPECTED";

#[tokio::test]
#[ignore = "is run by others, with a folder"]
async fn adding_in_vain() {
    let Some(data) = processes::data() else { return };
    let store = store(&data);
    if files(&data).is_empty() {
        store.add(&account("demo")).await.unwrap();
    }
    let before = fs::read(file(&data)).unwrap();
    let mut large = account("large");
    large.name = Some("x".repeat(200_000));
    let said = match store.add(&large).await.unwrap_err() {
        StoreError::File(error) | StoreError::LockFile(error) => format!("{:?}", error.kind()),
        other => other.to_string(),
    };
    assert_eq!(said, env::var(EXPECTED).unwrap());
    assert_eq!(seen(&store).await, ["demo"]);
    assert_eq!(fs::read(file(&data)).unwrap(), before);
    assert_eq!(files(&data), ["usher.keyring"]);
}

/// Runs the test in a process whose data folder is on another disk.
fn try_on(disk: &[&str], data: &Path, expected: &str) {
    let mut command = Command::new("bwrap");
    command.args(["--dev-bind", "/", "/"]).args(disk).env(EXPECTED, expected);
    assert!(processes::child(command, "disk::adding_in_vain", data).wait().unwrap().success());
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_saved() {
    let data = tempfile::tempdir().unwrap();
    try_on(&["--size", "65536", "--tmpfs", data.path().to_str().unwrap()], data.path(), "StorageFull");
}

#[tokio::test]
async fn accounts_are_read_even_from_a_disk_that_cannot_be_written() {
    let data = tempfile::tempdir().unwrap();
    store(data.path()).add(&account("demo")).await.unwrap();
    let path = data.path().to_str().unwrap();
    try_on(&["--ro-bind", path, path], data.path(), "ReadOnlyFilesystem");
}
