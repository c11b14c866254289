// SPDX-License-Identifier: GPL-3.0-or-later
//! The API of an account server: `api/v1/get_tokens`, `api/v1/get_listing_token`, `api/v1/begin_purchase`, and
//! `api/v1/sign_out`, all relative to its base address. Several providers speak it, each with its own way to show who calls.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor},
};
use url::Url;

use super::{
    api::ApiAnswer,
    challenges::{challenges, is_scheme},
    json::{self, Strict, Text, Unique},
    jwt,
};
use crate::{
    ask::Ask,
    clock,
    credential::{Credential, Token},
    http::{BasicError, HttpClient, HttpError, HttpRequest, HttpResponse},
    provider::{FormFault, Grant, Grants, PurchaseError, Revoked, TokensError},
    service::ServiceUrl,
};

const GET_TOKENS: &str = "api/v1/get_tokens";
const GET_LISTING_TOKEN: &str = "api/v1/get_listing_token";
const BEGIN_PURCHASE: &str = "api/v1/begin_purchase";
const SIGN_OUT: &str = "api/v1/sign_out";

/// How a call shows whose account it is for.
#[derive(Clone, Copy)]
pub(crate) enum Authorization<'a> {
    /// A bearer token (RFC 6750).
    Bearer(&'a Token),
    /// A user name and a password (RFC 7617).
    Basic {
        /// The user name.
        user: &'a str,
        /// The password.
        password: &'a str,
    },
}

impl<'a> Authorization<'a> {
    /// The token of an account that signs in with one.
    pub(crate) fn bearer(credential: &'a Credential) -> Option<Self> {
        credential.bearer().map(Self::Bearer)
    }

    /// The login of an account that signs in with one.
    pub(crate) fn basic(credential: &'a Credential) -> Option<Self> {
        match credential {
            Credential::Password { user, password } => Some(Self::Basic { user, password: password.expose() }),
            Credential::Bearer(_) | Credential::OAuth2 { .. } | Credential::Pasted(_) => None,
        }
    }

    fn of(self, request: HttpRequest<'_>) -> Result<HttpRequest<'_>, BasicError> {
        match self {
            Self::Bearer(token) => Ok(request.bearer(token)),
            Self::Basic { user, password } => request.basic(user, password),
        }
    }
}

/// The API of the server at one address.
#[derive(Clone, Copy)]
pub(crate) struct StoreApi<'a> {
    http: &'a HttpClient,
    service: &'a ServiceUrl,
}

#[derive(Serialize)]
struct TokensRequest<'a> {
    ids: BTreeSet<&'a str>,
}

/// Every id of the request must be a key of `tokens` or an element of `denied`, or the answer is void. Other ids are
/// ignored. An answer may have thousands of tokens, so that it is read where it is.
struct TokensAnswer<'b> {
    tokens: HashMap<Cow<'b, str>, Option<Text<'b>>>,
    denied: HashSet<Cow<'b, str>>,
}

impl<'de: 'b, 'b> Deserialize<'de> for TokensAnswer<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;

        impl<'de> Visitor<'de> for Parts {
            type Value = TokensAnswer<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tokens and what is denied")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<TokensAnswer<'de>, A::Error> {
                let (mut tokens, mut denied, mut others) = (None, None, BTreeSet::new());
                while let Some(Text(key)) = entries.next_key()? {
                    let is_new = match &*key {
                        "tokens" => tokens.replace(entries.next_value::<Unique<'_, _>>()?).is_none(),
                        "denied" => denied.replace(entries.next_value()?).is_none(),
                        _ => {
                            entries.next_value::<Strict<1>>()?;
                            others.insert(key)
                        }
                    };
                    if !is_new {
                        return Err(json::twice());
                    }
                }
                let Unique(tokens) = tokens.ok_or_else(|| A::Error::missing_field("tokens"))?;
                let denied: Vec<Text<'_>> = denied.ok_or_else(|| A::Error::missing_field("denied"))?;
                Ok(TokensAnswer { tokens, denied: denied.into_iter().map(|Text(id)| id).collect() })
            }
        }

        deserializer.deserialize_map(Parts)
    }
}

/// It has no fields: an account has one listing at a server.
#[derive(Serialize)]
struct ListingRequest {}

#[derive(Deserialize)]
struct ListingAnswer {
    token: Option<String>,
}

#[derive(Serialize)]
struct PurchaseRequest<'a> {
    id: &'a str,
}

#[derive(Deserialize)]
struct PurchaseAnswer {
    start_uri: String,
}

