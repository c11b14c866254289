// SPDX-License-Identifier: GPL-3.0-or-later

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    time::SystemTime,
};

use futures_util::StreamExt;

use super::{PATIENCE, account, file, files, seen, store};
use crate::testing::Bus;
use crate::{
    account::AccountId,
    binding::Link,
    decisions::{DecisionFile, Subject},
    patience::within,
    service::RemoteUrl,
    store::Entry,
};

#[tokio::test]
async fn any_process_keeps_changes_and_removes_accounts() {
    let data = tempfile::tempdir().unwrap();
    let (one, other) = (store(data.path()), store(data.path()));
    assert_eq!(one.entries().await.unwrap(), []);
    let (demo, second) = (account("demo"), account("second"));
    one.add(&demo).await.unwrap();
    other.add(&second).await.unwrap();
    assert_eq!(seen(&one).await, ["demo", "second"]);
    let changed = one.change(second.id, |account| account.name = Some("Work".into())).await.unwrap().unwrap();
    assert_eq!((changed.name.as_deref(), changed.generation), (Some("Work"), 1));
    one.remove(demo.id).await.unwrap();
    assert_eq!(other.entries().await.unwrap(), [Entry::Open(changed.into())]);
    assert_eq!(other.change(demo.id, |account| account.name = None).await.unwrap(), None);
    assert_eq!(files(data.path()), ["usher.keyring"]);
}

#[tokio::test]
async fn a_remote_uses_the_account_chosen_last() {
    let data = tempfile::tempdir().unwrap();
    let store = store(data.path());
    let (one, other) = (account("one"), account("other"));
    store.add(&one).await.unwrap();
    store.add(&other).await.unwrap();
    let url = RemoteUrl::parse("https://repo.example.org/").unwrap();
    for chosen in [one.id, other.id] {
        assert!(store.allow(chosen, Link { remote_url: url.clone(), remote: "shop".into() }).await.unwrap());
        for entry in store.entries().await.unwrap() {
            let account = entry.account().unwrap();
            assert_eq!(account.is_linked_to(&url), account.id == chosen);
        }
    }
}

#[tokio::test]
async fn a_refused_remote_uses_no_account_until_it_is_allowed_one() {
    let data = tempfile::tempdir().unwrap();
    let store = store(data.path());
    let decisions = DecisionFile::in_folder(data.path());
    let (one, other) = (account("one"), account("other"));
    let link = Link { remote_url: RemoteUrl::parse("https://repo.example.org/").unwrap(), remote: "shop".into() };
    let refused = Subject { remote_url: link.remote_url.clone(), binding: one.binding.clone() };
    store.add(&one).await.unwrap();
    store.add(&other).await.unwrap();
    for id in [one.id, other.id] {
        store.change(id, |account| account.link(link.clone())).await.unwrap();
    }
    store.refuse(&refused, "shop", None, 0).await.unwrap();
    assert!(decisions.load().is_refused(&refused));
    let entries = store.entries().await.unwrap();
    assert!(entries.iter().all(|entry| !entry.account().unwrap().is_linked_to(&link.remote_url)));
    assert!(!store.allow(AccountId::random(), link.clone()).await.unwrap());
    assert!(decisions.load().is_refused(&refused), "nothing was allowed");
    assert!(store.allow(one.id, link).await.unwrap());
    assert!(!decisions.load().is_refused(&refused));
}

#[tokio::test]
async fn k13_the_file_is_private_and_shows_neither_secret_nor_server() {
    let data = tempfile::tempdir().unwrap();
    store(data.path()).add(&account("somebody")).await.unwrap();
    let file = file(data.path());
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    let bytes = fs::read(&file).unwrap();
    for word in ["credential", "somebody", "example", "io.github", "https"] {
        assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
}

#[tokio::test]
async fn the_next_process_clears_the_leftovers_of_an_interrupted_write() {
    let data = tempfile::tempdir().unwrap();
    let store = store(data.path());
    store.add(&account("demo")).await.unwrap();
    let left = file(data.path()).with_file_name(".tmpkeyring0123456789abcdef");
    fs::write(&left, b"half a keyring").unwrap();
    assert_eq!(seen(&store).await, ["demo"]);
    store.add(&account("second")).await.unwrap();
    assert_eq!(files(data.path()), ["usher.keyring"]);
    assert_eq!(seen(&store).await, ["demo", "second"]);
}

#[tokio::test]
async fn a_file_with_another_time_is_still_written() {
    let data = tempfile::tempdir().unwrap();
    let store = store(data.path());
    let demo = account("demo");
    store.add(&demo).await.unwrap();
    let file = File::options().write(true).open(file(data.path())).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    store.change(demo.id, |account| drop(account.sign_out())).await.unwrap().unwrap();
    store.add(&account("second")).await.unwrap();
    assert_eq!(seen(&store).await, ["demo", "second"]);
}

#[tokio::test]
async fn the_removal_of_the_folder_is_the_last_change_reported() {
    let data = tempfile::tempdir().unwrap();
    let store = store(data.path());
    store.add(&account("demo")).await.unwrap();
    let bus = Bus::start();
    let connection = bus.connect().build().await.unwrap();
    let heard = store.changes(&connection).await.unwrap();
    fs::remove_dir_all(data.path().join("keyrings")).unwrap();
    let heard = within(PATIENCE, heard.count()).await.expect("nothing more can be heard");
    assert!(heard >= 1);
    assert_eq!(seen(&store).await, [""; 0]);
}

#[tokio::test]
async fn one_process_notices_a_change_by_another() {
    let data = tempfile::tempdir().unwrap();
    let (one, other) = (store(data.path()), store(data.path()));
    let bus = Bus::start();
    let connection = bus.connect().build().await.unwrap();
    let mut heard = other.changes(&connection).await.unwrap();
    other.entries().await.unwrap();
    let next = within(PATIENCE, heard.next());
    next.await.expect("the key is held from now on").unwrap();
    let demo = account("demo");
    one.add(&demo).await.unwrap();
    within(PATIENCE, heard.next()).await.expect("an account was added").unwrap();
    assert_eq!(seen(&other).await, ["demo"]);
    one.remove(demo.id).await.unwrap();
    within(PATIENCE, heard.next()).await.expect("an account was removed").unwrap();
    assert_eq!(seen(&other).await, [""; 0]);
}
