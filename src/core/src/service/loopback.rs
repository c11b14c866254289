// SPDX-License-Identifier: GPL-3.0-or-later
//! This computer's own address, the only one that a development build speaks to without encryption (rule R2).

use std::net::{IpAddr, Ipv6Addr};

use url::{Host, Url};

/// Whether unencrypted connections to this host are allowed: a literal loopback address in a development build.
pub fn is_allowed_loopback(url: &Url) -> bool {
    cfg!(feature = "insecure-loopback") && is_literal_loopback(url)
}

/// Whether the host is the literal `127.0.0.1` or `[::1]`.
pub fn is_literal_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address) == IpAddr::from([127, 0, 0, 1]),
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        _ => false,
    }
}
