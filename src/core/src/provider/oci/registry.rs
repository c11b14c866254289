// SPDX-License-Identifier: GPL-3.0-or-later
//! The calls to a registry and to its token server, and what their answers mean.

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::{
    challenge::{Challenge, Offer},
    name::{RepositoryName, digest},
};
use crate::{
    clock,
    credential::{Credential, Secret, Token},
    http::{BasicError, HttpClient, HttpError, HttpResponse},
    provider::{
        TokensError,
        wire::{json, jwt},
    },
    service::ServiceUrl,
};

/// The kinds of manifests that flatpak reads (OCI image specification, Docker's schema 2).
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
                         application/vnd.docker.distribution.manifest.v2+json";
/// The header by which registries show themselves.
const VERSION: &str = "docker-distribution-api-version";
/// The life of a token whose server does not say (distribution specification), in seconds.
const USUAL_LIFE: i64 = 60;
/// Longest time that a server may ask to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// The user name that stands for an identity token in the place of a password (docker's credential helpers).
pub(super) const IDENTITY_TOKEN: &str = "<token>";
/// Our name at token servers.
const CLIENT_ID: &str = "usher";

/// What was said in place of what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Ask again after this time.
    Busy(Duration),
    /// The registry has no tokens to offer.
    NotPossible,
    /// A login that cannot be sent.
    Login(BasicError),
    /// No connection, or none that is acceptable.
    Http(HttpError),
    /// Nothing that makes sense.
    Unexpected,
}

impl From<HttpError> for Fault {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

impl From<Fault> for TokensError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotPossible => Self::NotPossible,
            // It could be sent when the person signed in.
            Fault::Login(_) => Self::Rejected,
            Fault::Http(error) => Self::Http(error),
            Fault::Busy(_) | Fault::Unexpected => Self::Unexpected,
        }
    }
}

/// What a registry says about a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Manifest {
    /// It may be read.
    Open,
    /// Only with a token.
    Challenge(Challenge),
    /// It may not be read, or is not there: registries say the same of both.
    Closed,
}

/// What a token server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Issued {
    /// A token.
    Token(IssuedToken),
    /// It does not accept the login (401).
    Rejected,
    /// It gives no token (403).
    Denied,
}

/// A token of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IssuedToken {
    pub(super) token: Token,
    /// When it ends, by the server's word: seconds since 1970.
    pub(super) ends: i64,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<i64>,
    issued_at: Option<String>,
}

/// A registry.
#[derive(Clone, Copy)]
pub(super) struct Registry<'a> {
    pub(super) http: &'a HttpClient,
    pub(super) address: &'a ServiceUrl,
}

impl Registry<'_> {
    /// Asks for a manifest, with a token or without. Without a commit it cannot be told from the others, so the list of
    /// tags stands for it.
    pub(super) async fn manifest(
        &self,
        name: RepositoryName<'_>,
        commit: Option<&str>,
        token: Option<&Token>,
    ) -> Result<Manifest, Fault> {
        let path = match commit.and_then(digest) {
            Some(digest) => format!("v2/{}/manifests/{digest}", name.as_str()),
            None => format!("v2/{}/tags/list", name.as_str()),
        };
        let url = self.address.join(&path).map_err(|_| Fault::Unexpected)?;
        let mut request = self.http.head(&url).accept(MANIFESTS);
        if let Some(token) = token {
            request = request.bearer(token);
        }
        judge_manifest(&request.send().await?)
    }

    /// Asks the registry itself what it wants to see. `None` if it wants nothing.
    pub(super) async fn challenge(&self) -> Result<Option<Challenge>, Fault> {
        let answer = self.ask_itself().await?;
        match answer.status {
            200 if is_registry(&answer) => Ok(None),
            401 => offered(&answer).map(Some),
            _ => Err(fault(&answer)),
        }
    }

    /// Whether this is a registry at all.
    pub(super) async fn is_there(&self) -> Result<bool, HttpError> {
        let answer = self.ask_itself().await?;
        Ok(match answer.status {
            200 => is_registry(&answer),
            // Other APIs refuse every call in JSON.
            401 => answer.header(VERSION).is_some() || matches!(Offer::of(&answer), Offer::Tokens(_)),
            _ => false,
        })
    }

    async fn ask_itself(&self) -> Result<HttpResponse, HttpError> {
        let url = self.address.join("v2/").map_err(|_| HttpError::Unexpected)?;
        self.http.get(&url).send().await
    }

    /// Asks the token server for a token that allows to read a repository, or without one just whether it knows the
    /// login.
    pub(super) async fn token(
        &self,
        challenge: &Challenge,
        name: Option<RepositoryName<'_>>,
        login: Option<Login<'_>>,
    ) -> Result<Issued, Fault> {
        self.scoped_token(challenge, name.map(RepositoryName::scope).as_deref(), login).await
    }

    /// The same for a scope that a server has named itself.
    pub(super) async fn scoped_token(
        &self,
        challenge: &Challenge,
        scope: Option<&str>,
        login: Option<Login<'_>>,
    ) -> Result<Issued, Fault> {
        let mut parameters = Vec::new();
        parameters.extend(challenge.service.as_deref().map(|service| ("service", service)));
        parameters.extend(scope.map(|scope| ("scope", scope)));
        let answer = match login {
            Some(Login { user: IDENTITY_TOKEN, password }) => {
                let own =
                    [("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("refresh_token", password.expose())];
                self.http.post(challenge.realm.url()).form(own.into_iter().chain(parameters)).send().await?
            }
            login => {
                let url: Url = challenge.realm.with(parameters);
                let mut request = self.http.get(&url);
                if let Some(login) = login {
                    request = request.basic(login.user, login.password.expose()).map_err(Fault::Login)?;
                }
                request.send().await?
            }
        };
        judge_token(&answer, clock::now())
    }
}

/// A person's login at a registry.
#[derive(Clone, Copy)]
pub(super) struct Login<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a Secret,
}

