// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong with a page, and how it is said.

use adw::prelude::*;
use gtk::{gio, glib};
use usher_core::{
    http::{self, HttpError, ProxyFault},
    session::SessionError,
};

use crate::{
    i18n::{gettext, gettext_f},
    text,
    widgets::ProblemText,
};

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

impl NotShown {
    /// Title and text of the page that says so.
    pub(crate) fn words(self, host: &str) -> (String, String) {
        let host = [("host", host)];
        let reason = match self {
            Self::NotContained => gettext("Unsafe web pages cannot be contained here."),
            Self::Authentication => {
                gettext_f("{host} asks for a password outside the page, which is not supported.", &host)
            }
            Self::NoAddress => gettext_f("{host} opened a page without an address.", &host),
        };
        (gettext("Page Cannot Be Shown Here"), reason)
    }
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

    /// `is_purchase` if something could have been paid on the page.
    pub(crate) fn words(&self, host: &str, is_purchase: bool) -> ProblemText {
        let (icon, title, text) = self.sentence(host, is_purchase);
        let details = match self {
            Self::Certificate(_, details) => Some(details.clone()),
            Self::Refused(reason) => Some(usher_core::text::clean(reason, usher_core::text::SERVER_TEXT_LIMIT)),
            _ => None,
        };
        let again = match self {
            Self::Crashed => gettext("Reload"),
            // Nothing would be different the next time.
            Self::NotPossible | Self::NotNeeded => String::new(),
            _ => gettext("Try Again"),
        };
        ProblemText { icon, title, text, details, again }
    }

    /// Whether a browser can show what Usher does not.
    pub(super) fn is_of_the_view(&self) -> bool {
        matches!(self, Self::NotShown(_) | Self::Bare(Bare::Unshowable))
    }

