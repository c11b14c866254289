// SPDX-License-Identifier: GPL-3.0-or-later
//! Looks, asks the person about an obstacle, and looks again: the same for flatpak's requests and for stores.

use async_trait::async_trait;
use usher_core::prompt::Kind;

use super::{Ending, Flow, Obstacle, Question};

/// A goal that a person may be asked about.
#[async_trait]
pub(crate) trait Attempt: Sync {
    /// The result of a look.
    type Findings: Send;

    /// Looks at keyring and server without waiting for a person. `afresh` after an answered question.
    async fn look(&self, afresh: bool) -> (Self::Findings, Option<Obstacle>);

    /// The question to the person about an obstacle. `None` if no question helps, or nobody may be asked.
    async fn question(&self, obstacle: &Obstacle) -> Option<Question>;
}

/// The result of the last look, and the obstacle that remains.
pub(crate) struct Attempted<T> {
    pub(crate) findings: T,
    pub(crate) blocked: Option<(Obstacle, Stop)>,
}

/// Why to stop asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// No new question would help, or none may be asked.
    NothingToAsk,
    /// A question ended without success.
    Ended(Ending),
    /// The service does not sell the app.
    NotOffered,
}

impl Flow {
    /// Asks about each obstacle until none is left; asks each kind of question once.
    pub(crate) async fn attempt<W: Attempt>(&self, wanted: &W) -> Attempted<W::Findings> {
        let mut asked: Vec<Kind> = Vec::new();
        let mut is_offered = true;
        loop {
            let (findings, obstacle) = wanted.look(!asked.is_empty()).await;
            let Some(obstacle) = obstacle else {
                return Attempted { findings, blocked: None };
            };
            tracing::debug!(?obstacle, ?asked, "met an obstacle");
            if !is_offered {
                let stop = if obstacle.apps().is_some() { Stop::NotOffered } else { Stop::NothingToAsk };
                return Attempted { findings, blocked: Some((obstacle, stop)) };
            }
            let question = wanted.question(&obstacle).await.filter(|question| !asked.contains(&question.kind));
            let Some(question) = question else {
                return Attempted { findings, blocked: Some((obstacle, Stop::NothingToAsk)) };
            };
            let kind = question.kind;
            let ending = self.prompts.ask(question).await;
            tracing::debug!(?kind, ?ending, "a prompt ended");
            asked.push(kind);
            match ending {
                Ending::Done => {}
                // A window that began with signing in may have ended here, so look again to see what it means.
                Ending::NotOffered => is_offered = false,
                other => return Attempted { findings, blocked: Some((obstacle, Stop::Ended(other))) },
            }
        }
    }
}
