// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's HTTP side: which request goes where, and what is written down about it.

mod api;
mod front;
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
use url::{Host, Url};

use crate::{
    StoreError,
    connection::ConnectionHandle,
    failures::Route,
    html,
    request_log::{Authorization, Entry, Outcome},
    shop::Shop,
};

/// What all request handlers get.
pub(crate) type ShopState = State<Arc<Shop>>;
/// The line in the log of the request being handled.
pub(crate) type LogEntry = Extension<Entry>;

/// The whole shop.
pub(crate) fn router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/", get(front::show))
        .route("/login", get(login::show).post(login::submit))
        .route("/api/v1/get_tokens", post(api::get_tokens))
        .route("/api/v1/begin_purchase", post(api::begin_purchase))
        .route("/purchase/{id}", get(purchase::show))
        .route("/purchase/{id}/done", post(purchase::confirm))
        .route("/purchase/{id}/thanks", get(purchase::thanks))
        .route("/repo/{*path}", get(repository::serve))
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(Arc::clone(&shop), observe))
        .with_state(shop)
}

async fn not_found() -> Response {
    html::message(StatusCode::NOT_FOUND, "Page Not Found", "There is nothing at this address.")
}

/// Writes the request down, answers it, and lets the answer go wrong where that was asked for.
async fn observe(
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
    let mut unanswered = Unanswered(Some(entry.clone()));
    request.extensions_mut().insert(entry);

    let page = shop.switches.page(&path).filter(|_| request.method() == "GET");
    let failure = shop.switches.next_failure(route);
    let mut response = match page {
        Some(page) => page.into_response(),
        None => next.run(request).await,
    };
    if let Some(failure) = failure {
        response = failure.play(response, &connection).await;
    }
    unanswered.answered(response.status());
    response
}

/// Notes the client's departure if it is dropped before the answer is there.
struct Unanswered(Option<Entry>);

impl Unanswered {
    fn answered(&mut self, status: StatusCode) {
        if let Some(entry) = self.0.take() {
            entry.finish(Outcome::Answered(status.as_u16()));
        }
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(entry) = self.0.take() {
            entry.finish(Outcome::Dropped);
        }
    }
}

fn authorization(headers: &HeaderMap) -> Authorization {
    match headers.get(header::AUTHORIZATION) {
        None => Authorization::None,
        Some(_) if bearer(headers).is_some() => Authorization::Bearer,
        Some(_) => Authorization::Other,
    }
}

/// The bearer token of a request. As for flat-manager, `Bearer` is written just so.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The address to return to, if the shop may send a person (and a credential) there: this computer, by its literal address.
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

/// The way back for somebody who changed their mind.
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

/// An error of the shop is an answer too.
struct Trouble(StoreError);

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Trouble {
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
    fn a_query_is_added_to_the_one_that_is_there() {
        let url = Url::parse("http://127.0.0.1:1/done?a=b").unwrap();
        assert_eq!(
            cancelled(&url, Some("x&y")).as_str(),
            "http://127.0.0.1:1/done?a=b&error=access_denied&state=x%26y"
        );
    }
}
