// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong with a page, and how it is said.

#[cfg(test)]
mod tests;
mod words;

use adw::prelude::*;
use gtk::{gio, glib};
use usher_core::http::{self, HttpError, ProxyFault};

use crate::i18n::gettext_f;

/// What is shown in place of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WebProblem {
    /// This computer has no connection.
    Offline,
    /// No answer.
    Unreachable,
    /// No server of that name.
    NoSuchHost,
    /// An answer that brings no page.
    Bare(Bare),
    /// The person has stopped it before there was anything to see.
    Stopped,
    /// The way leads through a proxy, and no further.
    Proxy(ProxyFault),
    /// The certificate is not accepted; the technical details, one a line.
    Certificate(CertificateFault, String),
    /// An answer that makes no sense.
    Unexpected,
    /// An address without encryption.
    Unencrypted,
    /// The process of the page has died.
    Crashed,
    /// An answer that does not belong to this sign-in.
    WrongAnswer,
    /// The server stopped the sign-in; its reason, cleaned.
    Refused(String),
    /// Nobody signed in for too long.
    TooLate,
    /// The answer carried nothing to sign in with.
    NoCredential,
    /// The sign-in could not begin.
    Unusable,
    /// The server offers only a way of signing in that leads to no app.
    NotPossible,
    /// The server asks nobody to sign in.
    NotNeeded,
    /// The server wants something of the person for which Usher has no page.
    NoPage,
    /// The server has no codes to enter on another device.
    NoCodes,
    /// Nobody entered the code in time.
    CodeEnded,
    /// The person declined on the other device.
    Declined,
    /// The answer came from another server than the one that was asked.
    OtherServer,
    /// By this computer's clock, the answer is from another time.
    ClockOff,
    /// Usher does not show this page.
    NotShown(NotShown),
    /// A sign-in could not be saved, so its page is not opened; why.
    CannotSave(String),
    /// Signed in, but the keyring did not save it; why.
    NotSaved(String),
}

/// What a server sent in place of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bare {
    /// An error, with nothing to read.
    Error,
    /// Nothing.
    Empty,
    /// Something else than a page.
    Unshowable,
}

impl Bare {
    /// Of a document that is empty. `error` is its HTTP status, where that is an error.
    pub(super) fn of(error: Option<u32>) -> Self {
        if error.is_some() { Self::Error } else { Self::Empty }
    }
}

/// Why a page is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotShown {
    /// Pages have no sandbox of their own here.
    NotContained,
    /// The server asks for a password outside its page.
    Authentication,
    /// It belongs to no server.
    NoAddress,
}

/// Why a certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateFault {
    Expired,
    OtherServer,
    Untrusted,
    NotYetValid,
}

impl CertificateFault {
    /// The cause that a person can do most about.
    pub(super) fn of(errors: gio::TlsCertificateFlags) -> Self {
        use gio::TlsCertificateFlags as Flags;
        if errors.contains(Flags::NOT_ACTIVATED) {
            Self::NotYetValid
        } else if errors.contains(Flags::EXPIRED) {
            Self::Expired
        } else if errors.contains(Flags::BAD_IDENTITY) {
            Self::OtherServer
        } else {
            Self::Untrusted
        }
    }
}

impl WebProblem {
    /// What a failed load means; `None` for one that we or the person stopped.
    pub(super) fn of(error: &glib::Error, is_online: bool) -> Option<Self> {
        if error.matches(webkit6::PolicyError::FrameLoadInterruptedByPolicyChange)
            || error.matches(webkit6::NetworkError::Cancelled)
        {
            return None;
        }
        // Such a proxy has been replaced by one that leads nowhere.
        let proxy = http::environment_fault().map(ProxyFault::NotUnderstood);
        let is_proxys = error.matches(gio::IOErrorEnum::ProxyFailed)
            || error.matches(gio::IOErrorEnum::ProxyAuthFailed)
            || error.matches(gio::IOErrorEnum::ProxyNeedAuth)
            || error.matches(gio::IOErrorEnum::ProxyNotAllowed);
        Some(if let Some(fault) = proxy.or(is_proxys.then_some(ProxyFault::Unreachable)) {
            Self::Proxy(fault)
        } else if error.matches(gio::ResolverError::NotFound) && is_online {
            Self::NoSuchHost
        } else if is_online {
            Self::Unreachable
        } else {
            Self::Offline
        })
    }

    /// What a failed call to a server means.
    pub(crate) fn of_call(error: &HttpError, is_online: bool) -> Self {
        match error {
            HttpError::NoSuchHost | HttpError::Unreachable | HttpError::TimedOut if !is_online => Self::Offline,
            HttpError::NoSuchHost => Self::NoSuchHost,
            HttpError::Unreachable | HttpError::TimedOut | HttpError::Forbidden => Self::Unreachable,
            HttpError::Proxy(fault) => Self::Proxy(*fault),
            HttpError::Certificate(fault) => Self::Certificate((*fault).into(), String::new()),
            HttpError::Unexpected => Self::Unexpected,
        }
    }
}

impl From<http::CertificateFault> for CertificateFault {
    fn from(fault: http::CertificateFault) -> Self {
        match fault {
            http::CertificateFault::Expired => Self::Expired,
            http::CertificateFault::NotYetValid => Self::NotYetValid,
            http::CertificateFault::OtherHost => Self::OtherServer,
            http::CertificateFault::Untrusted => Self::Untrusted,
        }
    }
}

/// What a certificate says of itself, cleaned, one a line.
pub(super) fn certificate_details(certificate: &gio::TlsCertificate) -> String {
    let name = |text: Option<glib::GString>| text.map(|text| usher_core::text::clean(&text, 120));
    let date = |time: Option<glib::DateTime>| time.and_then(|time| time.format("%-d %B %Y").ok());
    let lines = [
        name(certificate.subject_name()).map(|subject| gettext_f("Issued to {subject}", &[("subject", &subject)])),
        name(certificate.issuer_name()).map(|issuer| gettext_f("Issued by {issuer}", &[("issuer", &issuer)])),
        date(certificate.not_valid_before()).map(|date| gettext_f("Valid from {date}", &[("date", &date)])),
        date(certificate.not_valid_after()).map(|date| gettext_f("Valid until {date}", &[("date", &date)])),
    ];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}
