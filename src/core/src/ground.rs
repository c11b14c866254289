// SPDX-License-Identifier: GPL-3.0-or-later
//! What a request stands on. All of it comes from outside: it serves to show and to compare.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    binding::{Binding, Link, OptionsError},
    provider::{self, Claim},
    remote::Remote,
    service::{RemoteUrl, UrlError},
};

/// The remote that a request came for, and the binding that its options claim.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct Ground {
    /// Flatpak's name of the remote: for showing, never for choosing.
    pub remote: String,
    /// Its address, verbatim.
    pub remote_uri: String,
    /// Its address, for comparing.
    pub remote_url: RemoteUrl,
    /// The claimed binding.
    pub binding: Binding,
}

/// Why a request stands on nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroundError {
    /// No account is used for an address like that (rule R2).
    #[error(transparent)]
    Address(#[from] UrlError),
    /// The remote does not say where its accounts are.
    #[error(transparent)]
    Options(#[from] OptionsError),
}

impl Ground {
    /// The ground of a remote with that name, address and binding.
    pub fn new(remote: &str, remote_uri: &str, binding: Binding) -> Result<Self, UrlError> {
        Ok(Self {
            remote: remote.to_owned(),
            remote_uri: remote_uri.to_owned(),
            remote_url: RemoteUrl::parse(remote_uri)?,
            binding,
        })
    }

    /// What a remote's options, and the registry that a request names, claim.
    pub fn claimed(
        remote: &str,
        remote_uri: &str,
        options: &BTreeMap<String, String>,
        registry: Option<&str>,
    ) -> Result<Self, GroundError> {
        // The address comes first: where nothing secret may go, the options do not matter.
        RemoteUrl::parse(remote_uri)?;
        let binding = provider::claim(&Claim { remote_uri, options, registry })?;
        Ok(Self::new(remote, remote_uri, binding)?)
    }

    /// The ground of a remote of this computer.
    pub fn of(remote: &Remote) -> Result<Self, GroundError> {
        Self::claimed(&remote.name, &remote.url, &remote.options, None)
    }

    /// Whether it is that remote, as it is configured on this computer (rule R25).
    pub fn is_of(&self, remote: &Remote) -> bool {
        remote.is_ours() && Self::of(remote).as_ref() == Ok(self)
    }

    /// The host of the account server as it is shown.
    pub fn host(&self) -> String {
        self.binding.host()
    }

    /// The consent that the remote may use an account.
    pub fn link(&self) -> Link {
        Link { remote_url: self.remote_url.clone(), remote: self.remote.clone() }
    }
}

/// How it is written into a file.
#[derive(Serialize, Deserialize)]
struct Record {
    remote: String,
    /// Verbatim.
    remote_url: String,
    binding: Binding,
}

impl TryFrom<Record> for Ground {
    type Error = UrlError;

    fn try_from(record: Record) -> Result<Self, UrlError> {
        Self::new(&record.remote, &record.remote_url, record.binding)
    }
}

impl From<Ground> for Record {
    fn from(ground: Ground) -> Self {
        Self { remote: ground.remote, remote_url: ground.remote_uri, binding: ground.binding }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;

    fn remote() -> Remote {
        Remote {
            name: "demo".into(),
            title: None,
            url: "https://r.example/repo/".into(),
            authenticator: Some(names::AUTHENTICATOR_NAME.into()),
            options: BTreeMap::from([("url".to_owned(), "https://s.example/".to_owned())]),
            is_user: true,
            is_disabled: false,
            installs_authenticator: false,
        }
    }

    #[test]
    fn the_ground_is_a_remote_of_this_computer_to_the_letter() {
        let ground = Ground::of(&remote()).unwrap();
        assert!(ground.is_of(&remote()));
        for other in [
            Remote { name: "other".into(), ..remote() },
            Remote { url: "https://r.example/repo".into(), ..remote() },
            Remote { url: "https://evil.example/".into(), ..remote() },
            Remote { authenticator: None, ..remote() },
            Remote { options: BTreeMap::from([("url".to_owned(), "https://evil.example/".to_owned())]), ..remote() },
        ] {
            assert!(!ground.is_of(&other), "{other:?}");
        }
    }

    #[test]
    fn an_address_that_may_have_no_tokens_comes_before_the_options() {
        let none = BTreeMap::new();
        assert!(matches!(Ground::claimed("demo", "file:///srv", &none, None), Err(GroundError::Address(_))));
        assert!(matches!(Ground::claimed("demo", "https://r.example/", &none, None), Err(GroundError::Options(_))));
    }

    #[test]
    fn the_ground_is_read_as_it_was_written() {
        let ground = Ground::of(&remote()).unwrap();
        let written = serde_json::to_string(&ground).unwrap();
        assert_eq!(serde_json::from_str::<Ground>(&written).unwrap(), ground);
        assert!(serde_json::from_str::<Ground>(&written.replace("https://r.example", "file://r.example")).is_err());
    }
}
