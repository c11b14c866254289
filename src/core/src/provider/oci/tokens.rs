// SPDX-License-Identifier: GPL-3.0-or-later
//! A grant for each repository. The registry is asked once what it wants to see; then its token server is asked for all
//! repositories side by side.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, stream};

use super::{
    REALM,
    challenge::Challenge,
    name::RepositoryName,
    registry::{Fault, Issued, IssuedToken, Login, Manifest, Registry, allows},
};
use crate::{
    ask::Ask,
    provider::{Grant, Grants, TokensCall, TokensError, notes::Noted},
    service::ServiceUrl,
};

/// How many repositories to ask for at a time.
const SIDE_BY_SIDE: usize = 8;

/// What is remembered of registries.
#[derive(Debug, Default)]
pub(in crate::provider) struct RegistryNotes {
    /// Where the tokens of a registry come from.
    challenges: Noted<ServiceUrl, Challenge>,
    /// Who may read a repository.
    repositories: Noted<(ServiceUrl, String), Readers>,
}

/// Who may read a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    /// Anybody, without a token.
    Anybody,
    /// Anybody, with a token that anybody gets.
    AnybodyWithToken,
    /// Only those who sign in, as far as can be known.
    SignedIn,
}

/// One call for tokens.
pub(super) struct Call<'a> {
    registry: Registry<'a>,
    login: Option<Login<'a>>,
    /// The token server that the person agreed to.
    realm: Option<&'a str>,
    asks: &'a [Ask],
    notes: &'a RegistryNotes,
}

/// What was found out about a repository, which was asked for with this commit.
type Named<'a> = (RepositoryName<'a>, Option<&'a str>, Result<Grant, Stop>);

/// Why there is no grant for a repository yet, or none at all.
enum Stop {
    /// Ask again later, one after the other.
    Busy(Duration),
    Failed(TokensError),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy(wait) => Self::Busy(wait),
            fault => Self::Failed(fault.into()),
        }
    }
}

impl<'a> Call<'a> {
    pub(super) fn new(call: &TokensCall<'a>) -> Result<Self, TokensError> {
        let login = match call.credential {
            Some(credential) => Some(Login::of(credential).ok_or(TokensError::Rejected)?),
            None => None,
        };
        Ok(Self {
            registry: Registry { http: call.http, address: &call.binding.service },
            login,
            realm: call.endpoints.get(REALM).map(String::as_str),
            asks: call.asks,
            notes: &call.notes.registries,
        })
    }

    /// A grant for each ask.
    pub(super) async fn grants(&self) -> Result<Grants, TokensError> {
        // One commit is enough to find out who may read a repository.
        let mut repositories = BTreeMap::new();
        for (name, ask) in self.asks.iter().filter_map(|ask| Some((repository(ask)?, ask))) {
            repositories.entry(name).or_insert(ask.commit.as_deref());
        }
        let found = self.ask_all(repositories).await?;
        // What is in no repository is not to be had.
        let grant = |ask: &Ask| repository(ask).map_or(Some(Grant::Denied), |name| found.get(&name).cloned());
        Grants::of(self.asks, grant).ok_or(TokensError::Unexpected)
    }

