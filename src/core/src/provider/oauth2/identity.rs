// SPDX-License-Identifier: GPL-3.0-or-later
//! Who signed in: the server's signed word about it, or else its answer to a question (OpenID Connect Core).

use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, EndUserEmail, EndUserName, EndUserUsername, IssuerUrl,
    JsonWebKeySetUrl, LocalizedClaim, Nonce, OAuth2TokenResponse, SubjectIdentifier, TokenResponse, UserInfoUrl,
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
    let token = match (answer.id_token(), nonce) {
        (Some(token), _) => token,
        (None, Some(_)) => return Err(SignInError::NoCredential),
        // The grant for other devices does not promise one (RFC 8628).
        (None, None) => return Ok(ask(http, server, answer, None).await),
    };
    let claims = match verify(http, server, keys, answer, token, nonce).await? {
        // Its keys may have changed a moment ago.
        Err(ClaimsVerificationError::SignatureVerification(_)) => {
            verify(http, server, keys, answer, token, nonce).await?
        }
        verified => verified,
    };
    let claims = claims.map_err(|error| sign_in_error(&error))?;
    match name(claims.preferred_username(), claims.email(), claims.name()) {
        Some(name) => Ok(Some(name)),
        None => Ok(ask(http, server, answer, Some(claims.subject().clone())).await),
    }
}

async fn verify<'t>(
    http: &HttpClient,
    server: &Server,
    keys: &Url,
    answer: &'t CoreTokenResponse,
    token: &'t CoreIdToken,
    nonce: Option<&Nonce>,
) -> Result<Result<&'t CoreIdTokenClaims, ClaimsVerificationError>, SignInError> {
    let at = JsonWebKeySetUrl::from_url(keys.clone());
    let keys = CoreJsonWebKeySet::fetch_async(&at, &Exchange::with(http, keys)).await.map_err(key_error)?;
    claims_of(server, keys, answer.access_token(), token, nonce)
}

/// What a token says, if these keys are the server's and it was signed for this very sign-in.
pub(super) fn claims_of<'t>(
    server: &Server,
    keys: CoreJsonWebKeySet,
    access: &AccessToken,
    token: &'t CoreIdToken,
    nonce: Option<&Nonce>,
) -> Result<Result<&'t CoreIdTokenClaims, ClaimsVerificationError>, SignInError> {
    let issuer = IssuerUrl::new(server.metadata.issuer.clone()).map_err(|_| SignInError::Unexpected)?;
    let latest = clock::now().saturating_add(LEEWAY);
    let verifier = CoreIdTokenVerifier::new_public_client(server.client_id(), issuer, keys)
        .set_allowed_algs(ALGORITHMS)
        .set_issue_time_verifier_fn(|issued| {
            if issued.timestamp() <= latest { Ok(()) } else { Err("issued in the future".to_owned()) }
        });
    let claims = match nonce {
        Some(nonce) => token.claims(&verifier, nonce),
        // A code for another device takes none.
        None => token.claims(&verifier, |_: Option<&Nonce>| Ok(())),
    };
    Ok(claims.and_then(|claims| belongs_with(access, token, claims, &verifier).map(|()| claims)))
}

/// Whether the server's word goes with this access token, where it says so (OpenID Connect Core, 3.1.3.8).
fn belongs_with(
    access: &AccessToken,
    token: &CoreIdToken,
    claims: &CoreIdTokenClaims,
    verifier: &CoreIdTokenVerifier<'_>,
) -> Result<(), ClaimsVerificationError> {
    let Some(hash) = claims.access_token_hash() else { return Ok(()) };
    let signature = ClaimsVerificationError::SignatureVerification;
    let algorithm = token.signing_alg().map_err(signature)?;
    let key = token.signing_key(verifier).map_err(signature)?;
    match AccessTokenHash::from_token(access, algorithm, key) {
        Ok(expected) if expected == *hash => Ok(()),
        _ => Err(ClaimsVerificationError::Other("another access token".to_owned())),
    }
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
    subject: Option<SubjectIdentifier>,
) -> Option<String> {
    let at = server.metadata.userinfo.as_ref()?;
    let client = server.client().ok()?.set_user_info_url(UserInfoUrl::from_url(at.clone()));
    let request = client.user_info(answer.access_token().clone(), subject);
    let asked = request.request_async(&Exchange::with(http, at)).await;
    let claims: CoreUserInfoClaims =
        asked.inspect_err(|_| tracing::debug!("the sign-in server does not say who signed in")).ok()?;
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
