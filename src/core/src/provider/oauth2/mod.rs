// SPDX-License-Identifier: GPL-3.0-or-later
//! Single sign-on: a server that speaks `OpenID` or OAuth 2 says who somebody is, and the account server takes its access
//! tokens for the API of [`store_api`](super::wire::store_api).

mod code;
mod device;
mod exchange;
mod finish;
mod identity;
mod metadata;
mod renewal;
mod server;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use url::Url;

use self::{code::CodeSignIn, device::DeviceSignIn, server::Server};
use super::{
    Beginning, Claim, Granted, Protocol, PurchaseError, RedirectReceiver, RenewCall, Revoked, Shop, SignIn,
    SignInError, TokensCall, TokensError, Way,
    wire::store_api::{Authorization, StoreApi},
};
use crate::{
    binding::{Binding, OptionsError, Provider, option},
    credential::Credential,
    http::{HttpClient, HttpError},
    i18n::gettext,
    service::ServiceUrl,
};

/// The provider's name in options and records.
const NAME: &str = "oauth2";
/// Option: the server that says who somebody is, verbatim.
const ISSUER: &str = "issuer";
/// Option: the name under which that server knows Usher.
const CLIENT_ID: &str = "client-id";
/// Option: what else to ask for, beside [`BASIC_SCOPES`], separated by spaces.
const SCOPE: &str = "scope";
/// Stored: where new access tokens are.
const TOKEN: &str = "token";
/// Stored: where a sign-in is ended.
const REVOCATION: &str = "revocation";
/// Stored: who somebody is.
const USERINFO: &str = "userinfo";
/// In every call: the service that the tokens are for (RFC 8707).
const RESOURCE: &str = "resource";
/// The scope of `OpenID` itself.
const OPENID: &str = "openid";
/// The scope of a sign-in that lasts.
const OFFLINE: &str = "offline_access";
/// What is asked for in any case (rule R24).
const BASIC_SCOPES: [&str; 4] = [OPENID, "profile", "email", OFFLINE];
/// Most scopes besides (rule R24).
const SCOPES_LIMIT: usize = 4;

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
        let issuer = binding.terms.get(ISSUER).and_then(|issuer| ServiceUrl::parse(issuer).ok());
        issuer.unwrap_or_else(|| binding.service.clone())
    }

    /// A code that somebody else asked for looks like one's own, so it is only for servers of one operator (rule R24).
    fn ways(&self, binding: &Binding, is_typed: bool) -> Vec<Way> {
        let mut ways = vec![Way::Embedded, Way::Browser];
        if is_typed || self.signs_in_at(binding).url().host() == binding.service.url().host() {
            ways.push(Way::Code);
        }
        ways
    }

    fn claim(&self, claim: &Claim<'_>) -> Result<Binding, OptionsError> {
        let mut binding = Provider::new(NAME).at(option::service(claim.options, option::URL)?);
        option::service(claim.options, ISSUER)?;
        let mut term = |name: &str, value: String| _ = binding.terms.insert(name.to_owned(), value);
        term(ISSUER, claim.options[ISSUER].clone());
        let client_id = claim.options.get(CLIENT_ID).ok_or(OptionsError::Missing(CLIENT_ID))?;
        let is_printable = |text: &str| !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !is_printable(client_id) || client_id.len() > 255 {
            return Err(OptionsError::Malformed(CLIENT_ID));
        }
        term(CLIENT_ID, client_id.clone());
        let scopes = further_scopes(claim.options.get(SCOPE).map_or("", String::as_str))?;
        if !scopes.is_empty() {
            term(SCOPE, scopes.join(" "));
        }
        Ok(binding)
    }

    fn options(&self, binding: &Binding) -> BTreeMap<String, String> {
        let mut options = binding.terms.clone();
        options.insert(option::URL.to_owned(), binding.service.as_str().to_owned());
        options
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

/// The scopes of an option besides the basic ones, sorted, each once (RFC 6749, 3.3).
fn further_scopes(option: &str) -> Result<Vec<&str>, OptionsError> {
    let is_scope = |scope: &str| scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    let mut scopes: Vec<_> = option.split_ascii_whitespace().filter(|scope| !BASIC_SCOPES.contains(scope)).collect();
    scopes.sort_unstable();
    scopes.dedup();
    let is_sound = scopes.len() <= SCOPES_LIMIT && scopes.iter().all(|scope| scope.len() <= 255 && is_scope(scope));
    if is_sound { Ok(scopes) } else { Err(OptionsError::Malformed(SCOPE)) }
}
