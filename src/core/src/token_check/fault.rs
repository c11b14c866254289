// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a token is not good, in words for programs and for people.

use crate::i18n::{gettext, gettext_f};

/// Why a token is not good for a ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// No key has made its signature; it may have been changed.
    WrongKey,
    /// It names a key that is not among those of the repository.
    UnknownKey,
    /// It is signed in a way that is not accepted, or that does not fit the key.
    Algorithm,
    /// It is for other apps.
    OtherApp,
    /// It is for other branches.
    OtherBranch,
    /// It is for other repositories.
    OtherRepository,
    /// It is for something else than downloads.
    OtherPurpose,
    /// What it says makes no sense, or something is missing.
    Malformed,
}

impl Fault {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::WrongKey => "wrong-key",
            Self::UnknownKey => "unknown-key",
            Self::Algorithm => "wrong-algorithm",
            Self::OtherApp => "other-app",
            Self::OtherBranch => "other-branch",
            Self::OtherRepository => "other-repository",
            Self::OtherPurpose => "other-purpose",
            Self::Malformed => "malformed",
        }
    }

    /// The sentence for people, about a token that was shown for a ref.
    pub fn sentence(self, wanted: &str) -> String {
        match self {
            Self::Expired => gettext("Not good: the token has expired."),
            Self::NotYetValid => {
                gettext("Not good: the token is not valid yet. The clock of this computer may be wrong.")
            }
            Self::WrongKey => gettext("Not good: none of the repository’s keys has signed the token."),
            Self::UnknownKey => gettext("Not good: the token names a key that the repository does not have."),
            Self::Algorithm => gettext("Not good: the token is signed in a way that is not accepted."),
            Self::OtherApp => gettext_f("Not good: the token is not for “{ref}”.", &[("ref", wanted)]),
            Self::OtherBranch => gettext_f("Not good: the token is not for the branch of “{ref}”.", &[("ref", wanted)]),
            Self::OtherRepository => gettext("Not good: the token is for another repository."),
            Self::OtherPurpose => gettext("Not good: the token is not for downloads."),
            Self::Malformed => gettext("Not good: what the token says makes no sense."),
        }
    }
}
