// SPDX-License-Identifier: GPL-3.0-or-later
//! The keys of such a file, and whether one stands for a registry: by parsed parts, never by substrings (rule R4).

use url::Url;

use crate::service::ServiceUrl;

/// What a login is wanted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    registry: ServiceUrl,
    /// A key with a path stands for a part of the registry, and so must be above each of these.
    paths: Vec<Vec<String>>,
}

impl Wanted {
    /// A login for this registry that serves all of these repositories. Without any, one for the whole registry.
    pub fn new(registry: ServiceUrl, repositories: &[&str]) -> Self {
        let base = segments(registry.url());
        let below = |repository: &&str| {
            let names = repository.split('/').filter(|name| !name.is_empty()).map(ToOwned::to_owned);
            base.iter().cloned().chain(names).collect()
        };
        let paths = if repositories.is_empty() { vec![base.clone()] } else { repositories.iter().map(below).collect() };
        Self { registry, paths }
    }

    /// The registry.
    pub fn registry(&self) -> &ServiceUrl {
        &self.registry
    }
}

/// A key: a host, a host with a port, an address, or a host with a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a>(pub(super) &'a str);

impl Key<'_> {
    /// Whether nothing but the host is named. Such keys mean https, or plain http where that may be used at all.
    pub(super) fn is_bare(self) -> bool {
        !self.0.contains("://")
    }

    /// What the key stands for, where a bare one means this scheme.
    fn address(self, scheme: &str) -> Option<ServiceUrl> {
        if self.is_bare() {
            return ServiceUrl::parse(&format!("{scheme}://{}", self.0)).ok();
        }
        let address = ServiceUrl::parse(self.0).ok()?;
        // The versions of the registry's interface: Docker's older keys have one, and mean the whole registry.
        if matches!(address.url().path(), "/v1/" | "/v2/") { address.root() } else { Some(address) }
    }

    /// How well the key fits: the length of its path, in names. `None` if it stands for something else.
    pub(super) fn fit(self, wanted: &Wanted) -> Option<usize> {
        let address = self.address(wanted.registry.url().scheme())?;
        let own = segments(address.url());
        let fits =
            address.has_origin_of(wanted.registry.url()) && wanted.paths.iter().all(|path| path.starts_with(&own));
        fits.then_some(own.len())
    }

    /// The whole registry that the key stands for. `None` for a part of one.
    pub(super) fn registry(self) -> Option<ServiceUrl> {
        let address = ["http", "https"].into_iter().find_map(|scheme| self.address(scheme))?;
        segments(address.url()).is_empty().then_some(address)
    }
}

