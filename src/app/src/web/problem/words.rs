// SPDX-License-Identifier: GPL-3.0-or-later
//! How a problem is said.

use usher_core::session::SessionError;

use super::{Bare, CertificateFault, NotShown, WebProblem};
use crate::{
    i18n::{gettext, gettext_f},
    text,
    widgets::ProblemText,
};

impl WebProblem {
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
            Self::NoCodes => gettext("Sign In Here Instead"),
            Self::CodeEnded => gettext("Get New Code"),
            // Nothing would be different the next time.
            Self::NotPossible | Self::NotNeeded => String::new(),
            _ => gettext("Try Again"),
        };
        let is_danger = matches!(self, Self::OtherServer);
        ProblemText { icon, title, text, details, again, is_fault: self.is_fault(), is_danger }
    }

    /// Whether it is a fault of a server, of this computer or of Usher, not what a person has done or left.
    fn is_fault(&self) -> bool {
        !matches!(
            self,
            Self::Offline
                | Self::Stopped
                | Self::TooLate
                | Self::NotNeeded
                | Self::NoCodes
                | Self::CodeEnded
                | Self::Declined
        )
    }

    /// Whether a browser can show what Usher does not.
    pub(in crate::web) fn is_of_the_view(&self) -> bool {
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
            Self::Unreachable => not_reached(&host, gettext("The server did not answer.")),
            Self::NoSuchHost => not_reached(&host, gettext("No server of this name was found.")),
            Self::Bare(bare) => ("network-error-symbolic", gettext_f("{host} Sent No Page", &host), bare.text()),
            Self::Stopped => (
                "process-stop-symbolic",
                gettext("Loading Stopped"),
                gettext_f("The page of {host} was not opened.", &host),
            ),
            Self::Proxy(fault) => not_reached(&host, fault.sentence()),
            Self::Certificate(fault, _) => not_secure(fault.text(&host)),
            Self::Unencrypted => not_secure(gettext_f("The page wanted to go to {host} without encryption.", &host)),
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
            Self::NotPossible => {
                ("dialog-error-symbolic", gettext("Not Possible Here"), SessionError::not_possible(&plain_host))
            }
            Self::NotNeeded => (
                "object-select-symbolic",
                gettext("No Account Needed"),
                gettext_f("{host} asks nobody to sign in.", &host),
            ),
            Self::NoCodes => (
                "dialog-information-symbolic",
                gettext_f("{host} Offers No Codes", &host),
                gettext("Signing in on another device is not possible at this server."),
            ),
            Self::CodeEnded => {
                ("dialog-information-symbolic", gettext("The Code Has Expired"), gettext("Nobody entered it in time."))
            }
            Self::Declined => not_finished(gettext("Sign-in was declined on the other device.")),
            Self::OtherServer => (
                "dialog-warning-symbolic",
                gettext("The Answer Came From Another Server"),
                gettext_f("It did not come from {host}, so it was not used. Nothing was signed in.", &host),
            ),
            Self::ClockOff => (
                "preferences-system-time-symbolic",
                gettext("The Clocks Differ"),
                gettext_f(
                    "This computer and {host} do not agree on the time. Check the date and time of this computer.",
                    &host,
                ),
            ),
            Self::NoPage => not_finished(gettext_f("This version of Usher cannot show what {host} asks for.", &host)),
        }
    }
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

impl Bare {
    fn text(self) -> String {
        match self {
            Self::Error => gettext("The server answered with an error."),
            Self::Empty => gettext("The server answered with nothing to read."),
            Self::Unshowable => gettext("What the server sent cannot be shown here."),
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

fn not_reached(host: &[(&str, &str)], text: String) -> (&'static str, String, String) {
    ("network-error-symbolic", gettext_f("{host} Cannot Be Reached", host), text)
}

fn not_secure(text: String) -> (&'static str, String, String) {
    ("channel-insecure-symbolic", gettext("Connection Is Not Secure"), text)
}
