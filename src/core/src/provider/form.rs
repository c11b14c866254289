// SPDX-License-Identifier: GPL-3.0-or-later
//! What every surface does alike with a form: what its fields are called, how what was typed is read, and what was wrong
//! with it.

use zeroize::{Zeroize, Zeroizing};

use super::step::{Field, FormFault};
use crate::{
    credential::{Secret, SecretError},
    error_text::UserFacing,
    http::HttpError,
    i18n::{gettext, gettext_f},
};

impl Field {
    /// What it is called.
    pub fn label(self) -> String {
        match self {
            Self::User => gettext("User Name"),
            Self::Password => gettext("Password"),
            Self::Token => gettext("Access Token"),
        }
    }

    /// Reads what a person typed or pasted, and wipes it. A final line break came along with the copy; with a token, white
    /// space anywhere and the words of a header before it. Fails if nothing is left.
    pub fn read(self, mut typed: String) -> Result<Secret, SecretError> {
        let kept = match self {
            Self::User | Self::Password => {
                let kept = typed.strip_suffix('\n').unwrap_or(&typed);
                kept.strip_suffix('\r').unwrap_or(kept).to_owned()
            }
            Self::Token => pasted_token(&typed).to_string(),
        };
        typed.zeroize();
        Secret::try_from(kept)
    }

    /// Whether something was typed.
    pub fn is_filled(self, typed: &str) -> bool {
        match self {
            Self::User | Self::Password => !typed.trim_end_matches(['\r', '\n']).is_empty(),
            Self::Token => !typed.trim().is_empty(),
        }
    }
}

/// The token in what a person pasted, which may hold line breaks, and the words of a header before it.
pub(super) fn pasted_token(pasted: &str) -> Zeroizing<String> {
    let mut words: Vec<&str> = pasted.split_whitespace().collect();
    for before in ["authorization:", "bearer"] {
        if words.len() > 1 && words[0].eq_ignore_ascii_case(before) {
            words.remove(0);
        }
    }
    Zeroizing::new(words.concat())
}

impl FormFault {
    /// The field that it is about. `None` where nothing is wrong with what was filled in.
    pub fn field(&self) -> Option<Field> {
        match self {
            Self::UserName => Some(Field::User),
            Self::WrongLogin | Self::Password => Some(Field::Password),
            Self::NotAToken | Self::TokenEnded | Self::TokenNotAccepted => Some(Field::Token),
            Self::Http(_) | Self::Unexpected => None,
        }
    }

    /// The fault at a host, for putting it into words.
    pub fn at<'a>(&'a self, host: &'a str) -> FaultAtHost<'a> {
        FaultAtHost { fault: self, host }
    }
}

/// What is wrong with the answer to a form, and the host that the answer went to.
#[derive(Debug, Clone, Copy)]
pub struct FaultAtHost<'a> {
    fault: &'a FormFault,
    host: &'a str,
}

/// The reason stands alone, beside its field.
impl UserFacing for FaultAtHost<'_> {
    fn reason(&self) -> String {
        match self.fault {
            FormFault::WrongLogin => gettext("User name or password is wrong"),
            FormFault::NotAToken => gettext("This does not look like an access token"),
            FormFault::TokenEnded => gettext("This token has ended"),
            FormFault::TokenNotAccepted => gettext_f("This token is not accepted by {host}", &[("host", self.host)]),
            FormFault::UserName => gettext("A user name with a colon or a line break cannot be sent"),
            FormFault::Password => gettext("A password with a line break or another control character cannot be sent"),
            FormFault::Http(error) => error.at(self.host).reason(),
            FormFault::Unexpected => HttpError::Unexpected.at(self.host).reason(),
        }
    }

    fn sentence(&self) -> String {
        match self.fault {
            FormFault::Http(error) => error.at(self.host).sentence(),
            FormFault::Unexpected => HttpError::Unexpected.at(self.host).sentence(),
            // Translators: the reason is what is said elsewhere without a full stop
            _ => gettext_f("{reason}.", &[("reason", &self.reason())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_along_with_a_copy_is_no_part_of_an_answer() {
        let long = format!("{}:{}", "ä".repeat(1024), "p".repeat(2048));
        for (field, typed, read) in [
            (Field::User, "1234567|name", "1234567|name"),
            (Field::User, "robot$name\n", "robot$name"),
            (Field::Password, "secret", "secret"),
            (Field::Password, "secret\n", "secret"),
            (Field::Password, "secret\r\n", "secret"),
            (Field::Password, "secret\n\n", "secret\n"),
            (Field::Password, " a b:c\t\"é\\ ", " a b:c\t\"é\\ "),
            (Field::Password, &long, &long),
            (Field::Token, "  eyJ\n abc.\tdef \r\n", "eyJabc.def"),
            (Field::Token, "Authorization: Bearer eyJ\n", "eyJ"),
            (Field::Token, "bearer", "bearer"),
        ] {
            assert_eq!(field.read(typed.to_owned()).map(|secret| secret.expose().to_owned()), Ok(read.to_owned()));
            assert!(field.is_filled(typed), "{typed:?}");
        }
    }

    #[test]
    fn nothing_is_no_answer() {
        for (field, typed) in
            [(Field::User, ""), (Field::Password, "\n"), (Field::Password, "\r\n"), (Field::Token, " \n\t")]
        {
            assert!(field.read(typed.to_owned()).is_err() && !field.is_filled(typed), "{typed:?}");
        }
    }

    #[test]
    fn every_fault_is_said_at_its_field_or_names_the_host() {
        let said = |fault: &FormFault| fault.at("store.example.org").reason();
        for fault in [
            FormFault::WrongLogin,
            FormFault::NotAToken,
            FormFault::TokenEnded,
            FormFault::TokenNotAccepted,
            FormFault::UserName,
            FormFault::Password,
            FormFault::Http(HttpError::Unreachable),
            FormFault::Unexpected,
        ] {
            assert!(!said(&fault).is_empty() && !said(&fault).ends_with('.'));
            assert!(fault.at("store.example.org").sentence().ends_with('.'));
            assert!(fault.field().is_some() || said(&fault).contains("store.example.org"), "{}", said(&fault));
        }
        assert_eq!(said(&FormFault::WrongLogin), "User name or password is wrong");
        assert_eq!(said(&FormFault::Http(HttpError::Unreachable)), "store.example.org cannot be reached");
    }
}
