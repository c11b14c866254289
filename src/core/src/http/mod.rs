// SPDX-License-Identifier: GPL-3.0-or-later
//! The one HTTP client: https only (except for rule R2's loopback), no redirects, bounded answers, checked addresses,
//! and no secret in any error (rules R2, R3, R10, R25). It is built at first use, so that certificates and network cost
//! nothing until then.

mod address;
mod fault;
mod request;
mod response;

use std::{sync::Arc, time::Duration};

use reqwest::{Client, Method};
use tokio::sync::OnceCell;
use url::Url;

use address::CheckingResolver;
use fault::classify;
pub use fault::{CertificateFault, HttpError};
pub use request::{BasicError, HttpRequest};
pub use response::HttpResponse;

/// How much time and memory an answer may take.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// Time for a whole call.
    pub time: Duration,
    /// Size of a decoded body, in bytes.
    pub body: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(30), body: 1 << 20 }
    }
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    limits: HttpLimits,
    // One that uses the environment's proxies, and one for this computer itself.
    clients: Arc<(OnceCell<Client>, OnceCell<Client>)>,
}

impl HttpClient {
    /// A client with these limits. Loads nothing yet.
    pub fn new(limits: HttpLimits) -> Self {
        Self { limits, clients: Arc::default() }
    }

    /// A request to read an address.
    pub fn get<'a>(&'a self, url: &'a Url) -> HttpRequest<'a> {
        HttpRequest::new(self, Method::GET, url)
    }

    /// A request for status and headers only.
    pub fn head<'a>(&'a self, url: &'a Url) -> HttpRequest<'a> {
        HttpRequest::new(self, Method::HEAD, url)
    }

    /// A request that sends data.
    pub fn post<'a>(&'a self, url: &'a Url) -> HttpRequest<'a> {
        HttpRequest::new(self, Method::POST, url)
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
    // Fails only if a provider is installed already, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(Duration::from_secs(15))
        // Successive calls share a connection. One idle for longer may be dead after sleep or a change of network,
        // without notice.
        .pool_idle_timeout(Duration::from_secs(10))
        .https_only(!is_local)
        .dns_resolver(Arc::new(CheckingResolver));
    // Connections to this computer are never encrypted, so they need no certificates.
    if is_local { builder.no_proxy().tls_certs_only([]).build() } else { builder.build() }
}

#[cfg(test)]
mod tests;
