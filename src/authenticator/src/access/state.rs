// SPDX-License-Identifier: GPL-3.0-or-later
//! What an obstacle means for an app. Pure.

use usher_core::app_state::AppState;

use crate::flow::Obstacle;

impl From<&Obstacle> for AppState {
    fn from(obstacle: &Obstacle) -> Self {
        match obstacle {
            Obstacle::NoAccount | Obstacle::SignedOut(_) | Obstacle::Expired(_) => Self::AccountNeeded,
            // Its store may ask for the permission and is answered no, without a window.
            Obstacle::NoLink(_) | Obstacle::Refused => Self::LinkNeeded,
            Obstacle::Locked => Self::Locked,
            Obstacle::NotBought { .. } | Obstacle::NotOffered { .. } => Self::NotOwned,
            // A store's button cannot help with a remote whose server changed (the person reviews that in Usher), nor with an
            // account that counts as signed in.
            Obstacle::MayHaveEnded(_)
            | Obstacle::Changed { .. }
            | Obstacle::Options(_)
            | Obstacle::NoKeyring
            | Obstacle::NoPortal
            | Obstacle::KeyringFailed
            | Obstacle::Unreachable
            | Obstacle::Proxy(_)
            | Obstacle::BadAnswer
            | Obstacle::NotSecure(_)
            | Obstacle::NotRenewed { .. }
            | Obstacle::NotSavedYet
            | Obstacle::NotPossible => Self::Unknown,
        }
    }
}
