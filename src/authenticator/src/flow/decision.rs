// SPDX-License-Identifier: GPL-3.0-or-later
//! What to do about an obstacle: the design's table, and nothing else. Pure.

use usher_core::{
    pending::Operation,
    prompt::{Kind, Reason},
};

use super::obstacle::{Obstacle, question};

/// What a client wants tokens for, in the order of how much it matters to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Wanted {
    /// To see what a repository has.
    Listing,
    /// To update something installed.
    Update,
    /// To install.
    Install,
}

impl Wanted {
    /// Whether the client goes on without a token.
    pub(crate) fn is_update(self) -> bool {
        self <= Self::Update
    }

    /// What the person may find waiting later. Nothing waits for a listing: whoever wants it asks again.
    pub(crate) fn operation(self) -> Option<Operation> {
        match self {
            Self::Listing => None,
            Self::Update => Some(Operation::Update),
            Self::Install => Some(Operation::Install),
        }
    }
}

/// What a client wants, and whether it may disturb the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestKind {
    /// What the tokens are for.
    pub(crate) wanted: Wanted,
    /// Whether the person may be asked.
    pub(crate) interactive: bool,
}

/// What to do about an obstacle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Ask the person, then look again.
    Ask(Kind, Reason),
    /// End the request with a message.
    Refuse,
    /// Answer without tokens for refs that are not covered; ask the person, but do not wait.
    LeaveOut(Option<(Kind, Reason)>),
}

/// The design's table: an obstacle never blocks an update, or a listing, for which nobody buys anything.
pub(crate) fn decide(obstacle: &Obstacle, request_kind: RequestKind) -> Decision {
    let question = question(obstacle).filter(|_| request_kind.interactive);
    match (request_kind.wanted, question) {
        (Wanted::Listing, Some((Kind::Purchase, _))) => Decision::LeaveOut(None),
        (Wanted::Listing | Wanted::Update, question) => Decision::LeaveOut(question),
        (Wanted::Install, Some((kind, reason))) => Decision::Ask(kind, reason),
        (Wanted::Install, None) => Decision::Refuse,
    }
}
