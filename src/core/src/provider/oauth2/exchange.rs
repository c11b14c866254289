// SPDX-License-Identifier: GPL-3.0-or-later
//! Sends what the protocol's libraries make, through the one HTTP client: no redirects, bounded answers, checked
//! addresses (rules R2, R3, R10, R25).

use futures_util::future::BoxFuture;
use openidconnect::{
    AsyncHttpClient, HttpRequest, HttpResponse,
    http::{Method, Response, header::AUTHORIZATION},
};
use url::Url;

use crate::{
    http::{HttpClient, HttpError},
    provider::wire::json,
};

/// Sends to one address, whatever address the library has made of it.
pub(super) struct Exchange<'a> {
    http: &'a HttpClient,
    url: &'a Url,
}

impl<'a> Exchange<'a> {
    /// Sends to this address.
    pub(super) fn with(http: &'a HttpClient, url: &'a Url) -> Self {
        Self { http, url }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let mut request = match head.method {
            Method::POST => self.http.post(self.url).encoded_form(body),
            _ => self.http.get(self.url),
        };
        if let Some(authorization) = head.headers.get(AUTHORIZATION) {
            request = request.authorization(authorization.clone());
        }
        own_word(request.send().await?)
    }
}

impl<'c> AsyncHttpClient<'c> for Exchange<'_> {
    type Error = HttpError;
    type Future = BoxFuture<'c, Result<HttpResponse, HttpError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The server's own word (rule R13): a success, whose body counts if it is JSON, or a refusal in JSON. A page in its
/// place (of a bot wall, a captive portal, a proxy) says nothing, nor does a server that has trouble.
pub(super) fn own_word(answer: crate::http::HttpResponse) -> Result<HttpResponse, HttpError> {
    let is_json = answer.is_json();
    let is_sound = is_json && json::parse(&answer.body).is_ok();
    let (status, body) = match answer.status {
        200..=299 if is_sound => (200, answer.body),
        200..=299 if !is_json || answer.body.is_empty() => (200, Vec::new()),
        400 | 401 | 403 if is_sound => (answer.status, answer.body),
        _ => return Err(HttpError::Unexpected),
    };
    let mut said = Response::new(body);
    *said.status_mut() = status.try_into().map_err(|_| HttpError::Unexpected)?;
    *said.headers_mut() = answer.headers;
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h31_only_json_of_the_server_itself_counts() {
        let said = |status, content_type, body: &str| {
            let answer = crate::http::HttpResponse::of(status, content_type, body.as_bytes());
            own_word(answer).map(|said| (said.status().as_u16(), said.body().len())).ok()
        };
        for (status, content_type, body, expected) in [
            (200, "application/json", "{}", Some((200, 2))),
            (200, "application/jwk-set+json", "{}", Some((200, 2))),
            (204, "text/plain", "", Some((200, 0))),
            (200, "application/json", "", Some((200, 0))),
            (200, "text/html", "{\"access_token\":\"a\"}", Some((200, 0))),
            (200, "application/json", "<html>", None),
            (200, "application/json", "{\"a\":1,\"a\":2}", None),
            (400, "application/json", "{\"error\":\"invalid_grant\"}", Some((400, 25))),
            (400, "text/html", "{\"error\":\"invalid_grant\"}", None),
            (400, "application/json", "", None),
            (401, "text/html", "<html>", None),
            (404, "application/json", "{\"error\":\"invalid_grant\"}", None),
            (429, "application/json", "{\"error\":\"invalid_grant\"}", None),
            (500, "application/json", "{\"error\":\"invalid_grant\"}", None),
            (503, "text/html", "<html>", None),
        ] {
            assert_eq!(said(status, content_type, body), expected, "{status} {content_type} {body}");
        }
    }
}
