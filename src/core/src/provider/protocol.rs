// SPDX-License-Identifier: GPL-3.0-or-later
//! What a provider does: it reads a claim, signs in, gets download tokens, sells apps, and ends a sign-in.

use std::collections::BTreeMap;

use async_trait::async_trait;
use url::Url;

use super::{
    Grant, Grants, Notes,
    hints::{Acceptance, Hints},
    step::{Progress, Step, StepAnswer},
    way::{OtherWay, Way},
};
use crate::{
    ask::Ask,
    binding::{Binding, OptionsError},
    credential::Credential,
    http::{HttpClient, HttpError},
    redirect::{RandomError, Redirect, Refusal},
    service::{ServiceUrl, UrlError},
};

/// What a remote and a request say about the account server. None of it is trusted.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The remote's address, verbatim.
    pub remote_uri: &'a str,
    /// Its authenticator options.
    pub options: &'a BTreeMap<String, String>,
    /// The registry that a request names (`xa.oci-registry-uri`).
    pub registry: Option<&'a str>,
}

/// The protocol that one kind of account server speaks.
#[async_trait]
pub trait Protocol: Send + Sync {
    /// Its name: `type` in a remote's options and in the attributes of a keyring item.
    fn name(&self) -> &'static str;

    /// How a person signs in, in words for that person.
    fn sign_in_method(&self) -> String;

    /// Whether a person signs in on a web page of the server, to say so before it is opened. What comes is for the step
    /// to say.
    fn has_sign_in_page(&self) -> bool {
        false
    }

    /// The server that a person signs in at: the service itself, or one that it trusts to say who somebody is.
    fn signs_in_at(&self, binding: &Binding) -> ServiceUrl {
        binding.service.clone()
    }

    /// What the service learns and may do after a sign-in at another server, in words for the person: one each.
    fn permissions(&self, _binding: &Binding) -> Vec<String> {
        Vec::new()
    }

    /// The ways to sign in that a person can choose from, as far as they are known before the server is asked; the default
    /// first. Empty where there is but one. `is_typed`: the person typed what the binding says, or has agreed to it before.
    fn ways(&self, _binding: &Binding, _is_typed: bool) -> Vec<Way> {
        Vec::new()
    }

    /// Whether the redirect carries the credential itself, so that a browser that gets it could keep it.
    fn has_secret_redirect(&self) -> bool {
        false
    }

