// SPDX-License-Identifier: GPL-3.0-or-later
//! Which repositories may use an account.

use gtk::glib;
use usher_core::{account::AccountId, binding::Link, service::RemoteUrl, store::StoreError};

use crate::{application::Application, runtime};

/// Lets a repository use an account, in place of any other that it used.
pub(crate) async fn give(account: AccountId, link: Link) -> Result<(), StoreError> {
    let address = link.remote_url.clone();
    change(account, move |account| account.link(link)).await?;
    let others = Application::current().accounts().accounts();
    for other in others.into_iter().filter(|other| other.id != account && other.is_linked_to(&address)) {
        take_back(other.id, address.clone()).await?;
    }
    Ok(())
}

/// Takes a permission back.
pub(crate) async fn take_back(account: AccountId, address: RemoteUrl) -> Result<(), StoreError> {
    change(account, move |account| account.unlink(&address)).await
}

/// Takes a permission back, without waiting for it.
pub(crate) fn withdraw(account: AccountId, address: RemoteUrl) {
    glib::spawn_future_local(async move {
        if let Err(error) = take_back(account, address).await {
            tracing::warn!(%error, "a permission cannot be taken back");
        }
    });
}

async fn change(
    account: AccountId,
    change: impl FnOnce(&mut usher_core::account::Account) + Send + 'static,
) -> Result<(), StoreError> {
    let application = Application::current();
    let store = application.services().store.clone();
    let changed = runtime::spawn(async move { store.change(account, change).await }).await;
    application.accounts().reload();
    changed.map(drop)
}
