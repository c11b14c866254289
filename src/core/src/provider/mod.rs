// SPDX-License-Identifier: GPL-3.0-or-later
//! The protocols that account servers speak: one file each, and one line each in the table below.
//!
//! ```text
//! protocol  what a provider does              step  what a surface renders in a sign-in
//! webflow   flatpak's sample account server   wire  what several providers read and write
//! ```
//!
//! A provider drives, a surface renders: nothing outside this folder asks which provider it has before it.

pub mod protocol;
pub mod step;
pub mod webflow;
pub mod wire;

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub use self::{
    protocol::{
        Access, Back, Claim, Grant, Granted, Grants, Protocol, PurchaseError, Revoked, Shop, SignIn, SignInError,
        SignedIn, TokensCall, TokensError,
    },
    step::{Answer, Field, Progress, Step},
};
use crate::{
    binding::{Binding, OptionsError, option},
    http::{HttpClient, HttpError},
    service::ServiceUrl,
};

/// All providers. The first is the default of a remote that names none.
const PROVIDERS: &[&dyn Protocol] = &[&webflow::Webflow];

/// The protocol a service speaks: `type` in a remote's authenticator options. Two are the same if they have one name.
#[derive(Clone, Copy)]
pub struct Provider(&'static dyn Protocol);

impl Provider {
    /// The provider of that protocol.
    pub const fn new(protocol: &'static dyn Protocol) -> Self {
        Self(protocol)
    }

    /// The provider of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        all().find(|provider| provider.name() == name)
    }

    /// The provider of a server of which nothing is known but its address.
    pub fn default_provider() -> Self {
        Self(PROVIDERS[0])
    }

    /// What an account at that service is made for.
    pub fn at(self, service: ServiceUrl) -> Binding {
        Binding::new(self, service)
    }
}

fn all() -> impl Iterator<Item = Provider> {
    let known = PROVIDERS.iter().copied().map(Provider);
    #[cfg(any(test, feature = "testing"))]
    let known = known.chain(crate::testing::providers());
    known
}

/// The binding that a remote and a request *claim*. It serves to look up and to compare, never to decide where a credential
/// goes (rule R1). The daemon, the window's check of a prompt and the doctor all ask here.
pub fn claim(claim: &Claim<'_>) -> Result<Binding, OptionsError> {
    let provider = match claim.options.get(option::TYPE) {
        None => Provider::default_provider(),
        Some(name) => Provider::from_name(name).ok_or(OptionsError::Malformed(option::TYPE))?,
    };
    provider.claim(claim)
}

/// Asks a server, without a credential, which protocol it speaks. `None` if none that is known here.
pub async fn probe(http: &HttpClient, service: &ServiceUrl) -> Result<Option<Provider>, HttpError> {
    for provider in all() {
        if provider.probe(http, service).await? {
            return Ok(Some(provider));
        }
    }
    Ok(None)
}

impl Deref for Provider {
    type Target = dyn Protocol;

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl PartialEq for Provider {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Provider {}

impl PartialOrd for Provider {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Provider {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl Hash for Provider {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| D::Error::custom("an unknown provider"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn claimed(options: &[(&str, &str)]) -> Result<Binding, OptionsError> {
        let options: BTreeMap<_, _> = options.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        claim(&Claim { remote_uri: "https://repo.example.org/", options: &options, registry: None })
    }

    #[test]
    fn every_provider_has_a_name_of_its_own_and_is_found_by_it() {
        let names: BTreeSet<_> = all().map(|provider| provider.name()).collect();
        assert_eq!(names.len(), all().count());
        for provider in all() {
            assert_eq!(Provider::from_name(provider.name()), Some(provider));
        }
        assert_eq!(Provider::from_name("other"), None);
    }

    #[test]
    fn the_default_provider_is_webflow() {
        let plain = claimed(&[("url", "https://store.example.org")]).unwrap();
        assert_eq!(plain.provider.name(), "webflow");
        assert_eq!(plain, claimed(&[("type", "webflow"), ("url", "https://STORE.example.org/")]).unwrap());
    }

    #[test]
    fn what_a_provider_writes_into_the_options_is_claimed_by_them() {
        let plain = claimed(&[("url", "https://store.example.org")]).unwrap();
        let options = plain.options();
        let again = claim(&Claim { remote_uri: "https://other.example.org/", options: &options, registry: None });
        assert_eq!(again, Ok(plain));
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
