// SPDX-License-Identifier: GPL-3.0-or-later
//! Names of repositories and digests of manifests, as the OCI distribution specification writes them. Both go into
//! addresses, so nothing else may.

/// Longest name, in bytes.
const NAME_LIMIT: usize = 255;

/// The name of a repository in a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct RepositoryName<'a>(&'a str);

impl<'a> RepositoryName<'a> {
    /// The name, if it is one by the grammar.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        (text.len() <= NAME_LIMIT && text.split('/').all(is_component)).then_some(Self(text))
    }

    /// The name as text.
    pub(super) fn as_str(self) -> &'a str {
        self.0
    }

    /// What a token has to allow so that the repository can be read: always our own words, never the server's.
    pub(super) fn scope(self) -> String {
        format!("repository:{}:pull", self.0)
    }
}

/// Letters and digits, joined by a dot, one or two underscores, or dashes.
fn is_component(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut rest = text.as_bytes();
    loop {
        let word = rest.iter().take_while(|&&byte| is_plain(byte)).count();
        if word == 0 {
            return false;
        }
        rest = &rest[word..];
        rest = match rest {
            [] => return true,
            [b'_', b'_', rest @ ..] | [b'.' | b'_', rest @ ..] => rest,
            [b'-', ..] => &rest[rest.iter().take_while(|&&byte| byte == b'-').count()..],
            _ => return false,
        };
    }
}

/// The digest of a manifest, for a commit as flatpak names it.
pub(super) fn digest(commit: &str) -> Option<String> {
    let is_checksum = commit.len() == 64 && commit.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_checksum.then(|| format!("sha256:{commit}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::service::ServiceUrl;

    #[test]
    fn o01_only_names_by_the_grammar_are_names() {
        for good in ["hello", "acme/hello", "a/b/c/d", "a.b_c__d-e---f/0", &"a".repeat(255)] {
            assert_eq!(RepositoryName::parse(good).map(RepositoryName::as_str), Some(good));
        }
        for bad in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            "A",
            "a/../b",
            "..",
            ".",
            "a/.",
            "-a",
            "a-",
            "a_",
            "a___b",
            "a..b",
            "a._b",
            "a b",
            "a:b",
            "a?b",
            "a#b",
            "a%2fb",
            "a\\b",
            "a,b",
            "ä",
            "a\n",
            "a@b",
            &"a".repeat(256),
        ] {
            assert_eq!(RepositoryName::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn only_a_checksum_is_a_commit() {
        let checksum = "0f".repeat(32);
        assert_eq!(digest(&checksum), Some(format!("sha256:{checksum}")));
        for bad in ["", "latest", &"0F".repeat(32), &"0".repeat(63), &format!("{}/", "0".repeat(63))] {
            assert_eq!(digest(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn o01_no_name_leads_out_of_its_registry(text in "[a-z0-9./_%:?#@\\\\-]{0,40}") {
            if let Some(name) = RepositoryName::parse(&text) {
                let registry = ServiceUrl::parse("https://registry.example.org/base/").unwrap();
                let manifest = registry.join(&format!("v2/{}/manifests/x", name.as_str())).unwrap();
                prop_assert_eq!(manifest.path(), format!("/base/v2/{text}/manifests/x"));
                prop_assert!(manifest.query().is_none() && manifest.fragment().is_none());
            }
        }
    }
}
