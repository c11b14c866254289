// SPDX-License-Identifier: GPL-3.0-or-later
//! Tests of the keyring file: real files of the real library, several processes, and a scripted portal.

mod damage;
mod disk;
mod keeping;
mod portal;
mod processes;
mod secrets;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::FILE_NAME;
use crate::{
    account::Account,
    store::{
        AccountStore, Entry,
        testing::{FixedSecret, with as store_with},
    },
    testing,
};

/// A generous limit for things that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A store as another process would have it.
fn store(data: &Path) -> AccountStore {
    testing::store(data)
}

fn account(user: &str) -> Account {
    testing::account("https://store.example.org", user)
}

/// The users of the accounts, and the names of broken entries.
async fn seen(store: &AccountStore) -> Vec<String> {
    let name = |entry: &Entry| match entry {
        Entry::Open(account) => account.user.clone(),
        Entry::Broken(name) => name.clone(),
        Entry::Locked(_) => "locked".to_owned(),
    };
    let mut seen: Vec<String> = store.entries().await.unwrap().iter().map(name).collect();
    seen.sort_unstable();
    seen
}

fn file(data: &Path) -> PathBuf {
    data.join("keyrings").join(FILE_NAME)
}

/// The names in the keyring folder.
fn files(data: &Path) -> Vec<String> {
    let Ok(folder) = fs::read_dir(data.join("keyrings")) else { return Vec::new() };
    let mut names: Vec<String> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}
