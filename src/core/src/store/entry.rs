// SPDX-License-Identifier: GPL-3.0-or-later
//! An item of the keyring, as callers of the store see it.

use std::sync::Arc;

use crate::{
    account::{Account, AccountId},
    binding::Binding,
    provider::Provider,
    service::ServiceUrl,
};

/// What a keyring item shows without being opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Id of the account, from the attributes.
    pub id: AccountId,
    /// Its provider, from the attributes.
    pub provider: Provider,
    /// Its service, from the attributes.
    pub service: ServiceUrl,
}

/// One of our items in the keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A readable account.
    Open(Arc<Account>),
    /// An item in a locked keyring.
    Locked(Outline),
    /// An item that cannot be read, kept as it is. The name tells it from others.
    Broken(String),
}

impl Entry {
    /// Whether the name of a broken entry means a whole keyring file, with all accounts in it.
    pub fn is_whole_keyring(name: &str) -> bool {
        // Object paths name items of a service, numbers name items of a file.
        !name.contains(['/', '#'])
    }

    /// Whether this is a locked account that may have this binding: it counts as an account of that server.
    pub fn is_locked_at(&self, binding: &Binding) -> bool {
        match self {
            Self::Locked(outline) => outline.provider == binding.provider && outline.service == binding.service,
            Self::Open(_) | Self::Broken(_) => false,
        }
    }

    /// The account, if it can be read.
    pub fn into_account(self) -> Option<Account> {
        match self {
            Self::Open(account) => Some(Arc::unwrap_or_clone(account)),
            Self::Locked(_) | Self::Broken(_) => None,
        }
    }

    /// The account, if it can be read.
    pub fn account(&self) -> Option<&Account> {
        self.shared().map(|account| &**account)
    }

    /// The account, if it can be read, to be kept without a copy.
    pub fn shared(&self) -> Option<&Arc<Account>> {
        match self {
            Self::Open(account) => Some(account),
            Self::Locked(_) | Self::Broken(_) => None,
        }
    }
}
