// SPDX-License-Identifier: GPL-3.0-or-later
//! One request: built step by step, sent once.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::Serialize;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::{HttpClient, HttpError, HttpResponse, ProxyFault, address::check, ways::Way};
use crate::{credential::Token, patience::within};

/// Which part of a login HTTP Basic cannot send (RFC 7617).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BasicError {
    /// The user name has a colon or a control character.
    #[error("the user name has a colon or a control character")]
    UserName,
    /// The password has a control character.
    #[error("the password has a control character")]
    Password,
}

struct Body {
    content_type: &'static str,
    bytes: Vec<u8>,
}

/// A request not sent yet. It prints nothing: address, authorization and body may be secret.
#[must_use = "a request does nothing until it is sent"]
pub struct HttpRequest<'a> {
    client: &'a HttpClient,
    method: Method,
    url: &'a Url,
    accept: &'static str,
    authorization: Option<HeaderValue>,
    body: Result<Option<Body>, HttpError>,
}

impl<'a> HttpRequest<'a> {
    pub(super) fn new(client: &'a HttpClient, method: Method, url: &'a Url) -> Self {
        Self { client, method, url, accept: "application/json", authorization: None, body: Ok(None) }
    }

    /// Asks for these content types in place of JSON.
    pub fn accept(mut self, content_types: &'static str) -> Self {
        self.accept = content_types;
        self
    }

    /// Sends this token as the credential.
    pub fn bearer(mut self, token: &Token) -> Self {
        let value = Zeroizing::new(format!("Bearer {}", token.expose()));
        self.authorization = Some(secret_value(&value));
        self
    }

    /// Sends this login as the credential. Fails if the server would read another login than the person wrote.
    pub fn basic(mut self, user: &str, password: &str) -> Result<Self, BasicError> {
        if user.contains(|c: char| c == ':' || c.is_control()) {
            return Err(BasicError::UserName);
        }
        if password.contains(char::is_control) {
            return Err(BasicError::Password);
        }
        let login = Zeroizing::new(format!("{user}:{password}"));
        let value = Zeroizing::new(format!("Basic {}", Zeroizing::new(STANDARD.encode(login.as_bytes())).as_str()));
        self.authorization = Some(secret_value(&value));
        Ok(self)
    }

    /// Sends this as JSON.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        let bytes = serde_json::to_vec(body).map_err(|_| HttpError::Unexpected);
        self.body = bytes.map(|bytes| Some(Body { content_type: "application/json", bytes }));
        self
    }

    /// Sends these fields as a form.
    pub fn form<'f>(self, fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        self.encoded_form(form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes())
    }

    /// Sends a form that is encoded already.
    pub fn encoded_form(mut self, bytes: Vec<u8>) -> Self {
        self.body = Ok(Some(Body { content_type: "application/x-www-form-urlencoded", bytes }));
        self
    }

    /// Sends this credential, which a library has written.
    pub fn authorization(mut self, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.authorization = Some(value);
        self
    }

    /// Sends the request, and reads the whole answer within the client's limits. A redirect counts as an unexpected
    /// answer (rule R3).
    pub async fn send(self) -> Result<HttpResponse, HttpError> {
        let limits = self.client.limits;
        within(limits.time, async { HttpResponse::read(self.open().await?, limits.body).await })
            .await
            .map_err(|_| HttpError::TimedOut)?
    }

    /// Sends the request as a browser asks for a page, and reads status and headers of the answer, whatever they are.
    /// Follows no redirect either.
    pub async fn page_head(mut self) -> Result<HttpResponse, HttpError> {
        let limit = self.client.limits.time;
        self.accept = "text/html, */*;q=0.8";
        within(limit, async { Ok(HttpResponse::head(&self.open().await?)) }).await.map_err(|_| HttpError::TimedOut)?
    }

    /// Tries one way to the server after the other, until one leads there.
    async fn open(self) -> Result<reqwest::Response, HttpError> {
        let body = self.body?;
        let is_local = check(self.url)?;
        let ways = if is_local { vec![Way::Local] } else { self.client.ways.to(self.url).await? };
        let mut fault = HttpError::Unreachable;
        for way in ways {
            let client = self.client.ways.client(&way).await?;
            let mut request = client.request(self.method.clone(), self.url.clone()).header(ACCEPT, self.accept);
            if let Some(authorization) = &self.authorization {
                request = request.header(AUTHORIZATION, authorization);
            }
            if let Some(body) = &body {
                request = request.header(CONTENT_TYPE, body.content_type).body(body.bytes.clone());
            }
            let error = match request.send().await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            fault = way.fault(&error);
            // What may have been sent already is not sent again.
            if fault != HttpError::Proxy(ProxyFault::Unreachable) {
                break;
            }
        }
        Err(fault)
    }
}

/// A header value that the libraries below neither print nor compress.
fn secret_value(value: &str) -> HeaderValue {
    let mut value = HeaderValue::try_from(value).expect("the characters were checked");
    value.set_sensitive(true);
    value
}
