// SPDX-License-Identifier: GPL-3.0-or-later
//! The same switches over HTTP, for scripts. The endpoint listens on loopback only and requires JSON, which other web
//! pages cannot send without permission.

use std::path::PathBuf;

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Control;
use crate::{
    LoggedRequest, StoreError,
    failures::{Failure, Reply, Route},
    repository::Publication,
    tokens::TokenTerms,
};

const HELP: &str = "The switches of the demo store

GET    /requests                  all requests, oldest first
DELETE /requests                  forgets them
PUT    /failures/ROUTE            {\"failure\": {\"mode\": MODE, …}, \"times\": N}
                                  routes: login sign_in get_tokens get_listing_token begin_purchase sign_out purchase
                                  repository other
                                  modes: slow reply json nonsense hang close_early reset redirect big endless gzip_bomb raw
DELETE /failures/ROUTE            makes it work again
PUT    /pages                     {\"path\": \"/login\", \"page\": {\"status\": 200, \"headers\": [], \"body\": \"…\"}}
POST   /reset                     {} undoes all failures and pages
POST   /credentials/expire        {\"user\": \"demo\"}, or {} for all
POST   /credentials/revoke        the same fields
POST   /tokens                    {\"name\": \"Ada\", \"prefixes\": [\"org.example\"], \"lifetime\": SECONDS} makes a token to paste
POST   /tokens/revoke             {\"token\": \"…\"}
POST   /tokens/rotate             {} signs download tokens with another key pair from now on
PUT    /sign-out                  {\"offered\": false} is a shop that cannot end a sign-in
PUT    /listing                   {\"private\": true} shows what the repository has only to those who are signed in
PUT    /passwords                 {\"user\": \"demo\", \"password\": \"…\"}
PUT    /apps                      {\"user\": \"demo\", \"app\": \"org.example.Sketchbook\", \"granted\": true}
PUT    /grants                    {\"held\": true} stops unlocking paid apps; false unlocks them
POST   /publish                   [{\"update\": \"org.example.Metronome\"}, {\"runtime\": {\"branch\": \"2\", \"app\": \"org.example.Metronome\"}}]
POST   /authenticator             {\"name\": \"…\", \"url\": \"…\"} names it in the summary; \"brought_from\": FOLDER also
                                  publishes it from the repository there, and flatpak installs it by itself
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailureRequest {
    failure: Failure,
    times: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageRequest {
    path: String,
    page: Option<Reply>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserFilter {
    user: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    #[serde(default)]
    name: String,
    prefixes: Vec<String>,
    lifetime: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignOutRequest {
    offered: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListingRequest {
    private: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeRequest {
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordRequest {
    user: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessRequest {
    user: String,
    app: String,
    granted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthenticatorRequest {
    name: String,
    url: String,
    brought_from: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldRequest {
    held: bool,
}

/// The control endpoint.
pub(crate) fn router(control: Control) -> Router {
    Router::new()
        .route("/", get(|| async { HELP }))
        .route("/requests", get(requests).delete(clear_requests))
        .route("/failures/{route}", put(fail).delete(succeed))
        .route("/pages", put(set_page))
        .route("/reset", post(reset))
        .route("/credentials/expire", post(expire))
        .route("/credentials/revoke", post(revoke))
        .route("/tokens", post(hand_out))
        .route("/tokens/revoke", post(revoke_token))
        .route("/tokens/rotate", post(rotate_download_key))
        .route("/sign-out", put(offer_sign_out))
        .route("/listing", put(keep_listing_private))
        .route("/passwords", put(set_password))
        .route("/apps", put(set_access))
        .route("/grants", put(hold_grants))
        .route("/publish", post(publish))
        .route("/authenticator", post(announce))
        .layer(middleware::from_fn(local_only))
        .with_state(control)
}

/// Refuses requests that name another host, as those of a web page do after DNS rebinding.
async fn local_only(request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .map(|host| host.split(':').next().unwrap_or_default());
    if matches!(host, Some("127.0.0.1" | "localhost")) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

async fn requests(State(control): State<Control>) -> Json<Vec<LoggedRequest>> {
    Json(control.requests())
}

async fn clear_requests(State(control): State<Control>) -> Json<Value> {
    control.clear_requests();
    done()
}

async fn fail(
    State(control): State<Control>,
    Path(route): Path<Route>,
    Json(request): Json<FailureRequest>,
) -> Json<Value> {
    match request.times {
        Some(times) => control.fail_times(route, request.failure, times),
        None => control.fail(route, request.failure),
    }
    done()
}

async fn succeed(State(control): State<Control>, Path(route): Path<Route>) -> Json<Value> {
    control.succeed(route);
    done()
}

async fn set_page(State(control): State<Control>, Json(PageRequest { path, page }): Json<PageRequest>) -> Json<Value> {
    match page {
        Some(page) => control.set_page(&path, page),
        None => control.remove_page(&path),
    }
    done()
}

async fn reset(State(control): State<Control>, Json(_): Json<Value>) -> Json<Value> {
    control.reset();
    done()
}

async fn expire(State(control): State<Control>, Json(filter): Json<UserFilter>) -> Result<Json<Value>, StoreError> {
    let count = control.expire_credentials(filter.user.as_deref())?;
    Ok(Json(json!({ "credentials": count })))
}

async fn revoke(State(control): State<Control>, Json(filter): Json<UserFilter>) -> Result<Json<Value>, StoreError> {
    let count = control.revoke_credentials(filter.user.as_deref())?;
    Ok(Json(json!({ "credentials": count })))
}

async fn hand_out(
    State(control): State<Control>,
    Json(TokenRequest { name, prefixes, lifetime }): Json<TokenRequest>,
) -> Result<Json<Value>, StoreError> {
    let token = control.hand_out_token(TokenTerms { name, prefixes, lifetime })?;
    Ok(Json(json!({ "token": token })))
}

async fn revoke_token(State(control): State<Control>, Json(request): Json<RevokeRequest>) -> Json<Value> {
    Json(json!({ "revoked": control.revoke_token(&request.token) }))
}

async fn rotate_download_key(State(control): State<Control>, Json(_): Json<Value>) -> Result<Json<Value>, StoreError> {
    control.rotate_download_key()?;
    Ok(done())
}

async fn offer_sign_out(
    State(control): State<Control>,
    Json(SignOutRequest { offered }): Json<SignOutRequest>,
) -> Json<Value> {
    control.offer_sign_out(offered);
    done()
}

async fn keep_listing_private(
    State(control): State<Control>,
    Json(ListingRequest { private }): Json<ListingRequest>,
) -> Json<Value> {
    control.keep_listing_private(private);
    done()
}

async fn set_password(
    State(control): State<Control>,
    Json(PasswordRequest { user, password }): Json<PasswordRequest>,
) -> Result<Json<Value>, StoreError> {
    control.set_password(&user, &password)?;
    Ok(done())
}

async fn set_access(
    State(control): State<Control>,
    Json(AccessRequest { user, app, granted }): Json<AccessRequest>,
) -> Result<Json<Value>, StoreError> {
    if granted {
        control.grant(&user, &app)?;
    } else {
        control.take_away(&user, &app)?;
    }
    Ok(done())
}

async fn hold_grants(
    State(control): State<Control>,
    Json(HoldRequest { held }): Json<HoldRequest>,
) -> Result<Json<Value>, StoreError> {
    if held {
        control.hold_grants();
    } else {
        control.release_grants()?;
    }
    Ok(done())
}

async fn publish(
    State(control): State<Control>,
    Json(publications): Json<Vec<Publication>>,
) -> Result<Json<Value>, StoreError> {
    control.publish(publications).await?;
    Ok(done())
}

async fn announce(
    State(control): State<Control>,
    Json(AuthenticatorRequest { name, url, brought_from }): Json<AuthenticatorRequest>,
) -> Result<Json<Value>, StoreError> {
    match brought_from {
        Some(from) => control.bring_authenticator(&name, &url, &from).await?,
        None => control.announce_authenticator(&name, &url).await?,
    }
    Ok(done())
}

fn done() -> Json<Value> {
    Json(json!({ "done": true }))
}

impl IntoResponse for StoreError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::UnknownUser(_) | Self::UnknownApp(_) | Self::NoRepository => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(json!({ "message": self.to_string() }))).into_response()
    }
}
