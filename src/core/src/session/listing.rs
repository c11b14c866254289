// SPDX-License-Identifier: GPL-3.0-or-later
//! What opens the listing of a repository: its summary, or the index of a container registry.

use super::{Session, SessionError};
use crate::{
    account::Account,
    ask::Ask,
    binding::Binding,
    provider::{Grant, Grants},
    service::RemoteUrl,
};

impl Session {
    /// Asks the account's server for what opens the listing of this repository. The account must be one that the repository
    /// may use: whoever gets the token shows it to the repository (rule R1).
    pub async fn listing(&self, account: &Account, repository: &RemoteUrl) -> Result<Grant, SessionError> {
        only(self.tokens(account, &[Ask::of_listing(repository.clone())]).await?)
    }

    /// Asks for what opens the listing of this repository of this computer to anybody (rule R25).
    /// [`Grant::Denied`] if it takes an account.
    pub async fn listing_for_anybody(&self, binding: &Binding, repository: &RemoteUrl) -> Result<Grant, SessionError> {
        if !binding.provider.serves_anybody() {
            return Ok(Grant::Denied);
        }
        only(self.tokens_for_anybody(binding, &[Ask::of_listing(repository.clone())]).await?)
    }
}

fn only(grants: Grants) -> Result<Grant, SessionError> {
    grants.into_iter().next().ok_or(SessionError::Unexpected)
}

#[cfg(test)]
mod tests;
