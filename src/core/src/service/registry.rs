// SPDX-License-Identifier: GPL-3.0-or-later
//! What belongs to addresses of container registries: the tag of an index, and the address of a token server.

use url::Url;

use super::{REGISTRY, RemoteUrl, ServiceUrl, UrlError, host_of, parse_strictly};

/// Whether this is the address of the index of a container registry.
pub fn is_registry(address: &str) -> bool {
    address.starts_with(REGISTRY)
}

/// The tag behind `#` in a registry's address, if it is one by the grammar of tags (OCI distribution specification).
pub fn tag(address: &str) -> Option<&str> {
    let (_, tag) = address.strip_prefix(REGISTRY)?.split_once('#')?;
    is_tag(tag).then_some(tag)
}

/// Whether a text is a tag by the grammar.
pub fn is_tag(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(is_plain) && !text.starts_with(['.', '-'])
}

pub(super) fn without_tag(plain: &str) -> Result<&str, UrlError> {
    match plain.split_once('#') {
        Some((base, _)) if tag(&format!("{REGISTRY}{plain}")).is_some() => Ok(base),
        Some(_) => Err(UrlError::Fragment),
        None => Ok(plain),
    }
}

impl RemoteUrl {
    /// The server of the index, if this is the address of a container registry's.
    pub fn index(&self) -> Option<ServiceUrl> {
        ServiceUrl::parse(self.0.strip_prefix(REGISTRY)?).ok()
    }
}

/// The address of a registry's token server, its query included: what a registry calls its realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealmUrl(Url);

impl RealmUrl {
    /// Parses what a registry names, or what was stored at sign-in. As strict as for any server that gets a password: no
    /// user name, no fragment, https.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let (plain, query) = text.split_once('?').map_or((text, None), |(plain, query)| (plain, Some(query)));
        let mut url = parse_strictly(plain)?;
        if let Some(query) = query {
            if query.contains('#') {
                return Err(UrlError::Fragment);
            }
            if !query.chars().all(|c| c.is_ascii_graphic()) {
                return Err(UrlError::NotAnAddress);
            }
            url.set_query(Some(query));
        }
        Ok(Self(url))
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host for showing, with the port if it is not the default.
    pub fn host(&self) -> String {
        host_of(&self.0)
    }

    /// The address as a parsed URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The address with these parameters behind those that it has.
    pub fn with<'a>(&self, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Url {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::RemoteUrl;

    #[test]
    fn the_tag_of_an_index_is_shown_and_not_compared() {
        let parsed = |text: &str| RemoteUrl::parse(text).map(|url| url.as_str().to_owned());
        let base = "oci+https://r.example.org/rhel".to_owned();
        for same in [
            "oci+https://r.example.org/rhel",
            "oci+https://r.example.org/rhel/",
            "oci+https://r.example.org/rhel/#beta",
            "oci+https://r.example.org/rhel#v1.0_x-y",
        ] {
            assert_eq!(parsed(same), Ok(base.clone()), "{same}");
        }
        for odd in ["#", "#.a", "#a#b", "#a/b", "#a b", "#ä"] {
            assert!(parsed(&format!("oci+https://r.example.org{odd}")).is_err(), "{odd}");
        }
        assert_eq!(parsed("https://r.example.org/#beta"), Err(UrlError::Fragment));
        assert_eq!(tag("oci+https://r.example.org/#beta"), Some("beta"));
        assert_eq!(tag("https://r.example.org/#beta"), None);
        let index = |text: &str| RemoteUrl::parse(text).unwrap().index().map(String::from);
        assert_eq!(index("oci+https://r.example.org/rhel#beta").as_deref(), Some("https://r.example.org/rhel/"));
        assert_eq!(index("https://r.example.org/rhel"), None);
    }

    #[test]
    fn parameters_come_behind_those_of_the_realm() {
        let with =
            |realm: &str| RealmUrl::parse(realm).unwrap().with([("service", "a b"), ("scope", "repository:x:pull")]);
        assert_eq!(
            with("https://s.example/token").as_str(),
            "https://s.example/token?service=a+b&scope=repository%3Ax%3Apull"
        );
        assert_eq!(
            with("https://s.example/token?tenant=1").as_str(),
            "https://s.example/token?tenant=1&service=a+b&scope=repository%3Ax%3Apull"
        );
    }
}
