// SPDX-License-Identifier: GPL-3.0-or-later
//! Addresses below a service, of files that it has.

use url::Url;

use super::{ServiceUrl, UrlError, parse_strictly};

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

#[cfg(test)]
mod tests {
    use super::*;

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
