// SPDX-License-Identifier: GPL-3.0-or-later
//! The API for authenticators: download tokens, a token for the list of what the repository has, the start of a purchase, and the end of a sign-in.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{InternalError, LogEntry, ShopState, basic, bearer};
use crate::{
    SignInKind, StoreError,
    catalogue::{self, Terms},
    db::User,
    request_log::Entry,
    shop::{Decision, Shop},
};

#[derive(Deserialize)]
struct TokensRequest {
    #[serde(default)]
    ids: Vec<String>,
}

#[derive(Deserialize)]
struct PurchaseRequest {
    id: String,
}

/// Why a request is refused, with a message for the authenticator.
pub(crate) enum Refusal {
    NotSignedIn(SignInKind, &'static str),
    NotJson,
    NoSignOut,
    NoPrivateListing,
    NotForSale,
    InternalError(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::InternalError(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::NotSignedIn(sign_in, reason) => {
                let challenge = [(header::WWW_AUTHENTICATE, challenge(sign_in))];
                return (challenge, answer(StatusCode::UNAUTHORIZED, json!({ "message": reason }))).into_response();
            }
            Self::NoSignOut => (StatusCode::NOT_FOUND, "This shop keeps no sign-ins to end."),
            Self::NoPrivateListing => (StatusCode::NOT_FOUND, "This shop shows everybody what it has."),
            Self::NotJson => (StatusCode::BAD_REQUEST, "The request is not the JSON that was expected."),
            Self::NotForSale => (StatusCode::NOT_FOUND, "This app is not for sale."),
            Self::InternalError(error) => return InternalError(error).into_response(),
        };
        answer(status, json!({ "message": message }))
    }
}

/// `POST /api/v1/get_tokens`
pub(crate) async fn get_tokens(
    State(shop): ShopState,
    Extension(entry): LogEntry,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wanted = parse::<TokensRequest>(&body);
    if let Ok(wanted) = &wanted {
        entry.set_ids(&wanted.ids);
    }
    let user = signed_in(&shop, &entry, &headers).await?;

    let mut tokens = Map::new();
    let mut denied = Vec::new();
    for id in wanted?.ids {
        match shop.decide(&user, &id)? {
            Decision::Free => drop(tokens.insert(id, Value::from(""))),
            Decision::Granted(token) => drop(tokens.insert(id, Value::from(token))),
            Decision::Denied => denied.push(id),
        }
    }
    Ok(answer(StatusCode::OK, json!({"tokens": tokens, "denied": denied})))
}

/// `POST /api/v1/get_listing_token`
pub(crate) async fn get_listing_token(
    State(shop): ShopState,
    Extension(entry): LogEntry,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    if !shop.switches.has_private_listing() {
        return Err(Refusal::NoPrivateListing);
    }
    let user = signed_in(&shop, &entry, &headers).await?;
    parse::<Map<String, Value>>(&body)?;
    Ok(answer(StatusCode::OK, json!({ "token": shop.listing_token(&user) })))
}

/// `POST /api/v1/begin_purchase`
pub(crate) async fn begin_purchase(
    State(shop): ShopState,
    Extension(entry): LogEntry,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wanted = parse::<PurchaseRequest>(&body);
    if let Ok(wanted) = &wanted {
        entry.set_ids(std::slice::from_ref(&wanted.id));
    }
    let user = signed_in(&shop, &entry, &headers).await?;

    let id = wanted?.id;
    let sold = catalogue::find(&id).is_some_and(|app| matches!(app.terms, Terms::Sold { .. }));
    if !sold {
        return Err(Refusal::NotForSale);
    }
    let purchase = shop.db.begin_purchase(&user, &id)?;
    let start_uri = format!("purchase/{purchase}");
    Ok(answer(StatusCode::OK, json!({ "start_uri": start_uri })))
}

/// `POST /api/v1/sign_out`
pub(crate) async fn sign_out(
    State(shop): ShopState,
    Extension(entry): LogEntry,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    // A password stays valid, whatever is asked, and an access token is another server’s.
    if shop.sign_in == SignInKind::Basic || shop.has_issuer() || !shop.switches.offers_sign_out() {
        return Err(Refusal::NoSignOut);
    }
    signed_in(&shop, &entry, &headers).await?;
    shop.end_credential(bearer(&headers).unwrap_or_default())?;
    Ok(StatusCode::NO_CONTENT)
}

/// The user whose credential or login the request carries.
async fn signed_in(shop: &Shop, entry: &Entry, headers: &HeaderMap) -> Result<User, Refusal> {
    let refused = |reason| Refusal::NotSignedIn(shop.sign_in, reason);
    let user = match shop.sign_in {
        // Without an account server nobody gets here.
        SignInKind::WebPage | SignInKind::Token => {
            let credential = bearer(headers).ok_or(refused("Sign in first."))?;
            shop.user_of_bearer(credential).await?.map_err(|reason| refused(reason.0))?
        }
        SignInKind::Basic => {
            let (user, password) = basic(headers).ok_or(refused("User name and password are needed."))?;
            shop.db.check_password(&user, &password)?.ok_or(refused("User name or password is wrong."))?
        }
    };
    entry.set_user(&user.name);
    Ok(user)
}

/// How a call has to show who calls (RFC 9110, 11.6.1).
fn challenge(sign_in: SignInKind) -> &'static str {
    match sign_in {
        SignInKind::WebPage | SignInKind::Token => "Bearer",
        SignInKind::Basic => "Basic realm=\"Demo Store\", charset=\"UTF-8\"",
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::NotJson)
}

fn answer(status: StatusCode, value: Value) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(value)).into_response()
}
