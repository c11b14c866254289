// SPDX-License-Identifier: GPL-3.0-or-later
//! The server that an account is bound to for good (rule R1), and the remotes that may use the account.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::service::{RemoteUrl, ServiceUrl, UrlError};

/// The protocol of a service, by its name: `type` in a remote's authenticator options. [`crate::provider`] holds what
/// it does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Provider(&'static str);

impl Provider {
    /// The provider with this name.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// The binding of an account at this service, without further terms.
    pub fn at(self, service: ServiceUrl) -> Binding {
        Binding { provider: self, service, terms: BTreeMap::new() }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Provider and service of an account. Only equal bindings belong to the same account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Binding {
    /// The protocol that the service speaks.
    pub provider: Provider,
    /// The service's address.
    pub service: ServiceUrl,
    /// Further terms that the provider sets for the account, by the name of their option.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub terms: BTreeMap<String, String>,
}

/// What is wrong with a remote's authenticator options; names the option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// The option is missing.
    #[error("the authenticator option “{0}” is missing")]
    Missing(&'static str),
    /// The option is not a string, or its value cannot be used.
    #[error("the authenticator option “{0}” cannot be used")]
    Malformed(&'static str),
    /// The remote asks for accounts of a type that no provider has: another program may serve it. Holds the type, cleaned.
    #[error("the authenticator option “type” is “{0}”, which is unknown")]
    UnknownType(String),
    /// The address is not one of an account server, for this reason.
    #[error("the address in the authenticator option “{0}” cannot be used: {1}")]
    Address(&'static str, UrlError),
}

impl OptionsError {
    /// Name of the option to correct.
    pub fn option(&self) -> &'static str {
        match self {
            Self::Missing(option) | Self::Malformed(option) | Self::Address(option, _) => option,
            Self::UnknownType(_) => option::TYPE,
        }
    }
}

/// Names of the authenticator options.
pub mod option {
    use std::collections::BTreeMap;

    use super::{OptionsError, ServiceUrl, UrlError};

    /// Name of the provider.
    pub const TYPE: &str = "type";
    /// Base address of the service.
    pub const URL: &str = "url";
    /// The keys that sign the repository's tokens, or their address: see [`crate::token_check`].
    pub const VERIFY_KEY: &str = "verify-key";
    /// The repository's name in its tokens: see [`crate::token_check`].
    pub const VERIFY_REPO: &str = "verify-repo";
    /// The registry, in a request. flatpak takes it from the index of a container registry, not from the remote.
    pub const REGISTRY: &str = "xa.oci-registry-uri";

    /// Reads the address of a service from one of the options.
    pub fn service(options: &BTreeMap<String, String>, option: &'static str) -> Result<ServiceUrl, OptionsError> {
        let url = options.get(option).ok_or(OptionsError::Missing(option))?;
        ServiceUrl::parse(url).map_err(|error| match error {
            UrlError::NotAnAddress => OptionsError::Malformed(option),
            fault => OptionsError::Address(option, fault),
        })
    }
}

impl Binding {
    /// The service's host, for showing.
    pub fn host(&self) -> String {
        self.service.host()
    }
}

/// A person's permission for a remote at one address to use one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// Address of the remote: what the permission is for.
    pub remote_url: RemoteUrl,
    /// Name of the remote when the permission was given: to show, never to choose by.
    pub remote: String,
}