impl<'a> StoreApi<'a> {
    /// The API of the server at this address.
    pub(crate) fn new(http: &'a HttpClient, service: &'a ServiceUrl) -> Self {
        Self { http, service }
    }

    /// Asks for the tokens of all apps, in one call. An account without a credential of this kind never had one.
    pub(crate) async fn tokens(
        self,
        authorization: Option<Authorization<'_>>,
        asks: &[Ask],
    ) -> Result<Grants, TokensError> {
        let url = self.service.join(GET_TOKENS).map_err(|_| TokensError::Unexpected)?;
        let request = authorization.ok_or(TokensError::Rejected)?.of(self.http.post(&url));
        let ids = asks.iter().map(Ask::app_id).collect();
        let answer = request.map_err(|_| TokensError::Rejected)?.json(&TokensRequest { ids }).send().await?;
        judge(&answer, asks, clock::now())
    }

    /// Asks for the token that opens the repository's listing.
    pub(crate) async fn listing_token(self, authorization: Option<Authorization<'_>>) -> Result<Grants, TokensError> {
        let url = self.service.join(GET_LISTING_TOKEN).map_err(|_| TokensError::Unexpected)?;
        let request = authorization.ok_or(TokensError::Rejected)?.of(self.http.post(&url));
        let answer = request.map_err(|_| TokensError::Rejected)?.json(&ListingRequest {}).send().await?;
        judge_listing(&answer, clock::now()).map(Grants::one)
    }

    /// Asks the server to begin a purchase; gives its page.
    pub(crate) async fn begin_purchase(
        self,
        authorization: Option<Authorization<'_>>,
        app_id: &str,
    ) -> Result<Url, PurchaseError> {
        let url = self.service.join(BEGIN_PURCHASE).map_err(|_| PurchaseError::Unexpected)?;
        let request = authorization.ok_or(PurchaseError::Rejected)?.of(self.http.post(&url));
        let answer = request.map_err(|_| PurchaseError::Rejected)?.json(&PurchaseRequest { id: app_id }).send().await?;
        judge_purchase(&answer, self.service)
    }

    /// Asks the server to end the sign-in that the call is made with.
    pub(crate) async fn sign_out(self, authorization: Option<Authorization<'_>>) -> Result<Revoked, HttpError> {
        let url = self.service.join(SIGN_OUT).map_err(|_| HttpError::Unexpected)?;
        let request = authorization.ok_or(HttpError::Unexpected)?.of(self.http.post(&url));
        judge_sign_out(&request.map_err(|_| HttpError::Unexpected)?.send().await?)
    }

    /// Asks the server whether a login is right: a call for no tokens at all.
    pub(crate) async fn check(self, authorization: Authorization<'_>) -> Result<(), FormFault> {
        let url = self.service.join(GET_TOKENS).map_err(|_| FormFault::Unexpected)?;
        let answer =
            authorization.of(self.http.post(&url))?.json(&TokensRequest { ids: BTreeSet::new() }).send().await?;
        judge_check(&answer)
    }

    /// Calls for tokens without showing who calls, to learn what the server says to that.
    pub(crate) async fn refusal(self) -> Result<Option<HttpResponse>, HttpError> {
        let Ok(url) = self.service.join(GET_TOKENS) else { return Ok(None) };
        let answer = self.http.post(&url).json(&TokensRequest { ids: BTreeSet::new() }).send().await?;
        Ok(is_refusal(&answer).then_some(answer))
    }
}

/// The sample server refuses with 403, others with 401 as HTTP prescribes.
fn is_refusal(answer: &HttpResponse) -> bool {
    matches!(ApiAnswer::of(answer), ApiAnswer::Rejected | ApiAnswer::Denied)
}

/// What the answer to a wish to buy means. The sample server has no answer for “not for sale”: it says “forbidden” or
/// “not found”.
fn judge_purchase(answer: &HttpResponse, service: &ServiceUrl) -> Result<Url, PurchaseError> {
    match ApiAnswer::of(answer) {
        ApiAnswer::Success => start_page(&answer.body, service).ok_or(PurchaseError::NoPage),
        ApiAnswer::Rejected => Err(PurchaseError::Rejected),
        ApiAnswer::Denied | ApiAnswer::Missing => Err(PurchaseError::NotOffered),
        ApiAnswer::Void => Err(PurchaseError::Unexpected),
    }
}

/// The page of a purchase: an address at this very server (rule R4).
fn start_page(body: &[u8], service: &ServiceUrl) -> Option<Url> {
    let answer: PurchaseAnswer = json::read(body).ok()?;
    service.page(&answer.start_uri)
}

