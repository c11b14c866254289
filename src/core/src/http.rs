// SPDX-License-Identifier: GPL-3.0-or-later
//! The one HTTP client: https only (but rule R2's loopback), no redirects, bounded answers, checked addresses, and no
//! secret in any error (rules R2, R3, R10, R25). It is built at its first use: certificates and network cost nothing
//! until then.

use std::{error::Error as _, net::IpAddr, sync::Arc, time::Duration};

use futures_util::StreamExt;
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::Serialize;
use tokio::sync::OnceCell;

use crate::{secret::Token, service};

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

/// Why a certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It belongs to another host.
    OtherHost,
    /// Not issued by an authority that this computer trusts, or faulty otherwise.
    Untrusted,
}

/// Why a call has no answer. None of them says anything about the credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No server of that name.
    #[error("no server of this name was found")]
    NoSuchHost,
    /// No connection, or it broke.
    #[error("the server cannot be reached")]
    Unreachable,
    /// No whole answer within the time limit.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The address is one that is never contacted (rule R25).
    #[error("the address is not allowed")]
    Forbidden,
    /// The connection is not secure.
    #[error("the connection is not secure: {0:?}")]
    Certificate(CertificateFault),
    /// An answer that is no answer: a redirect, too long, or not HTTP.
    #[error("the server answered in an unexpected way")]
    Unexpected,
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

/// Refuses an address before anything is resolved or sent. Tells whether it is this computer's (rule R2).
fn check(url: &url::Url) -> Result<bool, HttpError> {
    let is_local = service::is_allowed_loopback(url);
    let forbidden = match url.host() {
        Some(url::Host::Ipv4(address)) => is_forbidden(address.into()),
        Some(url::Host::Ipv6(address)) => is_forbidden(address.into()),
        Some(url::Host::Domain(name)) => name == LOCALHOST || name.ends_with(".localhost"),
        None => true,
    };
    if !is_local && (forbidden || url.scheme() != "https") {
        return Err(HttpError::Forbidden);
    }
    Ok(is_local && url.scheme() == "http")
}

/// Loopback, link-local, unspecified and multicast addresses. Private ranges are allowed (rule R25).
fn is_forbidden(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.octets()[0] == 0,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    link_local || address.is_loopback() || address.is_unspecified() || address.is_multicast()
}

/// This computer's name for itself. No server is called so, but a proxy may be.
const LOCALHOST: &str = "localhost";

/// Resolves like the system, and leaves out addresses that are never contacted: the connection is made to the address
/// that was checked.
struct CheckingResolver;

#[derive(Debug, thiserror::Error)]
#[error("only addresses that are never contacted")]
struct ForbiddenAddress;

#[derive(Debug, thiserror::Error)]
#[error("no such host")]
struct NoSuchHost;

impl Resolve for CheckingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| NoSuchHost)?.collect();
            if found.is_empty() {
                return Err(NoSuchHost.into());
            }
            let is_proxy = name.as_str() == LOCALHOST;
            let allowed: Vec<_> = found.into_iter().filter(|address| is_proxy || !is_forbidden(address.ip())).collect();
            if allowed.is_empty() {
                return Err(ForbiddenAddress.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn classify(error: &reqwest::Error) -> HttpError {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<ForbiddenAddress>() {
            return HttpError::Forbidden;
        }
        if cause.is::<NoSuchHost>() {
            return HttpError::NoSuchHost;
        }
        if let Some(fault) = certificate_fault(cause) {
            return HttpError::Certificate(fault);
        }
        source = cause.source();
    }
    if error.is_timeout() {
        HttpError::TimedOut
    } else if error.is_decode() || error.is_redirect() {
        HttpError::Unexpected
    } else {
        HttpError::Unreachable
    }
}

fn certificate_fault(cause: &(dyn std::error::Error + 'static)) -> Option<CertificateFault> {
    use rustls::CertificateError as Fault;
    let mut cause = cause;
    // An io::Error hides what it wraps from `source()`.
    while let Some(inner) = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        cause = inner;
    }
    let rustls::Error::InvalidCertificate(fault) = cause.downcast_ref::<rustls::Error>()? else {
        return None;
    };
    Some(match fault {
        Fault::Expired | Fault::ExpiredContext { .. } => CertificateFault::Expired,
        Fault::NotValidYet | Fault::NotValidYetContext { .. } => CertificateFault::NotYetValid,
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => CertificateFault::OtherHost,
        _ => CertificateFault::Untrusted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str) -> Result<bool, HttpError> {
        check(&url::Url::parse(url).unwrap())
    }

    #[test]
    fn addresses_without_ground_are_never_contacted() {
        for url in [
            "https://127.0.0.2/",
            "https://169.254.1.1/",
            "https://0.0.0.0/",
            "https://[fe80::1]/",
            "https://[::ffff:127.0.0.9]/",
            "https://224.0.0.1/",
            "http://example.org/",
            "http://10.0.0.1/",
        ] {
            assert_eq!(checked(url), Err(HttpError::Forbidden), "{url}");
        }
        for url in ["https://10.0.0.1/", "https://192.168.1.1/", "https://example.org/", "https://[fd00::1]/"] {
            assert_eq!(checked(url), Ok(false), "{url}");
        }
    }

    #[tokio::test]
    async fn h30_a_proxy_on_this_computer_is_found_by_its_name_and_a_server_is_not() {
        let proxy = CheckingResolver.resolve("localhost".parse().unwrap()).await.expect("it is looked up");
        assert!(proxy.count() > 0);
        for url in ["https://localhost/", "https://LocalHost:8443/", "https://store.localhost/"] {
            assert_eq!(checked(url), Err(HttpError::Forbidden), "{url}");
        }
    }

    #[tokio::test]
    #[ignore = "is run by others, with a proxy"]
    async fn posting_in_vain() {
        let url = url::Url::parse("https://store.example.org/").unwrap();
        let answer =
            HttpClient::new(HttpLimits::default()).post_json(&url, &Token::parse("CANARY").unwrap(), &"x").await;
        assert!(answer.is_err());
    }

    /// The first bytes that a proxy at that address is sent.
    fn sent_to(proxy: &str) -> Vec<u8> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        for variable in ["https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
            command.env_remove(variable);
        }
        let mut child = command
            .args(["--exact", "http::tests::posting_in_vain", "--ignored"])
            .env("HTTPS_PROXY", format!("{proxy}:{}", listener.local_addr().unwrap().port()))
            .spawn()
            .unwrap();
        let (sender, sent) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = vec![0; 4096];
            let read = std::io::Read::read(&mut listener.accept().unwrap().0, &mut bytes).unwrap();
            bytes.truncate(read);
            sender.send(bytes)
        });
        let sent = sent.recv_timeout(Duration::from_secs(30)).expect("the proxy is asked");
        assert!(child.wait().unwrap().success());
        sent
    }

    #[test]
    fn h30_a_proxy_is_asked_for_the_server_and_sees_nothing_else() {
        let sent = String::from_utf8(sent_to("http://localhost")).unwrap();
        assert!(sent.starts_with("CONNECT store.example.org:443 ") && !sent.contains("CANARY"), "{sent}");
    }

    #[test]
    fn h30_a_socks_proxy_is_used() {
        assert_eq!(sent_to("socks5h://localhost")[0], 5);
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_computer_is_refused() {
        let client = HttpClient::new(HttpLimits::default());
        let url = url::Url::parse("https://localhost:9/").unwrap();
        let answer = client.post_json(&url, &Token::parse("t").unwrap(), &"x").await;
        assert_eq!(answer.err(), Some(HttpError::Forbidden));
    }
}
