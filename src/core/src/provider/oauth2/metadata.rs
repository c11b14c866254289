// SPDX-License-Identifier: GPL-3.0-or-later
//! What a sign-in server says about itself: its addresses, and what it can do (OpenID Connect Discovery, RFC 8414).

use serde::Deserialize;
use url::Url;

use crate::{
    http::{HttpClient, HttpError},
    provider::{SignInError, wire::json},
    service::{ADDRESS_LIMIT, is_allowed_loopback},
};

/// What a server says about itself, checked. Its addresses may be at other hosts than its own name: it vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    /// Its name, exactly as the account is bound to it.
    pub(super) issuer: String,
    /// Where it signs its word about people. Only an OpenID server does.
    pub(super) keys: Option<Url>,
    /// Its sign-in page.
    pub(super) authorization: Option<Url>,
    /// Where tokens are.
    pub(super) token: Url,
    /// Where codes for other devices are.
    pub(super) device: Option<Url>,
    /// Where tokens are ended.
    pub(super) revocation: Option<Url>,
    /// Who somebody is.
    pub(super) userinfo: Option<Url>,
    /// The scopes it says it knows. `None` if it does not say.
    pub(super) scopes: Option<Vec<String>>,
    /// How it lets a program prove that a code is its own. `None` if it does not say.
    pub(super) challenge_methods: Option<Vec<String>>,
    /// Whether its answers say whose they are (RFC 9207).
    pub(super) says_issuer: bool,
}

impl Metadata {
    /// Whether it says who somebody is, by OpenID Connect.
    pub(super) fn is_openid(&self) -> bool {
        self.keys.is_some()
    }
}

/// Both standards' terms, as far as Usher reads them. The library's own type wants much that RFC 8414 does without, and
/// that nothing here needs.
#[derive(Deserialize)]
pub(super) struct Said {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    jwks_uri: Option<String>,
    scopes_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    authorization_response_iss_parameter_supported: Option<bool>,
}

/// Asks the server about itself: as an OpenID server, or else as any OAuth 2 server.
pub(super) async fn discover(http: &HttpClient, issuer: &str) -> Result<Metadata, SignInError> {
    let url = Url::parse(issuer).map_err(|_| SignInError::Unexpected)?;
    let path = url.path().trim_end_matches('/');
    for (place, is_openid) in [
        (format!("{path}/.well-known/openid-configuration"), true),
        (format!("/.well-known/oauth-authorization-server{path}"), false),
    ] {
        let mut at = url.clone();
        at.set_path(&place);
        if let Some(said) = ask(http, &at).await? {
            return check(said, issuer, is_openid);
        }
    }
    Err(SignInError::Unexpected)
}

/// What the server says at one place. `None` if there is nothing of the kind.
async fn ask(http: &HttpClient, at: &Url) -> Result<Option<Said>, HttpError> {
    match http.get(at).send().await {
        Ok(answer) if answer.status >= 500 => Err(HttpError::Unexpected),
        Ok(answer) => Ok((answer.status == 200).then(|| json::read(&answer.body).ok()).flatten()),
        // A redirect, to a page that says so.
        Err(HttpError::Unexpected) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Metadata that names another server is that server's, or a lie.
pub(super) fn check(said: Said, issuer: &str, is_openid: bool) -> Result<Metadata, SignInError> {
    if said.issuer != issuer {
        return Err(SignInError::WrongIssuer);
    }
    let at = |address: Option<String>| address.map(|address| endpoint(&address)).transpose();
    let keys = at(said.jwks_uri.filter(|_| is_openid))?;
    if is_openid && keys.is_none() {
        return Err(SignInError::Unexpected);
    }
    Ok(Metadata {
        issuer: said.issuer,
        keys,
        authorization: at(said.authorization_endpoint)?,
        token: at(said.token_endpoint)?.ok_or(SignInError::Unexpected)?,
        device: at(said.device_authorization_endpoint)?,
        revocation: at(said.revocation_endpoint)?,
        userinfo: at(said.userinfo_endpoint)?,
        scopes: said.scopes_supported,
        challenge_methods: said.code_challenge_methods_supported,
        says_issuer: said.authorization_response_iss_parameter_supported.unwrap_or_default(),
    })
}

/// An address that a server named for a call: https, or this computer's in a development build (rules R2 and R4).
pub(super) fn endpoint(text: &str) -> Result<Url, SignInError> {
    let is_plain = text.len() <= ADDRESS_LIMIT && text.chars().all(|c| c.is_ascii_graphic() && !"\\#".contains(c));
    let is_sound = |url: &Url| {
        let is_secure = url.scheme() == "https" || (url.scheme() == "http" && is_allowed_loopback(url));
        is_secure && url.has_host() && url.username().is_empty() && url.password().is_none()
    };
    let url = Url::parse(text).ok().filter(|url| is_plain && is_sound(url));
    url.ok_or(SignInError::Unexpected)
}
