// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a command failed: a sentence for the person, an exit code for scripts.

use std::{io::Write, process::ExitCode};

use usher_core::{
    i18n::{gettext, gettext_f},
    provider::SignInError,
    store::StoreError,
};

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments make no sense here. Holds the sentence.
    Usage(String),
    /// The keyring is locked, or none is running.
    Keyring(StoreError),
    /// Not signed in. Holds the reason.
    NotSignedIn(String),
    /// The person said no, or stopped.
    Cancelled,
    /// Anything else. Holds the sentence.
    Other(String),
}

impl Failure {
    fn sentence(&self) -> String {
        match self {
            Self::Usage(text) | Self::Other(text) => text.clone(),
            Self::Keyring(StoreError::Locked | StoreError::Dismissed) => {
                gettext("The keyring is locked. Unlock it, then try again.")
            }
            Self::Keyring(StoreError::NoKeyring) => gettext("No keyring is running, so no account can be used."),
            Self::Keyring(error) => {
                gettext_f("The keyring did not do what was asked: {reason}.", &[("reason", &error.to_string())])
            }
            Self::NotSignedIn(reason) => gettext_f("Not signed in: {reason}.", &[("reason", reason)]),
            Self::Cancelled => gettext("Cancelled."),
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::NotSignedIn(_) | Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Keyring(_) => 5,
            Self::Cancelled => 7,
        }
    }

    /// Prints the sentence and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        // Nobody is there to be told if standard error is closed.
        let _ = writeln!(std::io::stderr(), "{}", self.sentence());
        ExitCode::from(self.code())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Keyring(error)
    }
}

impl From<SignInError> for Failure {
    fn from(error: SignInError) -> Self {
        Self::NotSignedIn(match error {
            SignInError::Refused(reason) => gettext_f("the server ended it (“{reason}”)", &[("reason", &reason)]),
            SignInError::NoCredential => gettext("the server sent no usable sign-in"),
            SignInError::Random(_) | SignInError::Address(_) => error.to_string(),
        })
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.to_string())
    }
}
