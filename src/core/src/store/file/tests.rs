// SPDX-License-Identifier: GPL-3.0-or-later
//! The keyring file, with real files of the real library.

use std::{collections::BTreeMap, path::Path, time::Duration};

use async_trait::async_trait;
use oo7::Secret;

use super::{
    FileKeyring,
    vault::{NoSecret, SecretSource},
};
use crate::{
    account::Account,
    binding::Binding,
    secret::Token,
    store::{AccountStore, Entry},
};

const LIMIT: Duration = Duration::from_secs(30);

/// A portal that gives this secret.
struct Gives(&'static [u8]);

#[async_trait]
impl SecretSource for Gives {
    async fn retrieve(&self) -> Result<Secret, NoSecret> {
        Ok(Secret::blob(self.0))
    }
}

const SECRET: Gives = Gives(b"a secret of the portal, with 64 bytes if it were a real one ....");

fn store(data: &Path, source: impl SecretSource + 'static) -> AccountStore {
    let keyring = FileKeyring::new(Some(data.into()), Box::new(source), Some(data.join("marker")));
    AccountStore::in_file(keyring, LIMIT)
}

fn account(user: &str) -> Account {
    let options = BTreeMap::from([("url".to_owned(), "https://store.example.org".to_owned())]);
    let token = Token::parse(&format!("credential-of-{user}")).unwrap();
    Account::signed_in(Binding::claimed(&options).unwrap(), user.into(), token, None, 1)
}

fn users(entries: &[Entry]) -> Vec<&str> {
    let mut users: Vec<&str> = entries.iter().map(|entry| entry.account().map_or("-", |a| a.user.as_str())).collect();
    users.sort_unstable();
    users
}

#[tokio::test]
async fn accounts_are_kept_changed_and_removed() {
    let data = tempfile::tempdir().unwrap();
    let (one, other) = (store(data.path(), SECRET), store(data.path(), SECRET));
    assert_eq!(one.entries().await.unwrap(), []);
    let (demo, second) = (account("demo"), account("second"));
    one.add(&demo).await.unwrap();
    other.add(&second).await.unwrap();
    assert_eq!(users(&one.entries().await.unwrap()), ["demo", "second"]);
    let changed = one.change(second.id, |account| account.name = Some("Work".into())).await.unwrap().unwrap();
    assert_eq!((changed.name.as_deref(), changed.generation), (Some("Work"), 1));
    one.remove(demo.id).await.unwrap();
    assert_eq!(other.entries().await.unwrap(), [Entry::Open(Box::new(changed))]);
    assert_eq!(other.change(demo.id, |account| account.name = None).await.unwrap(), None);
}
