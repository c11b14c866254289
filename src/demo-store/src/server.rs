// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop over HTTP: its routes, and the logging of requests.

mod api;
mod front_page;
mod login;
mod purchase;
mod repository;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use url::{Host, Url};

use crate::{
    StoreError,
    connection::ConnectionHandle,
    failures::Route,
    html,
    request_log::{Authorization, Entry, Outcome},
    shop::Shop,
};

/// Where the public keys are, below the account server or the repository.
pub(crate) const JWK_SET: &str = ".well-known/jwks.json";

/// The state of all request handlers.
pub(crate) type ShopState = State<Arc<Shop>>;
/// The log entry of the current request.
pub(crate) type LogEntry = Extension<Entry>;

/// The redirect URI and the state that the authenticator sent along.
#[derive(Debug, Deserialize)]
struct ReturnQuery {
    #[serde(default)]
    redirect_uri: String,
    state: Option<String>,
}

/// The whole shop.
pub(crate) fn router(shop: Arc<Shop>) -> Router {
    let public = Router::new()
        .route("/", get(front_page::show))
        .route(&format!("/{JWK_SET}"), get(jwk_set))
        .route(&format!("/repo/{JWK_SET}"), get(jwk_set))
        .route("/repo/{*path}", get(repository::serve));
    let accounts = Router::new()
        .route("/login", get(login::show).post(login::submit))
        .route("/api/v1/get_tokens", post(api::get_tokens))
        .route("/api/v1/get_listing_token", post(api::get_listing_token))
        .route("/api/v1/begin_purchase", post(api::begin_purchase))
        .route("/api/v1/sign_out", post(api::sign_out))
        .route("/purchase/{id}", get(purchase::show))
        .route("/purchase/{id}/done", post(purchase::confirm))
        .route("/purchase/{id}/thanks", get(purchase::thanks));
    let all = if shop.sign_in.has_server() { public.merge(accounts) } else { public };
    all.fallback(not_found).layer(middleware::from_fn_with_state(Arc::clone(&shop), log_and_answer)).with_state(shop)
}

/// The public keys that download tokens are signed with.
async fn jwk_set(State(shop): ShopState) -> Response {
    match shop.download_keys.jwk_set() {
        Some(set) => ([(header::CONTENT_TYPE, "application/jwk-set+json")], set.to_string()).into_response(),
        None => not_found().await,
    }
}

async fn not_found() -> Response {
    html::message(StatusCode::NOT_FOUND, "Page Not Found", "There is nothing at this address.")
}

/// Logs the request, answers it, and replaces the answer where a failure is planned.
async fn log_and_answer(
    State(shop): ShopState,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let route = Route::of(request.method(), &path);
    let entry = shop.log.begin(
        request.method().as_str(),
        &path,
        request.uri().query().unwrap_or_default(),
        authorization(request.headers()),
    );
    let mut pending = PendingAnswer(Some(entry.clone()));
    request.extensions_mut().insert(entry);

    let page = shop.switches.page(&path).filter(|_| request.method() == "GET");
    let failure = shop.switches.next_failure(route);
    let mut response = match page {
        Some(page) => page.into_response(),
        None => next.run(request).await,
    };
    if let Some(failure) = failure {
        response = failure.apply(response, &connection).await;
    }
    pending.answered(response.status());
    response
}

/// Logs that the client went away, if this is dropped before the answer is there.
pub(crate) struct PendingAnswer(pub(crate) Option<Entry>);

impl PendingAnswer {
    pub(crate) fn answered(&mut self, status: StatusCode) {
        if let Some(entry) = self.0.take() {
            entry.finish(Outcome::Answered(status.as_u16()));
        }
    }
}

impl Drop for PendingAnswer {
    fn drop(&mut self) {
        if let Some(entry) = self.0.take() {
            entry.finish(Outcome::Dropped);
        }
    }
}

pub(crate) fn authorization(headers: &HeaderMap) -> Authorization {
    match headers.get(header::AUTHORIZATION) {
        None => Authorization::None,
        Some(_) if bearer(headers).is_some() => Authorization::Bearer,
        Some(_) if basic(headers).is_some() => Authorization::Basic,
        Some(_) => Authorization::Other,
    }
}

/// The bearer token of a request. As with flat-manager, `Bearer` is case-sensitive.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The user name and password of a request (RFC 7617, in UTF-8).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, login) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let login = String::from_utf8(STANDARD.decode(login).ok()?).ok()?;
    let (user, password) = login.split_once(':')?;
    scheme.eq_ignore_ascii_case("Basic").then(|| (user.to_owned(), password.to_owned()))
}

/// The return address, if the shop may send a person (and a credential) there: only this computer, by its literal
/// address.
fn return_address(text: &str) -> Option<Url> {
    let rest = text.strip_prefix("http://127.0.0.1")?;
    if !rest.starts_with([':', '/']) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let local = matches!(url.host(), Some(Host::Ipv4(address)) if address.is_loopback());
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (local && plain).then_some(url)
}

/// `url` with these parameters added to its query.
fn with_query<'a>(mut url: Url, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Url {
    url.query_pairs_mut().extend_pairs(parameters);
    url
}

/// The address to return to after cancelling.
fn cancelled(return_to: &Url, state: Option<&str>) -> Url {
    let parameters = [("error", "access_denied")].into_iter().chain(state.map(|state| ("state", state)));
    with_query(return_to.clone(), parameters)
}

fn bad_request(text: &str) -> Response {
    html::message(StatusCode::BAD_REQUEST, "That Did Not Work", text)
}

fn return_address_refused() -> Response {
    bad_request("The address to return to is missing, or it is not on this computer.")
}

/// Answers with an error of the shop itself.
struct InternalError(StoreError);

impl From<StoreError> for InternalError {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl IntoResponse for InternalError {
    fn into_response(self) -> Response {
        tracing::error!(error = %self.0, "a request could not be answered");
        html::message(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something Went Wrong",
            "The shop has a problem of its own. Try again later.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_literal_loopback_address_may_be_returned_to() {
        for good in ["http://127.0.0.1:4711/done", "http://127.0.0.1/", "http://127.0.0.1:80/a?b=c"] {
            assert!(return_address(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "/done",
            "https://127.0.0.1/",
            "http://localhost:4711/",
            "http://127.1:4711/",
            "http://127.0.0.1.example.org/",
            "http://127.0.0.1:1@example.org/",
            "http://127.0.0.1:80/#state",
            "http://example.org/",
            "javascript:alert(1)",
        ] {
            assert_eq!(return_address(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_login_is_all_before_and_all_behind_the_first_colon() {
        let read = |value: &str| basic(&HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]));
        let login = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(read("Basic ZGVtbzphOmLDqQ=="), login("demo", "a:bé"));
        assert_eq!(read("basic Og=="), login("", ""));
        for bad in ["Basic", "Basic ZGVtbw==", "Basic !", "Basic //8=", "Bearer ZGVtbzphOmLDqQ=="] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_query_is_added_to_the_one_that_is_there() {
        let url = Url::parse("http://127.0.0.1:1/done?a=b").unwrap();
        assert_eq!(
            cancelled(&url, Some("x&y")).as_str(),
            "http://127.0.0.1:1/done?a=b&error=access_denied&state=x%26y"
        );
    }
}
