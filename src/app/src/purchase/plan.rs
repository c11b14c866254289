// SPDX-License-Identifier: GPL-3.0-or-later
//! What comes next in a purchase, from what the server said. Pure.

use usher_core::{
    buying::{Begun, BuyError},
    error_text::UserFacing,
    http::HttpError,
};

use crate::{
    i18n::{gettext, gettext_f},
    text,
    web::containment,
};

/// What went before the server was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// The shop's page has led back.
    Returned,
    /// The shop's page has led back, and said that nothing was bought.
    Declined,
    /// The person has left the shop's page.
    Left,
    /// The shop's page broke, or could not be shown.
    Broken,
    /// It is waited for the store, or for the person to say what happened, and it was looked again.
    Again,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// The shop's page.
    Shop,
    /// The app is there.
    Bought,
    /// Paid, as far as the shop's page says, and not granted yet.
    Wait,
    /// Begun, and not known how it ended.
    Unfinished,
    /// The same page as before.
    Stay,
    /// The same page as before, with what went wrong.
    StayAfter(Trouble),
    /// The account has to be signed in to again.
    SignIn,
    /// The shop does not sell the app to this account.
    NotOffered,
    /// Something went wrong before anything was begun.
    Trouble(Trouble),
}

/// What can go wrong with asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The server gave no answer, or none that makes sense.
    Server(HttpError),
    /// Pages have no sandbox of their own here; the command that does the same in a terminal.
    NotContained(Option<String>),
    /// The keyring; why.
    Keyring(String),
}

impl Trouble {
    pub(super) fn of(error: &BuyError) -> Self {
        match error {
            BuyError::Http(error) => Self::Server(error.clone()),
            BuyError::Store(error) => Self::Keyring(error.reason()),
            BuyError::Unexpected | BuyError::NotOffered | BuyError::NotSignedIn => Self::Server(HttpError::Unexpected),
        }
    }

    /// Icon, title and text of a page that says so.
    pub(super) fn words(&self, host: &str) -> (&'static str, String, String) {
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
            Self::Server(HttpError::Certificate(_)) => (
                "channel-insecure-symbolic",
                gettext("Connection Is Not Secure"),
                gettext_f("Nothing was sent to {host}.", &host),
            ),
            Self::Server(HttpError::Unexpected) => (
                "dialog-error-symbolic",
                gettext("Purchase Was Not Begun"),
                gettext_f("{host} answered in an unexpected way. Nothing was paid.", &host),
            ),
            Self::NotContained(command) => {
                let (title, text) = containment::words(command.as_deref());
                ("web-browser-symbolic", title, text)
            }
            Self::Keyring(reason) => (
                "dialog-password-symbolic",
                gettext("Purchase Was Not Begun"),
                gettext_f("The keyring did not do its part: {reason}.", &[("reason", reason)]),
            ),
        }
    }

    /// One line, for where a page stays as it is.
    pub(super) fn line(&self, host: &str) -> String {
        match self {
            Self::Server(error) => error.at(&text::within(host)).reason(),
            Self::NotContained(command) => containment::words(command.as_deref()).0,
            Self::Keyring(reason) => gettext_f("The keyring did not do its part: {reason}", &[("reason", reason)]),
        }
    }
}

/// After the wish to buy.
pub(super) fn after_begin(begun: Result<&Begun, &BuyError>) -> Next {
    match begun {
        Ok(Begun::Started(_)) => Next::Shop,
        Ok(Begun::Owned) => Next::Bought,
        Ok(Begun::Unfinished) => Next::Unfinished,
        Err(BuyError::NotSignedIn) => Next::SignIn,
        Err(BuyError::NotOffered) => Next::NotOffered,
        Err(error) => Next::Trouble(Trouble::of(error)),
    }
}

/// After the server was asked whether there is access now.
pub(super) fn after_check(moment: Moment, has_access: Result<bool, &BuyError>) -> Next {
    match (has_access, moment) {
        (Ok(true), _) => Next::Bought,
        (Ok(false), Moment::Broken) => Next::Shop,
        (Ok(false), Moment::Again) => Next::Stay,
        (Err(BuyError::NotSignedIn), _) => Next::SignIn,
        (Err(error), Moment::Broken | Moment::Again) => Next::StayAfter(Trouble::of(error)),
        // Whatever keeps the server from answering: it may be paid.
        (Ok(false) | Err(_), Moment::Returned) => Next::Wait,
        (Ok(false) | Err(_), Moment::Left | Moment::Declined) => Next::Unfinished,
    }
}

#[cfg(test)]
mod tests {
    use usher_core::{http::CertificateFault, store::StoreError};

    use super::*;

    const MOMENTS: [Moment; 5] = [Moment::Returned, Moment::Declined, Moment::Left, Moment::Broken, Moment::Again];

    fn errors() -> [BuyError; 4] {
        [
            BuyError::Http(HttpError::Unreachable),
            BuyError::Http(HttpError::TimedOut),
            BuyError::Unexpected,
            BuyError::Store(StoreError::Locked),
        ]
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
    fn the_shops_page_comes_back_only_after_the_servers_no() {
        for moment in MOMENTS {
            assert_eq!(after_check(moment, Ok(false)) == Next::Shop, moment == Moment::Broken);
            for error in errors() {
                assert_ne!(after_check(moment, Err(&error)), Next::Shop, "{moment:?} {error:?}");
            }
        }
    }

    #[test]
    fn what_may_be_paid_is_waited_for_even_without_an_answer() {
        assert_eq!(after_check(Moment::Returned, Ok(false)), Next::Wait);
        for error in errors() {
            assert_eq!(after_check(Moment::Returned, Err(&error)), Next::Wait);
            assert_eq!(after_check(Moment::Left, Err(&error)), Next::Unfinished);
        }
    }

    #[test]
    fn a_sign_in_that_ended_is_renewed_and_nothing_is_lost() {
        for moment in MOMENTS {
            assert_eq!(after_check(moment, Err(&BuyError::NotSignedIn)), Next::SignIn);
        }
        assert_eq!(after_begin(Err(&BuyError::NotSignedIn)), Next::SignIn);
    }

    #[test]
    fn what_was_begun_before_is_not_begun_again() {
        assert_eq!(after_begin(Ok(&Begun::Unfinished)), Next::Unfinished);
        assert_eq!(after_begin(Err(&BuyError::NotOffered)), Next::NotOffered);
        let error = BuyError::Http(HttpError::NoSuchHost);
        assert_eq!(after_begin(Err(&error)), Next::Trouble(Trouble::Server(HttpError::NoSuchHost)));
    }

    #[test]
    fn what_went_wrong_is_told_with_the_host_and_without_codes() {
        let not_secure = HttpError::Certificate(CertificateFault::Expired);
        for error in [HttpError::NoSuchHost, HttpError::TimedOut, not_secure, HttpError::Unexpected] {
            let trouble = Trouble::Server(error);
            let (_, title, text) = trouble.words("s.example");
            assert!(format!("{title} {text} {}", trouble.line("s.example")).contains("s.example"));
        }
    }
}
