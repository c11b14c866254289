// SPDX-License-Identifier: GPL-3.0-or-later
//! A provider for an invented protocol: a form to sign in, a token for each ref, and a new credential with each call.
//! An account is bound to a tenant as well as to a server. The sign-ins of the tenant `lapsing` last for a while, and are
//! renewed at another host.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Deserialize;
use usher_core::{
    binding::{Binding, OptionsError, option},
    credential::{Credential, Secret, Token},
    http::{HttpClient, HttpError},
    provider::{
        Beginning, Claim, Endpoints, Field, Form, FormFault, Grant, Granted, Grants, Progress, Protocol, Provider,
        RenewCall, Revoked, SignIn, SignInError, SignedIn, Step, StepAnswer, TokensCall, TokensError,
    },
    service::ServiceUrl,
};

const NAME: &str = "toy";
const TENANT: &str = "tenant";

pub struct Toy;

#[derive(Deserialize)]
struct SessionAnswer {
    session: Token,
}

/// What a sign-in that lapses is renewed to.
#[derive(Deserialize)]
struct Lease {
    access: Token,
    refresh: Secret,
    ends: i64,
}

impl From<Lease> for Credential {
    fn from(lease: Lease) -> Self {
        Self::OAuth2 { access: lease.access, refresh: Some(lease.refresh), ends: Some(lease.ends) }
    }
}

#[derive(Deserialize)]
struct TokensAnswer {
    session: Option<Token>,
    tokens: BTreeMap<String, Token>,
}

#[async_trait]
impl Protocol for Toy {
    fn name(&self) -> &'static str {
        NAME
    }

    fn sign_in_method(&self) -> String {
        "With a name and a password".into()
    }

    fn claim(&self, claim: &Claim<'_>) -> Result<Binding, OptionsError> {
        let tenant = claim.options.get(TENANT).ok_or(OptionsError::Missing(TENANT))?;
        let mut binding = Provider::new(NAME).at(option::service(claim.options, option::URL)?);
        binding.terms.insert(TENANT.into(), tenant.clone());
        Ok(binding)
    }

    fn options(&self, binding: &Binding) -> BTreeMap<String, String> {
        let mut options = binding.terms.clone();
        options.insert(option::URL.into(), binding.service.to_string());
        options
    }

    async fn probe(&self, http: &HttpClient, service: &ServiceUrl) -> Result<bool, HttpError> {
        let Ok(url) = service.join("toy") else { return Ok(false) };
        Ok(http.get(&url).send().await?.status == 200)
    }

    async fn begin(&self, _http: &HttpClient, beginning: Beginning<'_>) -> Result<Box<dyn SignIn>, SignInError> {
        let form = Form::of(&[Field::User, Field::Password]);
        Ok(Box::new(ToySignIn { binding: beginning.binding.clone(), form }))
    }

    async fn tokens(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        let url = call.binding.service.join("tokens").map_err(|_| TokensError::Unexpected)?;
        let session = call.credential.and_then(Credential::bearer).ok_or(TokensError::Rejected)?;
        let refs: Vec<_> = call.asks.iter().filter_map(|ask| ask.full_ref()).map(ToString::to_string).collect();
        let answer = call.http.post(&url).bearer(session).json(&refs).send().await?;
        if answer.status == 401 {
            return Err(TokensError::Rejected);
        }
        let answer: TokensAnswer = serde_json::from_slice(&answer.body).map_err(|_| TokensError::Unexpected)?;
        let grants = Grants::of(call.asks, |ask| {
            let token = ask.full_ref().and_then(|wanted| answer.tokens.get(&wanted.to_string()));
            Some(token.map_or(Grant::Denied, |token| Grant::Token(token.clone(), None)))
        });
        let grants = grants.ok_or(TokensError::Unexpected)?;
        Ok(Granted { grants, renewed: answer.session.map(Credential::Bearer) })
    }

    fn may_renew(&self, credential: &Credential) -> bool {
        matches!(credential, Credential::Bearer(_))
    }

    fn signs_in_at(&self, _binding: &Binding) -> ServiceUrl {
        ServiceUrl::parse("https://sign-in.example.org/").unwrap()
    }

    fn lapses(&self, credential: &Credential, now: i64) -> bool {
        matches!(credential, Credential::OAuth2 { ends: Some(ends), .. } if *ends <= now)
    }

    fn is_renewable(&self, credential: &Credential) -> bool {
        matches!(credential, Credential::OAuth2 { refresh: Some(_), .. })
    }

    async fn renew(&self, call: RenewCall<'_>) -> Result<Credential, TokensError> {
        let Credential::OAuth2 { refresh: Some(refresh), .. } = call.credential else { return Err(TokensError::Ended) };
        let url = call.binding.service.join("renew").map_err(|_| TokensError::Unexpected)?;
        let answer = call.http.post(&url).form([("refresh", refresh.expose())]).send().await?;
        if answer.status == 401 {
            return Err(TokensError::Rejected);
        }
        let lease: Lease = serde_json::from_slice(&answer.body).map_err(|_| TokensError::Unexpected)?;
        Ok(lease.into())
    }

    async fn revoke(&self, call: RenewCall<'_>) -> Result<Revoked, HttpError> {
        let (Ok(url), Some(session)) = (call.binding.service.join("end"), call.credential.bearer()) else {
            return Ok(Revoked::NotOffered);
        };
        call.http.post(&url).bearer(session).send().await.map(|_| Revoked::Ended)
    }
}

/// One form, with a name and a password.
struct ToySignIn {
    binding: Binding,
    form: Form,
}

#[async_trait]
impl SignIn for ToySignIn {
    fn step(&self) -> Step<'_> {
        Step::Form { form: &self.form }
    }

    async fn answer(self: Box<Self>, http: &HttpClient, answer: StepAnswer) -> Result<Progress, SignInError> {
        let StepAnswer::Fields(fields) = answer else { return Err(SignInError::NoCredential) };
        let [user, password] = fields.as_slice() else { return Err(SignInError::NoCredential) };
        let url = self.binding.service.join("session")?;
        let form = [("user", user.expose()), ("password", password.expose()), ("tenant", &self.binding.terms[TENANT])];
        let answer = http.post(&url).form(form).send().await?;
        if answer.status == 401 {
            let form = self.form.with_fault(FormFault::WrongLogin);
            return Ok(Progress::Next(Box::new(Self { form, ..*self })));
        }
        let read = |body: &[u8]| -> serde_json::Result<Credential> {
            if self.binding.terms[TENANT] == "lapsing" {
                return serde_json::from_slice::<Lease>(body).map(Credential::from);
            }
            serde_json::from_slice::<SessionAnswer>(body).map(|answer| Credential::Bearer(answer.session))
        };
        let credential = read(&answer.body).map_err(|_| SignInError::NoCredential)?;
        Ok(Progress::Done(SignedIn {
            credential,
            user: Some(user.expose().to_owned()),
            valid_until: None,
            endpoints: Endpoints::new(),
        }))
    }
}
