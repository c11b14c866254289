// SPDX-License-Identifier: GPL-3.0-or-later
//! The one HTTP client: https only (but rule R2's loopback), no redirects, bounded answers, checked addresses, and no
//! secret in any error (rules R2, R3, R10, R25). It is built at its first use: certificates and network cost nothing
//! until then.

mod address;
mod fault;

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use reqwest::{
    Client,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::Serialize;
use tokio::sync::OnceCell;

use crate::secret::Token;
use address::{CheckingResolver, check};
use fault::classify;
pub use fault::{CertificateFault, HttpError};

/// How much time and memory an answer may take.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// For a whole call.
    pub time: Duration,
    /// Decoded body, in bytes.
    pub body: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(30), body: 1 << 20 }
    }
}

/// An answer, whatever its status.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Whether the server says that it is JSON.
    pub is_json: bool,
    /// The decoded body.
    pub body: Vec<u8>,
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    limits: HttpLimits,
    // One that uses the environment's proxies, one for this computer itself.
    clients: Arc<(OnceCell<Client>, OnceCell<Client>)>,
}

impl HttpClient {
    /// A client with these limits. Nothing is loaded yet.
    pub fn new(limits: HttpLimits) -> Self {
        Self { limits, clients: Arc::default() }
    }

    /// Posts JSON with a bearer token.
    pub async fn post_json(&self, url: &url::Url, token: &Token, body: &impl Serialize) -> Result<Answer, HttpError> {
        let mut bearer =
            HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| HttpError::Unexpected)?;
        bearer.set_sensitive(true);
        self.post(url, Some(bearer), body).await
    }

    /// Posts JSON without a credential.
    pub async fn post_json_openly(&self, url: &url::Url, body: &impl Serialize) -> Result<Answer, HttpError> {
        self.post(url, None, body).await
    }

    async fn post(
        &self,
        url: &url::Url,
        authorization: Option<HeaderValue>,
        body: &impl Serialize,
    ) -> Result<Answer, HttpError> {
        let body = serde_json::to_vec(body).map_err(|_| HttpError::Unexpected)?;
        let is_local = check(url)?;
        tokio::time::timeout(self.limits.time, async {
            let client = self.client(is_local).await?;
            let mut request = client
                .post(url.clone())
                .header(CONTENT_TYPE, "application/json")
                .header(ACCEPT, "application/json")
                .body(body);
            if let Some(authorization) = authorization {
                request = request.header(AUTHORIZATION, authorization);
            }
            self.read(request.send().await.map_err(|error| classify(&error))?).await
        })
        .await
        .map_err(|_| HttpError::TimedOut)?
    }

    async fn read(&self, response: reqwest::Response) -> Result<Answer, HttpError> {
        let status = response.status();
        if status.is_redirection() {
            return Err(HttpError::Unexpected);
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json = content_type
            .and_then(|value| value.split(';').next())
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"));
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| classify(&error))?;
            if body.len() + chunk.len() > self.limits.body {
                return Err(HttpError::Unexpected);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: status.as_u16(), is_json, body })
    }

    async fn client(&self, is_local: bool) -> Result<&Client, HttpError> {
        let cell = if is_local { &self.clients.1 } else { &self.clients.0 };
        cell.get_or_try_init(|| async {
            // Reading the platform's certificates is file work of many milliseconds.
            let built = tokio::task::spawn_blocking(move || build(is_local)).await;
            built.map_err(|_| HttpError::Unexpected)?.map_err(|error| classify(&error))
        })
        .await
    }
}

fn build(is_local: bool) -> reqwest::Result<Client> {
    // Fails only if a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(Duration::from_secs(15))
        // Calls that follow one another share a connection. One that was idle for longer may be dead, from sleep or from
        // another network, and nothing tells.
        .pool_idle_timeout(Duration::from_secs(10))
        .https_only(!is_local)
        .dns_resolver(Arc::new(CheckingResolver));
    // This computer itself is only spoken to without encryption, so no certificates are read for it.
    if is_local { builder.no_proxy().tls_certs_only([]).build() } else { builder.build() }
}

#[cfg(test)]
mod tests;
