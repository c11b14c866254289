// SPDX-License-Identifier: GPL-3.0-or-later
//! How web pages follow the environment, in the words of GIO's resolver, which knows fewer. Pure.

use std::ffi::OsString;

use zeroize::Zeroizing;

use super::{Proxy, Scheme, environment, parse};

/// Leads nowhere: no such host can be (RFC 2606).
const NOWHERE: &str = "http://proxy.invalid:1";

/// How web pages reach https servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageProxies {
    /// As the desktop's settings say.
    Desktop,
    /// Without a proxy.
    Direct,
    /// Through a proxy.
    Through {
        /// Its address, which may have a password.
        proxy: Zeroizing<String>,
        /// Names, addresses and networks that need none.
        except: Vec<String>,
    },
}

/// What these variables say about pages. A proxy that is not understood leads nowhere.
pub(in super::super) fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> PageProxies {
    let Some((_, text)) = environment::first(&environment::PROXY_VARIABLES, &variable) else {
        return PageProxies::Desktop;
    };
    let list = environment::first(&environment::EXCEPTION_VARIABLES, &variable).map(|(_, list)| list);
    let list = list.map(|list| list.to_string_lossy().into_owned()).unwrap_or_default();
    let except: Vec<_> = super::exceptions::entries(&list).map(str::to_owned).collect();
    if except.iter().any(|entry| entry == "*") {
        return PageProxies::Direct;
    }
    let proxies = text.to_str().and_then(|text| parse(text).ok()).unwrap_or_default();
    let proxy = match proxies.as_slice() {
        [] => Zeroizing::new(NOWHERE.to_owned()),
        [one] => one.to_secret_url_named(one.scheme.name_in_gio()),
        // Without a version, GIO tries them all as well.
        [first, ..] => first.to_secret_url_named("socks"),
    };
    PageProxies::Through { proxy, except }
}

impl Scheme {
    /// To GIO, the proxy looks names up whenever it can.
    fn name_in_gio(self) -> &'static str {
        if self == Self::Socks5h { "socks5" } else { self.name() }
    }
}

impl Proxy {
    fn to_secret_url_named(&self, scheme: &str) -> Zeroizing<String> {
        let url = self.to_secret_url();
        let rest = url.strip_prefix(self.scheme.name()).unwrap_or(&url);
        Zeroizing::new(format!("{scheme}{rest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(proxy: &str, list: &str) -> PageProxies {
        from_environment(|name| match name {
            "https_proxy" => Some(proxy.into()),
            "no_proxy" => Some(list.into()),
            _ => None,
        })
    }

    #[test]
    fn h40_pages_follow_the_environment_too() {
        for (text, wanted) in [
            ("proxy.example:3128/", "http://proxy.example:3128"),
            ("http://porter:a%3ab@proxy.example:1", "http://porter:a%3Ab@proxy.example:1"),
            ("https://proxy.example", "https://proxy.example:443"),
            ("socks4://proxy.example", "socks4://proxy.example:1080"),
            ("socks4a://proxy.example", "socks4a://proxy.example:1080"),
            ("socks5h://proxy.example:9050/", "socks5://proxy.example:9050"),
            ("socks5://proxy.example:9050", "socks5://proxy.example:9050"),
            ("socks://proxy.example:9050/", "socks://proxy.example:9050"),
            ("quic://proxy.example:1", NOWHERE),
            ("direct://", NOWHERE),
        ] {
            let except = vec!["localhost".to_owned(), "10.0.0.0/8".to_owned()];
            let wanted = PageProxies::Through { proxy: Zeroizing::new(wanted.to_owned()), except };
            assert_eq!(said(text, "localhost, 10.0.0.0/8"), wanted, "{text}");
        }
        assert_eq!(said("", ""), PageProxies::Desktop);
        assert_eq!(said("", "*"), PageProxies::Desktop);
        assert_eq!(said("proxy.example:1", "a,*"), PageProxies::Direct);
    }
}