impl<'a> Login<'a> {
    /// The login in a credential; `None` in one of another kind, which no registry gave out.
    pub(super) fn of(credential: &'a Credential) -> Option<Self> {
        match credential {
            Credential::Password { user, password } => Some(Self { user, password }),
            _ => None,
        }
    }
}

/// What a registry offers with a refusal.
pub(super) fn offered(answer: &HttpResponse) -> Result<Challenge, Fault> {
    match Offer::of(answer) {
        Offer::Tokens(challenge) => Ok(challenge),
        Offer::OtherWays => Err(Fault::NotPossible),
        Offer::Nothing => Err(Fault::Unexpected),
    }
}

/// What the answer about a manifest means. Its body is never read.
pub(super) fn judge_manifest(answer: &HttpResponse) -> Result<Manifest, Fault> {
    match answer.status {
        200..=299 => Ok(Manifest::Open),
        401 => offered(answer).map(Manifest::Challenge),
        403 | 404 if is_registry(answer) => Ok(Manifest::Closed),
        _ => Err(fault(answer)),
    }
}

/// What the answer of a token server means. A page in its place (rule R13) means nothing.
pub(super) fn judge_token(answer: &HttpResponse, now: i64) -> Result<Issued, Fault> {
    let is_own_word = || (answer.is_json() && json::parse(&answer.body).is_ok()) || answer.body.is_empty();
    match answer.status {
        200 if answer.is_json() => read_token(&answer.body, now).map(Issued::Token).ok_or(Fault::Unexpected),
        401 if is_own_word() => Ok(Issued::Rejected),
        // What only knows GET refuses the login that wants POST.
        403 | 404 if is_own_word() => Ok(Issued::Denied),
        _ => Err(fault(answer)),
    }
}

fn read_token(body: &[u8], now: i64) -> Option<IssuedToken> {
    let answer: TokenAnswer = json::read(body).ok()?;
    let text = answer.token.filter(|token| !token.is_empty()).or(answer.access_token)?;
    let token = Token::parse(&text).ok()?;
    let life = answer.expires_in.filter(|life| *life > 0).unwrap_or(USUAL_LIFE);
    let issued_at = answer.issued_at.and_then(|at| at.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_second);
    // A token may have been issued before; it cannot be issued later than now, whatever a clock says.
    let ends = issued_at.unwrap_or(now).min(now).saturating_add(life);
    // Where the server's clock is far behind ours, its word on the time of issue says nothing.
    let ends = if ends <= now { now.saturating_add(life) } else { ends };
    let ends = jwt::expiry(&text, now).filter(|end| *end > now).map_or(ends, |end| end.min(ends));
    Some(IssuedToken { token, ends })
}

/// Whether a token says by itself that it allows to read a repository: `None` if it says nothing. A hint (rule R12).
pub(super) fn allows(token: &Token, name: RepositoryName<'_>) -> Option<bool> {
    let access = jwt::claims(token.expose())?.remove("access")?;
    let access = access.as_array()?;
    Some(access.iter().any(|entry| {
        let is = |key: &str, value: &str| entry.get(key).and_then(|known| known.as_str()) == Some(value);
        let actions = entry.get("actions").and_then(|actions| actions.as_array());
        let may_pull =
            actions.is_some_and(|actions| actions.iter().any(|action| matches!(action.as_str(), Some("pull" | "*"))));
        is("type", "repository") && is("name", name.as_str()) && may_pull
    }))
}

/// Whether a registry said it, and not what stands before it.
fn is_registry(answer: &HttpResponse) -> bool {
    answer.is_json() || answer.header(VERSION).is_some() || answer.header("content-type").is_none()
}

