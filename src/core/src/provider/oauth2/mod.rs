// SPDX-License-Identifier: GPL-3.0-or-later
//! Single sign-on: a server that speaks OpenID or OAuth 2 says who somebody is, and the account server takes its access
//! tokens for the API of [`store_api`](super::wire::store_api).
//!
//! ```text
//! options   what a remote says, and what follows    metadata  what the sign-in server says about itself
//! server    that server, for one sign-in            exchange  sends what the libraries make
//! code      its page, and the code that comes back  device    a code to type on another device
//! finish    from tokens to a finished sign-in       identity  who signed in
//! renewal   new tokens, and the end of a sign-in
//! ```

mod code;
mod device;
mod exchange;
mod finish;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod fuzzing;
mod identity;
mod metadata;
mod options;
mod renewal;
mod server;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use url::Url;

use self::{code::CodeSignIn, device::DeviceSignIn, server::Server};
use super::{
    Beginning, Claim, Granted, OtherWay, Protocol, PurchaseError, RedirectReceiver, RenewCall, Revoked, Shop, SignIn,
    SignInError, TokensCall, TokensError, Way,
    wire::store_api::{Authorization, StoreApi},
};
use crate::{
    binding::{Binding, OptionsError},
    credential::Credential,
    http::{HttpClient, HttpError},
    i18n::gettext,
    service::ServiceUrl,
};

/// The provider's name in options and records.
const NAME: &str = "oauth2";
/// Stored: where new access tokens are.
const TOKEN: &str = "token";
/// Stored: where a sign-in is ended.
const REVOCATION: &str = "revocation";
/// Stored: who somebody is.
const USERINFO: &str = "userinfo";
/// In every call: the service that the tokens are for (RFC 8707).
const RESOURCE: &str = "resource";

/// An account server behind single sign-on.
pub struct OAuth2;

#[async_trait]
impl Protocol for OAuth2 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn sign_in_method(&self) -> String {
        gettext("Single sign-on")
    }

    fn has_sign_in_page(&self) -> bool {
        true
    }

    fn signs_in_at(&self, binding: &Binding) -> ServiceUrl {
        options::issuer(binding)
    }

    fn permissions(&self, binding: &Binding) -> Vec<String> {
        options::permissions(binding)
    }

    fn ways(&self, binding: &Binding, is_typed: bool) -> Vec<Way> {
        options::ways(binding, is_typed)
    }

    fn claim(&self, claim: &Claim<'_>) -> Result<Binding, OptionsError> {
        options::claim(claim.options)
    }

    fn other_way(&self) -> Option<OtherWay> {
        Some(OtherWay {
            title: gettext("Single Sign-On"),
            subtitle: gettext("Sign in at another server, such as that of a company"),
            what_to_enter: gettext("The people who run the account server know all three."),
            terms: vec![(options::ISSUER, gettext("Sign-In Server")), (options::CLIENT_ID, gettext("Client ID"))],
        })
    }

    fn options(&self, binding: &Binding) -> BTreeMap<String, String> {
        options::of(binding)
    }

    /// An account server does not say who its issuer is.
    async fn probe(&self, _http: &HttpClient, _service: &ServiceUrl) -> Result<bool, HttpError> {
        Ok(false)
    }

    fn is_discovered(&self) -> bool {
        false
    }

    async fn begin(&self, http: &HttpClient, beginning: Beginning<'_>) -> Result<Box<dyn SignIn>, SignInError> {
        let Beginning { binding, receiver, is_typed, .. } = beginning;
        if receiver == RedirectReceiver::Nowhere {
            if !self.ways(binding, is_typed).contains(&Way::Code) {
                return Err(SignInError::NotThisWay);
            }
            let server = Server::discover(http, binding).await?;
            return Ok(Box::new(DeviceSignIn::begin(http, server).await?));
        }
        let redirect = receiver.redirect()?.at_callback();
        let server = Server::discover(http, binding).await?;
        Ok(Box::new(CodeSignIn::begin(server, redirect)?))
    }

    async fn tokens(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        let api = StoreApi::new(call.http, &call.binding.service);
        api.tokens(call.credential.and_then(Authorization::bearer), call.asks).await.map(Granted::from)
    }

    async fn listing(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        let api = StoreApi::new(call.http, &call.binding.service);
        api.listing_token(call.credential.and_then(Authorization::bearer)).await.map(Granted::from)
    }

    fn lapses(&self, credential: &Credential, now: i64) -> bool {
        renewal::lapses(credential, now)
    }

    fn is_renewable(&self, credential: &Credential) -> bool {
        renewal::is_renewable(credential)
    }

    async fn renew(&self, call: RenewCall<'_>) -> Result<Credential, TokensError> {
        renewal::renew(call).await
    }

    fn shop(&self) -> Option<&dyn Shop> {
        Some(self)
    }

    async fn revoke(&self, call: RenewCall<'_>) -> Result<Revoked, HttpError> {
        renewal::revoke(call).await
    }
}

#[async_trait]
impl Shop for OAuth2 {
    async fn begin_purchase(
        &self,
        http: &HttpClient,
        binding: &Binding,
        credential: &Credential,
        app_id: &str,
    ) -> Result<Url, PurchaseError> {
        StoreApi::new(http, &binding.service).begin_purchase(Authorization::bearer(credential), app_id).await
    }
}
