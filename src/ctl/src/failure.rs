// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a command failed: a sentence for the person, an exit code and a word for programs.

use std::io::{self, Write};

use serde_json::{Value, json};
use usher_core::{
    buying::BuyError,
    error_text::UserFacing,
    http::HttpError,
    i18n::{gettext, gettext_f},
    provider::SignInError,
    redirect::RandomError,
    session::SessionError,
    store::StoreError,
};

use crate::{command, terminal};

/// Exit codes.
pub(crate) mod code {
    pub(crate) const DONE: u8 = 0;
    pub(crate) const FAILED: u8 = 1;
    pub(crate) const USAGE: u8 = 2;
    pub(crate) const ACCOUNT_NEEDED: u8 = 3;
    pub(crate) const PURCHASE_NEEDED: u8 = 4;
    pub(crate) const KEYRING: u8 = 5;
    pub(crate) const NETWORK: u8 = 6;
    pub(crate) const CANCELLED: u8 = 7;
    pub(crate) const NOT_CHECKED: u8 = 8;
    /// What a shell reports of a program that wrote into a closed pipe: 128 and the number of `SIGPIPE`.
    pub(crate) const UNHEARD: u8 = 141;
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments make no sense here. Holds the sentence.
    Usage(String),
    /// An account, its sign-in or a permission is needed first. Holds the sentence.
    AccountNeeded(String),
    /// The account has no access without a purchase, or the app is not for sale. Holds the sentence.
    PurchaseNeeded(String),
    /// The keyring is locked, or none is running.
    Keyring(StoreError),
    /// A newer sign-in is on its way into the keyring.
    NotSavedYet,
    /// A server gave no usable answer. Holds the sentence.
    Network(String),
    /// A token that only its server can judge. Holds the sentence.
    NotChecked(String),
    /// The person said no, or stopped.
    Cancelled,
    /// The person stopped or cancelled something, which takes more than a word to say. Holds the sentence.
    Stopped(String),
    /// Nobody reads the output: the program at the other end of the pipe has gone.
    Unheard,
    /// Anything else. Holds the sentence.
    Other(String),
}

impl Failure {
    /// A server could not be asked.
    pub(crate) fn of_server(host: &str, error: &HttpError) -> Self {
        Self::Network(error.at(host).sentence())
    }

    /// A server gave an unusable answer.
    pub(crate) fn bad_answer(host: &str) -> Self {
        Self::of_server(host, &HttpError::Unexpected)
    }

    /// A server no longer accepts the sign-in.
    pub(crate) fn expired(host: &str) -> Self {
        Self::AccountNeeded(gettext_f(
            "Sign-in expired. Run “{command}”, then try again.",
            &[("command", &command::usherctl(&["sign-in", host]))],
        ))
    }

    /// The server of an account gave no answer.
    pub(crate) fn of_session(error: SessionError, host: &str) -> Self {
        match error {
            SessionError::SignedOut | SessionError::Expired => Self::expired(host),
            SessionError::MayHaveEnded => Self::AccountNeeded(gettext_f(
                "{host} answered in an unexpected way. The sign-in may have ended. Run “{command}”, then try again.",
                &[("host", host), ("command", &command::usherctl(&["sign-in", host]))],
            )),
            SessionError::Moved => Self::AccountNeeded(SessionError::moved(host)),
            SessionError::NotPossible => Self::Other(SessionError::not_possible(host)),
            SessionError::Store(error) => Self::Keyring(error),
            SessionError::NotSavedYet => Self::NotSavedYet,
            SessionError::Http(_) | SessionError::Unexpected | SessionError::NotRenewed { .. } => {
                Self::Network(error.at_server(host).map(|at| at.sentence()).unwrap_or_default())
            }
        }
    }

    /// Nobody was signed in.
    pub(crate) fn of_sign_in(error: SignInError, host: &str) -> Self {
        match error {
            SignInError::Cancelled | SignInError::Declined => Self::Stopped(error.sentence()),
            SignInError::Http(error) => Self::of_server(host, &error),
            SignInError::Unexpected => Self::bad_answer(host),
            SignInError::NotNeeded => {
                Self::Other(gettext_f("{host} gives everything to everybody: no account is needed.", &[("host", host)]))
            }
            SignInError::NotPossible => Self::Other(SessionError::not_possible(host)),
            error => Self::Other(error.sentence()),
        }
    }

