// SPDX-License-Identifier: GPL-3.0-or-later
//! Addresses of files that a service or a repository has, below its own.

use url::Url;

use super::{REGISTRY, RemoteUrl, ServiceUrl, UrlError, parse_strictly};

impl ServiceUrl {
    /// Parses the address of a file at this service: of its origin, and below its base path. As strict as for the service
    /// itself; besides, it has no escaped characters, which servers read in different ways.
    pub fn file(&self, address: &str) -> Result<Url, UrlError> {
        let url = parse_strictly(address)?;
        let is_below = url.path().strip_prefix(self.0.path()).is_some_and(|rest| !rest.is_empty());
        if self.has_origin_of(&url) && is_below && !address.contains('%') {
            Ok(url)
        } else {
            Err(UrlError::NotAnAddress)
        }
    }
}

impl RemoteUrl {
    /// The address of a file of the repository, or beside the index of the registry. Fails for a path that leads elsewhere.
    pub fn file(&self, path: &str) -> Result<Url, UrlError> {
        parse_strictly(&format!("{}/{path}", self.0.strip_prefix(REGISTRY).unwrap_or(&self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_repository_is_below_its_address() {
        for (repository, wanted) in [
            ("https://store.example.org/repo/", "https://store.example.org/repo/objects/ab/c.commit"),
            ("https://store.example.org", "https://store.example.org/objects/ab/c.commit"),
            ("oci+https://store.example.org/index#stable", "https://store.example.org/index/objects/ab/c.commit"),
        ] {
            let repository = RemoteUrl::parse(repository).unwrap();
            assert_eq!(repository.file("objects/ab/c.commit").unwrap().as_str(), wanted);
            for elsewhere in ["../summary", "a?b", "a#b", "a b"] {
                assert!(repository.file(elsewhere).is_err(), "{elsewhere}");
            }
        }
    }

    #[test]
    fn a_file_of_a_service_is_below_its_own_path() {
        let service = ServiceUrl::parse("https://store.example.org/base").unwrap();
        for good in ["https://store.example.org/base/jwks.json", "https://STORE.example.org:443/base/a/b"] {
            assert!(service.file(good).is_ok(), "{good}");
        }
        for bad in [
            "https://store.example.org/jwks.json",
            "https://store.example.org/base",
            "https://store.example.org/base/",
            "https://store.example.org/base-evil/jwks.json",
            "https://store.example.org/base/../jwks.json",
            "https://store.example.org/base/%2e%2e/jwks.json",
            "https://store.example.org/base/a%2f..%2fjwks.json",
            "https://store.example.org:8443/base/jwks.json",
            "https://store.example.org.evil.example/base/jwks.json",
            "https://store.example.org@evil.example/base/jwks.json",
            "http://store.example.org/base/jwks.json",
            "https://store.example.org/base/jwks.json?a=b",
            "https://store.example.org/base/jwks.json#a",
            "/base/jwks.json",
            "jwks.json",
            "",
        ] {
            assert!(service.file(bad).is_err(), "{bad}");
        }
    }
}
