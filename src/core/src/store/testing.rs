// SPDX-License-Identifier: GPL-3.0-or-later
//! A store for tests: a real keyring file, whose key comes from no portal.

#[cfg(test)]
mod late_secret;

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use oo7::Secret;

#[cfg(test)]
pub(crate) use self::late_secret::LateSecret;
use super::{
    AccountStore,
    file::{FileKeyring, NoSecret, SecretSource},
};
use crate::decisions::DecisionFile;

/// A generous limit for things that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A portal that gives this secret.
pub(super) struct FixedSecret(pub(super) &'static [u8]);

pub(in crate::store) const SECRET: FixedSecret =
    FixedSecret(b"a secret of the portal, as long as those are that a portal gives");

#[async_trait]
impl SecretSource for FixedSecret {
    async fn retrieve(&self) -> Result<Secret, NoSecret> {
        Ok(Secret::blob(self.0))
    }
}

pub(crate) fn in_folder(folder: &Path) -> AccountStore {
    with(folder, SECRET, PATIENCE)
}

/// A store for the Secret Service on the bus at this address, with its lock files in this folder.
#[cfg(test)]
pub(super) fn on_bus(address: &str, folder: &Path, limit: Duration) -> AccountStore {
    let keyring = super::SecretService::new(super::secret_service::Bus::At(address.to_owned()), limit);
    let (lock_file, decisions) = (folder.join("accounts.lock"), DecisionFile::in_folder(folder));
    AccountStore::over(super::Keyring::Service(keyring), limit, Some(lock_file), Some(decisions))
}

pub(super) fn with(folder: &Path, source: impl SecretSource + 'static, limit: Duration) -> AccountStore {
    let keyring = FileKeyring::new(Some(folder.into()), Box::new(source), Some(folder.join("marker")));
    AccountStore::in_file(keyring, limit, Some(DecisionFile::in_folder(folder)))
}
