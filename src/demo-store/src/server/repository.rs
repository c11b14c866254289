// SPDX-License-Identifier: GPL-3.0-or-later
//! Serving the repository, with flat-manager's rules and messages for protected apps.

use std::io;

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{InternalError, LogEntry, ShopState, bearer};
use crate::{
    StoreError,
    repository::{CommitIndex, Repository, TargetCommit},
    request_log::Entry,
    shop::Shop,
    tokens::DownloadClaims,
};

/// `GET /repo/{path}`
pub(crate) async fn serve(
    State(shop): ShopState,
    Extension(entry): LogEntry,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, InternalError> {
    let Some(repository) = &shop.repository else {
        return Ok(missing());
    };
    let shown = match shown(&shop, &entry, &headers)? {
        Ok(shown) => shown,
        Err(refusal) => return Ok(refusal),
    };
    let target = TargetCommit::of(&path);
    let is_listing = repository.commits().is_listing(&path, target.as_ref());
    if is_listing && shop.switches.has_private_listing() {
        match &shown {
            Shown::Listing => return send(repository, &path, "no-store").await,
            // A token that a person pastes is for whatever there is.
            Shown::Download(claims) if claims.jti.is_some() => return send(repository, &path, "no-store").await,
            Shown::Download(_) => return Ok(insufficient("The token is not for the list")),
            Shown::Nothing => return Ok(refuse(StatusCode::UNAUTHORIZED, "token-missing", "No token specified")),
        }
    }
    let cache = match target {
        None => "no-cache",
        Some(target) => match check(&repository.commits(), &target, &entry, &shown) {
            Access::Public => "no-cache",
            Access::Allowed => "no-store",
            Access::Unknown => return Ok(missing()),
            Access::Refused(reason) => return Ok(insufficient(&reason)),
        },
    };
    send(repository, &path, cache).await
}

enum Access {
    Public,
    Allowed,
    Unknown,
    Refused(String),
}

fn check(commits: &CommitIndex, target: &TargetCommit, entry: &Entry, shown: &Shown) -> Access {
    let Some(commit) = commits.commit(target.checksum()) else {
        return Access::Unknown;
    };
    entry.set_ids(&commit.ids);
    if commit.token_type == 0 {
        return Access::Public;
    }
    let claims = match shown {
        Shown::Nothing => return Access::Refused("No token specified".to_owned()),
        Shown::Listing => return Access::Refused("The token is for the list alone".to_owned()),
        Shown::Download(claims) => claims,
    };
    if commit.ids.iter().any(|id| claims.matches(id)) {
        Access::Allowed
    } else {
        let id = commit.ids.first().map_or("of the commit", String::as_str);
        Access::Refused(format!("Id {id} not matching prefix in token"))
    }
}

/// The token that a request shows.
enum Shown {
    Nothing,
    /// For downloads.
    Download(DownloadClaims),
    /// For the list of what the repository has.
    Listing,
}

/// The request's token. An invalid one is refused for every file.
fn shown(shop: &Shop, entry: &Entry, headers: &HeaderMap) -> Result<Result<Shown, Response>, InternalError> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Ok(Ok(Shown::Nothing));
    }
    let checked = bearer(headers).ok_or_else(|| "Invalid authorization header".to_owned()).and_then(|token| match shop
        .check_listing_token(token)
    {
        Some(claims) => claims.map(|claims| (claims.sub, Shown::Listing)),
        None => shop.check_download_token(token).map(|claims| (claims.sub.clone(), Shown::Download(claims))),
    });
    Ok(match checked {
        Ok((subject, shown)) => {
            if let Some(user) = shop.user_of_subject(&subject)? {
                entry.set_user(&user.name);
            }
            Ok(shown)
        }
        Err(reason) => Err(refuse(StatusCode::UNAUTHORIZED, "invalid-token", &reason)),
    })
}

async fn send(repository: &Repository, path: &str, cache: &str) -> Result<Response, InternalError> {
    let Some(file) = repository.file(path) else {
        return Ok(missing());
    };
    match tokio::fs::read(&file).await {
        Ok(content) => {
            let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, cache)];
            Ok((headers, content).into_response())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(missing()),
        Err(error) => Err(StoreError::file(file)(error).into()),
    }
}

fn insufficient(reason: &str) -> Response {
    let message = format!("Not enough permissions: {reason}");
    refuse(StatusCode::FORBIDDEN, "token-insufficient", &message)
}

fn missing() -> Response {
    refuse(StatusCode::NOT_FOUND, "not-found", "No such file")
}

fn refuse(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({"status": status.as_u16(), "error-type": kind, "message": message});
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
