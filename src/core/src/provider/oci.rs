// SPDX-License-Identifier: GPL-3.0-or-later
//! Container registries: a token for each repository, from the token server that the registry names. Anybody is served
//! first; a person signs in with a user name and a password or an access token
//! (distribution specification, *token authentication*).
//!
//! ```text
//! challenge  what a registry wants to see     name     names and digests
//! registry   the calls, and what is answered  sign_in  the form, and how a login is proved
//! tokens     a grant for each repository      listing  a token for the index
//! ```

mod challenge;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod fuzzing;
mod listing;
mod name;
mod registry;
mod sign_in;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::BTreeMap;

use async_trait::async_trait;

pub(super) use self::tokens::RegistryNotes;
use self::{registry::Registry, tokens::Call};
use super::{Beginning, Claim, Granted, Grants, OtherWay, Protocol, SignIn, SignInError, TokensCall, TokensError};
use crate::{
    ask::Ask,
    binding::{Binding, OptionsError, Provider, option},
    http::{HttpClient, HttpError},
    i18n::gettext,
    service::{ServiceUrl, UrlError},
};

/// The provider's name in options and records.
pub(super) const NAME: &str = "oci";
/// The name of the token server's address among what a sign-in found.
const REALM: &str = "realm";

/// The protocol of container registries.
pub struct Oci;

#[async_trait]
impl Protocol for Oci {
    fn name(&self) -> &'static str {
        NAME
    }

    fn sign_in_method(&self) -> String {
        gettext("User name and password")
    }

    fn claim(&self, claim: &Claim<'_>) -> Result<Binding, OptionsError> {
        let registry = claim.registry.ok_or(OptionsError::Missing(option::REGISTRY))?;
        let service = ServiceUrl::parse(registry).map_err(|error| match error {
            UrlError::NotAnAddress => OptionsError::Malformed(option::REGISTRY),
            fault => OptionsError::Address(option::REGISTRY, fault),
        })?;
        Ok(Provider::new(NAME).at(service))
    }

    fn options(&self, _binding: &Binding) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn other_way(&self) -> Option<OtherWay> {
        Some(OtherWay {
            title: gettext("Container Registry"),
            subtitle: gettext("Sign in with a user name and password or an access token"),
            what_to_enter: gettext("Enter the address of the registry."),
            terms: Vec::new(),
        })
    }

    async fn probe(&self, http: &HttpClient, service: &ServiceUrl) -> Result<bool, HttpError> {
        Registry { http, address: service }.is_there().await
    }

    async fn begin(&self, http: &HttpClient, beginning: Beginning<'_>) -> Result<Box<dyn SignIn>, SignInError> {
        sign_in::begin(http, beginning).await
    }

    async fn tokens(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        Call::new(&call)?.grants().await.map(Granted::from)
    }

    async fn listing(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        let repository = call.asks.iter().find_map(Ask::listing).ok_or(TokensError::Unexpected)?;
        listing::grant(&call, repository).await.map(Grants::one).map(Granted::from)
    }

    fn serves_anybody(&self) -> bool {
        true
    }

    fn asks_by_ref(&self) -> bool {
        true
    }

    fn takes_registry_logins(&self) -> bool {
        true
    }
}
