// SPDX-License-Identifier: GPL-3.0-or-later
//! How a call to the keyring fails. Pure.

use zbus::Error;

use crate::store::{StoreError, absent};

/// Why a call failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// No keyring is running, or it has ended since.
    Absent,
    /// The keyring does not know our session.
    NoSession,
    /// The object does not exist.
    Gone,
    /// The object is locked.
    Locked,
    /// The person dismissed a prompt.
    Dismissed,
    /// There is no collection for new items, and the person made none.
    NotSetUp,
    /// No answer came in time.
    TimedOut,
    /// Anything else.
    Other(Error),
}

impl Fault {
    /// A fault in an answer.
    pub(super) fn answer(what: &str) -> Self {
        Self::Other(Error::Failure(what.to_owned()))
    }

    /// Whether the keyring may have started anew: with a new session the call may succeed.
    pub(super) fn is_lost_session(&self) -> bool {
        matches!(self, Self::Absent | Self::NoSession | Self::Gone)
    }

    /// Whether the fault concerns a single object, so that others may still be usable.
    pub(super) fn is_of_one_object(&self) -> bool {
        matches!(self, Self::Gone | Self::Locked | Self::Other(_))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let Error::MethodError(name, ..) = &error else {
            return if absent::is_absent(&error) { Self::Absent } else { Self::Other(error) };
        };
        match name.rsplit('.').next() {
            Some("IsLocked") => Self::Locked,
            Some("NoSession") => Self::NoSession,
            Some("NoSuchObject" | "UnknownObject" | "UnknownInterface" | "UnknownMethod") => Self::Gone,
            // The bus answers so for a program that ended.
            Some("NoReply" | "Disconnected") => Self::Absent,
            _ if absent::is_absent(&error) => Self::Absent,
            _ => Self::Other(error),
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Absent => Self::NoKeyring,
            Fault::Locked => Self::Locked,
            Fault::Dismissed => Self::Dismissed,
            Fault::NotSetUp => Self::NotSetUp,
            Fault::TimedOut => Self::TimedOut,
            Fault::NoSession => Self::Keyring(Error::Failure("the keyring ended the session".to_owned())),
            Fault::Gone => Self::Keyring(Error::Failure("the keyring does not know the item".to_owned())),
            Fault::Other(error) => Self::Keyring(error),
        }
    }
}
