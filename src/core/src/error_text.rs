// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors in translated words for people, the same in every process. The technical text of an error is its `Display`,
//! for the log.

use std::io::{self, ErrorKind};

use crate::{
    http::{CertificateFault, HttpError, ProxyFault, ProxySource},
    i18n::{gettext, gettext_f},
    names,
    provider::SignInError,
    session::SessionError,
    store::{StoreError, Unsaved},
};

/// An error to show to a person. Never holds a secret.
pub trait UserFacing {
    /// Why it happened, in a few words without a full stop: for a row, a toast, or after a colon.
    fn reason(&self) -> String;

    /// What happened, and what to do next, if anything: whole sentences, for a message or a terminal.
    fn sentence(&self) -> String;
}

/// An error of a call to a host.
#[derive(Debug, Clone, Copy)]
pub struct AtHost<'a> {
    error: &'a HttpError,
    host: &'a str,
}

impl HttpError {
    /// The error together with the host that was called, for showing.
    pub fn at<'a>(&'a self, host: &'a str) -> AtHost<'a> {
        AtHost { error: self, host }
    }
}

impl UserFacing for AtHost<'_> {
    fn reason(&self) -> String {
        let values = &[("host", self.host)];
        match self.error {
            HttpError::NoSuchHost | HttpError::Unreachable | HttpError::TimedOut | HttpError::Forbidden => {
                gettext_f("{host} cannot be reached", values)
            }
            HttpError::Proxy(fault) => proxy_reason(*fault, self.host),
            HttpError::Certificate(_) => gettext_f("The connection to {host} is not secure", values),
            HttpError::Unexpected => gettext_f("{host} answered in an unexpected way", values),
        }
    }

    fn sentence(&self) -> String {
        let values = &[("host", self.host)];
        match self.error {
            HttpError::NoSuchHost | HttpError::Unreachable | HttpError::TimedOut | HttpError::Forbidden => {
                gettext_f("{host} cannot be reached. Check the connection, then try again.", values)
            }
            HttpError::Proxy(ProxyFault::Unreachable) => gettext_f(
                "{host} cannot be reached through the proxy. Check the proxy and the connection, then try again.",
                values,
            ),
            HttpError::Proxy(fault @ ProxyFault::NotUnderstood(_)) => {
                gettext_f("{reason}. Nothing was sent.", &[("reason", &proxy_reason(*fault, self.host))])
            }
            HttpError::Unexpected => {
                gettext_f("{host} answered in an unexpected way. Try again later; nothing was changed.", values)
            }
            HttpError::Certificate(CertificateFault::Expired) => gettext_f(
                "The connection to {host} is not secure: its certificate has expired, or this computer’s clock is wrong. Nothing was sent.",
                values,
            ),
            HttpError::Certificate(CertificateFault::NotYetValid) => gettext_f(
                "The connection to {host} is not secure: its certificate is not valid yet, or this computer’s clock is wrong. Nothing was sent.",
                values,
            ),
            HttpError::Certificate(CertificateFault::OtherHost) => gettext_f(
                "The connection to {host} is not secure: its certificate belongs to another host. Nothing was sent.",
                values,
            ),
            HttpError::Certificate(CertificateFault::Untrusted) => gettext_f(
                "The connection to {host} is not secure: its certificate is not trusted by this computer. Nothing was sent.",
                values,
            ),
        }
    }
}

impl AtHost<'_> {
    /// What is wrong with the host, for a list of checks: a sentence that suggests nothing.
    pub fn finding(&self) -> String {
        let values = &[("host", self.host)];
        match self.error {
            HttpError::NoSuchHost | HttpError::Unreachable | HttpError::TimedOut | HttpError::Forbidden => {
                gettext_f("{host} cannot be reached.", values)
            }
            // Translators: the reason is what is said elsewhere without a full stop
            HttpError::Proxy(fault) => gettext_f("{reason}.", &[("reason", &proxy_reason(*fault, self.host))]),
            HttpError::Unexpected => gettext_f("{host} answered in an unexpected way.", values),
            HttpError::Certificate(CertificateFault::Expired) => {
                gettext_f("The certificate of {host} has expired, or the clock of this computer is wrong.", values)
            }
            HttpError::Certificate(CertificateFault::NotYetValid) => {
                gettext_f("The certificate of {host} is not valid yet, or the clock of this computer is wrong.", values)
            }
            HttpError::Certificate(CertificateFault::OtherHost) => {
                gettext_f("The certificate of {host} belongs to another host.", values)
            }
            HttpError::Certificate(CertificateFault::Untrusted) => {
                gettext_f("The certificate of {host} is not trusted by this computer.", values)
            }
        }
    }
}

impl ProxyFault {
    /// What is wrong, in a sentence beneath a title that names the host.
    pub fn sentence(self) -> String {
        match self {
            Self::Unreachable => gettext("The proxy does not lead there."),
            Self::NotUnderstood(ProxySource::Settings) => {
                gettext("The proxy in the desktop’s settings is not understood. Nothing was sent.")
            }
            Self::NotUnderstood(ProxySource::Variable(name)) => gettext_f(
                "The proxy in the variable “{variable}” is not understood. Nothing was sent.",
                &[("variable", name)],
            ),
        }
    }
}

