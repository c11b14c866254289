// SPDX-License-Identifier: GPL-3.0-or-later
//! What a provider does: it reads a claim, signs in, gets download tokens, sells, and ends a sign-in.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use url::Url;

use super::step::{Answer, Progress, Step};
use crate::{
    ask::Ask,
    binding::{Binding, OptionsError},
    credential::{Credential, Token},
    http::{HttpClient, HttpError},
    redirect::{RandomError, Redirect},
    service::{ServiceUrl, UrlError},
};

/// What a remote and a request say of the account server. All of it is untrusted.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The remote's address, verbatim.
    pub remote_uri: &'a str,
    /// Its authenticator options.
    pub options: &'a BTreeMap<String, String>,
    /// The registry that a request names (`xa.oci-registry-uri`).
    pub registry: Option<&'a str>,
}

/// The protocol of a kind of account server.
#[async_trait]
pub trait Protocol: Send + Sync {
    /// Its name: `type` in a remote's options and in the attributes of a keyring item.
    fn name(&self) -> &'static str;

    /// How one signs in, as a person reads it.
    fn sign_in_method(&self) -> String;

    /// The binding that a remote and a request claim, or the option that is wrong. Unknown options are ignored.
    fn claim(&self, claim: &Claim<'_>) -> Result<Binding, OptionsError>;

    /// The options, but for the type, that make a remote claim this binding.
    fn options(&self, binding: &Binding) -> BTreeMap<String, String>;

    /// Whether a server speaks this protocol, asked without a credential.
    async fn probe(&self, http: &HttpClient, service: &ServiceUrl) -> Result<bool, HttpError>;

    /// Begins a sign-in.
    fn begin(&self, binding: &Binding, back: Back) -> Result<Box<dyn SignIn>, SignInError>;

    /// Gets download tokens, in as few calls as the protocol allows. Where the credential goes is decided by the binding
    /// that is stored with it, alone (rule R1).
    async fn tokens(&self, call: TokensCall<'_>) -> Result<Granted, TokensError>;

    /// Whether asking for tokens may replace this credential. Such calls are made one at a time for an account.
    fn may_renew(&self, _credential: &Credential) -> bool {
        false
    }

    /// What sells apps, where the protocol can.
    fn shop(&self) -> Option<&dyn Shop> {
        None
    }

    /// Ends a sign-in at the server.
    async fn revoke(
        &self,
        _http: &HttpClient,
        _binding: &Binding,
        _credential: &Credential,
    ) -> Result<Revoked, HttpError> {
        Ok(Revoked::NotOffered)
    }
}

/// How a redirect can come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// Whoever shows the page sees where it goes; nothing listens.
    Embedded,
    /// To a listener of ours at that port of 127.0.0.1.
    Listener(u16),
}

impl Back {
    /// A redirect that comes back this way.
    pub fn redirect(self) -> Result<Redirect, RandomError> {
        match self {
            Self::Embedded => Redirect::issue(),
            Self::Listener(port) => Redirect::issue_at(port),
        }
    }
}

/// A sign-in under way at one service.
#[async_trait]
pub trait SignIn: Send {
    /// What the person does next.
    fn step(&self) -> Step<'_>;

    /// Takes the answer to that step. The step has had its answer then, whatever comes of it (rule R5).
    async fn answer(self: Box<Self>, http: &HttpClient, answer: Answer) -> Result<Progress, SignInError>;
}

/// What a finished sign-in gave.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The account's credential.
    pub credential: Credential,
    /// The person's name at the service. `None` where the service tells none.
    pub user: Option<String>,
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
    /// The answer carried no usable credential.
    #[error("the server sent no usable sign-in")]
    NoCredential,
    /// No connection, or no acceptable one.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// One question for download tokens.
#[derive(Clone, Copy)]
pub struct TokensCall<'a> {
    /// The HTTP client.
    pub http: &'a HttpClient,
    /// The binding that is stored with the credential.
    pub binding: &'a Binding,
    /// The credential.
    pub credential: &'a Credential,
    /// What is asked for.
    pub asks: &'a [Ask],
}

/// What a server said of one ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// No token is needed.
    Free,
    /// The download token, and the end of its validity as it states it (seconds since 1970).
    Token(Token, Option<i64>),
    /// The account has no access.
    Denied,
}

/// What a server said of every ask, in the order of the asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(Vec<Grant>);

impl Grants {
    /// One grant for each ask. `None` if one of them has none: then it is no answer.
    pub fn of(asks: &[Ask], grant: impl FnMut(&Ask) -> Option<Grant>) -> Option<Self> {
        asks.iter().map(grant).collect::<Option<Vec<_>>>().map(Self)
    }

    /// The grants, in the order of the asks.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter()
    }

    /// Which apps the account has access to, and which not. An app of which a part is denied is denied.
    pub fn access(&self, asks: &[Ask]) -> Access {
        let mut access = Access::default();
        for (ask, grant) in asks.iter().zip(&self.0) {
            access.add(ask, grant);
        }
        access
    }
}

impl IntoIterator for Grants {
    type Item = Grant;
    type IntoIter = std::vec::IntoIter<Grant>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// What a server said of apps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Ids of apps with access.
    pub granted: BTreeSet<String>,
    /// Ids of apps without.
    pub denied: BTreeSet<String>,
}

impl Access {
    /// Takes in what was said of one ask.
    pub fn add(&mut self, ask: &Ask, grant: &Grant) {
        if matches!(grant, Grant::Denied) {
            self.granted.remove(ask.app_id());
            self.denied.insert(ask.app_id().to_owned());
        } else if !self.denied.contains(ask.app_id()) {
            self.granted.insert(ask.app_id().to_owned());
        }
    }
}

/// What came of a question for download tokens.
#[derive(Debug)]
pub struct Granted {
    /// What the server said.
    pub grants: Grants,
    /// The credential that takes the place of the one that was used, where the server has changed it.
    pub renewed: Option<Credential>,
}

impl From<Grants> for Granted {
    fn from(grants: Grants) -> Self {
        Self { grants, renewed: None }
    }
}

/// Why there are no download tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokensError {
    /// The service does not accept the credential any more.
    #[error("the sign-in is not valid any more")]
    Rejected,
    /// No connection, or no acceptable one.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer that makes no sense.
    #[error("the server answered in an unexpected way")]
    Unexpected,
}

/// Sells apps.
#[async_trait]
pub trait Shop: Send + Sync {
    /// Asks the service to begin a purchase, and gives the first page of it, without redirect and state. Never called but
    /// for an app that the service has just denied, after the person's click (rule R20).
    async fn begin_purchase(
        &self,
        http: &HttpClient,
        binding: &Binding,
        credential: &Credential,
        app_id: &str,
    ) -> Result<Url, PurchaseError>;
}

/// Why a purchase did not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PurchaseError {
    /// The service does not accept the credential any more.
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

/// What a server did to end a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// It ended it.
    Ended,
    /// It keeps no sign-ins, or has no way to end them.
    NotOffered,
}
