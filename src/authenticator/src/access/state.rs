// SPDX-License-Identifier: GPL-3.0-or-later
//! What can be said of an app. Pure.

use crate::flow::Obstacle;

/// Whether an app can be had with what the person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The server wants no token for it.
    Free,
    /// There is access.
    Owned,
    /// There is none.
    NotOwned,
    /// Nobody is signed in.
    AccountNeeded,
    /// The remote may not use an account yet.
    LinkNeeded,
    /// The keyring is locked.
    Locked,
    /// Nothing can be said.
    Unknown,
}

impl State {
    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Owned => "owned",
            Self::NotOwned => "not-owned",
            Self::AccountNeeded => "account-needed",
            Self::LinkNeeded => "link-needed",
            Self::Locked => "locked",
            Self::Unknown => "unknown",
        }
    }
}

impl From<&Obstacle> for State {
    fn from(obstacle: &Obstacle) -> Self {
        match obstacle {
            Obstacle::NoAccount | Obstacle::SignedOut(_) | Obstacle::Expired(_) => Self::AccountNeeded,
            Obstacle::NoLink(_) => Self::LinkNeeded,
            Obstacle::Locked => Self::Locked,
            Obstacle::NotBought { .. } => Self::NotOwned,
            // No button of a store's mends a remote that has changed its server: the person reviews that in Usher.
            Obstacle::Changed { .. }
            | Obstacle::Options(_)
            | Obstacle::NoKeyring
            | Obstacle::KeyringFailed
            | Obstacle::Unreachable
            | Obstacle::BadAnswer
            | Obstacle::NotSecure(_) => Self::Unknown,
        }
    }
}