    /// Why nothing was bought. `not_offered` is the sentence for an app that is not for sale.
    pub(crate) fn of_purchase(error: BuyError, host: &str, not_offered: impl FnOnce() -> String) -> Self {
        match error {
            BuyError::NotOffered => Self::PurchaseNeeded(not_offered()),
            BuyError::Session(error) => Self::of_session(error, host),
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Usage(text)
            | Self::AccountNeeded(text)
            | Self::PurchaseNeeded(text)
            | Self::Network(text)
            | Self::NotChecked(text)
            | Self::Stopped(text)
            | Self::Other(text) => text.clone(),
            Self::Keyring(error) => error.sentence(),
            Self::NotSavedYet => SessionError::not_saved_yet(),
            Self::Cancelled => gettext("Cancelled."),
            Self::Unheard => String::new(),
        }
    }

    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Unheard => code::UNHEARD,
            Self::Other(_) => code::FAILED,
            Self::Usage(_) => code::USAGE,
            Self::AccountNeeded(_) => code::ACCOUNT_NEEDED,
            Self::PurchaseNeeded(_) => code::PURCHASE_NEEDED,
            Self::Keyring(_) | Self::NotSavedYet => code::KEYRING,
            Self::Network(_) => code::NETWORK,
            Self::Cancelled | Self::Stopped(_) => code::CANCELLED,
            Self::NotChecked(_) => code::NOT_CHECKED,
        }
    }

    /// The word for programs.
    fn word(&self) -> &'static str {
        match self.code() {
            code::USAGE => "usage",
            code::ACCOUNT_NEEDED => "account-needed",
            code::PURCHASE_NEEDED => "purchase-needed",
            code::KEYRING => "keyring",
            code::NETWORK => "network",
            code::CANCELLED => "cancelled",
            code::NOT_CHECKED => "cannot-be-checked",
            _ => "failed",
        }
    }

    /// The JSON for programs.
    pub(crate) fn as_json(&self) -> Value {
        json!({ "kind": self.word(), "exit": self.code(), "message": self.sentence() })
    }

    /// Prints the sentence.
    pub(crate) fn say(&self) {
        // A closed standard error is no further failure.
        let _ = writeln!(io::stderr(), "{}", terminal::shown(&self.sentence()));
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Keyring(error)
    }
}

impl From<RandomError> for Failure {
    fn from(error: RandomError) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Unheard } else { Self::Other(error.sentence()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_nobody_was_signed_in_is_said_with_what_to_do_next() {
        for (error, code, said) in [
            (SignInError::Cancelled, code::CANCELLED, "Not signed in: cancelled."),
            (SignInError::Declined, code::CANCELLED, "Not signed in: it was declined on the other device."),
            (SignInError::CodeEnded, code::FAILED, "Not signed in: the code has expired. Try again to get a new one."),
            (
                SignInError::ClockOff,
                code::FAILED,
                "Not signed in: the clocks of this computer and the server differ. Check the date and time of this computer, then try again.",
            ),
            (
                SignInError::WrongIssuer,
                code::FAILED,
                "Not signed in: the answer came from another server than the one that was asked. Nothing of it was used. If it happens again, tell the people who run the server.",
            ),
            (
                SignInError::Stopped("invalid_client".into()),
                code::FAILED,
                "Not signed in: the server stopped it (“invalid_client”).",
            ),
            (SignInError::NoCredential, code::FAILED, "Not signed in: the server did not finish the sign-in."),
            (
                SignInError::NotPossible,
                code::FAILED,
                "login.example offers only a way of signing in that flatpak cannot use.",
            ),
            (
                SignInError::Http(HttpError::NoSuchHost),
                code::NETWORK,
                "login.example cannot be reached. Check the connection, then try again.",
            ),
            (
                SignInError::Unexpected,
                code::NETWORK,
                "login.example answered in an unexpected way. Try again later; nothing was changed.",
            ),
        ] {
            let failure = Failure::of_sign_in(error, "login.example");
            assert_eq!((failure.code(), failure.sentence().as_str()), (code, said));
        }
    }
}