    /// Icon, title and text.
    fn sentence(&self, host: &str, is_purchase: bool) -> (&'static str, String, String) {
        let plain_host = text::within(host);
        let host = [("host", plain_host.as_str())];
        match self {
            Self::Offline => (
                "network-offline-symbolic",
                gettext("No Connection"),
                gettext("Connect to the internet, then try again."),
            ),
            Self::Unreachable => (
                "network-error-symbolic",
                gettext_f("{host} Cannot Be Reached", &host),
                gettext("The server did not answer."),
            ),
            Self::NoSuchHost => (
                "network-error-symbolic",
                gettext_f("{host} Cannot Be Reached", &host),
                gettext("No server of this name was found."),
            ),
            Self::Bare(bare) => (
                "network-error-symbolic",
                gettext_f("{host} Sent No Page", &host),
                match bare {
                    Bare::Error => gettext("The server answered with an error."),
                    Bare::Empty => gettext("The server answered with nothing to read."),
                    Bare::Unshowable => gettext("What the server sent cannot be shown here."),
                },
            ),
            Self::Stopped => (
                "process-stop-symbolic",
                gettext("Loading Stopped"),
                gettext_f("The page of {host} was not opened.", &host),
            ),
            Self::Proxy(fault) => {
                ("network-error-symbolic", gettext_f("{host} Cannot Be Reached", &host), fault.sentence())
            }
            Self::Certificate(fault, _) => {
                ("channel-insecure-symbolic", gettext("Connection Is Not Secure"), fault.text(&host))
            }
            Self::Unencrypted => (
                "channel-insecure-symbolic",
                gettext("Connection Is Not Secure"),
                gettext_f("The page wanted to go to {host} without encryption.", &host),
            ),
            Self::Crashed => (
                "computer-fail-symbolic",
                gettext("The Page Stopped Working"),
                if is_purchase {
                    gettext("Usher checks with the store before anything is paid again.")
                } else {
                    gettext("Nothing was signed in or paid.")
                },
            ),
            Self::WrongAnswer if is_purchase => (
                "dialog-error-symbolic",
                gettext("Purchase Was Not Finished"),
                gettext_f("The answer from {host} did not match this purchase.", &host),
            ),
            Self::WrongAnswer => not_finished(gettext_f("The answer from {host} did not match this sign-in.", &host)),
            Self::Refused(_) => not_finished(gettext_f("{host} stopped the sign-in.", &host)),
            Self::TooLate => not_finished(gettext("Nobody signed in within 15 minutes.")),
            Self::NoCredential => not_finished(gettext_f("{host} finished without a sign-in.", &host)),
            Self::Unusable => not_finished(gettext("The sign-in could not start on this computer.")),
            Self::Unexpected => not_finished(gettext_f("{host} answered in an unexpected way.", &host)),
            Self::NotPossible => {
                ("dialog-error-symbolic", gettext("Not Possible Here"), SessionError::not_possible(&plain_host))
            }
            Self::NotNeeded => (
                "object-select-symbolic",
                gettext("No Account Needed"),
                gettext_f("{host} asks nobody to sign in.", &host),
            ),
            Self::NoPage => not_finished(gettext_f("This version of Usher cannot show what {host} asks for.", &host)),
            Self::NotShown(reason) => {
                let (title, text) = reason.words(&plain_host);
                ("web-browser-symbolic", title, text)
            }
            Self::CannotSave(reason) => (
                "dialog-password-symbolic",
                gettext("Sign-Ins Cannot Be Saved"),
                gettext_f(
                    "The account could not be saved on this computer: {reason}. {host} was not contacted.",
                    &[host[0], ("reason", reason)],
                ),
            ),
            Self::NotSaved(reason) => (
                "dialog-password-symbolic",
                gettext("Sign-In Was Not Saved"),
                gettext_f(
                    "The keyring did not save the account: {reason}. It is kept while this window is open.",
                    &[("reason", reason)],
                ),
            ),
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

impl CertificateFault {
    fn text(self, host: &[(&str, &str)]) -> String {
        match self {
            Self::Expired => gettext_f("The certificate of {host} has expired.", host),
            Self::OtherServer => gettext("The certificate belongs to another server."),
            Self::Untrusted => gettext("The certificate was not issued by a trusted authority."),
            Self::NotYetValid => gettext("The certificate is not valid yet. Check the date and time of this computer."),
        }
    }
}

fn not_finished(text: String) -> (&'static str, String, String) {
    ("dialog-error-symbolic", gettext("Sign-In Was Not Finished"), text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w09_the_cause_that_one_can_mend_is_named_first() {
        use gio::TlsCertificateFlags as Flags;
        assert_eq!(CertificateFault::of(Flags::NOT_ACTIVATED | Flags::UNKNOWN_CA), CertificateFault::NotYetValid);
        assert_eq!(CertificateFault::of(Flags::EXPIRED | Flags::UNKNOWN_CA), CertificateFault::Expired);
        assert_eq!(CertificateFault::of(Flags::BAD_IDENTITY), CertificateFault::OtherServer);
        assert_eq!(CertificateFault::of(Flags::UNKNOWN_CA), CertificateFault::Untrusted);
        assert_eq!(CertificateFault::of(Flags::empty()), CertificateFault::Untrusted);
    }

    #[test]
    fn a_load_that_we_stopped_is_no_problem() {
        let of = |error: glib::Error, online| WebProblem::of(&error, online);
        let policy = webkit6::PolicyError::FrameLoadInterruptedByPolicyChange;
        assert_eq!(of(glib::Error::new(policy, ""), true), None);
        assert_eq!(of(glib::Error::new(webkit6::NetworkError::Cancelled, ""), true), None);
        let refused = || glib::Error::new(gio::IOErrorEnum::ConnectionRefused, "");
        assert_eq!(of(refused(), true), Some(WebProblem::Unreachable));
        assert_eq!(of(refused(), false), Some(WebProblem::Offline));
        let unknown = glib::Error::new(gio::ResolverError::NotFound, "");
        assert_eq!(of(unknown, true), Some(WebProblem::NoSuchHost));
        let refused = glib::Error::new(gio::IOErrorEnum::ProxyFailed, "");
        assert_eq!(of(refused, true), Some(WebProblem::Proxy(ProxyFault::Unreachable)));
    }

    #[test]
    fn a_failed_call_is_told_in_the_words_of_a_failed_page() {
        let title = |error: HttpError, online| WebProblem::of_call(&error, online).words("s.example", false).title;
        for (error, online, said) in [
            (HttpError::Unreachable, true, "\u{2068}s.example\u{2069} Cannot Be Reached"),
            (HttpError::NoSuchHost, true, "\u{2068}s.example\u{2069} Cannot Be Reached"),
            (HttpError::NoSuchHost, false, "No Connection"),
            (HttpError::Certificate(http::CertificateFault::Expired), true, "Connection Is Not Secure"),
            (HttpError::Unexpected, true, "Sign-In Was Not Finished"),
        ] {
            assert_eq!(title(error, online), said);
        }
    }

    #[test]
    fn what_stops_a_purchase_says_that_nothing_is_paid_twice() {
        let words = |problem: WebProblem| problem.words("store.example.org", true);
        let crashed = words(WebProblem::Crashed);
        assert_eq!(crashed.text, "Usher checks with the store before anything is paid again.");
        assert_eq!(crashed.again, "Reload");
        assert_eq!(words(WebProblem::WrongAnswer).title, "Purchase Was Not Finished");
    }

    #[test]
    fn a_servers_reason_is_cut_and_among_the_details() {
        let words = WebProblem::Refused(format!("\u{202e}{}", "x".repeat(500))).words("store.example.org", false);
        assert_eq!(words.text.replace(['\u{2068}', '\u{2069}'], ""), "store.example.org stopped the sign-in.");
        let details = words.details.expect("the reason is there");
        assert!(details.chars().count() <= 120 && details.starts_with("xx"), "{details}");
    }
}
