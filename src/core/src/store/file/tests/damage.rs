// SPDX-License-Identifier: GPL-3.0-or-later

use std::{fs, path::Path};

use super::{FILE_NAME, FixedSecret, PATIENCE, account, file, files, seen, store, store_with};
use crate::store::Entry;

const OTHER_SECRET: FixedSecret = FixedSecret(b"another secret, as a portal has it once its keyring was made new");

/// Makes a keyring with one account, and gives its bytes.
async fn kept(data: &Path) -> Vec<u8> {
    let store = store(data);
    store.add(&account("demo")).await.unwrap();
    fs::read(file(data)).unwrap()
}

/// Adds an account to an unreadable keyring, and checks that the old file is kept under another name.
async fn is_set_aside(store: &crate::store::AccountStore, data: &Path, before: &[u8]) {
    assert_eq!(seen(store).await, [FILE_NAME]);
    assert_eq!(fs::read(file(data)).unwrap(), before, "reading changes nothing");
    store.add(&account("fresh")).await.unwrap();
    assert_eq!(seen(store).await, ["fresh", "usher.keyring.unreadable-1"]);
    assert_eq!(fs::read(file(data).with_file_name("usher.keyring.unreadable-1")).unwrap(), before);
}

#[tokio::test]
async fn k12_a_keyring_of_another_secret_is_kept_aside() {
    let data = tempfile::tempdir().unwrap();
    let before = kept(data.path()).await;
    let other = store_with(data.path(), OTHER_SECRET, PATIENCE);
    is_set_aside(&other, data.path(), &before).await;
    // A second one does not overwrite the first.
    fs::write(file(data.path()), b"rubbish").unwrap();
    other.add(&account("again")).await.unwrap();
    let names = ["usher.keyring", "usher.keyring.unreadable-1", "usher.keyring.unreadable-2"];
    assert_eq!(files(data.path()), names);
    // Only the person removes it, and only the one named.
    other.remove_broken("usher.keyring.unreadable-1").await.unwrap();
    assert_eq!(seen(&other).await, ["again", "usher.keyring.unreadable-2"]);
}

#[tokio::test]
async fn k12_a_keyring_that_breaks_off_is_kept_aside() {
    let whole = {
        let data = tempfile::tempdir().unwrap();
        kept(data.path()).await
    };
    for length in [0, 1, 15, 17, 18, 30, 60, whole.len() / 2, whole.len() - 40, whole.len() - 1] {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir(data.path().join("keyrings")).unwrap();
        fs::write(file(data.path()), &whole[..length]).unwrap();
        is_set_aside(&store(data.path()), data.path(), &whole[..length]).await;
    }
}

#[tokio::test]
async fn k12_a_keyring_that_asks_for_endless_work_is_not_obeyed() {
    let data = tempfile::tempdir().unwrap();
    let mut bytes = kept(data.path()).await;
    let rounds = bytes.windows(4).position(|window| window == 100_000_u32.to_le_bytes()).unwrap();
    bytes[rounds..rounds + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    fs::write(file(data.path()), &bytes).unwrap();
    is_set_aside(&store(data.path()), data.path(), &bytes).await;
}

#[tokio::test]
async fn k12_one_changed_byte_anywhere_stops_no_process_and_changes_no_account() {
    let data = tempfile::tempdir().unwrap();
    let whole = kept(data.path()).await;
    let store = store(data.path());
    let known = store.entries().await.unwrap();
    for at in (0..whole.len()).step_by(37) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x15;
        fs::write(file(data.path()), &bytes).unwrap();
        let entries = store.entries().await.unwrap();
        assert!(entries == known || entries.iter().all(|entry| entry.account().is_none()), "byte {at}");
        assert_eq!(fs::read(file(data.path())).unwrap(), bytes);
    }
}

#[tokio::test]
async fn an_unreadable_item_hides_no_other_and_is_removed_alone() {
    let data = tempfile::tempdir().unwrap();
    let store = store(data.path());
    for user in ["one", "two", "three"] {
        store.add(&account(user)).await.unwrap();
    }
    // The last byte of the second item's seal; the lengths of the third item follow.
    let mut bytes = fs::read(file(data.path())).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(file(data.path()), &bytes).unwrap();
    assert_eq!(seen(&store).await, ["one", "three", "usher.keyring#1"]);
    store.add(&account("four")).await.unwrap();
    assert_eq!(seen(&store).await, ["four", "one", "three", "usher.keyring#1"]);
    store.remove_broken("usher.keyring#1").await.unwrap();
    assert_eq!(seen(&store).await, ["four", "one", "three"]);
}

#[tokio::test]
async fn a_keyring_that_can_be_read_again_is_read_again() {
    let data = tempfile::tempdir().unwrap();
    let whole = kept(data.path()).await;
    let store = store(data.path());
    fs::write(file(data.path()), b"rubbish").unwrap();
    assert_eq!(seen(&store).await, [FILE_NAME]);
    fs::write(file(data.path()), whole).unwrap();
    assert_eq!(seen(&store).await, ["demo"]);
}

#[tokio::test]
async fn a_keyring_files_name_differs_from_an_items() {
    let data = tempfile::tempdir().unwrap();
    kept(data.path()).await;
    let other = store_with(data.path(), OTHER_SECRET, PATIENCE);
    other.add(&account("fresh")).await.unwrap();
    assert!(seen(&other).await.iter().any(|name| name != "fresh" && Entry::is_whole_keyring(name)));
    assert!(!Entry::is_whole_keyring("usher.keyring#1"));
    assert!(!Entry::is_whole_keyring("/org/freedesktop/secrets/collection/login/7"));
}
