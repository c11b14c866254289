// SPDX-License-Identifier: GPL-3.0-or-later
//! What a request leaves for the activity log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use usher_core::{
    account::{Account, AccountId},
    activity_log::{Question, RequestResult},
    prompt::Kind,
};

use super::{look::Stop, obstacle::Obstacle, ports::Ending};

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The account that was used, or would have been, if the remote may use it.
    pub(crate) account: Option<AccountId>,
    /// The result.
    pub(crate) result: RequestResult,
}

/// The questions that windows have asked the person because of a request. Known also where the request ends before its
/// work does. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<Vec<Question>>>);

impl Outcome {
    /// Without an account.
    pub(crate) fn of(result: RequestResult) -> Self {
        Self { account: None, result }
    }

    /// Everything was given, with this account.
    pub(crate) fn granted(used: Option<&Account>) -> Self {
        Self { account: used.map(|account| account.id), result: RequestResult::Granted }
    }

    /// Something stands in the way, and no further question removes it.
    pub(crate) fn blocked(obstacle: &Obstacle, stop: Stop, used: Option<&Account>) -> Self {
        let in_question = match obstacle {
            // An account that the remote may not use was not used.
            Obstacle::NoLink(_) => None,
            other => other.account(),
        };
        let result = if stop == Stop::Ended(Ending::Dismissed) { RequestResult::Cancelled } else { result(obstacle) };
        Self { account: in_question.or(used.map(|account| account.id)), result }
    }
}

impl Asked {
    /// Notes that a question is asked now.
    pub(crate) fn note(&self, kind: Kind) {
        self.questions().push(kind.into());
    }

    /// Takes the last question back: no window showed it.
    pub(crate) fn take_back(&self) {
        self.questions().pop();
    }

    pub(crate) fn all(&self) -> Vec<Question> {
        self.questions().clone()
    }

    fn questions(&self) -> MutexGuard<'_, Vec<Question>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An obstacle as the log has it.
fn result(obstacle: &Obstacle) -> RequestResult {
    match obstacle {
        Obstacle::Options(_) => RequestResult::Unusable,
        Obstacle::NoAccount | Obstacle::SignedOut(_) | Obstacle::Expired(_) | Obstacle::MayHaveEnded(_) => {
            RequestResult::AccountNeeded
        }
        Obstacle::NoLink(_) => RequestResult::PermissionNeeded,
        Obstacle::Refused => RequestResult::Refused,
        Obstacle::Locked
        | Obstacle::NoKeyring
        | Obstacle::NoPortal
        | Obstacle::KeyringFailed
        | Obstacle::NotSavedYet => RequestResult::Locked,
        Obstacle::Changed { .. } => RequestResult::ServerChanged,
        Obstacle::NotBought { .. } | Obstacle::NotOffered { .. } => RequestResult::NoAccess,
        Obstacle::Unreachable
        | Obstacle::Proxy(_)
        | Obstacle::BadAnswer
        | Obstacle::NotSecure(_)
        | Obstacle::NotPossible
        | Obstacle::NotRenewed { .. } => RequestResult::Unavailable,
    }
}
