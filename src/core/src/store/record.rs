// SPDX-License-Identifier: GPL-3.0-or-later
//! An account as a keyring item, the same in every keyring. Pure.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::{Outline, StoreError};
use crate::{
    account::{Account, AccountId},
    names,
    provider::Provider,
    service::ServiceUrl,
};

/// Attribute names. A locked keyring shows only the attributes and the label.
pub(in crate::store) mod attribute {
    pub(in crate::store) const SCHEMA: &str = "xdg:schema";
    pub(in crate::store) const ACCOUNT: &str = "account";
    pub(super) const TYPE: &str = "type";
    pub(super) const SERVICE: &str = "service";
}

/// What the attributes say; `None` if some are missing or malformed.
pub(super) fn outline(attributes: &HashMap<String, String>) -> Option<Outline> {
    Some(Outline {
        id: AccountId::parse(attributes.get(attribute::ACCOUNT)?)?,
        provider: Provider::from_name(attributes.get(attribute::TYPE)?)?,
        service: ServiceUrl::parse(attributes.get(attribute::SERVICE)?).ok()?,
    })
}

/// The account in an item's secret; `None` if it cannot be read.
pub(super) fn account(outline: &Outline, secret: &[u8]) -> Option<Account> {
    let account = Account::decode(secret).ok()?;
    let binding = &account.binding;
    // The attributes only help to search. The binding inside the secret is what counts, so both must agree.
    let agrees = outline.id == account.id && outline.provider == binding.provider && outline.service == binding.service;
    agrees.then_some(account)
}

pub(super) fn attributes(account: &Account) -> HashMap<String, String> {
    let attributes = [
        (attribute::SCHEMA, names::KEYRING_SCHEMA.to_owned()),
        (attribute::ACCOUNT, account.id.to_string()),
        (attribute::TYPE, account.binding.provider.name().to_owned()),
        (attribute::SERVICE, account.binding.service.as_str().to_owned()),
    ];
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Those of an item's attributes that we set, as they are. Some keyrings add their own.
pub(super) fn own_attributes(all: &HashMap<String, String>) -> HashMap<String, String> {
    let own = [attribute::SCHEMA, attribute::ACCOUNT, attribute::TYPE, attribute::SERVICE];
    own.iter().filter_map(|&name| Some((name.to_owned(), all.get(name)?.clone()))).collect()
}

pub(super) fn label(account: &Account) -> String {
    format!("Usher: {}", account.binding.host())
}

pub(super) fn encode(account: &Account) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    account.encode().map(Zeroizing::new).map_err(|_| StoreError::NotKept)
}

/// Checks that the keyring kept the account unchanged (rule R16).
pub(super) fn verify(kept: &[u8], account: &Account) -> Result<(), StoreError> {
    match Account::decode(kept) {
        Ok(kept) if &kept == account => Ok(()),
        _ => Err(StoreError::NotKept),
    }
}
