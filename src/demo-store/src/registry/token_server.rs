// SPDX-License-Identifier: GPL-3.0-or-later
//! The token server: gives tokens for repositories to anybody or to users, as the distribution specification describes.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Denial,
    state::{ISSUER, SERVICE, State as RegistryState},
};
use crate::{request_log::Entry, server::LogEntry};

/// What may be done with a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Access {
    r#type: String,
    name: String,
    actions: Vec<String>,
}

/// The claims of a token. [`DOWNLOAD_TOKEN_MARK`](crate::DOWNLOAD_TOKEN_MARK) depends on the first field.
#[derive(Serialize)]
struct Claims<'a> {
    name: String,
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: u64,
    nbf: u64,
    iat: u64,
    jti: String,
    access: Vec<Access>,
}

/// The form of the OAuth 2 way.
#[derive(Deserialize)]
struct OauthForm {
    grant_type: String,
    #[serde(default)]
    scope: String,
    username: Option<String>,
    password: Option<String>,
    refresh_token: Option<String>,
}

/// A realm at this path.
pub(crate) fn router(path: &str) -> Router<Arc<RegistryState>> {
    Router::new().route(path, get(answer).post(answer_oauth))
}

async fn answer(
    State(registry): State<Arc<RegistryState>>,
    Query(query): Query<Vec<(String, String)>>,
    axum::Extension(entry): LogEntry,
    headers: HeaderMap,
) -> Response {
    let scopes = query.iter().filter(|(name, _)| name == "scope").flat_map(|(_, value)| value.split_whitespace());
    match basic_login(&headers) {
        None => grant(&registry, None, scopes, &entry, false),
        Some((user, password)) => {
            if registry.settings().passwords.get(&user) != Some(&password) {
                return refuse(StatusCode::UNAUTHORIZED, "unauthorized: user name or password is wrong");
            }
            grant(&registry, Some(&user), scopes, &entry, false)
        }
    }
}

async fn answer_oauth(
    State(registry): State<Arc<RegistryState>>,
    axum::Extension(entry): LogEntry,
    Form(form): Form<OauthForm>,
) -> Response {
    if registry.settings().oddities.without_post {
        return StatusCode::NOT_FOUND.into_response();
    }
    let user = {
        let settings = registry.settings();
        match (form.grant_type.as_str(), form.username, form.password, form.refresh_token) {
            ("password", Some(user), Some(password), _) if settings.passwords.get(&user) == Some(&password) => {
                Some(user)
            }
            ("refresh_token", _, _, Some(token)) => settings.identities.get(&token).cloned(),
            _ => None,
        }
    };
    match user {
        Some(user) => grant(&registry, Some(&user), form.scope.split_whitespace(), &entry, true),
        None => refuse(StatusCode::UNAUTHORIZED, "unauthorized: the login is wrong"),
    }
}

/// Gives a token for what the user, or anybody, may do of `scopes`.
fn grant<'a>(
    registry: &RegistryState,
    user: Option<&str>,
    scopes: impl Iterator<Item = &'a str>,
    entry: &Entry,
    is_oauth: bool,
) -> Response {
    if let Some(user) = user {
        entry.set_user(user);
    }
    let wanted: Vec<Access> = scopes.filter_map(Access::parse).collect();
    let mut settings = registry.settings();
    let allowed: Vec<Access> = wanted
        .iter()
        .filter(|access| settings.may_pull(user, &access.name))
        .map(|access| Access { actions: vec!["pull".to_owned()], ..access.clone() })
        .collect();
    if allowed.len() < wanted.len()
        && let Denial::Status(status) = settings.oddities.denial
    {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::UNAUTHORIZED);
        return refuse(status, "denied: requested access to the resource is denied");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let number = settings.issued.len();
    let token = registry.signer.sign(&Claims {
        name: format!("CANARY-{number}"),
        iss: ISSUER,
        sub: user.unwrap_or_default(),
        aud: SERVICE,
        exp: now + settings.token_lifetime,
        nbf: now.saturating_sub(10),
        iat: now,
        jti: number.to_string(),
        access: allowed,
    });
    settings.issued.push(token.clone());
    let answer = &settings.oddities.answer;
    let mut fields = Map::new();
    if answer.token && !is_oauth {
        fields.insert("token".to_owned(), json!(token));
    }
    if answer.access_token || is_oauth {
        fields.insert("access_token".to_owned(), json!(token));
    }
    if let Some(seconds) = answer.expires_in {
        fields.insert("expires_in".to_owned(), json!(seconds));
    }
    if answer.issued_at {
        fields.insert("issued_at".to_owned(), json!(jiff::Timestamp::now().to_string()));
    }
    Json(Value::Object(fields)).into_response()
}

fn refuse(status: StatusCode, message: &str) -> Response {
    let code = if status == StatusCode::UNAUTHORIZED { "UNAUTHORIZED" } else { "DENIED" };
    let errors = json!({ "errors": [{ "code": code, "message": message }] });
    ([(header::WWW_AUTHENTICATE, "Basic realm=\"Demo Registry\"")], (status, Json(errors))).into_response()
}

/// The user name and the password of a request.
pub(crate) fn basic_login(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

impl Access {
    /// Reads a scope, such as `repository:acme/compass:pull`.
    fn parse(scope: &str) -> Option<Self> {
        let (kind, rest) = scope.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        let actions = actions.split(',').map(str::to_owned).collect();
        Some(Self { r#type: kind.to_owned(), name: name.to_owned(), actions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_names_type_repository_and_actions() {
        let access = Access::parse("repository:acme/compass:pull,push").unwrap();
        assert_eq!((&*access.r#type, &*access.name), ("repository", "acme/compass"));
        assert_eq!(access.actions, ["pull", "push"]);
        assert_eq!(Access::parse("repository"), None);
    }

    #[test]
    fn the_first_colon_ends_the_user_name() {
        let headers = |login: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(login)).parse().unwrap());
            headers
        };
        let own = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(basic_login(&headers("robot$name:a:b ü")), own("robot$name", "a:b ü"));
        assert_eq!(basic_login(&headers("no colon")), None);
        assert_eq!(basic_login(&HeaderMap::new()), None);
    }
}
