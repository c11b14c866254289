// SPDX-License-Identifier: GPL-3.0-or-later
//! Proxies as people, the environment and the desktop write them. Pure.
//!
//! Takes the forms that curl takes, and so flatpak's own downloads: `http`, `https`, `socks4`, `socks4a`, `socks5`,
//! `socks5h`, `socks`, a bare `host:port`, a closing slash. What is written in another form is an error and never
//! skipped: nothing goes past a proxy that somebody wanted.

mod environment;
mod exceptions;
mod pages;

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Host;
use zeroize::Zeroizing;

pub(super) use environment::{Environment, from_environment};
pub use pages::PageProxies;
pub(super) use pages::from_environment as pages_from_environment;

/// The port where none is written, as in curl.
const DEFAULT_PORT: u16 = 1080;
/// The same for a proxy that is spoken to over TLS.
const DEFAULT_TLS_PORT: u16 = 443;

/// Where a proxy was written that is not understood. Never holds its text, which may have a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxySource {
    /// In this environment variable.
    Variable(&'static str),
    /// In the settings of the desktop.
    Settings,
}

/// A proxy is written in a form that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotUnderstood;

/// How to speak to a proxy, and who looks the server's name up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// HTTP CONNECT.
    Http,
    /// HTTP CONNECT over TLS.
    Https,
    /// SOCKS 4; this computer looks the name up.
    Socks4,
    /// SOCKS 4; the proxy looks the name up.
    Socks4a,
    /// SOCKS 5; this computer looks the name up.
    Socks5,
    /// SOCKS 5; the proxy looks the name up.
    Socks5h,
}

/// A user name and a password.
#[derive(Clone, PartialEq, Eq)]
struct Login {
    user: Zeroizing<String>,
    password: Zeroizing<String>,
}

/// One proxy.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    scheme: Scheme,
    host: Host,
    port: u16,
    login: Option<Login>,
}

/// Reads a proxy. `socks` alone names no version: then several follow, to be tried in this order.
pub(super) fn parse(text: &str) -> Result<Vec<Proxy>, NotUnderstood> {
    let written = text.trim().split_once("://");
    let (scheme, rest) = written.unwrap_or(("http", text.trim()));
    let schemes: &[Scheme] = match scheme.to_ascii_lowercase().as_str() {
        "http" => &[Scheme::Http],
        "https" => &[Scheme::Https],
        "socks4" => &[Scheme::Socks4],
        "socks4a" => &[Scheme::Socks4a],
        "socks5" => &[Scheme::Socks5],
        "socks5h" => &[Scheme::Socks5h],
        "socks" => &[Scheme::Socks5h, Scheme::Socks4a, Scheme::Socks4],
        _ => return Err(NotUnderstood),
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (login, place) = match authority.rsplit_once('@') {
        Some((login, place)) => (Login::parse(login)?, place),
        None => (None, authority),
    };
    // Without a scheme, what ends in a colon may be a scheme itself.
    if written.is_none() && place.ends_with(':') {
        return Err(NotUnderstood);
    }
    let (host, port) = split_port(place)?;
    // SOCKS 4 has no password. With one, only the others are meant.
    let schemes = schemes.iter().filter(|scheme| login.is_none() || !scheme.is_version_4());
    let proxies: Vec<_> = schemes
        .map(|&scheme| Proxy {
            scheme,
            host: host.clone(),
            port: port.unwrap_or(scheme.default_port()),
            login: login.clone(),
        })
        .collect();
    match proxies.first() {
        // To curl, a path after this host is that of a socket.
        Some(first) if first.scheme.is_socks() && first.is_named("localhost") && path.len() > 1 => Err(NotUnderstood),
        Some(_) => Ok(proxies),
        None => Err(NotUnderstood),
    }
}

fn split_port(place: &str) -> Result<(Host, Option<u16>), NotUnderstood> {
    let end = if place.starts_with('[') { place.find(']').ok_or(NotUnderstood)? + 1 } else { 0 };
    let (host, port) = match place[end..].split_once(':') {
        Some((rest, port)) => (&place[..end + rest.len()], port),
        None => (place, ""),
    };
    let host = Host::parse(host).map_err(|_| NotUnderstood)?;
    if port.is_empty() {
        return Ok((host, None));
    }
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|&port| is_number && port > 0).ok_or(NotUnderstood)?;
    Ok((host, Some(port)))
}

impl Login {
    /// Reads `user:password`, percent-encoded. `None` if both are empty.
    fn parse(text: &str) -> Result<Option<Self>, NotUnderstood> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let decoded = |part: &str| {
            let text = percent_decode_str(part).decode_utf8().map_err(|_| NotUnderstood)?.into_owned();
            if text.contains(char::is_control) { Err(NotUnderstood) } else { Ok(Zeroizing::new(text)) }
        };
        let login = Self { user: decoded(user)?, password: decoded(password)? };
        // HTTP Basic would end the name there.
        if login.user.contains(':') {
            return Err(NotUnderstood);
        }
        Ok((!text.is_empty()).then_some(login))
    }
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4 => "socks4",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    fn default_port(self) -> u16 {
        if self == Self::Https { DEFAULT_TLS_PORT } else { DEFAULT_PORT }
    }

    fn is_version_4(self) -> bool {
        matches!(self, Self::Socks4 | Self::Socks4a)
    }

    fn is_socks(self) -> bool {
        !matches!(self, Self::Http | Self::Https)
    }
}

impl Proxy {
    /// The same proxy, if it can, with the server's name looked up by it: what `socks5` means to a desktop.
    pub(super) fn looking_up_there(self) -> Self {
        let scheme = if self.scheme == Scheme::Socks5 { Scheme::Socks5h } else { self.scheme };
        Self { scheme, ..self }
    }

