// SPDX-License-Identifier: GPL-3.0-or-later
//! Which repositories may use an account.

use usher_core::{
    account::AccountId,
    binding::Link,
    service::RemoteUrl,
    store::{AccountStore, StoreError},
};

use crate::{application::Application, runtime};

/// Lets a repository use an account, in place of any other that it used. Tells whether the account is still there.
pub(crate) async fn give(account: AccountId, link: Link) -> Result<bool, StoreError> {
    let store = store();
    let given = runtime::spawn(async move { store.allow(account, link).await }).await;
    Application::current().accounts().reload();
    given
}

/// Takes a permission back.
pub(crate) async fn take_back(account: AccountId, address: RemoteUrl) -> Result<(), StoreError> {
    let store = store();
    let taken = runtime::spawn(async move { store.change(account, |account| account.unlink(&address)).await }).await;
    Application::current().accounts().reload();
    taken.map(drop)
}

fn store() -> AccountStore {
    Application::current().services().store.clone()
}
