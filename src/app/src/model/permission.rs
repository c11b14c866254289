// SPDX-License-Identifier: GPL-3.0-or-later
//! Which repositories may use an account.

use usher_core::{
    account::AccountId,
    binding::Link,
    service::RemoteUrl,
    store::{AccountStore, StoreError},
};

use crate::{application::Application, i18n::gettext, runtime};

/// Lets a repository use an account, in place of any other that it used. Otherwise gives the words for why not.
pub(crate) async fn give(account: AccountId, link: Link) -> Result<(), String> {
    let store = store();
    let given = runtime::spawn(async move { store.allow(account, link).await }).await;
    Application::current().accounts().reload();
    told(given)
}

/// Takes a permission back. Otherwise gives the words for why not.
pub(crate) async fn take_back(account: AccountId, address: RemoteUrl) -> Result<(), String> {
    let store = store();
    let taken = runtime::spawn(async move { store.change(account, |account| account.unlink(&address)).await }).await;
    Application::current().accounts().reload();
    told(taken.map(|kept| kept.is_some()))
}

/// What came of a change: whether the account was still there.
fn told(changed: Result<bool, StoreError>) -> Result<(), String> {
    match changed {
        Ok(true) => Ok(()),
        Ok(false) => Err(gettext("The account is no longer there")),
        Err(error) => {
            tracing::warn!(%error, "a permission was not saved");
            Err(gettext("The permission could not be saved"))
        }
    }
}

fn store() -> AccountStore {
    Application::current().services().store.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_for_an_account_that_was_removed_meanwhile_is_not_said_to_be_given() {
        assert_eq!(told(Ok(true)), Ok(()));
        assert_eq!(told(Ok(false)), Err("The account is no longer there".to_owned()));
        assert_eq!(told(Err(StoreError::Locked)), Err("The permission could not be saved".to_owned()));
    }
}