fn fault(answer: &HttpResponse) -> Fault {
    if answer.status != 429 {
        return Fault::Unexpected;
    }
    let seconds = answer.header("retry-after").and_then(|value| value.trim().parse().ok()).map(Duration::from_secs);
    seconds.filter(|wait| *wait <= LONGEST_WAIT).map_or(Fault::Unexpected, Fault::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    fn json(status: u16, body: &str) -> HttpResponse {
        HttpResponse::of(status, "application/json", body.as_bytes())
    }

    #[test]
    fn either_name_of_a_token_and_any_life_is_read() {
        let ends = |body: &str| match judge_token(&json(200, body), NOW) {
            Ok(Issued::Token(issued)) => Some((issued.token.expose().to_owned(), issued.ends - NOW)),
            _ => None,
        };
        let known = |token: &str, life| Some((token.to_owned(), life));
        for (body, token) in [
            (r#"{"token":"t"}"#, known("t", 60)),
            (r#"{"access_token":"t","expires_in":300}"#, known("t", 300)),
            (r#"{"token":"t","access_token":"u","expires_in":300}"#, known("t", 300)),
            (r#"{"token":"","access_token":"u"}"#, known("u", 60)),
            (r#"{"token":"t","expires_in":0}"#, known("t", 60)),
            (r#"{"token":"t","expires_in":-5}"#, known("t", 60)),
            (r#"{"token":"t","expires_in":300,"issued_at":"1970-01-12T13:45:00Z"}"#, known("t", 200)),
            (r#"{"token":"t","expires_in":300,"issued_at":"2070-01-12T13:45:00Z"}"#, known("t", 300)),
            (r#"{"token":"t","expires_in":300,"issued_at":"1970-01-01T00:00:00Z"}"#, known("t", 300)),
            (r#"{"token":"t","expires_in":300,"issued_at":"yesterday"}"#, known("t", 300)),
            (r#"{"token":"a b"}"#, None),
            (r#"{"token":"a\r\nHost: x"}"#, None),
            (r#"{"token":"ä"}"#, None),
            (r"{}", None),
            (r#"{"token":7}"#, None),
            ("[]", None),
        ] {
            assert_eq!(ends(body), token, "{body}");
        }
    }

    #[test]
    fn h31_only_a_token_server_itself_refuses_a_login() {
        let page = |status| HttpResponse::of(status, "text/html", b"<h1>Checking the browser</h1>");
        assert_eq!(judge_token(&json(401, r#"{"errors":[]}"#), NOW), Ok(Issued::Rejected));
        assert_eq!(judge_token(&json(403, r#"{"errors":[]}"#), NOW), Ok(Issued::Denied));
        for status in [200, 401, 403, 404] {
            assert_eq!(judge_token(&page(status), NOW), Err(Fault::Unexpected), "{status}");
        }
        for status in [400, 405, 500, 502, 503] {
            assert_eq!(judge_token(&json(status, "{}"), NOW), Err(Fault::Unexpected), "{status}");
        }
    }

    #[test]
    fn what_a_registry_says_about_a_manifest() {
        let said = |status, headers: &[(&'static str, &str)]| {
            judge_manifest(&HttpResponse::with_headers(status, headers.iter().copied()))
        };
        let version = ("docker-distribution-api-version", "registry/2.0");
        let bearer = ("www-authenticate", r#"Bearer realm="https://sso.example.org/""#);
        assert_eq!(said(200, &[]), Ok(Manifest::Open));
        assert!(matches!(said(401, &[bearer]), Ok(Manifest::Challenge(_))));
        assert_eq!(said(401, &[("www-authenticate", "Basic realm=\"x\"")]), Err(Fault::NotPossible));
        assert_eq!(said(401, &[]), Err(Fault::Unexpected));
        for status in [403, 404] {
            assert_eq!(said(status, &[version]), Ok(Manifest::Closed));
            assert_eq!(said(status, &[("content-type", "application/json")]), Ok(Manifest::Closed));
            assert_eq!(said(status, &[("content-type", "text/html")]), Err(Fault::Unexpected));
        }
        assert_eq!(said(429, &[("retry-after", "2")]), Err(Fault::Busy(Duration::from_secs(2))));
        for odd in ["", "-1", "soon", "9999", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(said(429, &[("retry-after", odd)]), Err(Fault::Unexpected), "{odd}");
        }
        assert_eq!(said(503, &[version]), Err(Fault::Unexpected));
    }

    #[test]
    fn a_token_that_grants_less_than_asked_says_so() {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let token = |claims: &str| Token::parse(&format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))).unwrap();
        let name = RepositoryName::parse("acme/hello").unwrap();
        for (claims, says) in [
            (r#"{"access":[{"type":"repository","name":"acme/hello","actions":["pull"]}]}"#, Some(true)),
            (r#"{"access":[{"type":"repository","name":"acme/hello","actions":["*"]}]}"#, Some(true)),
            (r#"{"access":[{"type":"repository","name":"acme/other","actions":["pull"]}]}"#, Some(false)),
            (r#"{"access":[{"type":"repository","name":"acme/hello","actions":[]}]}"#, Some(false)),
            (r#"{"access":[]}"#, Some(false)),
            (r#"{"access":"all"}"#, None),
            (r"{}", None),
        ] {
            assert_eq!(allows(&token(claims), name), says, "{claims}");
        }
        assert_eq!(allows(&Token::parse("opaque").unwrap(), name), None);
    }
}
