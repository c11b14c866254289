// SPDX-License-Identifier: GPL-3.0-or-later
//! What comes next in a purchase, after the server's answer. Pure.

use super::{Begun, BuyError};
use crate::{redirect::Refusal, session::SessionError};

/// What happened before the server was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckReason {
    /// The shop's page redirected back.
    Returned,
    /// The person cancelled on the shop's page.
    Cancelled,
    /// The shop's page redirected back, and said that nothing was bought.
    Declined,
    /// The person left the shop's page, or it never redirected back.
    Left,
    /// The shop's page broke, or could not be shown.
    Broken,
    /// We still wait for the server, or for the person to say what happened.
    Again,
}

impl From<&Refusal> for CheckReason {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Cancelled => Self::Cancelled,
            Refusal::Stopped(_) => Self::Declined,
        }
    }
}

/// What comes next in a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Show the shop's page.
    Shop,
    /// The account has access to the app.
    Bought,
    /// Paid, by the word of the shop's page, but not granted yet.
    Wait,
    /// Begun, and nobody knows how it ended.
    Unfinished,
    /// Not bought: nothing is left of it.
    NotBought,
    /// Nothing changes.
    Stay,
    /// Nothing changes, since the server did not answer.
    StayAfterError,
    /// The person has to sign in again.
    SignIn,
    /// The shop does not sell the app to this account.
    NotOffered,
    /// Something failed before the purchase began.
    NotBegun,
}

/// What comes after the wish to buy.
pub fn after_begin(begun: Result<&Begun, &BuyError>) -> NextStep {
    match begun {
        Ok(Begun::Started(_)) => NextStep::Shop,
        Ok(Begun::Owned) => NextStep::Bought,
        Ok(Begun::Unfinished) => NextStep::Unfinished,
        Err(BuyError::NotOffered) => NextStep::NotOffered,
        Err(BuyError::Session(error)) if needs_sign_in(error) => NextStep::SignIn,
        Err(BuyError::Session(_)) => NextStep::NotBegun,
    }
}

/// What comes after the server was asked for access.
pub fn after_check(reason: CheckReason, has_access: Result<bool, &SessionError>) -> NextStep {
    match (has_access, reason) {
        (Ok(true), _) => NextStep::Bought,
        (Ok(false), CheckReason::Broken) => NextStep::Shop,
        (Ok(false), CheckReason::Cancelled) => NextStep::NotBought,
        (Ok(false), CheckReason::Again) => NextStep::Stay,
        (Err(error), _) if needs_sign_in(error) => NextStep::SignIn,
        (Err(_), CheckReason::Broken | CheckReason::Again) => NextStep::StayAfterError,
        // It may be paid, whatever keeps the server from answering.
        (Ok(false) | Err(_), CheckReason::Returned) => NextStep::Wait,
        (Ok(false) | Err(_), CheckReason::Left | CheckReason::Declined) | (Err(_), CheckReason::Cancelled) => {
            NextStep::Unfinished
        }
    }
}

fn needs_sign_in(error: &SessionError) -> bool {
    matches!(error, SessionError::SignedOut | SessionError::Expired)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{http::HttpError, store::StoreError};

    const REASONS: [CheckReason; 6] = [
        CheckReason::Returned,
        CheckReason::Cancelled,
        CheckReason::Declined,
        CheckReason::Left,
        CheckReason::Broken,
        CheckReason::Again,
    ];

    fn errors() -> [SessionError; 4] {
        [HttpError::Unreachable.into(), HttpError::TimedOut.into(), SessionError::Unexpected, StoreError::Locked.into()]
    }

    #[test]
    fn only_the_servers_yes_is_a_purchase() {
        for reason in REASONS {
            assert_eq!(after_check(reason, Ok(true)), NextStep::Bought);
            assert_ne!(after_check(reason, Ok(false)), NextStep::Bought);
            for error in errors() {
                assert_ne!(after_check(reason, Err(&error)), NextStep::Bought);
            }
        }
        assert_eq!(after_begin(Ok(&Begun::Owned)), NextStep::Bought);
    }

    #[test]
    fn the_shops_page_returns_only_after_the_server_says_no() {
        for reason in REASONS {
            assert_eq!(after_check(reason, Ok(false)) == NextStep::Shop, reason == CheckReason::Broken);
            for error in errors() {
                assert_ne!(after_check(reason, Err(&error)), NextStep::Shop, "{reason:?} {error:?}");
            }
        }
    }

    #[test]
    fn only_the_persons_cancel_and_the_servers_no_together_drop_a_purchase() {
        for reason in REASONS {
            assert_eq!(after_check(reason, Ok(false)) == NextStep::NotBought, reason == CheckReason::Cancelled);
            for error in errors() {
                assert_ne!(after_check(reason, Err(&error)), NextStep::NotBought, "{reason:?} {error:?}");
            }
        }
    }

    #[test]
    fn a_purchase_that_may_be_paid_stays_open_even_without_an_answer() {
        assert_eq!(after_check(CheckReason::Returned, Ok(false)), NextStep::Wait);
        for error in errors() {
            assert_eq!(after_check(CheckReason::Returned, Err(&error)), NextStep::Wait);
            assert_eq!(after_check(CheckReason::Left, Err(&error)), NextStep::Unfinished);
        }
    }

    #[test]
    fn an_ended_sign_in_is_renewed_and_nothing_is_lost() {
        for ended in [SessionError::Expired, SessionError::SignedOut] {
            for reason in REASONS {
                assert_eq!(after_check(reason, Err(&ended)), NextStep::SignIn);
            }
            assert_eq!(after_begin(Err(&ended.into())), NextStep::SignIn);
        }
    }

    #[test]
    fn an_unfinished_purchase_does_not_begin_again() {
        assert_eq!(after_begin(Ok(&Begun::Unfinished)), NextStep::Unfinished);
        assert_eq!(after_begin(Err(&BuyError::NotOffered)), NextStep::NotOffered);
        assert_eq!(after_begin(Err(&HttpError::NoSuchHost.into())), NextStep::NotBegun);
    }
}
