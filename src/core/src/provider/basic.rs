// SPDX-License-Identifier: GPL-3.0-or-later
//! User name and password: a form to sign in, and the API of [`store_api`](super::wire::store_api) with HTTP Basic.

mod sign_in;

use std::collections::BTreeMap;

use async_trait::async_trait;
use url::Url;

use self::sign_in::BasicSignIn;
use super::{
    Beginning, Claim, Granted, Protocol, PurchaseError, RenewCall, Revoked, Shop, SignIn, SignInError, TokensCall,
    TokensError,
    wire::store_api::{Authorization, StoreApi, wants_basic},
};
use crate::{
    binding::{Binding, OptionsError, Provider, option},
    credential::Credential,
    http::{HttpClient, HttpError},
    i18n::gettext,
    service::ServiceUrl,
};

/// The provider's name in options and records.
const NAME: &str = "basic";

/// An account server whose accounts are a user name and a password.
pub struct Basic;

#[async_trait]
impl Protocol for Basic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn sign_in_method(&self) -> String {
        gettext("User name and password")
    }

    fn claim(&self, claim: &Claim<'_>) -> Result<Binding, OptionsError> {
        Ok(Provider::new(NAME).at(option::service(claim.options, option::URL)?))
    }

    fn options(&self, binding: &Binding) -> BTreeMap<String, String> {
        BTreeMap::from([(option::URL.to_owned(), binding.service.as_str().to_owned())])
    }

    /// Refuses a call for tokens in JSON, and says that it wants HTTP Basic.
    async fn probe(&self, http: &HttpClient, service: &ServiceUrl) -> Result<bool, HttpError> {
        let refusal = StoreApi::new(http, service).refusal().await?;
        Ok(refusal.is_some_and(|answer| wants_basic(&answer)))
    }

    async fn begin(&self, _http: &HttpClient, beginning: Beginning<'_>) -> Result<Box<dyn SignIn>, SignInError> {
        Ok(Box::new(BasicSignIn::at(beginning.binding.service.clone())))
    }

    async fn tokens(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        let api = StoreApi::new(call.http, &call.binding.service);
        api.tokens(call.credential.and_then(Authorization::basic), call.asks).await.map(Granted::from)
    }

    async fn listing(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        let api = StoreApi::new(call.http, &call.binding.service);
        api.listing_token(call.credential.and_then(Authorization::basic)).await.map(Granted::from)
    }

    fn shop(&self) -> Option<&dyn Shop> {
        Some(self)
    }

    async fn revoke(&self, call: RenewCall<'_>) -> Result<Revoked, HttpError> {
        StoreApi::new(call.http, &call.binding.service).sign_out(Authorization::basic(call.credential)).await
    }
}

#[async_trait]
impl Shop for Basic {
    async fn begin_purchase(
        &self,
        http: &HttpClient,
        binding: &Binding,
        credential: &Credential,
        app_id: &str,
    ) -> Result<Url, PurchaseError> {
        StoreApi::new(http, &binding.service).begin_purchase(Authorization::basic(credential), app_id).await
    }
}

#[cfg(test)]
mod tests;
