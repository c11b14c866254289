// SPDX-License-Identifier: GPL-3.0-or-later
//! Look, ask the person about what stands in the way, and look again: the same for requests of flatpak and for stores.

use async_trait::async_trait;
use usher_core::prompt::Kind;

use super::{Ending, Flow, Obstacle, Question};

/// Something that is wanted, and that a person may be asked about.
#[async_trait]
pub(crate) trait Wanted: Sync {
    /// What a look gives.
    type Found: Send;

    /// Looks at keyring and server. Nothing of it waits for a person. `afresh` after a question was answered.
    async fn look(&self, afresh: bool) -> (Self::Found, Option<Obstacle>);

    /// What the person is asked about an obstacle. `None` if nothing can be asked, or nobody may be.
    async fn question(&self, obstacle: &Obstacle) -> Option<Question>;
}

/// What the last look gave, and what still stands in the way.
pub(crate) struct Rounds<T> {
    pub(crate) found: T,
    pub(crate) blocked: Option<(Obstacle, Stop)>,
}

/// Why the person is asked nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nothing that was not asked already would help, or may be asked.
    NothingToAsk,
    /// A question did not end well.
    Ended(Ending),
    /// The service does not sell what is to be bought.
    NotOffered,
}

impl Flow {
    /// Asks about each obstacle until none is left; each kind of question once.
    pub(crate) async fn rounds<W: Wanted>(&self, wanted: &W) -> Rounds<W::Found> {
        let mut asked: Vec<Kind> = Vec::new();
        let mut is_offered = true;
        loop {
            let (found, obstacle) = wanted.look(!asked.is_empty()).await;
            let Some(obstacle) = obstacle else {
                return Rounds { found, blocked: None };
            };
            tracing::debug!(?obstacle, ?asked, "an obstacle");
            if !is_offered {
                let stop = if obstacle.apps().is_some() { Stop::NotOffered } else { Stop::NothingToAsk };
                return Rounds { found, blocked: Some((obstacle, stop)) };
            }
            let question = wanted.question(&obstacle).await.filter(|question| !asked.contains(&question.kind));
            let Some(question) = question else {
                return Rounds { found, blocked: Some((obstacle, Stop::NothingToAsk)) };
            };
            let kind = question.kind;
            let ending = self.prompts.ask(question).await;
            tracing::debug!(?kind, ?ending, "a prompt ended");
            asked.push(kind);
            match ending {
                Ending::Done => {}
                // A window that began with signing in may have come to it: what it means is seen anew.
                Ending::NotOffered => is_offered = false,
                other => return Rounds { found, blocked: Some((obstacle, Stop::Ended(other))) },
            }
        }
    }
}
