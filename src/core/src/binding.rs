// SPDX-License-Identifier: GPL-3.0-or-later
//! What an account was made for and never leaves (rule R1), and which remotes may use it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::service::{RemoteUrl, ServiceUrl, UrlError};

/// The protocol a service speaks, `type` in a remote's authenticator options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// A web page at `login`, tokens from `api/v1/get_tokens`; the default.
    Webflow,
}

impl Provider {
    /// The name in a remote's options, and the `type` attribute of the keyring item.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webflow => "webflow",
        }
    }

    /// The provider of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        (name == "webflow").then_some(Self::Webflow)
    }
}

/// Provider and service of an account. Two bindings are the same account's only if they are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Binding {
    /// How the service is spoken to.
    pub provider: Provider,
    /// Which service.
    pub service: ServiceUrl,
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
    /// Provider.
    pub const TYPE: &str = "type";
    /// Base address of the service.
    pub const URL: &str = "url";
}

impl Binding {
    /// The binding that a remote's options *claim*. It serves to look up and to compare, never to decide where a
    /// credential goes (rule R1). Unknown options are ignored.
    pub fn claimed(options: &BTreeMap<String, String>) -> Result<Self, OptionsError> {
        let provider = match options.get(option::TYPE) {
            None => Provider::Webflow,
            Some(name) => Provider::from_name(name).ok_or(OptionsError::Malformed(option::TYPE))?,
        };
        let url = options.get(option::URL).ok_or(OptionsError::Missing(option::URL))?;
        let service = ServiceUrl::parse(url).map_err(|error| match error {
            UrlError::NotSecure => OptionsError::NotSecure(option::URL),
            UrlError::NotAnAddress | UrlError::UserInfo => OptionsError::Malformed(option::URL),
        })?;
        Ok(Self { provider, service })
    }

    /// The binding in the form in which it travels between Usher's processes.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (option::TYPE.to_owned(), self.provider.as_str().to_owned()),
            (option::URL.to_owned(), self.service.as_str().to_owned()),
        ])
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(options: &[(&str, &str)]) -> Result<Binding, OptionsError> {
        Binding::claimed(&options.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn the_default_provider_is_webflow() {
        let plain = claimed(&[("url", "https://store.example.org")]).unwrap();
        assert_eq!(plain, claimed(&[("type", "webflow"), ("url", "https://STORE.example.org/")]).unwrap());
        assert_eq!(Binding::claimed(&plain.to_map()), Ok(plain));
    }

    #[test]
    fn d08_what_is_wrong_with_the_options_is_named() {
        assert_eq!(claimed(&[]), Err(OptionsError::Missing("url")));
        assert_eq!(claimed(&[("url", "nonsense")]), Err(OptionsError::Malformed("url")));
        assert_eq!(claimed(&[("url", "http://store.example.org")]), Err(OptionsError::NotSecure("url")));
        assert_eq!(
            claimed(&[("url", "https://store.example.org"), ("type", "other")]),
            Err(OptionsError::Malformed("type"))
        );
    }
}
