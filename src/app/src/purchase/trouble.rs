// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong with asking the server of a shop, and how it is said. Pure.

use usher_core::{error_text::UserFacing, http::HttpError, session::SessionError};

use crate::{
    i18n::{gettext, gettext_f},
    text,
    web::NotShown,
};

/// What can go wrong with asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server gave no answer, or none that makes sense.
    Server(HttpError),
    /// The same, at the server that renews the sign-in.
    NotRenewed(String, HttpError),
    /// Pages have no sandbox of their own here.
    NotContained,
    /// The keyring; why.
    Keyring(String),
}

impl Trouble {
    pub(super) fn of(error: &SessionError) -> Self {
        match error {
            SessionError::Http(error) => Self::Server(error.clone()),
            SessionError::NotRenewed { host, error } => Self::NotRenewed(host.clone(), error.clone()),
            SessionError::Store(error) => Self::Keyring(error.reason()),
            SessionError::NotSavedYet => Self::Keyring(gettext("a renewed sign-in is not saved yet")),
            SessionError::Unexpected
            | SessionError::MayHaveEnded
            | SessionError::SignedOut
            | SessionError::Expired
            | SessionError::Moved
            | SessionError::NotPossible => Self::Server(HttpError::Unexpected),
        }
    }

    /// Icon, title and text of a page that says so.
    pub(super) fn words(&self, host: &str) -> (&'static str, String, String) {
        if let Self::NotRenewed(host, error) = self {
            return Self::Server(error.clone()).words(host);
        }
        let host = text::within(host);
        let host = [("host", host.as_str())];
        match self {
            Self::Server(HttpError::NoSuchHost) => (
                "network-error-symbolic",
                gettext_f("{host} Cannot Be Reached", &host),
                gettext("No server of this name was found."),
            ),
            Self::Server(HttpError::Unreachable | HttpError::TimedOut | HttpError::Forbidden) => (
                "network-error-symbolic",
                gettext_f("{host} Cannot Be Reached", &host),
                gettext("The server did not answer."),
            ),
            Self::Server(HttpError::Proxy(fault)) => {
                ("network-error-symbolic", gettext_f("{host} Cannot Be Reached", &host), fault.sentence())
            }
            Self::Server(HttpError::Certificate(_)) => (
                "channel-insecure-symbolic",
                gettext("Connection Is Not Secure"),
                gettext_f("Nothing was sent to {host}.", &host),
            ),
            Self::NotRenewed(..) | Self::Server(HttpError::Unexpected) => (
                "dialog-error-symbolic",
                gettext("Purchase Did Not Start"),
                gettext_f("{host} answered in an unexpected way. Nothing was paid.", &host),
            ),
            Self::NotContained => {
                let (title, text) = NotShown::NotContained.words("");
                ("web-browser-symbolic", title, text)
            }
            Self::Keyring(reason) => (
                "dialog-password-symbolic",
                gettext("Purchase Did Not Start"),
                gettext_f("The purchase could not be saved in the keyring: {reason}.", &[("reason", reason)]),
            ),
        }
    }

    /// One line, for where a page stays as it is.
    pub(super) fn line(&self, host: &str) -> String {
        match self {
            Self::Server(error) => error.at(&text::within(host)).reason(),
            Self::NotRenewed(host, error) => error.at(&text::within(host)).reason(),
            Self::NotContained => NotShown::NotContained.words("").0,
            Self::Keyring(reason) => {
                gettext_f("The purchase could not be saved in the keyring: {reason}", &[("reason", reason)])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_core::http::{CertificateFault, ProxyFault};

    use super::*;

    #[test]
    fn what_went_wrong_is_told_with_the_host_and_without_codes() {
        let not_secure = HttpError::Certificate(CertificateFault::Expired);
        let proxy = HttpError::Proxy(ProxyFault::Unreachable);
        for error in [HttpError::NoSuchHost, HttpError::TimedOut, proxy, not_secure, HttpError::Unexpected] {
            let trouble = Trouble::Server(error);
            let (_, title, text) = trouble.words("s.example");
            assert!(format!("{title} {text} {}", trouble.line("s.example")).contains("s.example"));
        }
    }
}
