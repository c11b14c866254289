// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing in on another device: a code to type there, and a question every few seconds whether it was (RFC 8628).

use std::time::Duration;

use async_trait::async_trait;
use openidconnect::{
    DeviceAuthorizationUrl, DeviceCodeErrorResponse, DeviceCodeErrorResponseType, RequestTokenError,
    core::{CoreDeviceAuthorizationResponse, CoreErrorResponseType},
};
use url::Url;

use super::{
    RESOURCE,
    exchange::Exchange,
    finish::finish,
    metadata::endpoint,
    server::{Server, sign_in_error, stopped},
};
use crate::{
    clock,
    http::{HttpClient, HttpError},
    provider::{Progress, SignIn, SignInError, Step, StepAnswer},
    redirect::WAIT,
    text,
};

/// Longest code to type, in characters.
const CODE_LIMIT: usize = 32;
/// Shortest time between two questions, whatever the server says.
const INTERVAL: Duration = Duration::from_secs(1);
/// Longest time between two questions while the server cannot be reached.
const BACKOFF: Duration = Duration::from_secs(30);

/// A code, until somebody has typed it on the server's page.
pub(super) struct DeviceSignIn {
    server: Server,
    answer: CoreDeviceAuthorizationResponse,
    page: Url,
    filled_in: Option<Url>,
    ends: i64,
}

impl DeviceSignIn {
    /// Gets a code.
    pub(super) async fn begin(http: &HttpClient, server: Server) -> Result<Self, SignInError> {
        let at = server.metadata.device.as_ref().ok_or(SignInError::NotThisWay)?;
        let asked = clock::now();
        let client = server.client()?.set_device_authorization_url(DeviceAuthorizationUrl::from_url(at.clone()));
        let request = client
            .exchange_device_code()
            .add_scopes(server.asked_scopes())
            .add_extra_param(RESOURCE, server.resource.clone());
        let answer = request.request_async(&Exchange::with(http, at)).await.map_err(sign_in_error)?;
        Self::read(server, answer, asked)
    }

    /// Checks what a person gets to see and where it leads.
    pub(super) fn read(
        server: Server,
        answer: CoreDeviceAuthorizationResponse,
        asked: i64,
    ) -> Result<Self, SignInError> {
        let code = answer.user_code().secret();
        let is_shown_as_is = !code.is_empty() && *code == text::clean(code, CODE_LIMIT);
        if !is_shown_as_is || answer.interval() > WAIT {
            return Err(SignInError::Unexpected);
        }
        let page = endpoint(answer.verification_uri())?;
        let filled_in = answer.verification_uri_complete().and_then(|filled_in| endpoint(filled_in.secret()).ok());
        let filled_in = filled_in.filter(|filled_in| filled_in.origin() == page.origin());
        let ends = asked.saturating_add_unsigned(answer.expires_in().min(WAIT).as_secs());
        Ok(Self { server, answer, page, filled_in, ends })
    }

    /// Asks again and again until the person is through, with `sleep` between two questions.
    pub(super) async fn poll<S: Future<Output = ()> + Send>(
        self,
        http: &HttpClient,
        sleep: impl Fn(Duration) -> S + Send + Sync,
    ) -> Result<Progress, SignInError> {
        let left = u64::try_from(self.ends.saturating_sub(clock::now())).map_err(|_| SignInError::CodeEnded)?;
        let client = self.server.client()?;
        let request = client
            .exchange_device_access_token(&self.answer)
            .add_extra_param(RESOURCE, self.server.resource.clone())
            .set_max_backoff_interval(BACKOFF);
        // Nobody types that fast.
        sleep(self.answer.interval().max(INTERVAL)).await;
        let exchange = Exchange::with(http, &self.server.metadata.token);
        let asking =
            request.request_async(&exchange, |time| sleep(time.max(INTERVAL)), Some(Duration::from_secs(left)));
        let answer = asking.await.map_err(poll_error)?;
        finish(http, &self.server, &answer, None, clock::now()).await.map(Progress::Done)
    }
}

#[async_trait]
impl SignIn for DeviceSignIn {
    fn step(&self) -> Step<'_> {
        Step::Code {
            page: &self.page,
            filled_in: self.filled_in.as_ref(),
            code: self.answer.user_code().secret(),
            ends: self.ends,
        }
    }

    async fn answer(self: Box<Self>, http: &HttpClient, answer: StepAnswer) -> Result<Progress, SignInError> {
        match answer {
            StepAnswer::Poll => self.poll(http, tokio::time::sleep).await,
            StepAnswer::Redirect(_) | StepAnswer::Fields(_) => Err(SignInError::NoCredential),
        }
    }
}

fn poll_error(fault: RequestTokenError<HttpError, DeviceCodeErrorResponse>) -> SignInError {
    match fault {
        RequestTokenError::Request(error) => error.into(),
        RequestTokenError::ServerResponse(refusal) => match refusal.error() {
            DeviceCodeErrorResponseType::AccessDenied => SignInError::Declined,
            // The second is what servers say of a code that they have forgotten.
            DeviceCodeErrorResponseType::ExpiredToken
            | DeviceCodeErrorResponseType::Basic(CoreErrorResponseType::InvalidGrant) => SignInError::CodeEnded,
            code => stopped(code.as_ref(), refusal.error_description().map(String::as_str)),
        },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => SignInError::Unexpected,
    }
}
