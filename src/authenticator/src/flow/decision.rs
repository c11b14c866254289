// SPDX-License-Identifier: GPL-3.0-or-later
//! What to do about an obstacle: the design's table, and nothing else. Pure.

use usher_core::{
    pending::Operation,
    prompt::{Kind, Reason},
};

use super::obstacle::{Obstacle, question};

/// What a client wants, and whether it may disturb the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestKind {
    /// Install or update.
    pub(crate) operation: Operation,
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

/// The design's table: an obstacle never blocks an update.
pub(crate) fn decide(obstacle: &Obstacle, request_kind: RequestKind) -> Decision {
    let question = question(obstacle).filter(|_| request_kind.interactive);
    match (request_kind.operation, question) {
        (Operation::Update, question) => Decision::LeaveOut(question),
        (Operation::Install, Some((kind, reason))) => Decision::Ask(kind, reason),
        (Operation::Install, None) => Decision::Refuse,
    }
}