    /// Whether this computer looks up names of servers for it.
    pub(super) fn looks_up_here(&self) -> bool {
        matches!(self.scheme, Scheme::Socks4 | Scheme::Socks5)
    }

    /// Its host, as a resolver is asked for it.
    pub(super) fn host(&self) -> String {
        self.host.to_string()
    }

    fn is_named(&self, name: &str) -> bool {
        matches!(&self.host, Host::Domain(host) if host == name)
    }

    /// Its address with the login, for the HTTP library. Written so that nothing in it can be misread: the library
    /// skips a proxy that it does not understand.
    pub(super) fn to_secret_url(&self) -> Zeroizing<String> {
        let encoded = |text: &str| Zeroizing::new(utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
        let login = self.login.as_ref().map_or_else(Zeroizing::default, |login| {
            Zeroizing::new(format!("{}:{}@", *encoded(&login.user), *encoded(&login.password)))
        });
        Zeroizing::new(format!("{}://{}{}:{}", self.scheme.name(), *login, self.host, self.port))
    }
}

/// Leaves the login out.
impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}:{}", self.scheme.name(), self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<String> {
        parse(text).map_or_else(
            |NotUnderstood| Vec::new(),
            |proxies| proxies.iter().map(|proxy| proxy.to_secret_url().to_string()).collect(),
        )
    }

    #[test]
    fn h40_every_form_that_curl_takes_is_understood() {
        for (text, proxy) in [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("http://proxy.example:3128/", "http://proxy.example:3128"),
            ("HTTP://Proxy.Example:3128/a/path?x#y", "http://proxy.example:3128"),
            ("proxy.example:3128", "http://proxy.example:3128"),
            ("proxy.example:3128/", "http://proxy.example:3128"),
            (" proxy.example:3128\n", "http://proxy.example:3128"),
            ("proxy.example", "http://proxy.example:1080"),
            ("http://proxy.example:", "http://proxy.example:1080"),
            ("https://proxy.example", "https://proxy.example:443"),
            ("10.1.2.3:80", "http://10.1.2.3:80"),
            ("[fd00::1]:80/", "http://[fd00::1]:80"),
            ("http://[::1]", "http://[::1]:1080"),
            ("socks4://proxy.example", "socks4://proxy.example:1080"),
            ("socks4a://proxy.example:1/", "socks4a://proxy.example:1"),
            ("socks5://proxy.example", "socks5://proxy.example:1080"),
            ("SOCKS5H://proxy.example:9050/", "socks5h://proxy.example:9050"),
            ("socks5h://localhost/", "socks5h://localhost:1080"),
            ("socks://user:word@proxy.example:1", "socks5h://user:word@proxy.example:1"),
            ("me:word@proxy.example:1", "http://me:word@proxy.example:1"),
            ("http://me@proxy.example:1", "http://me:@proxy.example:1"),
            ("http://@proxy.example:1", "http://proxy.example:1"),
            ("http://m%65:a%3Ab@c@proxy.example:1", "http://me:a%3Ab%40c@proxy.example:1"),
            ("http://bücher.example:1", "http://xn--bcher-kva.example:1"),
        ] {
            assert_eq!(read(text), [proxy], "{text}");
        }
        let versions = ["socks5h://proxy.example:1", "socks4a://proxy.example:1", "socks4://proxy.example:1"];
        assert_eq!(read("socks://proxy.example:1/"), versions);
    }

    #[test]
    fn h40_any_other_form_is_an_error() {
        for text in [
            "",
            "/",
            "http://",
            "http:///",
            "direct://",
            "ftp://proxy.example:1",
            "quic://proxy.example:1",
            "pac+https://proxy.example/x.pac",
            "http:/proxy.example:1",
            "http:proxy.example:1",
            "proxy.example:",
            "proxy.example:port",
            "proxy.example:+80",
            "proxy.example:0",
            "proxy.example:65536",
            "proxy.example:1:2",
            "fd00::1",
            "[fd00::1",
            "[fd00::1]x:80",
            "[fe80::1%25eth0]:80",
            "two words:80",
            "http://a b@proxy.example^:1",
            "http://user:pa/ss@proxy.example:1",
            "http://user:%0d%0ax@proxy.example:1",
            "http://us%3Aer:x@proxy.example:1",
            "http://us%ffer:x@proxy.example:1",
            "socks4://user@proxy.example:1",
            "socks5h://localhost/run/tor.socket",
        ] {
            assert_eq!(read(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn g10_a_proxy_is_printed_without_its_login() {
        let proxies = parse("http://porter:CANARY@proxy.example:1").unwrap();
        assert_eq!(format!("{proxies:?}"), "[http://proxy.example:1]");
    }

    #[test]
    fn a_desktop_lets_the_proxy_look_names_up_where_it_can() {
        let there = |text: &str| parse(text).unwrap().remove(0).looking_up_there().scheme;
        assert_eq!(there("socks5://p:1"), Scheme::Socks5h);
        assert_eq!(there("socks4://p:1"), Scheme::Socks4);
        assert_eq!(there("http://p:1"), Scheme::Http);
    }

    proptest! {
        /// Whatever is understood is written so that it means the same again, and the HTTP library takes it.
        #[test]
        fn h40_what_is_understood_is_never_skipped_later(text in "((http|socks5|socks)://)?([a-z%:é!@]{0,6}@)?[a-z0-9.\\[\\]:-]{1,12}(:[0-9]{1,5})?/?") {
            for proxy in parse(&text).unwrap_or_default() {
                let url = proxy.to_secret_url();
                prop_assert_eq!(&parse(&url).expect("it is understood again")[0], &proxy);
                prop_assert!(reqwest::Proxy::all(url.as_str()).is_ok());
                prop_assert!(url.is_ascii());
            }
        }
    }
}
