// SPDX-License-Identifier: GPL-3.0-or-later
//! The remote behind a request, and the account server that it claims. All of it comes from outside: use it to show and
//! to compare.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    binding::{Binding, Link, OptionsError},
    provider::{self, Claim},
    remote::Remote,
    service::{RemoteUrl, UrlError},
};

/// The remote that a request is about, and the binding that its options claim.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct Ground {
    /// Flatpak's name for the remote: to show, never to choose by.
    pub remote: String,
    /// Its address, verbatim.
    pub remote_uri: String,
    /// Its address, to compare.
    pub remote_url: RemoteUrl,
    /// The claimed binding.
    pub binding: Binding,
}

/// Why a request has no ground.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroundError {
    /// No account may be used for this address (rule R2).
    #[error(transparent)]
    Address(#[from] UrlError),
    /// The remote does not name its account server.
    #[error(transparent)]
    Options(#[from] OptionsError),
}

impl Ground {
    /// The ground of a remote with this name, address and binding.
    pub fn new(remote: &str, remote_uri: &str, binding: Binding) -> Result<Self, UrlError> {
        Ok(Self {
            remote: remote.to_owned(),
            remote_uri: remote_uri.to_owned(),
            remote_url: RemoteUrl::parse(remote_uri)?,
            binding,
        })
    }

    /// The ground that a remote's options claim, together with the registry that a request names.
    pub fn claimed(
        remote: &str,
        remote_uri: &str,
        options: &BTreeMap<String, String>,
        registry: Option<&str>,
    ) -> Result<Self, GroundError> {
        // Check the address first: if nothing secret may go there, the options do not matter.
        RemoteUrl::parse(remote_uri)?;
        let binding = provider::claim(&Claim { remote_uri, options, registry })?;
        Ok(Self::new(remote, remote_uri, binding)?)
    }

    /// The ground of a remote on this computer.
    pub fn of(remote: &Remote) -> Result<Self, GroundError> {
        Self::claimed(&remote.name, remote.url.verbatim(), &remote.options, remote.registry.as_deref())
    }

    /// Whether this is the remote as it is configured on this computer (rule R25).
    pub fn is_of(&self, remote: &Remote) -> bool {
        remote.is_ours() && Self::of(remote).as_ref() == Ok(self)
    }

    /// The account server's host, for showing.
    pub fn host(&self) -> String {
        self.binding.host()
    }

    /// The permission that lets the remote use an account.
    pub fn link(&self) -> Link {
        Link { remote_url: self.remote_url.clone(), remote: self.remote.clone() }
    }
}

/// The ground as it is written into a file.
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
            registry: None,
            is_user: true,
            installation: None,
            is_disabled: false,
            installs_authenticator: false,
        }
    }

    #[test]
    fn the_ground_matches_a_remote_of_this_computer_to_the_letter() {
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
    fn an_address_that_may_get_no_tokens_is_refused_before_the_options() {
        let none = BTreeMap::new();
        assert!(matches!(Ground::claimed("demo", "file:///srv", &none, None), Err(GroundError::Address(_))));
        assert!(matches!(Ground::claimed("demo", "https://r.example/", &none, None), Err(GroundError::Options(_))));
    }

    #[test]
    fn a_written_ground_reads_back_unchanged() {
        let ground = Ground::of(&remote()).unwrap();
        let written = serde_json::to_string(&ground).unwrap();
        assert_eq!(serde_json::from_str::<Ground>(&written).unwrap(), ground);
        assert!(serde_json::from_str::<Ground>(&written.replace("https://r.example", "file://r.example")).is_err());
    }
}
