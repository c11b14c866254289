// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person does next in a sign-in: a surface renders it and brings the answer back.

use url::Url;

use super::{SignIn, SignedIn};
use crate::{
    credential::Secret,
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
        /// The form's fields, in the order to show them.
        fields: &'a [Field],
    },
    /// Show a code that the person types on another device, and poll.
    Code {
        /// The server's page where the person types it.
        page: &'a Url,
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
    /// Asks the server whether the person has typed the code.
    Poll,
}

/// What comes after an answer.
pub enum Progress {
    /// The next step.
    Next(Box<dyn SignIn>),
    /// The person is signed in.
    Done(SignedIn),
}
