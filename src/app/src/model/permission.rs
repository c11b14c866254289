// SPDX-License-Identifier: GPL-3.0-or-later
//! Which repositories may use an account.

use usher_core::{account::AccountId, binding::Link, decisions::Subject, service::RemoteUrl, store::StoreError};

use super::{AccountList, Decisions};
use crate::i18n::gettext;

/// Lets a repository use an account, in place of any other that it used. An error is a sentence for the person.
pub(crate) async fn give(accounts: &AccountList, account: AccountId, link: Link) -> Result<(), String> {
    let store = accounts.store().clone();
    outcome(accounts.write(async move { store.allow(account, link).await }).await)
}

/// Takes a permission back. An error is a sentence for the person.
pub(crate) async fn take_back(accounts: &AccountList, account: AccountId, address: RemoteUrl) -> Result<(), String> {
    let store = accounts.store().clone();
    let change = async move { store.change(account, |account| account.unlink(&address)).await };
    outcome(accounts.write(change).await.map(|kept| kept.is_some()))
}

/// Lets a repository use no account at the server that it names, and asks no more. An error is a sentence for the person.
/// `remote` is flatpak's name for it.
pub(crate) async fn refuse(
    decisions: &Decisions,
    accounts: &AccountList,
    subject: Subject,
    remote: &str,
) -> Result<(), String> {
    let is_saved = decisions.refuse(accounts.store(), subject, remote).await;
    // It may have used one of several.
    accounts.reload();
    if is_saved { Ok(()) } else { Err(gettext("The answer could not be saved")) }
}

/// `changed` is whether the account was still there.
fn outcome(changed: Result<bool, StoreError>) -> Result<(), String> {
    match changed {
        Ok(true) => Ok(()),
        Ok(false) => Err(gettext("The account is no longer there")),
        Err(error) => {
            tracing::warn!(%error, "cannot save a permission");
            Err(gettext("The permission could not be saved"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_for_an_account_that_was_removed_meanwhile_is_not_said_to_be_given() {
        assert_eq!(outcome(Ok(true)), Ok(()));
        assert_eq!(outcome(Ok(false)), Err("The account is no longer there".to_owned()));
        assert_eq!(outcome(Err(StoreError::Locked)), Err("The permission could not be saved".to_owned()));
    }
}
