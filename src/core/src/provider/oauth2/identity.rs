// SPDX-License-Identifier: GPL-3.0-or-later
//! Who signed in: the server's signed word about it, or else its answer to a question (OpenID Connect Core).

use openidconnect::{
    ClaimsVerificationError, EndUserEmail, EndUserName, EndUserUsername, IssuerUrl, JsonWebKeySetUrl, LocalizedClaim,
    Nonce, OAuth2TokenResponse, TokenResponse, UserInfoUrl,
    core::{
        CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
        CoreTokenResponse, CoreUserInfoClaims,
    },
};
use url::Url;

use super::{
    exchange::Exchange,
    server::{Server, key_error},
};
use crate::{clock, http::HttpClient, provider::SignInError, text};

/// How the server may sign its word: with a key that it alone has.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 4] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EdDsa,
];
/// How far in the future the server's word may have been written, in seconds: clocks differ a little.
const LEEWAY: i64 = 5 * 60;

/// The name of the person who signed in. `None` if the server does not say. Fails if what it says is not its own word,
/// or not about this sign-in.
pub(super) async fn user(
    http: &HttpClient,
    server: &Server,
    answer: &CoreTokenResponse,
    nonce: Option<&Nonce>,
) -> Result<Option<String>, SignInError> {
    let Some(keys) = &server.metadata.keys else { return Ok(None) };
    let token = answer.id_token().ok_or(SignInError::NoCredential)?;
    let claims = match verify(http, server, keys, token, nonce).await? {
        // Its keys may have changed a moment ago.
        Err(ClaimsVerificationError::SignatureVerification(_)) => verify(http, server, keys, token, nonce).await?,
        verified => verified,
    };
    let claims = claims.map_err(|error| sign_in_error(&error))?;
    match name(claims.preferred_username(), claims.email(), claims.name()) {
        Some(name) => Ok(Some(name)),
        None => Ok(ask(http, server, answer, claims).await),
    }
}

async fn verify<'t>(
    http: &HttpClient,
    server: &Server,
    keys: &Url,
    token: &'t CoreIdToken,
    nonce: Option<&Nonce>,
) -> Result<Result<&'t CoreIdTokenClaims, ClaimsVerificationError>, SignInError> {
    let at = JsonWebKeySetUrl::from_url(keys.clone());
    let keys = CoreJsonWebKeySet::fetch_async(&at, &Exchange::with(http, keys)).await.map_err(key_error)?;
    let issuer = IssuerUrl::new(server.metadata.issuer.clone()).map_err(|_| SignInError::Unexpected)?;
    let latest = clock::now().saturating_add(LEEWAY);
    let verifier = CoreIdTokenVerifier::new_public_client(server.client_id(), issuer, keys)
        .set_allowed_algs(ALGORITHMS)
        .set_issue_time_verifier_fn(|issued| {
            if issued.timestamp() <= latest { Ok(()) } else { Err("issued in the future".to_owned()) }
        });
    Ok(match nonce {
        Some(nonce) => token.claims(&verifier, nonce),
        // A code for another device takes none.
        None => token.claims(&verifier, |_: Option<&Nonce>| Ok(())),
    })
}

fn sign_in_error(error: &ClaimsVerificationError) -> SignInError {
    match error {
        ClaimsVerificationError::Expired(_) => SignInError::ClockOff,
        ClaimsVerificationError::InvalidIssuer(_) => SignInError::WrongIssuer,
        _ => SignInError::Unexpected,
    }
}

/// Asks the server for the name of the same person. Without an answer the person has no name here, but is signed in.
async fn ask(
    http: &HttpClient,
    server: &Server,
    answer: &CoreTokenResponse,
    claims: &CoreIdTokenClaims,
) -> Option<String> {
    let at = server.metadata.userinfo.as_ref()?;
    let client = server.client().ok()?.set_user_info_url(UserInfoUrl::from_url(at.clone()));
    let request = client.user_info(answer.access_token().clone(), Some(claims.subject().clone()));
    let claims: CoreUserInfoClaims = match request.request_async(&Exchange::with(http, at)).await {
        Ok(claims) => claims,
        Err(_) => {
            tracing::debug!("the sign-in server does not say who signed in");
            return None;
        }
    };
    name(claims.preferred_username(), claims.email(), claims.name())
}

/// What a person goes by, cleaned for showing.
fn name(
    user: Option<&EndUserUsername>,
    email: Option<&EndUserEmail>,
    name: Option<&LocalizedClaim<EndUserName>>,
) -> Option<String> {
    let name = name.and_then(|names| names.get(None));
    let names = [user.map(|name| name.as_str()), email.map(|name| name.as_str()), name.map(|name| name.as_str())];
    let cleaned = names.into_iter().flatten().map(|name| text::clean(name, text::NAME_LIMIT));
    cleaned.into_iter().find(|name| !name.is_empty())
}
