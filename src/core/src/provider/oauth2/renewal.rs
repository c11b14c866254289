// SPDX-License-Identifier: GPL-3.0-or-later
//! New access tokens by a refresh token (RFC 6749, 6), and the end of a sign-in at its server (RFC 7009).

use oauth2::{
    AccessToken, AuthType, ClientId, RefreshToken, RequestTokenError, RevocationErrorResponseType, RevocationUrl,
    StandardRevocableToken, TokenUrl,
    basic::{BasicClient, BasicErrorResponseType},
};
use url::Url;

use super::{
    RESOURCE, REVOCATION, TOKEN, exchange::Exchange, finish::credential, metadata::endpoint, options::CLIENT_ID,
    server::Fault,
};
use crate::{
    clock,
    credential::Credential,
    http::HttpError,
    provider::{RenewCall, Revoked, TokensError, wire::jwt},
    text,
};

/// How long before its end an access token is renewed, in seconds: enough for a call that takes its time.
const MARGIN: i64 = 60;
/// The same for a token that does not say how long it lives. It may live so short that it would always be renewed.
const SHORT_MARGIN: i64 = 10;

/// Whether an access token has to be renewed before it is used.
pub(super) fn lapses(credential: &Credential, now: i64) -> bool {
    let Credential::OAuth2 { access, ends: Some(ends), .. } = credential else { return false };
    let margin = jwt::lifetime(access.expose()).map_or(SHORT_MARGIN, |life| MARGIN.min(life / 2));
    ends.saturating_sub(now) <= margin
}

/// Whether there is a refresh token.
pub(super) fn is_renewable(credential: &Credential) -> bool {
    matches!(credential, Credential::OAuth2 { refresh: Some(_), .. })
}

/// Gets another access token. The server may have replaced the refresh token as well, and then knows the old one no more.
pub(super) async fn renew(call: RenewCall<'_>) -> Result<Credential, TokensError> {
    let Credential::OAuth2 { refresh: Some(refresh), .. } = call.credential else { return Err(TokensError::Ended) };
    let token = stored(call, TOKEN).ok_or(TokensError::Unexpected)?;
    let asked = clock::now();
    let client = client(call).ok_or(TokensError::Unexpected)?.set_token_uri(TokenUrl::from_url(token.clone()));
    let old = RefreshToken::new(refresh.expose().to_owned());
    let request = client.exchange_refresh_token(&old).add_extra_param(RESOURCE, call.binding.service.as_str());
    let answer = request.request_async(&Exchange::with(call.http, &token)).await.map_err(tokens_error)?;
    credential(&answer, Some(refresh), asked).ok_or(TokensError::Unexpected)
}

/// Ends the refresh token at the server, and with it what came from it; or else the access token.
pub(super) async fn revoke(call: RenewCall<'_>) -> Result<Revoked, HttpError> {
    let (Some(at), Some(client), Credential::OAuth2 { access, refresh, .. }) =
        (stored(call, REVOCATION), client(call), call.credential)
    else {
        return Ok(Revoked::NotOffered);
    };
    let token: StandardRevocableToken = match refresh {
        Some(refresh) => RefreshToken::new(refresh.expose().to_owned()).into(),
        None => AccessToken::new(access.expose().to_owned()).into(),
    };
    // The library takes https alone, even where the HTTP client may speak to this computer without (rule R2). It does
    // not send anything itself.
    let mut named = at.clone();
    let _ = named.set_scheme("https");
    let client = client.set_revocation_url(RevocationUrl::from_url(named));
    let request = client.revoke_token(token).map_err(|_| HttpError::Unexpected)?;
    match request.request_async(&Exchange::with(call.http, &at)).await {
        Ok(()) => Ok(Revoked::Ended),
        Err(RequestTokenError::Request(error)) => Err(error),
        Err(RequestTokenError::ServerResponse(refusal))
            if *refusal.error() == RevocationErrorResponseType::UnsupportedTokenType =>
        {
            Ok(Revoked::NotOffered)
        }
        Err(_) => Err(HttpError::Unexpected),
    }
}

/// An address that was found at the sign-in (rule R1).
fn stored(call: RenewCall<'_>, name: &str) -> Option<Url> {
    call.endpoints.get(name).and_then(|address| endpoint(address).ok())
}

fn client(call: RenewCall<'_>) -> Option<BasicClient> {
    let client_id = call.binding.terms.get(CLIENT_ID)?;
    Some(BasicClient::new(ClientId::new(client_id.clone())).set_auth_type(AuthType::RequestBody))
}

/// Only the server's own word that the refresh token is void ends a sign-in (rule R13).
pub(super) fn tokens_error(fault: Fault) -> TokensError {
    match fault {
        RequestTokenError::Request(error) => error.into(),
        RequestTokenError::ServerResponse(refusal) if *refusal.error() == BasicErrorResponseType::InvalidGrant => {
            TokensError::Rejected
        }
        RequestTokenError::ServerResponse(refusal) => {
            let code = text::clean(refusal.error().as_ref(), text::SERVER_TEXT_LIMIT);
            tracing::warn!(code, "the sign-in server does not renew a sign-in");
            TokensError::Unexpected
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => TokensError::Unexpected,
    }
}
