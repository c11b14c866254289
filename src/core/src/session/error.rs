// SPDX-License-Identifier: GPL-3.0-or-later
//! Why an account got no download tokens.

use crate::{http::HttpError, provider::TokensError, store::StoreError};

/// Why an account got no download tokens. Clones go to all who waited for the same renewal.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SessionError {
    /// The account is gone, or the person signed out of it.
    #[error("not signed in")]
    SignedOut,
    /// The server no longer accepts the sign-in; from now on the account's state says so. Or it has ended by its own word.
    #[error("the sign-in is not valid any more")]
    Expired,
    /// The server wants the credential to go to another host than the person agreed to. From now on the account's state
    /// says so.
    #[error("the sign-in is wanted at another host")]
    Moved,
    /// The server offers only ways to sign in that flatpak cannot use.
    #[error("the server offers no way to sign in that flatpak can use")]
    NotPossible,
    /// The server gives the sign-in no usable answer, and it may have ended: its own end has passed, or the server
    /// answers others. Its state does not say so, since the server did not.
    #[error("the server gives no usable answer; the sign-in may have ended")]
    MayHaveEnded,
    /// The sign-in has to be renewed, and the server that a person signs in at gives no usable answer.
    #[error("the sign-in could not be renewed at {host}: {error}")]
    NotRenewed {
        /// The server that was asked.
        host: String,
        /// What went wrong there.
        error: HttpError,
    },
    /// Another process of Usher has renewed the sign-in, and the keyring has not saved that yet. To renew the saved one
    /// would end both.
    #[error("another process holds a newer sign-in than the keyring")]
    NotSavedYet,
    /// No connection, or none that is acceptable.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The answer makes no sense.
    #[error("the server answered in an unexpected way")]
    Unexpected,
    /// The keyring failed, or is locked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<TokensError> for SessionError {
    fn from(error: TokensError) -> Self {
        match error {
            TokensError::Rejected | TokensError::Ended => Self::Expired,
            TokensError::Moved => Self::Moved,
            TokensError::NotPossible => Self::NotPossible,
            TokensError::Http(error) => Self::Http(error),
            TokensError::Unexpected => Self::Unexpected,
        }
    }
}