fn segments(url: &Url) -> Vec<String> {
    url.path().split('/').filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fit(key: &str, registry: &str, repositories: &[&str]) -> Option<usize> {
        Key(key).fit(&Wanted::new(ServiceUrl::parse(registry).unwrap(), repositories))
    }

    #[test]
    fn m01_a_key_stands_for_its_own_registry_alone() {
        let registry = "https://registry.example.org/";
        for same in [
            "registry.example.org",
            "registry.example.org/",
            "registry.example.org:443",
            "REGISTRY.example.org",
            "https://registry.example.org",
            "https://registry.example.org/v1/",
            "https://registry.example.org/v2",
        ] {
            assert_eq!(fit(same, registry, &[]), Some(0), "{same}");
        }
        for other in [
            "",
            "/",
            "registry",
            "example.org",
            "egistry.example.org",
            "registry.example.org.",
            "registry.example.org.evil.example",
            "registry.example.org:8443",
            "registry.example.org:",
            "registry.example.org@evil.example",
            "evil.example@registry.example.org",
            "user:password@registry.example.org",
            "https://user@registry.example.org/",
            "http://registry.example.org",
            "HTTP://registry.example.org/v1/",
            "oci+https://registry.example.org",
            "file://registry.example.org",
            "//registry.example.org",
            "evil.example/registry.example.org",
            "evil.example\\registry.example.org",
            "registry.example.org\\.evil.example",
            "registry.example.org/..",
            "registry.example.org/../evil",
            "registry.example.org/%2e%2e/",
            "registry.example.org?a=b",
            "registry.example.org#a",
            "registry.example.org evil.example",
            "registry.example.org\n",
            "%72egistry.example.org",
            "régistry.example.org",
            "*.example.org",
            "*",
        ] {
            assert_eq!(fit(other, registry, &[]), None, "{other}");
        }
    }

    #[test]
    fn a_longer_path_fits_better_and_must_cover_every_repository() {
        let registry = "https://registry.example.org/";
        for (key, repositories, found) in [
            ("registry.example.org", &["acme/pad"][..], Some(0)),
            ("registry.example.org/acme", &["acme/pad"], Some(1)),
            ("registry.example.org/acme/pad", &["acme/pad"], Some(2)),
            ("https://registry.example.org/acme", &["acme/pad"], Some(1)),
            ("registry.example.org/acme", &["acme/pad", "acme/pen"], Some(1)),
            ("registry.example.org/acme", &["acme/pad", "other/pen"], None),
            ("registry.example.org/acme", &[], None),
            ("registry.example.org/ac", &["acme/pad"], None),
            ("registry.example.org/Acme", &["acme/pad"], None),
            ("registry.example.org/acme/pad/more", &["acme/pad"], None),
            ("registry.example.org/v2", &["acme/pad"], None),
        ] {
            assert_eq!(fit(key, registry, repositories), found, "{key} {repositories:?}");
        }
        let below = "https://registry.example.org/base/";
        assert_eq!(fit("registry.example.org/base", below, &["pad"]), Some(1));
        assert_eq!(fit("registry.example.org/base", below, &[]), Some(1));
        assert_eq!(fit("registry.example.org/other", below, &[]), None);
    }

    #[test]
    #[cfg(feature = "insecure-loopback")]
    fn a_development_build_takes_a_bare_loopback_address_for_either_scheme() {
        for registry in ["http://127.0.0.1:5000/", "https://127.0.0.1:5000/", "http://[::1]:5000/"] {
            let bare = registry.split_once("://").unwrap().1.trim_end_matches('/');
            assert_eq!(fit(bare, registry, &[]), Some(0), "{registry}");
        }
        assert_eq!(fit("http://127.0.0.1:5000", "https://127.0.0.1:5000/", &[]), None);
        assert_eq!(fit("127.0.0.1", "http://127.0.0.1:5000/", &[]), None);
        assert_eq!(fit("localhost:5000", "http://127.0.0.1:5000/", &[]), None);
    }

    #[test]
    fn the_list_has_whole_registries() {
        let registry = |key| Key(key).registry().map(String::from);
        assert_eq!(registry("registry.example.org:5000").as_deref(), Some("https://registry.example.org:5000/"));
        assert_eq!(registry("https://registry.example.org/v1/").as_deref(), Some("https://registry.example.org/"));
        for none in ["registry.example.org/acme", "http://registry.example.org", "", "<token>"] {
            assert_eq!(registry(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn m01_a_key_that_fits_names_that_very_host_and_port(
            key in "(https?://|HTTPS://|oci\\+https://|//|)(registry\\.example\\.org|[a-z.@:%\\\\]{0,12})[!-~]{0,12}",
        ) {
            let wanted = "https://registry.example.org:5000/";
            if fit(&key, wanted, &["acme/pad"]).is_some() {
                let whole = if key.contains("://") { key.clone() } else { format!("https://{key}") };
                let parsed = Url::parse(&whole).unwrap();
                prop_assert_eq!(parsed.scheme(), "https");
                prop_assert_eq!(parsed.host_str(), Some("registry.example.org"));
                prop_assert_eq!(parsed.port(), Some(5000));
                prop_assert!(parsed.username().is_empty() && parsed.password().is_none() && !key.contains('@'));
            }
        }

        #[test]
        fn no_key_makes_the_parser_panic(key in any::<String>()) {
            let _ = fit(&key, "https://registry.example.org/", &[]);
            let _ = Key(&key).registry();
        }
    }
}
