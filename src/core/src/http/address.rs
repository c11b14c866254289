// SPDX-License-Identifier: GPL-3.0-or-later
//! Which addresses may be contacted (rules R2 and R25): checked as written, and again as resolved.

use std::net::IpAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::HttpError;
use crate::service;

/// Refuses an address before anything is resolved or sent. Gives whether it is this computer's (rule R2).
pub(super) fn check(url: &url::Url) -> Result<bool, HttpError> {
    let is_local = service::is_allowed_loopback(url);
    let forbidden = match url.host() {
        Some(url::Host::Ipv4(address)) => is_forbidden(address.into()),
        Some(url::Host::Ipv6(address)) => is_forbidden(address.into()),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
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

/// Resolves like the system, but leaves out forbidden addresses: the connection goes to the very address that was
/// checked.
pub(super) struct CheckingResolver {
    /// The host of the proxy, which may be this computer. No server may.
    pub(super) proxy: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("only addresses that are never contacted")]
pub(super) struct ForbiddenAddress;

#[derive(Debug, thiserror::Error)]
#[error("no such host")]
pub(super) struct NoSuchHost;

impl Resolve for CheckingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let is_proxy = self.proxy.as_deref() == Some(name.as_str());
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| NoSuchHost)?.collect();
            if found.is_empty() {
                return Err(NoSuchHost.into());
            }
            let allowed: Vec<_> = found.into_iter().filter(|address| is_proxy || !is_forbidden(address.ip())).collect();
            if allowed.is_empty() {
                return Err(ForbiddenAddress.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(url: &str) -> Result<bool, HttpError> {
        check(&url::Url::parse(url).unwrap())
    }

    #[test]
    fn forbidden_addresses_are_never_contacted() {
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
    async fn h30_a_name_of_this_computer_finds_a_proxy_but_no_server() {
        let found = async |proxy: Option<&str>| {
            let resolver = CheckingResolver { proxy: proxy.map(str::to_owned) };
            resolver.resolve("localhost".parse().unwrap()).await.map(Iterator::count).unwrap_or_default()
        };
        assert!(found(Some("localhost")).await > 0);
        assert_eq!((found(None).await, found(Some("proxy.example")).await), (0, 0));
        for url in ["https://localhost/", "https://LocalHost:8443/", "https://store.localhost/"] {
            assert_eq!(checked(url), Err(HttpError::Forbidden), "{url}");
        }
    }
}