    async fn ask_all(
        &self,
        repositories: BTreeMap<RepositoryName<'a>, Option<&'a str>>,
    ) -> Result<HashMap<RepositoryName<'a>, Grant>, TokensError> {
        let mut all: Vec<_> =
            repositories.into_iter().map(|(name, commit)| self.ask_named(name, commit).boxed()).collect();
        let others = all.split_off(all.len().min(1));
        let (mut found, mut later) = (HashMap::new(), Vec::new());
        // The first learns for all what the registry wants to see.
        for round in [all, others] {
            let mut answers = stream::iter(round).buffer_unordered(SIDE_BY_SIDE);
            while let Some((name, commit, answer)) = answers.next().await {
                match answer {
                    Ok(grant) => drop(found.insert(name, grant)),
                    Err(Stop::Busy(wait)) => later.push((name, commit, wait)),
                    Err(Stop::Failed(error)) => return Err(error),
                }
            }
        }
        for (name, commit, wait) in later {
            found.insert(name, self.ask_slowly(name, commit, wait).await?);
        }
        Ok(found)
    }

    async fn ask_named(&self, name: RepositoryName<'a>, commit: Option<&'a str>) -> Named<'a> {
        (name, commit, self.ask(name, commit).await)
    }

    /// Asks once more after the time that the server wants. The caller's own limit ends it.
    async fn ask_slowly(
        &self,
        name: RepositoryName<'a>,
        commit: Option<&str>,
        mut wait: Duration,
    ) -> Result<Grant, TokensError> {
        loop {
            tokio::time::sleep(wait).await;
            match self.ask(name, commit).await {
                Ok(grant) => return Ok(grant),
                Err(Stop::Busy(longer)) => wait = longer.max(Duration::from_millis(500)),
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
    }

    /// Asks for one repository.
    async fn ask(&self, name: RepositoryName<'_>, commit: Option<&str>) -> Result<Grant, Stop> {
        match self.readers(name) {
            Some(Readers::Anybody) => return Ok(Grant::Free),
            Some(Readers::SignedIn) if self.login.is_none() => return Ok(Grant::Denied),
            _ => {}
        }
        let challenge = match self.notes.challenges.get(self.registry.address) {
            Some(known) => known,
            None => match self.registry.manifest(name, commit, None).await? {
                Manifest::Open => {
                    self.note(name, Readers::Anybody);
                    return Ok(Grant::Free);
                }
                Manifest::Challenge(challenge) => self.learn(challenge),
                // Who is refused without a challenge may still be let in with a token.
                Manifest::Closed => match self.registry.challenge().await? {
                    Some(challenge) => self.learn(challenge),
                    None => return Ok(Grant::Denied),
                },
            },
        };
        match self.login {
            Some(login) => self.ask_with(&challenge, name, commit, login).await,
            None => self.ask_for_anybody(&challenge, name, commit).await,
        }
    }

    async fn ask_for_anybody(
        &self,
        challenge: &Challenge,
        name: RepositoryName<'_>,
        commit: Option<&str>,
    ) -> Result<Grant, Stop> {
        let issued = match self.registry.token(challenge, Some(name), None).await {
            Ok(issued) => issued,
            Err(fault) => {
                // The address of the token server may have changed.
                self.notes.challenges.forget(self.registry.address);
                return Err(fault.into());
            }
        };
        if let Issued::Token(issued) = issued
            && (self.readers(name) == Some(Readers::AnybodyWithToken)
                || is_good(&self.registry, name, commit, &issued).await?)
        {
            self.note(name, Readers::AnybodyWithToken);
            return Ok(Grant::Token(issued.token, Some(issued.ends)));
        }
        self.note(name, Readers::SignedIn);
        Ok(Grant::Denied)
    }

    async fn ask_with(
        &self,
        challenge: &Challenge,
        name: RepositoryName<'_>,
        commit: Option<&str>,
        login: Login<'_>,
    ) -> Result<Grant, Stop> {
        // The password goes nowhere but where the person agreed to (rule R1).
        if self.realm != Some(challenge.realm.as_str()) {
            return Err(Stop::Failed(TokensError::Moved));
        }
        match self.registry.token(challenge, Some(name), Some(login)).await? {
            Issued::Token(issued) if is_good(&self.registry, name, commit, &issued).await? => {
                Ok(Grant::Token(issued.token, Some(issued.ends)))
            }
            Issued::Token(_) | Issued::Denied => Ok(Grant::Denied),
            // Some say so of a login, others of a repository. Without a repository it can only be the login.
            Issued::Rejected => match self.registry.token(challenge, None, Some(login)).await? {
                Issued::Token(_) => Ok(Grant::Denied),
                Issued::Rejected | Issued::Denied => Err(self.rejection(name, commit, challenge).await),
            },
        }
    }

    /// Why the login was not accepted: perhaps since the registry has another token server by now.
    async fn rejection(&self, name: RepositoryName<'_>, commit: Option<&str>, known: &Challenge) -> Stop {
        self.notes.challenges.forget(self.registry.address);
        match self.registry.manifest(name, commit, None).await {
            Ok(Manifest::Challenge(now)) if now.realm != known.realm => Stop::Failed(TokensError::Moved),
            _ => Stop::Failed(TokensError::Rejected),
        }
    }

    fn learn(&self, challenge: Challenge) -> Challenge {
        self.notes.challenges.put(self.registry.address.clone(), challenge.clone());
        challenge
    }

    fn readers(&self, name: RepositoryName<'_>) -> Option<Readers> {
        self.notes.repositories.get(&(self.registry.address.clone(), name.as_str().to_owned()))
    }

    fn note(&self, name: RepositoryName<'_>, readers: Readers) {
        self.notes.repositories.put((self.registry.address.clone(), name.as_str().to_owned()), readers);
    }
}

/// Whether a token allows reading a repository: a registry may grant less than was asked. Asks for the manifest where the
/// token does not say so itself.
pub(super) async fn is_good(
    registry: &Registry<'_>,
    name: RepositoryName<'_>,
    commit: Option<&str>,
    issued: &IssuedToken,
) -> Result<bool, Fault> {
    if allows(&issued.token, name) == Some(true) {
        return Ok(true);
    }
    Ok(registry.manifest(name, commit, Some(&issued.token)).await? == Manifest::Open)
}

/// The repository of an ask, if it has a sound name.
pub(super) fn repository(ask: &Ask) -> Option<RepositoryName<'_>> {
    RepositoryName::parse(ask.repository.as_deref()?)
}
