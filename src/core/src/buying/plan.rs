// SPDX-License-Identifier: GPL-3.0-or-later
//! What comes next in a purchase, after the server's answer. Pure.

use super::{Begun, BuyError};
use crate::session::SessionError;

/// What happened before the server was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The shop's page redirected back.
    Returned,
    /// The shop's page redirected back, and said that nothing was bought.
    Declined,
    /// The person left the shop's page, or it never redirected back.
    Left,
    /// The shop's page broke, or could not be shown.
    Broken,
    /// We still wait for the server, or for the person to say what happened.
    Again,
}

/// What comes next in a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Show the shop's page.
    Shop,
    /// The account has access to the app.
    Bought,
    /// Paid, by the word of the shop's page, but not granted yet.
    Wait,
    /// Begun, and nobody knows how it ended.
    Unfinished,
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
pub fn after_begin(begun: Result<&Begun, &BuyError>) -> Next {
    match begun {
        Ok(Begun::Started(_)) => Next::Shop,
        Ok(Begun::Owned) => Next::Bought,
        Ok(Begun::Unfinished) => Next::Unfinished,
        Err(BuyError::NotOffered) => Next::NotOffered,
        Err(BuyError::Session(error)) if needs_sign_in(error) => Next::SignIn,
        Err(BuyError::Session(_)) => Next::NotBegun,
    }
}

/// What comes after the server was asked for access.
pub fn after_check(moment: Moment, has_access: Result<bool, &SessionError>) -> Next {
    match (has_access, moment) {
        (Ok(true), _) => Next::Bought,
        (Ok(false), Moment::Broken) => Next::Shop,
        (Ok(false), Moment::Again) => Next::Stay,
        (Err(error), _) if needs_sign_in(error) => Next::SignIn,
        (Err(_), Moment::Broken | Moment::Again) => Next::StayAfterError,
        // It may be paid, whatever keeps the server from answering.
        (Ok(false) | Err(_), Moment::Returned) => Next::Wait,
        (Ok(false) | Err(_), Moment::Left | Moment::Declined) => Next::Unfinished,
    }
}

fn needs_sign_in(error: &SessionError) -> bool {
    matches!(error, SessionError::SignedOut | SessionError::Expired)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{http::HttpError, store::StoreError};

    const MOMENTS: [Moment; 5] = [Moment::Returned, Moment::Declined, Moment::Left, Moment::Broken, Moment::Again];

    fn errors() -> [SessionError; 4] {
        [HttpError::Unreachable.into(), HttpError::TimedOut.into(), SessionError::Unexpected, StoreError::Locked.into()]
    }

    #[test]
    fn only_the_servers_yes_is_a_purchase() {
        for moment in MOMENTS {
            assert_eq!(after_check(moment, Ok(true)), Next::Bought);
            assert_ne!(after_check(moment, Ok(false)), Next::Bought);
            for error in errors() {
                assert_ne!(after_check(moment, Err(&error)), Next::Bought);
            }
        }
        assert_eq!(after_begin(Ok(&Begun::Owned)), Next::Bought);
    }

    #[test]
    fn the_shops_page_returns_only_after_the_server_says_no() {
        for moment in MOMENTS {
            assert_eq!(after_check(moment, Ok(false)) == Next::Shop, moment == Moment::Broken);
            for error in errors() {
                assert_ne!(after_check(moment, Err(&error)), Next::Shop, "{moment:?} {error:?}");
            }
        }
    }

    #[test]
    fn a_purchase_that_may_be_paid_stays_open_even_without_an_answer() {
        assert_eq!(after_check(Moment::Returned, Ok(false)), Next::Wait);
        for error in errors() {
            assert_eq!(after_check(Moment::Returned, Err(&error)), Next::Wait);
            assert_eq!(after_check(Moment::Left, Err(&error)), Next::Unfinished);
        }
    }

    #[test]
    fn an_ended_sign_in_is_renewed_and_nothing_is_lost() {
        for ended in [SessionError::Expired, SessionError::SignedOut] {
            for moment in MOMENTS {
                assert_eq!(after_check(moment, Err(&ended)), Next::SignIn);
            }
            assert_eq!(after_begin(Err(&ended.into())), Next::SignIn);
        }
    }

    #[test]
    fn an_unfinished_purchase_does_not_begin_again() {
        assert_eq!(after_begin(Ok(&Begun::Unfinished)), Next::Unfinished);
        assert_eq!(after_begin(Err(&BuyError::NotOffered)), Next::NotOffered);
        assert_eq!(after_begin(Err(&HttpError::NoSuchHost.into())), Next::NotBegun);
    }
}
