// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository that asks for a bearer token which its operator hands out to people. There is no account server: the
//! service is the repository itself, and the token that a person pastes is what flatpak sends to it.

mod proof;

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{
    Acceptance, Beginning, Claim, Endpoints, Field, Form, FormFault, Grant, Granted, Grants, Hints, OtherWay, Progress,
    Protocol, SignIn, SignInError, SignedIn, Step, StepAnswer, TokensCall, TokensError, form::pasted_token, wire::jwt,
};
use crate::{
    account,
    ask::Ask,
    binding::{Binding, OptionsError, Provider, option},
    clock,
    credential::{Credential, Token},
    http::{HttpClient, HttpError},
    i18n::gettext,
    refs::FlatpakRef,
    service::ServiceUrl,
};

/// The provider's name in options and records.
const NAME: &str = "token";

/// A repository guarded by tokens that people paste.
pub struct PastedToken;

#[async_trait]
impl Protocol for PastedToken {
    fn name(&self) -> &'static str {
        NAME
    }

    fn sign_in_method(&self) -> String {
        gettext("Access token")
    }

    fn claim(&self, claim: &Claim<'_>) -> Result<Binding, OptionsError> {
        // Other addresses get no token of anybody, or belong to another type.
        let service = ServiceUrl::parse(claim.remote_uri).map_err(|_| OptionsError::Malformed(option::TYPE))?;
        Ok(Provider::new(NAME).at(service))
    }

    fn options(&self, _binding: &Binding) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn other_way(&self) -> Option<OtherWay> {
        Some(OtherWay {
            title: gettext("Access Token"),
            subtitle: gettext("Paste a token from the people who run the repository"),
            what_to_enter: gettext("Enter the address of the repository."),
            terms: Vec::new(),
        })
    }

    async fn probe(&self, http: &HttpClient, service: &ServiceUrl) -> Result<bool, HttpError> {
        proof::is_repository(http, service).await
    }

    /// What is typed is an account server's address. Who has a token says so, and names the repository.
    fn is_discovered(&self) -> bool {
        false
    }

    async fn begin(&self, _http: &HttpClient, beginning: Beginning<'_>) -> Result<Box<dyn SignIn>, SignInError> {
        Ok(Box::new(Pasting {
            service: beginning.binding.service.clone(),
            samples: beginning.samples.to_vec(),
            form: Form::of(&[Field::Token]),
        }))
    }

    /// Asks nobody: what the token opens only shows when flatpak sends it.
    async fn tokens(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        let (token, ends) = usable(&call)?;
        let prefixes = jwt::prefixes(token.expose());
        let grant = |ask: &Ask| {
            let is_covered = prefixes.as_ref().is_none_or(|prefixes| covers(prefixes, ask));
            Some(if is_covered { Grant::Token(token.clone(), ends) } else { Grant::Denied })
        };
        Grants::of(call.asks, grant).map(Granted::from).ok_or(TokensError::Unexpected)
    }

    /// The token itself, whatever apps it is for: nothing that it says is about listings.
    async fn listing(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        let (token, ends) = usable(&call)?;
        Ok(Grants::one(Grant::Token(token.clone(), ends)).into())
    }

    fn hints(&self, credential: &Credential) -> Hints {
        let Some(token) = credential.bearer().map(Token::expose) else { return Hints::default() };
        Hints { is_handed_out: true, lifetime: jwt::lifetime(token), prefixes: jwt::prefixes(token) }
    }

    async fn check(&self, call: TokensCall<'_>) -> Result<Option<Acceptance>, HttpError> {
        let Some(token) = call.credential.and_then(Credential::bearer) else { return Ok(None) };
        proof::ask(call.http, &call.binding.service, token, call.asks).await.map(Some)
    }
}

/// The token of an account, unless it has ended by its own word, and when it ends.
fn usable<'a>(call: &TokensCall<'a>) -> Result<(&'a Token, Option<i64>), TokensError> {
    let token = call.credential.and_then(Credential::bearer).ok_or(TokensError::Rejected)?;
    let ends = jwt::expiry(token.expose(), clock::now());
    if ends.is_some_and(|ends| ends <= clock::now()) {
        return Err(TokensError::Ended);
    }
    Ok((token, ends))
}

/// The page where a person pastes the token.
struct Pasting {
    service: ServiceUrl,
    samples: Vec<Ask>,
    form: Form,
}

#[async_trait]
impl SignIn for Pasting {
    fn step(&self) -> Step<'_> {
        Step::Form { form: &self.form }
    }

    async fn answer(self: Box<Self>, http: &HttpClient, answer: StepAnswer) -> Result<Progress, SignInError> {
        let StepAnswer::Fields(fields) = answer else { return Err(SignInError::NoCredential) };
        let [pasted] = fields.as_slice() else { return Err(SignInError::NoCredential) };
        Ok(match self.take(http, pasted.expose()).await {
            Ok(signed_in) => Progress::Done(signed_in),
            Err(fault) => {
                let Self { service, samples, form } = *self;
                Progress::Next(Box::new(Self { service, samples, form: form.with_fault(fault) }))
            }
        })
    }
}

impl Pasting {
    /// Takes what was pasted, unless the repository refuses it.
    async fn take(&self, http: &HttpClient, pasted: &str) -> Result<SignedIn, FormFault> {
        let token = read(pasted)?;
        let ends = jwt::expiry(token.expose(), clock::now());
        if ends.is_some_and(|ends| ends <= clock::now()) {
            return Err(FormFault::TokenEnded);
        }
        if let Acceptance::Refused { .. } = proof::ask(http, &self.service, &token, &self.samples).await? {
            return Err(FormFault::TokenNotAccepted);
        }
        Ok(SignedIn {
            user: jwt::user(token.expose()).filter(|user| is_name(user)),
            valid_until: ends,
            endpoints: Endpoints::new(),
            credential: Credential::Pasted(token),
        })
    }
}

/// The token in what a person pasted.
fn read(pasted: &str) -> Result<Token, FormFault> {
    Token::parse(&pasted_token(pasted)).map_err(|_| FormFault::NotAToken)
}

/// Whether a claim names a person. The subject of flat-manager's tokens is a place in its own tree, such as `users/1`.
fn is_name(user: &str) -> bool {
    account::is_telling(user) && !user.contains('/')
}

/// Whether flat-manager's prefixes cover an ask.
fn covers(prefixes: &[String], ask: &Ask) -> bool {
    let id = ask.full_ref().map_or(ask.app_id(), FlatpakRef::id);
    jwt::covers(prefixes, id)
}

#[cfg(test)]
mod tests;
