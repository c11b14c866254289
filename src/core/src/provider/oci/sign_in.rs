// SPDX-License-Identifier: GPL-3.0-or-later
//! The sign-in: a form, and the token server's word that the login is right.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{
    REALM,
    challenge::Challenge,
    name::RepositoryName,
    registry::{Fault, IDENTITY_TOKEN, Issued, Login, Manifest, Registry},
    tokens::{is_good, repository},
};
use crate::{
    ask::Ask,
    credential::{Credential, Secret},
    http::HttpClient,
    provider::{Beginning, Field, Form, FormFault, Progress, SignIn, SignInError, SignedIn, Step, StepAnswer},
    service::ServiceUrl,
};

/// Most repositories to prove a login with.
const SAMPLES_LIMIT: usize = 3;

/// Finds the token server, and begins with the form.
pub(super) async fn begin(http: &HttpClient, beginning: Beginning<'_>) -> Result<Box<dyn SignIn>, SignInError> {
    let service = &beginning.binding.service;
    let samples: Vec<Ask> =
        beginning.samples.iter().filter(|ask| repository(ask).is_some()).take(SAMPLES_LIMIT).cloned().collect();
    let challenge = find(Registry { http, address: service }, samples.first()).await?;
    let host = challenge.realm.host();
    let mut form = Form::of(&[Field::User, Field::Password]);
    form.password_host = (host != service.host()).then_some(host);
    Ok(Box::new(RegistrySignIn { service: service.clone(), challenge, samples, form }))
}

async fn find(registry: Registry<'_>, sample: Option<&Ask>) -> Result<Challenge, SignInError> {
    let named = sample.and_then(|ask| Some((repository(ask)?, ask.commit.as_deref())));
    let found = match named {
        Some((name, commit)) => match registry.manifest(name, commit, None).await {
            Ok(Manifest::Challenge(challenge)) => return Ok(challenge),
            Ok(Manifest::Open | Manifest::Closed) => registry.challenge().await,
            Err(fault) => Err(fault),
        },
        None => registry.challenge().await,
    };
    found.map_err(error)?.ok_or(SignInError::NotNeeded)
}

fn error(fault: Fault) -> SignInError {
    match fault {
        Fault::NotPossible => SignInError::NotPossible,
        Fault::Http(error) => SignInError::Http(error),
        Fault::Busy(_) | Fault::Login(_) | Fault::Unexpected => SignInError::Unexpected,
    }
}

/// A form for a registry.
struct RegistrySignIn {
    service: ServiceUrl,
    challenge: Challenge,
    samples: Vec<Ask>,
    form: Form,
}

#[async_trait]
impl SignIn for RegistrySignIn {
    fn step(&self) -> Step<'_> {
        Step::Form { form: &self.form }
    }

    async fn answer(self: Box<Self>, http: &HttpClient, answer: StepAnswer) -> Result<Progress, SignInError> {
        let StepAnswer::Fields(fields) = answer else { return Err(SignInError::NoCredential) };
        let [user, password]: [Secret; 2] = fields.try_into().map_err(|_| SignInError::NoCredential)?;
        let login = Login { user: user.expose(), password: &password };
        if let Err(fault) = self.prove(Registry { http, address: &self.service }, login).await {
            let form = self.form.with_fault(fault);
            return Ok(Progress::Next(Box::new(Self { form, ..*self })));
        }
        let user = user.expose().to_owned();
        Ok(Progress::Done(SignedIn {
            // An identity token does not say whose it is.
            user: Some(user.clone()).filter(|user| user != IDENTITY_TOKEN),
            credential: Credential::Password { user, password },
            valid_until: None,
            endpoints: BTreeMap::from([(REALM.to_owned(), self.challenge.realm.as_str().to_owned())]),
        }))
    }
}

impl RegistrySignIn {
    /// Proves a login: with a repository that not everybody may read, else with the token server's own word about the
    /// login. A person without access to any of the samples may still be who they say.
    async fn prove(&self, registry: Registry<'_>, login: Login<'_>) -> Result<(), FormFault> {
        for ask in &self.samples {
            let Some(name) = repository(ask) else { continue };
            let commit = ask.commit.as_deref();
            if let Issued::Token(issued) = self.token(registry, Some(name), login).await?
                && is_good(&registry, name, commit, &issued).await.map_err(form_fault)?
                && !self.is_for_anybody(registry, name, commit).await?
            {
                return Ok(());
            }
        }
        match self.token(registry, None, login).await? {
            Issued::Token(_) => Ok(()),
            Issued::Rejected | Issued::Denied => Err(FormFault::WrongLogin),
        }
    }

    async fn token(
        &self,
        registry: Registry<'_>,
        name: Option<RepositoryName<'_>>,
        login: Login<'_>,
    ) -> Result<Issued, FormFault> {
        registry.token(&self.challenge, name, Some(login)).await.map_err(form_fault)
    }

    /// Whether the repository proves nothing.
    async fn is_for_anybody(
        &self,
        registry: Registry<'_>,
        name: RepositoryName<'_>,
        commit: Option<&str>,
    ) -> Result<bool, FormFault> {
        match registry.token(&self.challenge, Some(name), None).await.map_err(form_fault)? {
            Issued::Token(issued) => is_good(&registry, name, commit, &issued).await.map_err(form_fault),
            Issued::Rejected | Issued::Denied => Ok(false),
        }
    }
}

fn form_fault(fault: Fault) -> FormFault {
    match fault {
        Fault::Login(error) => error.into(),
        Fault::Http(error) => FormFault::Http(error),
        Fault::Busy(_) | Fault::NotPossible | Fault::Unexpected => FormFault::Unexpected,
    }
}