fn proxy_reason(fault: ProxyFault, host: &str) -> String {
    let values = &[("host", host)];
    match fault {
        ProxyFault::Unreachable => gettext_f("{host} cannot be reached through the proxy", values),
        ProxyFault::NotUnderstood(ProxySource::Settings) => {
            gettext_f("{host} cannot be reached: the proxy in the desktop’s settings is not understood", values)
        }
        ProxyFault::NotUnderstood(ProxySource::Variable(name)) => gettext_f(
            "{host} cannot be reached: the proxy in the variable “{variable}” is not understood",
            &[("host", host), ("variable", name)],
        ),
    }
}

/// The reason follows “The keyring did not …:”.
impl UserFacing for StoreError {
    fn reason(&self) -> String {
        match self {
            Self::NoKeyring => gettext("none is running"),
            Self::NoPortal => gettext("the desktop does not open it for sandboxed apps"),
            Self::Locked | Self::Dismissed => gettext("it is locked"),
            Self::NotSetUp => gettext("it is not set up"),
            Self::TimedOut => gettext("it did not answer"),
            Self::File(error) if error.kind() == ErrorKind::StorageFull => gettext("the disk is full"),
            Self::Keyring(_) | Self::Portal(_) | Self::File(_) | Self::NotKept => gettext("it could not be written to"),
            Self::LockFile(_) => gettext("one of Usher’s folders cannot be used"),
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Locked | Self::Dismissed => gettext("The keyring is locked. Unlock it, then try again."),
            Self::NotSetUp => gettext("The keyring is not set up. Choose a password when it asks for one."),
            Self::NoKeyring => gettext("No keyring is running, so no account can be used."),
            Self::NoPortal => {
                gettext("The desktop does not open the keyring for sandboxed apps, so no account can be used.")
            }
            Self::LockFile(error) => match names::runtime_dir() {
                Some(folder) => gettext_f(
                    "No account can be saved, because the folder {folder} cannot be used: {reason}.",
                    &[("folder", &folder.display().to_string()), ("reason", &error.reason())],
                ),
                None => gettext("No account can be saved, because there is no folder for it."),
            },
            Self::TimedOut | Self::Keyring(_) | Self::Portal(_) | Self::File(_) | Self::NotKept => {
                gettext_f("The keyring reported an error: {reason}.", &[("reason", &self.to_string())])
            }
        }
    }
}

/// Holds the reason of the keyring.
impl UserFacing for Unsaved {
    fn reason(&self) -> String {
        gettext("Renewed sign-in not saved")
    }

    fn sentence(&self) -> String {
        gettext_f(
            "The keyring did not save the renewed sign-in: {reason}. It is kept until the keyring can save it.",
            &[("reason", &self.reason)],
        )
    }
}

impl SessionError {
    /// Which server gave no usable answer, and why, if that is what went wrong: the account's own (`host`), or the one
    /// that renews sign-ins.
    pub fn at_server<'a>(&'a self, host: &'a str) -> Option<AtHost<'a>> {
        match self {
            Self::Http(error) => Some(error.at(host)),
            Self::Unexpected => Some(HttpError::Unexpected.at(host)),
            Self::NotRenewed { host, error } => Some(error.at(host)),
            Self::SignedOut
            | Self::Expired
            | Self::Moved
            | Self::NotPossible
            | Self::MayHaveEnded
            | Self::NotSavedYet
            | Self::Store(_) => None,
        }
    }

    /// That a newer sign-in is on its way into the keyring.
    pub fn not_saved_yet() -> String {
        gettext("The sign-in was renewed, and the keyring has not saved it yet. Try again once the keyring responds.")
    }

    /// That a server's way to sign in is of no use to flatpak.
    pub fn not_possible(host: &str) -> String {
        gettext_f("{host} offers only a way of signing in that flatpak cannot use.", &[("host", host)])
    }

    /// That a server wants the sign-in at another address than the person agreed to.
    pub fn moved(host: &str) -> String {
        gettext_f(
            "{host} wants the sign-in sent to another server now. Nothing was sent. Sign in again to see where.",
            &[("host", host)],
        )
    }
}

impl UserFacing for SignInError {
    fn reason(&self) -> String {
        match self {
            Self::Cancelled => gettext("cancelled"),
            Self::Stopped(reason) => gettext_f("the server stopped it (“{reason}”)", &[("reason", reason)]),
            Self::NoCredential => gettext("the server did not finish the sign-in"),
            Self::NotPossible => gettext("the server offers only a way of signing in that flatpak cannot use"),
            Self::NotThisWay => gettext("the server does not offer this way to sign in"),
            Self::CodeEnded => gettext("the code has expired"),
            Self::Declined => gettext("it was declined on the other device"),
            Self::WrongIssuer => gettext("the answer came from another server than the one that was asked"),
            Self::ClockOff => gettext("the clocks of this computer and the server differ"),
            Self::NotNeeded => gettext("the server needs none"),
            Self::Unexpected => gettext("the server answered in an unexpected way"),
            Self::Random(_) | Self::Address(_) | Self::Http(_) => self.to_string(),
        }
    }

