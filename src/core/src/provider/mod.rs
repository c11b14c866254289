// SPDX-License-Identifier: GPL-3.0-or-later
//! The protocols that account servers speak: one file each, and one line each in the table below.
//!
//! ```text
//! protocol  what a provider does              grants what a server says about apps
//! step      what a surface renders            form   what a form says, and how answers are read
//! webflow   flatpak's sample account server   oci    container registries
//! basic     user name and password, same API  token  access tokens that people paste
//! oauth2    single sign-on, for the same API  way    how a person comes to a server's page
//! hints     what a credential says of itself  notes  what a process remembers of servers
//! wire      what several providers read and write
//! ```
//!
//! A provider drives, a surface renders: nothing outside this folder asks which provider it deals with.

pub mod basic;
mod form;
mod grants;
mod hints;
mod notes;
pub mod oauth2;
pub mod oci;
pub mod protocol;
pub mod step;
pub mod token;
mod way;
pub mod webflow;
pub mod wire;

#[cfg(any(test, feature = "testing"))]
use std::sync::{PoisonError, RwLock};
use std::{collections::BTreeMap, ops::Deref};

use serde::{Deserialize, Deserializer, de::Error as _};

pub use self::{
    form::FaultAtHost,
    grants::{Access, Grant, Grants, Sorted},
    hints::{Acceptance, Hints},
    notes::Notes,
    protocol::{
        Beginning, Claim, Endpoints, Granted, Protocol, PurchaseError, RedirectReceiver, RenewCall, Revoked, Shop,
        SignIn, SignInError, SignedIn, TokensCall, TokensError,
    },
    step::{Field, Form, FormFault, Progress, Step, StepAnswer},
    way::{OtherWay, Way},
};
pub use crate::binding::Provider;
use crate::{
    binding::{Binding, OptionsError, option},
    http::{HttpClient, HttpError},
    service::{self, ServiceUrl},
    text,
};

/// All providers, in the order to ask a server about. The first is the default of a remote that names none and is no
/// container registry.
const PROTOCOLS: &[&dyn Protocol] =
    &[&webflow::Webflow, &basic::Basic, &oauth2::OAuth2, &oci::Oci, &token::PastedToken];

/// Providers that a test added.
#[cfg(any(test, feature = "testing"))]
static ADDED: RwLock<Vec<&dyn Protocol>> = RwLock::new(Vec::new());

/// Adds a provider to the table of this process, for tests.
#[cfg(any(test, feature = "testing"))]
pub fn add(protocol: &'static dyn Protocol) {
    ADDED.write().unwrap_or_else(PoisonError::into_inner).push(protocol);
}

fn all() -> Vec<&'static dyn Protocol> {
    let all = PROTOCOLS.to_vec();
    #[cfg(any(test, feature = "testing"))]
    let all = [all, ADDED.read().unwrap_or_else(PoisonError::into_inner).clone()].concat();
    all
}

/// The names of all providers.
pub fn names() -> Vec<&'static str> {
    all().into_iter().map(Protocol::name).collect()
}

impl Provider {
    /// The provider with this name. `None` if the table has none.
    pub fn from_name(name: &str) -> Option<Self> {
        all().into_iter().find(|protocol| protocol.name() == name).map(Self::of)
    }

    /// The provider of a server about which only the address is known.
    pub fn default_provider() -> Self {
        Self::of(PROTOCOLS[0])
    }

    /// The provider of servers for which other programs keep logins: container registries.
    pub fn of_registries() -> Self {
        let found = all().into_iter().find(|protocol| protocol.takes_registry_logins());
        Self::of(found.expect("container registries are in the table"))
    }

    /// The providers whose servers a person knows by their kind, and the words for each.
    pub fn other_ways() -> Vec<(Self, OtherWay)> {
        all().into_iter().filter_map(|protocol| Some((Self::of(protocol), protocol.other_way()?))).collect()
    }

    /// What a remote would say of the account server of this kind at an address, with terms that a person has typed.
    pub fn typed<'t>(
        self,
        service: &ServiceUrl,
        terms: impl IntoIterator<Item = (&'t str, String)>,
    ) -> Result<Binding, OptionsError> {
        let always = [(option::TYPE, self.name().to_owned()), (option::URL, service.as_str().to_owned())];
        let options = always.into_iter().chain(terms).map(|(name, value)| (name.to_owned(), value)).collect();
        claim(&Claim { remote_uri: service.as_str(), options: &options, registry: None })
    }

    fn of(protocol: &dyn Protocol) -> Self {
        Self::new(protocol.name())
    }
}

/// A provider answers as its protocol does.
impl Deref for Provider {
    type Target = dyn Protocol;

    fn deref(&self) -> &Self::Target {
        let known = all().into_iter().find(|protocol| protocol.name() == Self::name(*self));
        known.expect("a provider is read from the table, or is one of its lines")
    }
}

impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| D::Error::custom("an unknown provider"))
    }
}

