// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing in on the server's page: an authorization code comes back, with proof that it is ours (RFC 7636), and is
//! exchanged for tokens.

use std::borrow::Cow;

use async_trait::async_trait;
use openidconnect::{
    AuthUrl, AuthenticationFlow, AuthorizationCode, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    core::{CoreAuthPrompt, CoreResponseType},
};
use url::Url;

use super::{
    RESOURCE,
    exchange::Exchange,
    finish::finish,
    metadata::Metadata,
    server::{Server, sign_in_error},
};
use crate::{
    clock,
    http::HttpClient,
    provider::{Progress, SignIn, SignInError, Step, StepAnswer},
    redirect::{Parameters, Redirect},
};

/// What a redirect with tokens of its own carries. Usher asks for none, so somebody else put them there.
const TOKENS: [&str; 3] = ["access_token", "id_token", "token"];

/// The server's page, until it redirects with a code.
pub(super) struct CodeSignIn {
    server: Server,
    start: Url,
    redirect: Redirect,
    verifier: PkceCodeVerifier,
    nonce: Nonce,
}

impl CodeSignIn {
    /// Makes the address of the page.
    pub(super) fn begin(server: Server, redirect: Redirect) -> Result<Self, SignInError> {
        let metadata = &server.metadata;
        let page = metadata.authorization.clone().ok_or(SignInError::NotThisWay)?;
        if metadata.challenge_methods.as_ref().is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err(SignInError::NotPossible);
        }
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = CsrfToken::new(redirect.state().to_owned());
        let client = server.client()?.set_auth_uri(AuthUrl::from_url(page));
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut request = client
            .authorize_url(flow, || state, Nonce::new_random)
            .add_scopes(server.asked_scopes())
            .add_extra_param(RESOURCE, server.resource.clone())
            .set_redirect_uri(Cow::Owned(redirect_url(&redirect)?))
            .set_pkce_challenge(challenge);
        if server.needs_consent() {
            request = request.add_prompt(CoreAuthPrompt::Consent);
        }
        let (start, _, nonce) = request.url();
        Ok(Self { server, start, redirect, verifier, nonce })
    }

    async fn exchange(self, http: &HttpClient, code: AuthorizationCode) -> Result<Progress, SignInError> {
        let asked = clock::now();
        let client = self.server.client()?;
        let request = client
            .exchange_code(code)
            .set_redirect_uri(Cow::Owned(redirect_url(&self.redirect)?))
            .set_pkce_verifier(self.verifier)
            .add_extra_param(RESOURCE, self.server.resource.clone());
        let answer = request.request_async(&Exchange::with(http, &self.server.metadata.token)).await;
        let answer = answer.map_err(sign_in_error)?;
        finish(http, &self.server, &answer, Some(&self.nonce), asked).await.map(Progress::Done)
    }
}

#[async_trait]
impl SignIn for CodeSignIn {
    fn step(&self) -> Step<'_> {
        Step::Web { start: &self.start, redirect: &self.redirect }
    }

    async fn answer(self: Box<Self>, http: &HttpClient, answer: StepAnswer) -> Result<Progress, SignInError> {
        let StepAnswer::Redirect(parameters) = answer else { return Err(SignInError::NoCredential) };
        let code = read(&parameters, &self.server.metadata)?;
        self.exchange(http, code).await
    }
}

fn redirect_url(redirect: &Redirect) -> Result<RedirectUrl, SignInError> {
    RedirectUrl::new(redirect.uri()).map_err(|_| SignInError::Unexpected)
}

/// The code of a redirect: from the server that was asked, and nothing else in it (rule R5).
fn read(parameters: &Parameters, metadata: &Metadata) -> Result<AuthorizationCode, SignInError> {
    match parameters.get("iss") {
        Some(issuer) if issuer != metadata.issuer => return Err(SignInError::WrongIssuer),
        None if metadata.says_issuer => return Err(SignInError::WrongIssuer),
        _ => {}
    }
    if TOKENS.into_iter().any(|name| parameters.get(name).is_some()) {
        return Err(SignInError::Unexpected);
    }
    match (parameters.get("code"), parameters.refusal()) {
        (None, Some(refusal)) => Err(refusal.into()),
        (Some(code), None) if !code.is_empty() => Ok(AuthorizationCode::new(code.to_owned())),
        _ => Err(SignInError::Unexpected),
    }
}
