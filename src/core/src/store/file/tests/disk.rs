// SPDX-License-Identifier: GPL-3.0-or-later
//! Full disks, and disks that cannot be written.

use std::{env, fs, io::ErrorKind, path::Path, process::Command, sync::mpsc, time::Duration};

use super::{account, file, files, processes, seen, store};
use crate::{files as disk, store::StoreError};

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

/// Makes a place count as one whose disk does not answer, until the sender is dropped.
pub(super) async fn hang(place: &Path) -> mpsc::Sender<()> {
    let (answers, waiting) = mpsc::channel::<()>();
    let late = disk::apart_within(Duration::ZERO, place, move || waiting.recv().is_ok()).await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut);
    answers
}

fn hangs<T>(answer: Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::File(error)) if error.kind() == ErrorKind::TimedOut)
}

#[tokio::test]
async fn g13_a_disk_that_hangs_is_not_waited_for_a_second_time() {
    let data = tempfile::tempdir().unwrap();
    let (store, demo) = (store(data.path()), account("demo"));
    store.add(&demo).await.unwrap();
    let bus = crate::testing::Bus::start();
    let connection = bus.connect().build().await.unwrap();
    let answers = hang(file(data.path()).parent().unwrap()).await;
    assert!(hangs(store.entries().await));
    assert!(hangs(store.unlock().await));
    assert!(hangs(store.add(&account("other")).await));
    assert!(hangs(store.change(demo.id, |account| account.name = None).await));
    assert!(hangs(store.remove(demo.id).await));
    assert!(hangs(store.changes(&connection).await));
    drop(answers);
    while hangs(store.entries().await) {
        tokio::task::yield_now().await;
    }
    assert_eq!(seen(&store).await, ["demo"]);
}
