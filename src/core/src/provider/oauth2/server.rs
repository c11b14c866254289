// SPDX-License-Identifier: GPL-3.0-or-later
//! The sign-in server of one sign-in: what it says about itself, Usher's name there, and the scopes to ask for.

use openidconnect::{
    AuthType, ClientId, DiscoveryError, EndpointNotSet, EndpointSet, IssuerUrl, RequestTokenError, Scope,
    StandardErrorResponse, TokenUrl,
    core::{CoreClient, CoreErrorResponseType, CoreJsonWebKeySet},
};

use super::{
    metadata::{Metadata, discover},
    options::{BASIC_SCOPES, CLIENT_ID, ISSUER, OFFLINE, OPENID, SCOPE},
};
use crate::{
    binding::Binding,
    http::{HttpClient, HttpError},
    provider::SignInError,
    text,
};

/// The library's client, which knows where tokens are.
pub(super) type Client =
    CoreClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet, EndpointNotSet>;
/// Why a call for tokens failed.
pub(super) type Fault = RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>;

/// A sign-in server, and what a sign-in asks of it.
pub(super) struct Server {
    /// What it says about itself.
    pub(super) metadata: Metadata,
    /// The service that the access tokens are for (RFC 8707).
    pub(super) resource: String,
    /// What to ask for.
    pub(super) scopes: Vec<String>,
    /// Usher's name there.
    pub(super) client_id: String,
}

impl Server {
    /// Asks the binding's server about itself.
    pub(super) async fn discover(http: &HttpClient, binding: &Binding) -> Result<Self, SignInError> {
        let term = |name| binding.terms.get(name).map(String::as_str).ok_or(SignInError::Unexpected);
        let metadata = discover(http, term(ISSUER)?).await?;
        let scopes = scopes(&metadata, binding.terms.get(SCOPE).map_or("", String::as_str));
        let resource = binding.service.as_str().to_owned();
        Ok(Self { client_id: term(CLIENT_ID)?.to_owned(), resource, scopes, metadata })
    }

    /// The library's client for it. It knows no keys yet.
    pub(super) fn client(&self) -> Result<Client, SignInError> {
        let issuer = IssuerUrl::new(self.metadata.issuer.clone()).map_err(|_| SignInError::Unexpected)?;
        Ok(CoreClient::new(self.client_id(), issuer, CoreJsonWebKeySet::default())
            // The scopes are written out in full.
            .disable_openid_scope()
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(TokenUrl::from_url(self.metadata.token.clone())))
    }

    /// The name under which it knows Usher.
    pub(super) fn client_id(&self) -> ClientId {
        ClientId::new(self.client_id.clone())
    }

    /// What to ask for, for the library.
    pub(super) fn asked_scopes(&self) -> impl Iterator<Item = Scope> {
        self.scopes.iter().cloned().map(Scope::new)
    }

    /// Whether it is asked to keep the sign-in for longer, which a person has to allow each time (OpenID Connect Core, 11).
    pub(super) fn needs_consent(&self) -> bool {
        self.metadata.is_openid() && self.scopes.iter().any(|scope| scope == OFFLINE)
    }
}

/// The basic scopes as far as the server knows them, and the option's. One that does not speak OpenID and names no
/// scopes would refuse those that it does not know.
pub(super) fn scopes(metadata: &Metadata, option: &str) -> Vec<String> {
    let is_known = |scope: &str| match &metadata.scopes {
        _ if scope == OPENID => metadata.is_openid(),
        Some(known) => known.iter().any(|known| known == scope),
        None => metadata.is_openid(),
    };
    let basic = BASIC_SCOPES.into_iter().filter(|scope| is_known(scope));
    basic.chain(option.split_ascii_whitespace()).map(ToOwned::to_owned).collect()
}

/// What it means for a sign-in that there are no keys.
pub(super) fn key_error(error: DiscoveryError<HttpError>) -> SignInError {
    match error {
        DiscoveryError::Request(error) => error.into(),
        _ => SignInError::Unexpected,
    }
}

/// What it means for a sign-in that a call for tokens failed.
pub(super) fn sign_in_error(fault: Fault) -> SignInError {
    match fault {
        RequestTokenError::Request(error) => error.into(),
        RequestTokenError::ServerResponse(refusal) => {
            stopped(refusal.error().as_ref(), refusal.error_description().map(String::as_str))
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => SignInError::Unexpected,
    }
}

/// That the server stopped a sign-in, for its own reason.
pub(super) fn stopped(code: &str, description: Option<&str>) -> SignInError {
    SignInError::Stopped(text::clean(description.unwrap_or(code), text::SERVER_TEXT_LIMIT))
}
