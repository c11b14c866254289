// SPDX-License-Identifier: GPL-3.0-or-later
//! What a server says about apps.

use std::collections::{BTreeSet, HashSet};

use crate::{ask::Ask, credential::Token, ground::Ground, refs::RefKind};

/// What a server says about one ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// No token is needed.
    Free,
    /// The download token, and when it ends by its own word (seconds since 1970).
    Token(Token, Option<i64>),
    /// The account has no access.
    Denied,
}

/// What a server says about every ask, in the order of the asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(Vec<Grant>);

impl Grants {
    /// Makes one grant for each ask. `None` if an ask gets no grant: then the answer is void.
    pub fn of(asks: &[Ask], grant: impl FnMut(&Ask) -> Option<Grant>) -> Option<Self> {
        asks.iter().map(grant).collect::<Option<Vec<_>>>().map(Self)
    }

    /// The grant of the only ask.
    pub fn one(grant: Grant) -> Self {
        Self(vec![grant])
    }

    /// The grants, in the order of the asks.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter()
    }

    /// Sorts the apps into those with and those without access. An app with one denied part counts as denied. A listing
    /// is no app.
    pub fn access(&self, asks: &[Ask]) -> Access {
        self.sorted(asks).into()
    }

    /// Ids of the apps without access.
    pub fn denied(&self, asks: &[Ask]) -> BTreeSet<String> {
        let said = asks.iter().zip(&self.0).filter(|(ask, grant)| matches!(grant, Grant::Denied) && !ask.is_listing());
        said.map(|(ask, _)| ask.app_id().to_owned()).collect()
    }

    /// The same as [`Self::access`], without a copy of the ids.
    pub fn sorted<'a>(&self, asks: &'a [Ask]) -> Sorted<'a> {
        Sorted::of(asks.iter().zip(&self.0))
    }
}

impl IntoIterator for Grants {
    type Item = Grant;
    type IntoIter = std::vec::IntoIter<Grant>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// What a server says about apps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Ids of the apps with access.
    pub granted: BTreeSet<String>,
    /// Ids of the apps without access.
    pub denied: BTreeSet<String>,
    /// Of the apps with access, the ids of those that need a token.
    pub protected: BTreeSet<String>,
    /// The repository that the apps are from, if they are known to be.
    pub ground: Option<Ground>,
}

impl Access {
    /// The same about apps that are from this repository.
    pub fn at(self, ground: &Ground) -> Self {
        Self { ground: Some(ground.clone()), ..self }
    }
}

/// What a server says about apps, without a copy of their ids: there can be thousands.
#[derive(Debug, Default)]
pub struct Sorted<'a> {
    /// Ids of the apps with access.
    pub granted: HashSet<&'a str>,
    /// Ids of the apps without access.
    pub denied: HashSet<&'a str>,
    /// Of the apps with access, the ids of those that need a token.
    pub protected: HashSet<&'a str>,
}

impl<'a> Sorted<'a> {
    /// Sorts what a server says.
    pub fn of<'g>(said: impl IntoIterator<Item = (&'a Ask, &'g Grant)>) -> Self {
        let mut sorted = Self::default();
        for (ask, grant) in said {
            sorted.add(ask, grant);
        }
        sorted
    }

    /// Adds what the server says about one ask, unless it is for a listing.
    fn add(&mut self, ask: &'a Ask, grant: &Grant) {
        if ask.is_listing() {
            return;
        }
        let id = ask.app_id();
        if matches!(grant, Grant::Denied) {
            self.granted.remove(id);
            self.protected.remove(id);
            self.denied.insert(id);
        } else if !self.denied.contains(id) {
            self.granted.insert(id);
            let is_app = ask.full_ref().is_none_or(|full_ref| full_ref.kind() == RefKind::App);
            if is_app && matches!(grant, Grant::Token(..)) {
                self.protected.insert(id);
            }
        }
    }
}

impl From<Sorted<'_>> for Access {
    fn from(sorted: Sorted<'_>) -> Self {
        let ids = |ids: HashSet<&str>| ids.into_iter().map(ToOwned::to_owned).collect();
        let (granted, denied, protected) = (ids(sorted.granted), ids(sorted.denied), ids(sorted.protected));
        Self { granted, denied, protected, ground: None }
    }
}