/// What an answer means: 401 ends the sign-in, 403 denies everything, and a sound 200 counts (rule R13).
fn judge(answer: &HttpResponse, asks: &[Ask], now: i64) -> Result<Grants, TokensError> {
    match ApiAnswer::of(answer) {
        ApiAnswer::Success => parse(&answer.body, asks, now),
        ApiAnswer::Rejected => Err(TokensError::Rejected),
        ApiAnswer::Denied => Grants::of(asks, |_| Some(Grant::Denied)).ok_or(TokensError::Unexpected),
        ApiAnswer::Missing | ApiAnswer::Void => Err(TokensError::Unexpected),
    }
}

/// What the answer to a call for a listing means. A server without that call needs none: it says so as it does for any
/// address that it does not have, most often with a page.
fn judge_listing(answer: &HttpResponse, now: i64) -> Result<Grant, TokensError> {
    match ApiAnswer::of(answer) {
        ApiAnswer::Success => parse_listing(&answer.body, now).ok_or(TokensError::Unexpected),
        ApiAnswer::Rejected => Err(TokensError::Rejected),
        ApiAnswer::Denied => Ok(Grant::Denied),
        ApiAnswer::Missing => Ok(Grant::Free),
        ApiAnswer::Void if matches!(answer.status, 404 | 405) => Ok(Grant::Free),
        ApiAnswer::Void => Err(TokensError::Unexpected),
    }
}

fn parse_listing(body: &[u8], now: i64) -> Option<Grant> {
    let answer: ListingAnswer = json::read(body).ok()?;
    grant(answer.token.as_deref().unwrap_or_default(), now)
}

/// Reads a body. It must grant or deny every app of the request, never both (rule R10).
fn parse(body: &[u8], asks: &[Ask], now: i64) -> Result<Grants, TokensError> {
    let answer: TokensAnswer<'_> = json::read_as(body).map_err(|_| TokensError::Unexpected)?;
    let grant = |ask: &Ask| match (answer.tokens.get(ask.app_id()), answer.denied.contains(ask.app_id())) {
        (Some(token), false) => grant(token.as_ref().map(|token| &*token.0).unwrap_or_default(), now),
        (None, true) => Some(Grant::Denied),
        _ => None,
    };
    Grants::of(asks, grant).ok_or(TokensError::Unexpected)
}

fn grant(token: &str, now: i64) -> Option<Grant> {
    if token.is_empty() {
        return Some(Grant::Free);
    }
    Some(Grant::Token(Token::parse(token).ok()?, jwt::expiry(token, now)))
}

/// What the answer to a call for no tokens says of the login. Who has no access to anything is still known (403).
fn judge_check(answer: &HttpResponse) -> Result<(), FormFault> {
    match ApiAnswer::of(answer) {
        ApiAnswer::Success => parse(&answer.body, &[], 0).map(drop).map_err(|_| FormFault::Unexpected),
        ApiAnswer::Denied => Ok(()),
        ApiAnswer::Rejected => Err(FormFault::WrongLogin),
        ApiAnswer::Missing | ApiAnswer::Void => Err(FormFault::Unexpected),
    }
}

/// What the answer to a wish to sign out means. A sign-in that the server does not accept (401) has ended already.
fn judge_sign_out(answer: &HttpResponse) -> Result<Revoked, HttpError> {
    match ApiAnswer::of(answer) {
        ApiAnswer::Success if json::parse(&answer.body).is_ok() => Ok(Revoked::Ended),
        ApiAnswer::Success | ApiAnswer::Void if matches!(answer.status, 200 | 204) && answer.body.is_empty() => {
            Ok(Revoked::Ended)
        }
        ApiAnswer::Rejected => Ok(Revoked::Ended),
        ApiAnswer::Missing => Ok(Revoked::NotOffered),
        ApiAnswer::Success | ApiAnswer::Denied | ApiAnswer::Void => Err(HttpError::Unexpected),
    }
}

/// Whether a refusal wants a bearer token, or names no way at all.
pub(crate) fn wants_bearer(answer: &HttpResponse) -> bool {
    let mut challenges = challenges(answer).peekable();
    challenges.peek().is_none() || challenges.any(|challenge| is_scheme(&challenge, "Bearer"))
}

/// Whether a refusal wants a user name and a password.
pub(crate) fn wants_basic(answer: &HttpResponse) -> bool {
    answer.status == 401 && challenges(answer).any(|challenge| is_scheme(&challenge, "Basic"))
}

#[cfg(any(test, feature = "testing"))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;