    /// The binding that a remote and a request claim, or the option that is wrong. Ignores unknown options.
    fn claim(&self, claim: &Claim<'_>) -> Result<Binding, OptionsError>;

    /// The options, all but the type, that make a remote claim this binding.
    fn options(&self, binding: &Binding) -> BTreeMap<String, String>;

    /// How a person is led to a sign-in where an address alone does not tell that its server speaks this protocol.
    fn other_way(&self) -> Option<OtherWay> {
        None
    }

    /// Asks a server, without a credential, whether it speaks this protocol.
    async fn probe(&self, http: &HttpClient, service: &ServiceUrl) -> Result<bool, HttpError>;

    /// Whether [`super::probe`] finds servers of this kind by their address alone.
    fn is_discovered(&self) -> bool {
        true
    }

    /// Begins a sign-in, after the person has agreed to the server. May ask the server, without a credential, how one
    /// signs in.
    async fn begin(&self, http: &HttpClient, beginning: Beginning<'_>) -> Result<Box<dyn SignIn>, SignInError>;

    /// Gets download tokens, in as few calls as the protocol allows. Only the binding stored with the credential
    /// decides where the credential goes (rule R1).
    async fn tokens(&self, call: TokensCall<'_>) -> Result<Granted, TokensError>;

    /// Gets a token that opens the repository's listing: the call's only ask. Nothing is needed where the protocol has no
    /// such token.
    async fn listing(&self, _call: TokensCall<'_>) -> Result<Granted, TokensError> {
        Ok(Grants::one(Grant::Free).into())
    }

    /// What the credential says about itself.
    fn hints(&self, _credential: &Credential) -> Hints {
        Hints::default()
    }

    /// Asks the service whether it accepts the credential, with the call's asks as samples. `None` where every call for
    /// tokens shows that anyway.
    async fn check(&self, _call: TokensCall<'_>) -> Result<Option<Acceptance>, HttpError> {
        Ok(None)
    }

    /// Whether anybody may have some tokens without an account: then those are asked for first, without a credential.
    fn serves_anybody(&self) -> bool {
        false
    }

    /// Whether other programs on this computer may have a login for such a server: see [`crate::registry_logins`].
    fn takes_registry_logins(&self) -> bool {
        false
    }

    /// Whether it is asked for refs with all that is known of them, and an app's id alone says too little.
    fn asks_by_ref(&self) -> bool {
        false
    }

    /// Whether asking for tokens may replace this credential. Such calls run one at a time for each account.
    fn may_renew(&self, _credential: &Credential) -> bool {
        false
    }

    /// Whether this credential ends so soon after `now` (seconds since 1970) that it has to be renewed before it is used.
    fn lapses(&self, _credential: &Credential, _now: i64) -> bool {
        false
    }

    /// Whether this credential can be renewed without the person.
    fn is_renewable(&self, _credential: &Credential) -> bool {
        false
    }

    /// Gets a new credential in place of this one. The caller holds the account's lock, and saves the new one before it
    /// is used. [`TokensError::Rejected`] if the server says that the sign-in has ended.
    async fn renew(&self, _call: RenewCall<'_>) -> Result<Credential, TokensError> {
        Err(TokensError::Ended)
    }

    /// The protocol's way to sell apps, if it has one.
    fn shop(&self) -> Option<&dyn Shop> {
        None
    }

    /// Ends a sign-in at the server. Without a way to do so, answers [`Revoked::NotOffered`].
    async fn revoke(&self, _call: RenewCall<'_>) -> Result<Revoked, HttpError> {
        Ok(Revoked::NotOffered)
    }
}

/// What a sign-in begins with.
#[derive(Debug, Clone, Copy)]
pub struct Beginning<'a> {
    /// What to sign in to.
    pub binding: &'a Binding,
    /// How a redirect comes back.
    pub receiver: RedirectReceiver,
    /// Some refs of the remote that the sign-in is for, as flatpak has cached them: to prove a password or a token with.
    pub samples: &'a [Ask],
    /// Whether the person typed what the binding says, or has agreed to it before (rule R24).
    pub is_typed: bool,
}

/// How the redirect of a sign-in comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectReceiver {
    /// Whoever shows the page sees where it goes; nothing listens.
    Embedded,
    /// Our own listener at this port of 127.0.0.1 receives it.
    Listener(u16),
    /// It does not come back: the person types a code on another device.
    Nowhere,
}

impl RedirectReceiver {
    /// Issues a redirect that comes back this way.
    pub fn redirect(self) -> Result<Redirect, SignInError> {
        match self {
            Self::Embedded => Ok(Redirect::issue()?),
            Self::Listener(port) => Ok(Redirect::issue_at(port)?),
            Self::Nowhere => Err(SignInError::NotThisWay),
        }
    }
}

/// A sign-in under way at one service.
#[async_trait]
pub trait SignIn: Send {
    /// What the person does next.
    fn step(&self) -> Step<'_>;

    /// Takes the answer to that step. This uses up the step, even if the answer fails (rule R5).
    async fn answer(self: Box<Self>, http: &HttpClient, answer: StepAnswer) -> Result<Progress, SignInError>;
}

/// What a finished sign-in gave.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The account's credential.
    pub credential: Credential,
    /// The person's name at the service. `None` if the service does not say.
    pub user: Option<String>,
    /// When the credential ends, by its own word: seconds since 1970.
    pub valid_until: Option<i64>,
    /// Addresses that the sign-in found, by their name: the only ones besides the service that may get the credential
    /// (rule R1).
    pub endpoints: Endpoints,
}

/// Addresses that a sign-in found, by the provider's name for them.
pub type Endpoints = BTreeMap<String, String>;

