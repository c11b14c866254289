// SPDX-License-Identifier: GPL-3.0-or-later
//! The protocols that services speak: one file each. A provider drives a sign-in, a window or a terminal renders its
//! steps; and it exchanges a credential for download tokens.

pub mod hints;
pub(crate) mod json;
pub mod webflow;

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::{
    binding::{Binding, Provider},
    http::{HttpClient, HttpError},
    redirect::{Parameters, RandomError, Redirect},
    secret::Token,
    service::UrlError,
};

/// What a person does next in a sign-in.
pub enum Step {
    /// Show the page at `start`, until it goes to the redirect.
    Web {
        /// The first page. It holds the state: never shown or logged whole.
        start: Url,
    },
}

/// A sign-in under way at one service.
pub struct SignIn {
    binding: Binding,
    redirect: Redirect,
}

/// What a finished sign-in gave.
#[derive(Debug)]
pub struct SignedIn {
    /// The account's credential.
    pub credential: Token,
    /// The person's name at the service; the host where the service tells none.
    pub user: String,
    /// When the credential says that it ends: seconds since 1970.
    pub valid_until: Option<i64>,
}

/// Why a sign-in cannot begin, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No random numbers for the state.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The service's address leads nowhere.
    #[error(transparent)]
    Address(#[from] UrlError),
    /// The person refused, or the server ended it. Holds the server's reason, cleaned.
    #[error("the server ended the sign-in: {0}")]
    Refused(String),
    /// The redirect carried no usable credential.
    #[error("the server sent no usable sign-in")]
    NoCredential,
}

impl SignIn {
    /// Begins a sign-in whose redirect the embedded view recognises.
    pub fn begin(binding: Binding) -> Result<Self, SignInError> {
        Ok(Self { binding, redirect: Redirect::issue()? })
    }

    /// Begins a sign-in whose redirect a listener at that port of 127.0.0.1 answers.
    pub fn begin_at(binding: Binding, port: u16) -> Result<Self, SignInError> {
        Ok(Self { binding, redirect: Redirect::issue_at(port)? })
    }

    /// The service.
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// What to show.
    pub fn step(&self) -> Result<Step, SignInError> {
        match self.binding.provider {
            Provider::Webflow => Ok(Step::Web { start: webflow::login_page(&self.binding.service, &self.redirect)? }),
        }
    }

    /// The redirect to look out for.
    pub fn redirect(&self) -> &Redirect {
        &self.redirect
    }

    /// Takes what the redirect carried. One flow has one redirect: this ends it.
    pub fn finish(self, parameters: &Parameters) -> Result<SignedIn, SignInError> {
        match self.binding.provider {
            Provider::Webflow => webflow::finish(&self.binding.service, parameters),
        }
    }
}

/// A download token and how long it may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// No token is needed.
    Free,
    /// The token, and the end of its validity as it states it (seconds since 1970).
    Token(Token, Option<i64>),
}

/// A service's answer for all ids that were asked for: each is in exactly one of the two.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Ids with access.
    pub granted: BTreeMap<String, Grant>,
    /// Ids without.
    pub denied: BTreeSet<String>,
}

/// Why there are no download tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokensError {
    /// The service does not accept the credential any more (401).
    #[error("the sign-in is not valid any more")]
    Rejected,
    /// No connection, or no acceptable one.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer that makes no sense.
    #[error("the server answered in an unexpected way")]
    Unexpected,
}

/// Why a purchase did not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PurchaseError {
    /// The service does not accept the credential any more (401).
    #[error("the sign-in is not valid any more")]
    Rejected,
    /// The service does not sell the app to this account.
    #[error("the server does not offer it")]
    NotOffered,
    /// The service began something and named no page of its own for it.
    #[error("the server named no page on which it could be bought")]
    NoPage,
    /// No connection, or no acceptable one. Whether the service has begun anything is not known.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer that makes no sense. Whether the service has begun anything is not known.
    #[error("the server answered in an unexpected way")]
    Unexpected,
}

/// Asks the service of a binding to begin a purchase, and gives the first page of it, without redirect and state. Never
/// called but for an id that the service has just denied, after the person's click (rule R20).
pub async fn begin_purchase(
    http: &HttpClient,
    binding: &Binding,
    credential: &Token,
    app_id: &str,
) -> Result<Url, PurchaseError> {
    match binding.provider {
        Provider::Webflow => webflow::begin_purchase(http, &binding.service, credential, app_id).await,
    }
}

/// Asks the service of a binding for download tokens, in one call. Where the credential goes is decided by the binding
/// that is stored with it, alone (rule R1).
pub async fn get_tokens(
    http: &HttpClient,
    binding: &Binding,
    credential: &Token,
    ids: &BTreeSet<String>,
) -> Result<Grants, TokensError> {
    match binding.provider {
        Provider::Webflow => webflow::get_tokens(http, &binding.service, credential, ids).await,
    }
}
