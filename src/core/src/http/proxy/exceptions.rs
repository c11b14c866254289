// SPDX-License-Identifier: GPL-3.0-or-later
//! The hosts that a list like `no_proxy` takes out. Pure.

use std::net::IpAddr;

use url::Host;

/// The entries of a list.
pub(super) fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ' ', '\t']).filter(|entry| !entry.is_empty())
}

/// Whether a list names this host and port. Entries are names (with all names below them), addresses, networks like
/// `10.0.0.0/8`, or `*` for everything; commas or blanks separate them. A port after a name narrows it.
pub(super) fn names(list: &str, host: &Host<&str>, port: u16) -> bool {
    let address = address_of(host);
    entries(list).any(|entry| {
        let (entry, only) = split_port(entry);
        only.is_none_or(|only| only == port)
            && match address {
                Some(address) => entry == "*" || is_within(entry, address),
                None => entry == "*" || is_below(entry, &host.to_string()),
            }
    })
}

fn address_of(host: &Host<&str>) -> Option<IpAddr> {
    match *host {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(IpAddr::from(address).to_canonical()),
        Host::Domain(_) => None,
    }
}

/// Takes a port off. An IPv6 address without brackets has none.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let is_bare_address = entry.matches(':').count() > 1 && !entry.starts_with('[');
    match entry.rsplit_once(':') {
        Some((host, port)) if !is_bare_address => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn is_within(entry: &str, address: IpAddr) -> bool {
    let (network, length) = entry.split_once('/').map_or((entry, None), |(network, length)| (network, Some(length)));
    let Ok(network) = network.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() else { return false };
    let network = network.to_canonical();
    let bits = |address| match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let ((network_bits, width), (address_bits, _)) = (bits(network), bits(address));
    let Ok(length) = length.map_or(Ok(width), str::parse::<u32>) else { return false };
    let differing = (network_bits ^ address_bits).leading_zeros();
    network.is_ipv4() == address.is_ipv4() && length <= width && differing >= length
}

fn is_below(entry: &str, host: &str) -> bool {
    let entry = entry.strip_prefix('*').unwrap_or(entry).trim_start_matches('.').trim_end_matches('.');
    let Ok(Host::Domain(name)) = Host::parse(entry) else { return false };
    let host = host.trim_end_matches('.');
    host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn is_named(list: &str, url: &str) -> bool {
        let url = Url::parse(url).unwrap();
        names(list, &url.host().unwrap(), url.port_or_known_default().unwrap())
    }

    #[test]
    fn h40_a_list_takes_out_the_hosts_that_it_names() {
        for (list, url) in [
            ("*", "https://store.example.org/"),
            ("*", "https://10.1.2.3/"),
            ("store.example.org", "https://store.example.org/"),
            ("Store.Example.ORG.", "https://store.example.org/"),
            ("store.example.org", "https://store.example.org./"),
            ("example.org", "https://store.example.org/"),
            (".example.org", "https://store.example.org/"),
            (".example.org", "https://example.org/"),
            ("*.example.org", "https://store.example.org/"),
            ("a,b , example.org", "https://store.example.org/"),
            ("a b\texample.org", "https://store.example.org/"),
            ("example.org:8443", "https://store.example.org:8443/"),
            ("bücher.example", "https://xn--bcher-kva.example/"),
            ("10.1.2.3", "https://10.1.2.3/"),
            ("10.0.0.0/8", "https://10.1.2.3/"),
            ("0.0.0.0/0", "https://10.1.2.3/"),
            ("10.1.2.3:443", "https://10.1.2.3/"),
            ("fd00::1", "https://[fd00::1]/"),
            ("[fd00::1]", "https://[fd00::1]/"),
            ("[fd00::1]:8443", "https://[fd00::1]:8443/"),
            ("fd00::/8", "https://[fd00::1]/"),
            ("10.0.0.0/8", "https://[::ffff:10.1.2.3]/"),
        ] {
            assert!(is_named(list, url), "{list} {url}");
        }
        for (list, url) in [
            ("", "https://store.example.org/"),
            (",, ,", "https://store.example.org/"),
            ("ample.org", "https://store.example.org/"),
            ("store.example.org", "https://example.org/"),
            ("store.example.org.evil", "https://store.example.org/"),
            ("st*.example.org", "https://store.example.org/"),
            ("example.org:8443", "https://store.example.org/"),
            ("example.org:x", "https://store.example.org/"),
            ("https://store.example.org", "https://store.example.org/"),
            ("10.0.0.0/33", "https://10.1.2.3/"),
            ("10.0.0.0/x", "https://10.1.2.3/"),
            ("11.0.0.0/8", "https://10.1.2.3/"),
            ("2.3", "https://10.1.2.3/"),
            ("::/0", "https://10.1.2.3/"),
            ("0.0.0.0/0", "https://[fd00::1]/"),
            ("10.0.0.0/8", "https://store.example.org/"),
        ] {
            assert!(!is_named(list, url), "{list} {url}");
        }
    }
}
