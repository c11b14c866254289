// SPDX-License-Identifier: GPL-3.0-or-later
//! The state of a registry: its users, what each may read, and the switches.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use url::Url;

use super::{Denial, RegistryRoute, TokenAnswer, images::Images, signing::Signer};
use crate::{Failure, StoreError, request_log::RequestLog, switches::PlannedFailures};

/// The users of a new registry, and their passwords: as at shops, as service accounts have them, and as robot accounts do.
pub const REGISTRY_USERS: [(&str, &str); 4] = [
    ("demo", "demo"),
    ("demo2", "demo2"),
    ("1234567|name", "eyJDQU5BUlki.eyJzdWIiOiJhIHNlcnZpY2UgYWNjb3VudCJ9.c2lnbmF0dXJl"),
    ("robot$name", "CANARY: \"quotes\", \\ and : colons: pässwörd"),
];

/// What the registry calls itself in challenges.
pub(crate) const SERVICE: &str = "demo-registry";
/// Who issues its tokens.
pub(crate) const ISSUER: &str = "demo-registry-tokens";

/// Who may pull from a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    Everybody,
    EveryUser,
    Only(BTreeSet<String>),
}

/// The state that the servers of a registry share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) log: RequestLog,
    pub(crate) signer: Signer,
    pub(crate) addresses: Addresses,
    pub(crate) images: Mutex<Images>,
    settings: Mutex<Settings>,
}

/// Where the servers listen. Each has a port of its own.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) registry: Url,
    pub(crate) index: Url,
    pub(crate) realm: Url,
    pub(crate) other_realm: Url,
}

/// What switches change.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) passwords: BTreeMap<String, String>,
    /// The user of each identity token.
    pub(crate) identities: BTreeMap<String, String>,
    /// By repository, or by namespace with a closing slash.
    pub(crate) readers: BTreeMap<String, Readers>,
    pub(crate) oddities: Oddities,
    pub(crate) issued: Vec<String>,
    /// How long tokens last, in seconds.
    pub(crate) token_lifetime: u64,
}

/// How a registry differs from what most do.
#[derive(Debug, Default)]
pub(crate) struct Oddities {
    pub(crate) failures: PlannedFailures<RegistryRoute>,
    /// The values of `WWW-Authenticate`, with placeholders.
    pub(crate) challenges: Option<Vec<String>>,
    /// The status in place of 401.
    pub(crate) refusal: Option<u16>,
    pub(crate) realm_moved: bool,
    pub(crate) without_post: bool,
    pub(crate) answer: TokenAnswer,
    pub(crate) denial: Denial,
}

impl State {
    pub(crate) fn new(signer: Signer, addresses: Addresses, images: Images, token_lifetime: u64) -> Self {
        let readers = [
            (super::images::repository_of("org.example.Base"), Readers::Everybody),
            (super::images::repository_of("org.example.Almanac"), Readers::Everybody),
            (super::images::repository_of("org.example.Compass"), Readers::EveryUser),
            // Without images, for questions about very many repositories.
            ("many/".to_owned(), Readers::EveryUser),
        ];
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let settings = Settings {
            passwords: REGISTRY_USERS.into_iter().map(own).collect(),
            readers: readers.into_iter().collect(),
            token_lifetime,
            ..Settings::default()
        };
        Self { log: RequestLog::new(), signer, addresses, images: Mutex::new(images), settings: Mutex::new(settings) }
    }

    pub(crate) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn images(&self) -> MutexGuard<'_, Images> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure of the current request, if any.
    pub(crate) fn next_failure(&self, route: RegistryRoute) -> Option<Failure> {
        self.settings().oddities.failures.next(&route)
    }

    /// The realm that challenges name.
    pub(crate) fn realm(&self) -> &Url {
        if self.settings().oddities.realm_moved { &self.addresses.other_realm } else { &self.addresses.realm }
    }
}

impl Settings {
    /// Whether `user`, or anybody, may pull from a repository. Nobody may pull from one that is not there.
    pub(crate) fn may_pull(&self, user: Option<&str>, repository: &str) -> bool {
        let namespace = repository.split_once('/').map(|(namespace, _)| format!("{namespace}/"));
        let readers =
            self.readers.get(repository).or_else(|| namespace.and_then(|namespace| self.readers.get(&namespace)));
        match (readers, user) {
            (Some(Readers::Everybody), _) | (Some(Readers::EveryUser), Some(_)) => true,
            (Some(Readers::Only(names)), Some(user)) => names.contains(user),
            _ => false,
        }
    }

    pub(crate) fn known_user(&self, name: &str) -> Result<(), StoreError> {
        if self.passwords.contains_key(name) { Ok(()) } else { Err(StoreError::UnknownUser(name.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_read_by_those_it_is_for() {
        let only = BTreeSet::from(["demo".to_owned()]);
        let readers = [
            ("acme/open", Readers::Everybody),
            ("acme/closed", Readers::EveryUser),
            ("acme/demo", Readers::Only(only)),
            ("many/", Readers::EveryUser),
        ];
        let settings = Settings {
            readers: readers.into_iter().map(|(name, readers)| (name.to_owned(), readers)).collect(),
            ..Settings::default()
        };
        for (repository, anybody, demo, demo2) in [
            ("acme/open", true, true, true),
            ("acme/closed", false, true, true),
            ("acme/demo", false, true, false),
            ("many/0001", false, true, true),
            ("acme/unheard-of", false, false, false),
            ("many", false, false, false),
        ] {
            let may = |user| settings.may_pull(user, repository);
            assert_eq!((may(None), may(Some("demo")), may(Some("demo2"))), (anybody, demo, demo2), "{repository}");
        }
    }
}
