// SPDX-License-Identifier: GPL-3.0-or-later
//! What the environment says about proxies, by curl's rules: lower case first, an empty variable counts as none. Pure.

use std::ffi::OsString;

use url::Url;

use super::{Proxy, ProxySource, exceptions, parse};

/// The variables with the proxy of an https server, in the order in which they count.
pub(super) const PROXY_VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
/// The variables with the hosts that need no proxy.
pub(super) const EXCEPTION_VARIABLES: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// What the environment says about one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Environment {
    /// Nothing.
    Silent,
    /// It needs no proxy.
    Direct,
    /// One of these proxies, to be tried in this order.
    Proxies(Vec<Proxy>),
    /// A proxy that is not understood.
    NotUnderstood(ProxySource),
}

/// The first of these variables that is not empty.
pub(super) fn first(
    names: &[&'static str],
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<(&'static str, OsString)> {
    names.iter().find_map(|&name| variable(name).filter(|value| !value.is_empty()).map(|value| (name, value)))
}

/// What these variables say about the server at an address.
pub(in super::super) fn from_environment(url: &Url, variable: impl Fn(&str) -> Option<OsString>) -> Environment {
    if let (Some((_, list)), Some(host)) = (first(&EXCEPTION_VARIABLES, &variable), url.host())
        && exceptions::names(&list.to_string_lossy(), &host, url.port_or_known_default().unwrap_or_default())
    {
        return Environment::Direct;
    }
    match first(&PROXY_VARIABLES, &variable) {
        None => Environment::Silent,
        Some((name, value)) => match value.to_str().map(parse) {
            Some(Ok(proxies)) => Environment::Proxies(proxies),
            Some(Err(_)) | None => Environment::NotUnderstood(ProxySource::Variable(name)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(variables: &[(&str, &str)]) -> Environment {
        let url = Url::parse("https://store.example.org/").unwrap();
        from_environment(&url, |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into()))
    }

    fn proxy(text: &str) -> Environment {
        Environment::Proxies(parse(text).unwrap())
    }

    #[test]
    fn h40_variables_count_in_curls_order() {
        assert_eq!(said(&[]), Environment::Silent);
        assert_eq!(said(&[("http_proxy", "p:1"), ("HTTP_PROXY", "p:1")]), Environment::Silent);
        assert_eq!(said(&[("ALL_PROXY", "p:4")]), proxy("p:4"));
        assert_eq!(said(&[("ALL_PROXY", "p:4"), ("all_proxy", "p:3")]), proxy("p:3"));
        assert_eq!(said(&[("all_proxy", "p:3"), ("HTTPS_PROXY", "p:2")]), proxy("p:2"));
        assert_eq!(said(&[("HTTPS_PROXY", "p:2"), ("https_proxy", "p:1")]), proxy("p:1"));
        assert_eq!(said(&[("https_proxy", ""), ("all_proxy", "p:3")]), proxy("p:3"));
        assert_eq!(said(&[("https_proxy", "")]), Environment::Silent);
    }

    #[test]
    fn h40_a_host_that_needs_no_proxy_is_reached_directly() {
        let all = ("all_proxy", "p:1");
        assert_eq!(said(&[all, ("no_proxy", "example.org")]), Environment::Direct);
        assert_eq!(said(&[all, ("NO_PROXY", "example.org")]), Environment::Direct);
        assert_eq!(said(&[all, ("no_proxy", "other.org"), ("NO_PROXY", "example.org")]), proxy("p:1"));
        assert_eq!(said(&[all, ("no_proxy", ""), ("NO_PROXY", "example.org")]), Environment::Direct);
        assert_eq!(said(&[("no_proxy", "*")]), Environment::Direct);
        assert_eq!(said(&[("https_proxy", "what://is:1"), ("no_proxy", "*")]), Environment::Direct);
    }

    #[test]
    fn h40_a_proxy_that_is_not_understood_is_named_and_nothing_takes_its_place() {
        let wrong = |name| Environment::NotUnderstood(ProxySource::Variable(name));
        assert_eq!(said(&[("https_proxy", "what://is:1"), ("all_proxy", "p:1")]), wrong("https_proxy"));
        assert_eq!(said(&[("ALL_PROXY", "p:port")]), wrong("ALL_PROXY"));
    }

    #[test]
    fn h40_a_variable_that_is_no_text_is_not_understood() {
        use std::os::unix::ffi::OsStringExt;
        let url = Url::parse("https://store.example.org/").unwrap();
        let found =
            from_environment(&url, |name| (name == "HTTPS_PROXY").then(|| OsString::from_vec(vec![b'p', 0xff])));
        assert_eq!(found, Environment::NotUnderstood(ProxySource::Variable("HTTPS_PROXY")));
    }
}