/// Why a sign-in cannot begin, or failed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// There are no random numbers for the state.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The service's address leads nowhere.
    #[error(transparent)]
    Address(#[from] UrlError),
    /// The person cancelled at the server.
    #[error("cancelled at the server")]
    Cancelled,
    /// The server stopped the sign-in. Holds its reason, cleaned.
    #[error("the server stopped the sign-in: {0}")]
    Stopped(String),
    /// The answer carried no usable credential.
    #[error("the server did not finish the sign-in")]
    NoCredential,
    /// The server offers only ways to sign in that flatpak cannot use.
    #[error("the server offers no way to sign in that flatpak can use")]
    NotPossible,
    /// The server does not offer this way, but may offer others.
    #[error("the server does not offer this way to sign in")]
    NotThisWay,
    /// The code ended before anybody entered it.
    #[error("the code has ended")]
    CodeEnded,
    /// The person declined on the other device.
    #[error("declined on the other device")]
    Declined,
    /// The answer comes from another issuer than the one that was asked (RFC 9207): not used.
    #[error("the answer is from another issuer")]
    WrongIssuer,
    /// By this computer's clock, the answer is from the past or the future.
    #[error("the clocks of this computer and the server differ")]
    ClockOff,
    /// The server gives everything to everybody.
    #[error("the server needs no sign-in")]
    NotNeeded,
    /// The server answered in a way that shows no way to sign in.
    #[error("the server answered in an unexpected way")]
    Unexpected,
    /// No connection, or none that is acceptable.
    #[error(transparent)]
    Http(#[from] HttpError),
}

impl From<Refusal> for SignInError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Cancelled => Self::Cancelled,
            Refusal::Stopped(reason) => Self::Stopped(reason),
        }
    }
}

/// One call for download tokens, or for one that opens a listing.
#[derive(Clone, Copy)]
pub struct TokensCall<'a> {
    /// The HTTP client.
    pub http: &'a HttpClient,
    /// The binding stored with the credential.
    pub binding: &'a Binding,
    /// The account's credential. `None` asks for what anybody may have ([`Protocol::serves_anybody`]).
    pub credential: Option<&'a Credential>,
    /// The addresses stored with the credential.
    pub endpoints: &'a Endpoints,
    /// What to ask for.
    pub asks: &'a [Ask],
    /// What this process knows of servers.
    pub notes: &'a Notes,
}

/// The result of a call for download tokens.
#[derive(Debug)]
pub struct Granted {
    /// What the server says about each ask.
    pub grants: Grants,
    /// The new credential, if the server replaced the one in the call.
    pub renewed: Option<Credential>,
}

impl From<Grants> for Granted {
    fn from(grants: Grants) -> Self {
        Self { grants, renewed: None }
    }
}

/// A call about a credential itself: to renew it, or to end it.
#[derive(Clone, Copy)]
pub struct RenewCall<'a> {
    /// The HTTP client.
    pub http: &'a HttpClient,
    /// The binding stored with the credential.
    pub binding: &'a Binding,
    /// The account's credential.
    pub credential: &'a Credential,
    /// The addresses stored with the credential.
    pub endpoints: &'a Endpoints,
}

/// Why there are no download tokens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokensError {
    /// The service no longer accepts the credential.
    #[error("the sign-in is not valid any more")]
    Rejected,
    /// The credential has ended by its own word. Nobody was asked, and the clock may be wrong, so that nothing is marked.
    #[error("the sign-in has ended by its own word")]
    Ended,
    /// The service now wants the credential to go to another host than the person agreed to. It was not sent there.
    #[error("the sign-in is wanted at another host")]
    Moved,
    /// The service offers only ways to sign in that flatpak cannot use.
    #[error("the server offers no way to sign in that flatpak can use")]
    NotPossible,
    /// No connection, or none that is acceptable.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The answer makes no sense.
    #[error("the server answered in an unexpected way")]
    Unexpected,
}

/// A protocol's way to sell apps.
#[async_trait]
pub trait Shop: Send + Sync {
    /// Asks the service to begin a purchase. Gives its first page, without redirect and state. Call it only for an app
    /// that the service has just denied, after the person's click (rule R20).
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
    /// The service no longer accepts the credential.
    #[error("the sign-in is not valid any more")]
    Rejected,
    /// The service does not sell the app to this account.
    #[error("the server does not offer it")]
    NotOffered,
    /// The service began something but named no page of its own for it.
    #[error("the server named no page for the purchase")]
    NoPage,
    /// No connection, or none that is acceptable. Whether the service has begun anything is unknown.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The answer makes no sense. Whether the service has begun anything is unknown.
    #[error("the server answered in an unexpected way")]
    Unexpected,
}

/// How a server answers the wish to end a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// It ended the sign-in.
    Ended,
    /// It keeps no sign-ins, or has no way to end them.
    NotOffered,
}
