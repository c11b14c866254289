// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person does next in a sign-in: a surface renders it and brings the answer back.

use url::Url;

use super::{SignIn, SignedIn};
use crate::{
    credential::Secret,
    http::{BasicError, HttpError},
    redirect::{Parameters, Redirect},
};

/// What a person does next in a sign-in.
pub enum Step<'a> {
    /// Show the page at `start` until it goes to the redirect.
    Web {
        /// The first page. It holds the state: never shown or logged whole.
        start: &'a Url,
        /// The redirect to look out for.
        redirect: &'a Redirect,
    },
    /// Ask the person to fill in a form.
    Form {
        /// What to ask.
        form: &'a Form,
    },
    /// Show a code that the person types on another device, and poll.
    Code {
        /// The server's page where the person types it.
        page: &'a Url,
        /// The page with the code filled in already, if the server has one: for the QR code and for *Open Page*.
        filled_in: Option<&'a Url>,
        /// The code.
        code: &'a str,
        /// When the code expires: seconds since 1970.
        ends: i64,
    },
}

impl Step<'_> {
    /// The word for the log that says what a surface has to render.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Web { .. } => "web",
            Self::Form { .. } => "form",
            Self::Code { .. } => "code",
        }
    }
}

/// A form to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The fields, in the order to show them.
    pub fields: Vec<Field>,
    /// The host that gets the password, where it is another than the account server's: to show beside the field.
    pub password_host: Option<String>,
    /// What is wrong with the last answer. `None` the first time.
    pub fault: Option<FormFault>,
}

impl Form {
    /// An empty form with these fields, for the account server itself.
    pub fn of(fields: &[Field]) -> Self {
        Self { fields: fields.to_vec(), password_host: None, fault: None }
    }

    /// The same form after an answer that did not do.
    #[must_use]
    pub fn with_fault(self, fault: FormFault) -> Self {
        Self { fault: Some(fault), ..self }
    }
}

/// What is wrong with the answer to a form. The person corrects it, or tries it once more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// The server does not accept this user name with this password.
    #[error("user name or password is wrong")]
    WrongLogin,
    /// The text is no access token.
    #[error("not an access token")]
    NotAToken,
    /// The token's own end has passed.
    #[error("the token has ended")]
    TokenEnded,
    /// The server does not accept the token.
    #[error("the token is not accepted")]
    TokenNotAccepted,
    /// A login cannot be sent with this user name (RFC 7617).
    #[error("the user name cannot be sent")]
    UserName,
    /// A login cannot be sent with this password (RFC 7617).
    #[error("the password cannot be sent")]
    Password,
    /// No connection, or none that is acceptable. Nothing is known about the answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server answered in a way that says nothing about the answer.
    #[error("the server answered in an unexpected way")]
    Unexpected,
}

impl From<BasicError> for FormFault {
    fn from(error: BasicError) -> Self {
        match error {
            BasicError::UserName => Self::UserName,
            BasicError::Password => Self::Password,
        }
    }
}

/// A field of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The person's name at the server.
    User,
    /// The password, or an access token in its place.
    Password,
    /// A token that the server's operator handed out.
    Token,
}

/// What a surface brings back from a step.
pub enum StepAnswer {
    /// What the redirect carried.
    Redirect(Parameters),
    /// What the person filled in, in the order of the fields.
    Fields(Vec<Secret>),
    /// Asks the server again and again until the person has typed the code, the code ends, or nobody waits any more.
    Poll,
}

/// What comes after an answer.
pub enum Progress {
    /// The next step.
    Next(Box<dyn SignIn>),
    /// The person is signed in.
    Done(SignedIn),
}
