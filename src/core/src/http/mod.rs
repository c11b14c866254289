// SPDX-License-Identifier: GPL-3.0-or-later
//! The one HTTP client: https only (except for rule R2's loopback), no redirects, bounded answers, checked addresses,
//! and no secret in any error (rules R2, R3, R10, R25). It takes the proxies of the environment and the desktop. It is
//! built at first use, so that certificates and network cost nothing until then.

mod address;
mod desktop;
mod fault;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod fuzzing;
mod proxy;
mod request;
mod response;
mod ways;

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use url::Url;

use address::check;
pub use desktop::{DesktopProxies, NoSettings, PortalProxies};
pub use fault::{CertificateFault, HttpError, ProxyFault};
pub use proxy::{PageProxies, ProxySource};
pub use request::{BasicError, HttpRequest};
pub use response::HttpResponse;
use ways::Ways;
pub use ways::{ProxyUse, environment_fault, page_proxies};

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
    ways: Arc<Ways>,
}

impl HttpClient {
    /// A client with these limits, and with the proxies of the environment. Loads nothing yet.
    pub fn new(limits: HttpLimits) -> Self {
        Self { limits, ways: Arc::new(Ways::new(None)) }
    }

    /// A client that follows the proxies of the desktop as well, where the environment says nothing.
    pub fn with_desktop(limits: HttpLimits, desktop: Arc<dyn DesktopProxies>) -> Self {
        Self { limits, ways: Arc::new(Ways::new(Some(desktop))) }
    }

    /// The same client with other limits, for answers that are larger than those of an API.
    pub fn with_limits(&self, limits: HttpLimits) -> Self {
        Self { limits, ways: Arc::clone(&self.ways) }
    }

    /// Whether the desktop did not say which proxy to use when it was asked.
    pub fn is_desktop_silent(&self) -> bool {
        self.ways.is_desktop_silent()
    }

    /// Whether the server at this address is reached through a proxy. May ask the desktop.
    pub async fn proxy_use(&self, url: &Url) -> ProxyUse {
        self.ways.proxy_use(url).await
    }

    /// Makes ready what a call to this address needs before it can begin: reading certificates takes milliseconds. Contacts
    /// nobody, and asks nobody about proxies.
    pub async fn prepare(&self, url: &Url) {
        if let Ok(is_local) = check(url) {
            self.ways.prepare(url, is_local).await;
        }
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
}

#[cfg(test)]
mod tests;