    fn sentence(&self) -> String {
        let what = gettext_f("Not signed in: {reason}.", &[("reason", &self.reason())]);
        let next = match self {
            Self::CodeEnded => gettext("Try again to get a new one."),
            Self::WrongIssuer => {
                gettext("Nothing of it was used. If it happens again, tell the people who run the server.")
            }
            Self::ClockOff => gettext("Check the date and time of this computer, then try again."),
            _ => return what,
        };
        format!("{what} {next}")
    }
}

/// The reason is the system's own text, without the number.
impl UserFacing for io::Error {
    fn reason(&self) -> String {
        let text = self.to_string();
        text.split(" (os error ").next().unwrap_or_default().to_owned()
    }

    fn sentence(&self) -> String {
        gettext_f("The system reported an error: {reason}.", &[("reason", &self.reason())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP_ERRORS: [HttpError; 12] = [
        HttpError::NoSuchHost,
        HttpError::Unreachable,
        HttpError::TimedOut,
        HttpError::Forbidden,
        HttpError::Unexpected,
        HttpError::Proxy(ProxyFault::Unreachable),
        HttpError::Proxy(ProxyFault::NotUnderstood(ProxySource::Settings)),
        HttpError::Proxy(ProxyFault::NotUnderstood(ProxySource::Variable("https_proxy"))),
        HttpError::Certificate(CertificateFault::Expired),
        HttpError::Certificate(CertificateFault::NotYetValid),
        HttpError::Certificate(CertificateFault::OtherHost),
        HttpError::Certificate(CertificateFault::Untrusted),
    ];

    fn store_errors() -> [StoreError; 11] {
        let disk = |kind: ErrorKind| io::Error::from(kind);
        [
            StoreError::NoKeyring,
            StoreError::NoPortal,
            StoreError::Locked,
            StoreError::Dismissed,
            StoreError::NotSetUp,
            StoreError::TimedOut,
            StoreError::Portal(zbus::Error::InvalidReply),
            StoreError::File(disk(ErrorKind::StorageFull)),
            StoreError::File(disk(ErrorKind::PermissionDenied)),
            StoreError::NotKept,
            StoreError::LockFile(disk(ErrorKind::NotFound)),
        ]
    }

    #[test]
    fn the_sentence_for_a_failed_call_names_its_host() {
        for error in HTTP_ERRORS {
            let at = error.at("store.example.org");
            for text in [at.reason(), at.sentence(), at.finding()] {
                assert!(text.contains("store.example.org"), "{text}");
            }
            assert!(at.sentence().starts_with(&at.reason()), "{}", at.sentence());
        }
        let sentence = |error: HttpError| error.at("s.example").sentence();
        assert_eq!(sentence(HttpError::TimedOut), "s.example cannot be reached. Check the connection, then try again.");
        assert_eq!(
            sentence(HttpError::Certificate(CertificateFault::OtherHost)),
            "The connection to s.example is not secure: its certificate belongs to another host. Nothing was sent."
        );
    }

    #[test]
    fn a_keyring_failure_is_put_into_words() {
        let reasons = store_errors().map(|error| error.reason());
        assert_eq!(reasons[2..6], ["it is locked", "it is locked", "it is not set up", "it did not answer"]);
        assert_eq!(reasons[7..9], ["the disk is full", "it could not be written to"]);
        assert_eq!(StoreError::Dismissed.sentence(), "The keyring is locked. Unlock it, then try again.");
        let said = StoreError::NotKept.sentence();
        assert_eq!(said, "The keyring reported an error: the keyring did not keep the account.");
    }

    #[test]
    fn a_reason_ends_a_sentence_and_a_sentence_is_whole() {
        let of = |error: &dyn UserFacing| (error.reason(), error.sentence());
        let mut texts: Vec<_> = store_errors().iter().map(|error| of(error)).collect();
        texts.extend(HTTP_ERRORS.iter().map(|error| of(&error.at("s.example"))));
        texts.push(of(&SignInError::NoCredential));
        texts.push(of(&SignInError::NotPossible));
        texts.push(of(&SignInError::NotThisWay));
        texts.push(of(&SignInError::CodeEnded));
        texts.push(of(&SignInError::Declined));
        texts.push(of(&SignInError::WrongIssuer));
        texts.push(of(&SignInError::ClockOff));
        texts.push(of(&SignInError::Unexpected));
        texts.push(of(&SignInError::Cancelled));
        texts.push(of(&SignInError::Stopped("no".into())));
        texts.push(of(&io::Error::from_raw_os_error(13)));
        for (reason, sentence) in texts {
            assert!(!reason.is_empty() && !reason.ends_with('.') && !reason.contains("os error"), "{reason}");
            assert!(sentence.ends_with('.') && sentence.starts_with(|c: char| !c.is_ascii_lowercase() || c == 's'));
        }
    }
}