impl Binding {
    /// The host of the server that a person signs in at, for showing: the service's, or that of a server to which the
    /// service leaves signing in.
    pub fn sign_in_host(&self) -> String {
        self.provider.signs_in_at(self).host()
    }

    /// Whether a remote could claim this binding. One that was read from somebody else's file may say anything.
    pub fn is_sound(&self) -> bool {
        let (service, options) = (self.service.as_str(), self.options());
        let claimed = claim(&Claim { remote_uri: service, options: &options, registry: Some(service) });
        claimed.as_ref() == Ok(self)
    }

    /// The options that make a remote claim this binding.
    pub fn options(&self) -> BTreeMap<String, String> {
        let mut options = self.provider.options(self);
        options.insert(option::TYPE.to_owned(), self.provider.name().to_owned());
        options
    }

    /// The fewest options that have to be set, beside those of the claim, so that the remote claims this binding. `None`
    /// if no options can do that: the registry is named by its index, and a token belongs to the remote's own address.
    pub fn options_beside(&self, beside: &Claim<'_>) -> Option<BTreeMap<String, String>> {
        let with_type = self.options();
        let mut without_type = with_type.clone();
        without_type.remove(option::TYPE);
        [without_type, with_type].into_iter().find(|added| {
            let mut options = beside.options.clone();
            options.extend(added.clone());
            claim(&Claim { options: &options, ..*beside }).as_ref() == Ok(self)
        })
    }
}

/// The binding that a remote and a request *claim*. Use it to look up and to compare, never to decide where a
/// credential goes (rule R1). The daemon, the window's check of a prompt and the doctor all call this.
pub fn claim(claim: &Claim<'_>) -> Result<Binding, OptionsError> {
    let provider = match claim.options.get(option::TYPE) {
        None if service::is_registry(claim.remote_uri) => Provider::of(&oci::Oci),
        None => Provider::default_provider(),
        Some(name) => {
            Provider::from_name(name).ok_or_else(|| OptionsError::UnknownType(text::clean(name, text::NAME_LIMIT)))?
        }
    };
    provider.claim(claim)
}

/// Asks a server, without a credential, which protocol it speaks. `None` if it speaks none from the table.
pub async fn probe(http: &HttpClient, service: &ServiceUrl) -> Result<Option<Provider>, HttpError> {
    for protocol in all().into_iter().filter(|protocol| protocol.is_discovered()) {
        if protocol.probe(http, service).await? {
            return Ok(Some(Provider::of(protocol)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::service::UrlError;

    fn claimed(options: &[(&str, &str)]) -> Result<Binding, OptionsError> {
        let options: BTreeMap<_, _> = options.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        claim(&Claim { remote_uri: "https://repo.example.org/", options: &options, registry: None })
    }

    #[test]
    fn every_provider_has_a_name_of_its_own_and_is_found_by_it() {
        let names: BTreeSet<_> = all().into_iter().map(Protocol::name).collect();
        assert_eq!(names.len(), all().len());
        for name in names {
            assert_eq!(Provider::from_name(name).map(Provider::name), Some(name));
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
    fn the_options_that_a_provider_writes_claim_the_same_binding() {
        let plain = claimed(&[("url", "https://store.example.org")]).unwrap();
        let options = plain.options();
        let again = claim(&Claim { remote_uri: "https://other.example.org/", options: &options, registry: None });
        assert_eq!(again, Ok(plain));
    }

    #[test]
    fn only_the_options_that_are_needed_are_set() {
        let none = BTreeMap::new();
        let typed = BTreeMap::from([(option::TYPE.to_owned(), "other".to_owned())]);
        let plain = claimed(&[("url", "https://store.example.org")]).unwrap();
        let beside =
            |options| plain.options_beside(&Claim { remote_uri: "https://r.example/", options, registry: None });
        let names = |options| beside(options).map(|found| found.into_keys().collect::<Vec<_>>());
        assert_eq!(names(&none), Some(vec!["url".to_owned()]));
        assert_eq!(names(&typed), Some(vec!["type".to_owned(), "url".to_owned()]));
        let (remote_uri, options) = ("oci+https://index.example.org/", &none);
        let at = |registry| Claim { remote_uri, options, registry: Some(registry) };
        let registry = claim(&at("https://registry.example.org")).unwrap();
        assert_eq!(registry.options_beside(&at("https://registry.example.org")), Some(BTreeMap::new()));
        assert_eq!(registry.options_beside(&at("https://other.example.org")), None, "no option names a registry");
    }

    #[test]
    fn d08_the_error_names_the_wrong_option() {
        assert_eq!(claimed(&[]), Err(OptionsError::Missing("url")));
        assert_eq!(claimed(&[("url", "nonsense")]), Err(OptionsError::Malformed("url")));
        assert_eq!(
            claimed(&[("url", "http://store.example.org")]),
            Err(OptionsError::Address("url", UrlError::NotSecure))
        );
        assert_eq!(
            claimed(&[("url", "https://store.example.org"), ("type", "other")]),
            Err(OptionsError::UnknownType("other".into()))
        );
    }
}
