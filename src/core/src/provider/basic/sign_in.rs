// SPDX-License-Identifier: GPL-3.0-or-later
//! The form for user name and password, shown until the server accepts a login.

use async_trait::async_trait;

use crate::{
    credential::{Credential, Secret},
    http::HttpClient,
    provider::{
        Endpoints, Field, Form, Progress, SignIn, SignInError, SignedIn, Step, StepAnswer,
        wire::store_api::{Authorization, StoreApi},
    },
    service::ServiceUrl,
};

/// A sign-in at one service: the form, and what was wrong with the last login.
pub(super) struct BasicSignIn {
    service: ServiceUrl,
    form: Form,
}

impl BasicSignIn {
    /// The empty form.
    pub(super) fn at(service: ServiceUrl) -> Self {
        Self { service, form: Form::of(&[Field::User, Field::Password]) }
    }
}

#[async_trait]
impl SignIn for BasicSignIn {
    fn step(&self) -> Step<'_> {
        Step::Form { form: &self.form }
    }

    async fn answer(self: Box<Self>, http: &HttpClient, answer: StepAnswer) -> Result<Progress, SignInError> {
        let StepAnswer::Fields(fields) = answer else { return Err(SignInError::NoCredential) };
        let Ok([user, password]) = <[Secret; 2]>::try_from(fields) else { return Err(SignInError::NoCredential) };
        let login = Authorization::Basic { user: user.expose(), password: password.expose() };
        match StoreApi::new(http, &self.service).check(login).await {
            Ok(()) => Ok(Progress::Done(signed_in(user.expose(), password))),
            Err(fault) => Ok(Progress::Next(Box::new(Self { form: self.form.with_fault(fault), ..*self }))),
        }
    }
}

fn signed_in(user: &str, password: Secret) -> SignedIn {
    SignedIn {
        user: Some(user.to_owned()),
        credential: Credential::Password { user: user.to_owned(), password },
        valid_until: None,
        endpoints: Endpoints::new(),
    }
}
