// SPDX-License-Identifier: GPL-3.0-or-later
//! What the options of a remote say about checking its tokens.

use url::Url;

use super::KeySet;
use crate::{
    binding::{OptionsError, option},
    remote::Remote,
    service::UrlError,
};

/// Longest set of keys in an option, in bytes: flatpak passes every option to the daemon, which takes no longer ones
/// (rule R9).
const INLINE_LIMIT: usize = 4096;
/// Longest name of a repository, in bytes.
const NAME_LIMIT: usize = 255;

/// How the tokens of a remote are checked.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The keys.
    pub keys: KeySource,
    /// The repository's name in its tokens. `None` if nothing says it.
    pub repository: Option<String>,
}

/// Where the keys are.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// In the option itself.
    Inline(KeySet),
    /// At this address of the account server.
    At(Url),
}

impl Terms {
    /// Reads the options. `None` if they name no keys.
    pub fn of(remote: &Remote) -> Result<Option<Self>, OptionsError> {
        let Some(named) = remote.options.get(option::VERIFY_KEY) else { return Ok(None) };
        let keys = if named.trim_start().starts_with('{') {
            let set = Some(named).filter(|named| named.len() <= INLINE_LIMIT);
            let set = set.and_then(|set| KeySet::parse(set.as_bytes()).ok());
            KeySource::Inline(set.ok_or(OptionsError::Malformed(option::VERIFY_KEY))?)
        } else {
            let service = remote.claimed()?.service;
            KeySource::At(service.file(named).map_err(|fault| match fault {
                UrlError::NotAnAddress => OptionsError::Malformed(option::VERIFY_KEY),
                fault => OptionsError::Address(option::VERIFY_KEY, fault),
            })?)
        };
        Ok(Some(Self { keys, repository: repository(remote)? }))
    }
}

/// The repository's name: what the option says, else the end of its address, as flat-manager builds it.
fn repository(remote: &Remote) -> Result<Option<String>, OptionsError> {
    if let Some(named) = remote.options.get(option::VERIFY_REPO) {
        let is_sound = (1..=NAME_LIMIT).contains(&named.len()) && named.chars().all(|c| c.is_ascii_graphic());
        return if is_sound { Ok(Some(named.clone())) } else { Err(OptionsError::Malformed(option::VERIFY_REPO)) };
    }
    let address = Url::parse(remote.url.verbatim()).ok();
    let mut segments = address.as_ref().and_then(Url::path_segments).into_iter().flatten();
    Ok(segments.rfind(|segment| !segment.is_empty()).map(ToOwned::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn remote(options: &[(&str, &str)]) -> Remote {
        let mut remote =
            testing::remote("shop", "https://repo.example.org/repo/stable/", "https://store.example.org/api");
        remote.options.extend(options.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
        remote
    }

    fn terms(options: &[(&str, &str)]) -> Result<Option<Terms>, OptionsError> {
        Terms::of(&remote(options))
    }

    #[test]
    fn keys_stand_in_the_option_or_below_the_account_server() {
        assert!(terms(&[]).unwrap().is_none());
        assert!(matches!(terms(&[("verify-key", KEYS)]).unwrap().unwrap().keys, KeySource::Inline(_)));
        let address = "https://store.example.org/api/jwks.json";
        let there = terms(&[("verify-key", address)]).unwrap().unwrap().keys;
        assert!(matches!(there, KeySource::At(url) if url.as_str() == address));
    }

    #[test]
    fn an_option_that_cannot_be_used_is_named() {
        let long = format!("{KEYS}{}", " ".repeat(INLINE_LIMIT));
        for bad in [
            "",
            "jwks.json",
            "{",
            r#"{"keys":[]}"#,
            r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#,
            "https://store.example.org/jwks.json",
            "https://evil.example/api/jwks.json",
            "https://store.example.org/api/../jwks.json",
            &long,
        ] {
            assert_eq!(terms(&[("verify-key", bad)]).unwrap_err(), OptionsError::Malformed("verify-key"), "{bad}");
        }
        let insecure = terms(&[("verify-key", "http://store.example.org/api/jwks.json")]).unwrap_err();
        assert_eq!(insecure, OptionsError::Address("verify-key", UrlError::NotSecure));
        for bad in ["", "a b", "a\n"] {
            let named = terms(&[("verify-key", KEYS), ("verify-repo", bad)]).unwrap_err();
            assert_eq!(named, OptionsError::Malformed("verify-repo"), "{bad}");
        }
    }

    #[test]
    fn the_repository_has_the_name_of_the_option_or_the_end_of_its_address() {
        let name = |remote: &Remote| Terms::of(remote).unwrap().unwrap().repository;
        let unnamed = remote(&[("verify-key", KEYS)]);
        assert_eq!(name(&unnamed).as_deref(), Some("stable"));
        let named = remote(&[("verify-key", KEYS), ("verify-repo", "beta")]);
        assert_eq!(name(&named).as_deref(), Some("beta"));
        assert_eq!(name(&Remote { url: "https://repo.example.org/".into(), ..unnamed }), None);
    }
}
