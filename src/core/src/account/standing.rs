// SPDX-License-Identifier: GPL-3.0-or-later
//! How an account stands: what its state, its own end and the server's answers say together. Pure.

use super::{Account, AccountState};

/// Warn of a sign-in that ends within this many seconds.
const SOON: i64 = 7 * 24 * 60 * 60;

/// How an account stands at a given time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// All is well.
    Fine,
    /// The sign-in ends soon, at this time (seconds since 1970).
    EndsSoon(i64),
    /// The sign-in may have ended.
    MayHaveEnded,
    /// The server has ended the sign-in.
    Ended,
    /// The person signed out.
    SignedOut,
}

impl Standing {
    /// How an account stands at `now` (seconds since 1970). The end that a credential states is a hint, but worth
    /// showing.
    pub fn of(account: &Account, now: i64) -> Self {
        match account.state {
            AccountState::SignedOut => Self::SignedOut,
            AccountState::Expired => Self::Ended,
            AccountState::SignedIn if account.may_have_ended(now) => Self::MayHaveEnded,
            AccountState::SignedIn => account.ends_soon(now).map_or(Self::Fine, Self::EndsSoon),
        }
    }

    /// Whether the account has a sign-in that has not ended.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Fine | Self::EndsSoon(_))
    }
}

impl Account {
    /// After so many failed calls in a row, beside one without the credential that was answered, the sign-in may have
    /// ended.
    pub const FAILURES: u8 = 3;

    /// Whether the sign-in may have ended, although the server has not said so: its own end has passed, or the server
    /// answers others but not this credential. A suggestion; the state changes only by the server's word.
    pub fn may_have_ended(&self, now: i64) -> bool {
        let has_passed = self.valid_until.is_some_and(|end| end <= now);
        self.state == AccountState::SignedIn && (has_passed || self.failures >= Self::FAILURES)
    }

    /// When the sign-in ends, if that is soon: seconds since 1970. `None` for a sign-in that was short from the start.
    pub fn ends_soon(&self, now: i64) -> Option<i64> {
        let is_soon =
            |end: &i64| *end > now && end.saturating_sub(now) < SOON && end.saturating_sub(self.signed_in_at) > SOON;
        self.valid_until.filter(|end| self.state == AccountState::SignedIn && is_soon(end))
    }
}
