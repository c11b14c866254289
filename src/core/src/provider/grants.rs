// SPDX-License-Identifier: GPL-3.0-or-later
//! What a server says about apps.

use std::collections::BTreeSet;

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
        let mut access = Access::default();
        for (ask, grant) in asks.iter().zip(&self.0) {
            access.add(ask, grant);
        }
        access
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

    /// Adds what the server says about one ask, unless it is for a listing.
    pub fn add(&mut self, ask: &Ask, grant: &Grant) {
        if ask.is_listing() {
            return;
        }
        let id = ask.app_id();
        if matches!(grant, Grant::Denied) {
            self.granted.remove(id);
            self.protected.remove(id);
            self.denied.insert(id.to_owned());
        } else if !self.denied.contains(id) {
            self.granted.insert(id.to_owned());
            let is_app = ask.full_ref().is_none_or(|full_ref| full_ref.kind == RefKind::App);
            if is_app && matches!(grant, Grant::Token(..)) {
                self.protected.insert(id.to_owned());
            }
        }
    }
}
