// SPDX-License-Identifier: GPL-3.0-or-later
//! What an account was made for and never leaves (rule R1), and which remotes may use it.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::service::{RemoteUrl, ServiceUrl, UrlError};

/// The protocol a service speaks, by its name: `type` in a remote's authenticator options. What it does is in
/// [`crate::provider`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Provider(&'static str);

impl Provider {
    /// The provider of that name.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// What an account at that service is made for.
    pub fn at(self, service: ServiceUrl) -> Binding {
        Binding { provider: self, service, terms: BTreeMap::new() }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Provider and service of an account. Two bindings are the same account's only if they are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Binding {
    /// How the service is spoken to.
    pub provider: Provider,
    /// Which service.
    pub service: ServiceUrl,
    /// What else the provider holds an account to, by the name of the option that says it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub terms: BTreeMap<String, String>,
}

/// What is wrong with a remote's authenticator options; names the option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// The option is not there.
    #[error("the authenticator option “{0}” is missing")]
    Missing(&'static str),
    /// The option is not a string, or its value cannot be used.
    #[error("the authenticator option “{0}” cannot be used")]
    Malformed(&'static str),
    /// The address is not https.
    #[error("the address in the authenticator option “{0}” is not secure (https)")]
    NotSecure(&'static str),
}

impl OptionsError {
    /// The option that is to be mended.
    pub fn option(&self) -> &'static str {
        match self {
            Self::Missing(option) | Self::Malformed(option) | Self::NotSecure(option) => option,
        }
    }
}

/// Names of the authenticator options.
pub mod option {
    use std::collections::BTreeMap;

    use super::{OptionsError, ServiceUrl, UrlError};

    /// Provider.
    pub const TYPE: &str = "type";
    /// Base address of the service.
    pub const URL: &str = "url";

    /// The address of a service in one of the options.
    pub fn service(options: &BTreeMap<String, String>, option: &'static str) -> Result<ServiceUrl, OptionsError> {
        let url = options.get(option).ok_or(OptionsError::Missing(option))?;
        ServiceUrl::parse(url).map_err(|error| match error {
            UrlError::NotSecure => OptionsError::NotSecure(option),
            UrlError::NotAnAddress | UrlError::UserInfo => OptionsError::Malformed(option),
        })
    }
}

impl Binding {
    /// The host of the service as it is shown.
    pub fn host(&self) -> String {
        self.service.host()
    }
}

/// The person's consent that a remote at one address may use one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// Address of the remote: what the consent is for.
    pub remote_url: RemoteUrl,
    /// Name of the remote when the consent was given: for showing, never for choosing.
    pub remote: String,
}
