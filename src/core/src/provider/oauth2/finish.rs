// SPDX-License-Identifier: GPL-3.0-or-later
//! From tokens to a finished sign-in: what an account keeps of them.

use openidconnect::{
    Nonce, OAuth2TokenResponse,
    core::{CoreTokenResponse, CoreTokenType},
};
use url::Url;

use super::{REVOCATION, TOKEN, USERINFO, identity, metadata::Metadata, server::Server};
use crate::{
    credential::{Credential, Secret, Token},
    http::HttpClient,
    provider::{Endpoints, SignInError, SignedIn, wire::jwt},
};

/// Longest life of an access token that is believed, in seconds.
const LONGEST: u64 = 10 * 366 * 24 * 60 * 60;

/// What a finished sign-in gives. `asked`: when the tokens were asked for, in seconds since 1970.
pub(super) async fn finish(
    http: &HttpClient,
    server: &Server,
    answer: &CoreTokenResponse,
    nonce: Option<&Nonce>,
    asked: i64,
) -> Result<SignedIn, SignInError> {
    let credential = credential(answer, None, asked).ok_or(SignInError::NoCredential)?;
    let user = identity::user(http, server, answer, nonce).await?;
    Ok(SignedIn { valid_until: end(&credential, asked), credential, user, endpoints: endpoints(&server.metadata) })
}

/// The tokens of an answer, as an account keeps them: with the refresh token that it had, if none comes. `None` if Usher
/// cannot use them.
pub(super) fn credential(
    answer: &impl OAuth2TokenResponse<TokenType = CoreTokenType>,
    kept: Option<&Secret>,
    asked: i64,
) -> Option<Credential> {
    if *answer.token_type() != CoreTokenType::Bearer {
        return None;
    }
    let access = Token::parse(answer.access_token().secret()).ok()?;
    let fresh = answer.refresh_token().map(|token| token.secret().clone()).filter(|token| !token.is_empty());
    let fresh = fresh.map(Secret::try_from).transpose().ok()?;
    // Some servers write 0 where they do not know.
    let life = answer.expires_in().map(|life| life.as_secs().min(LONGEST)).filter(|life| *life > 0);
    let ends = life.and_then(|life| asked.checked_add_unsigned(life));
    Some(Credential::OAuth2 { access, refresh: fresh.or_else(|| kept.cloned()), ends })
}

/// When the sign-in ends: with its access token, if nothing can get another.
fn end(credential: &Credential, asked: i64) -> Option<i64> {
    match credential {
        Credential::OAuth2 { access, refresh: None, ends } => ends.or_else(|| jwt::expiry(access.expose(), asked)),
        _ => None,
    }
}

/// The addresses that may get the tokens later (rule R1).
fn endpoints(metadata: &Metadata) -> Endpoints {
    let found = |name: &str, url: Option<&Url>| url.map(|url| (name.to_owned(), url.to_string()));
    let token = found(TOKEN, Some(&metadata.token));
    let others = [found(REVOCATION, metadata.revocation.as_ref()), found(USERINFO, metadata.userinfo.as_ref())];
    token.into_iter().chain(others.into_iter().flatten()).collect()
}
