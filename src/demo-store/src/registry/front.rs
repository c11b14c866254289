// SPDX-License-Identifier: GPL-3.0-or-later
//! The registry's address: passes every request on to `docker-registry`, and every answer back. Only what it says about
//! signing in can be made odd on the way.

use std::{net::Ipv4Addr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    RegistryRoute,
    state::{SERVICE, State as RegistryState},
};

/// The registry at `port`, behind an address of its own.
pub(crate) fn router(port: u16) -> Router<Arc<RegistryState>> {
    Router::new().fallback(move |state, request| pass_on(state, request, port))
}

async fn pass_on(State(registry): State<Arc<RegistryState>>, request: Request, port: u16) -> Response {
    let is_base = RegistryRoute::of(request.uri().path()) == RegistryRoute::Base;
    match send(request, port).await {
        Ok(mut response) => {
            if response.status() == StatusCode::UNAUTHORIZED {
                change_challenge(&registry, is_base, &mut response);
            }
            response
        }
        Err(error) => {
            tracing::error!(%error, "docker-registry gives no answer");
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

/// Sends a request on a connection of its own.
async fn send(request: Request, port: u16) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the body of the answer; an error of it is one of the body as well.
    tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    Ok(response.map(Body::new))
}

fn change_challenge(registry: &RegistryState, is_base: bool, response: &mut Response) {
    let realm = registry.realm().clone();
    let mut settings = registry.settings();
    let oddities = &mut settings.oddities;
    if let Some(status) = oddities.refusal.filter(|_| !is_base).and_then(|status| StatusCode::from_u16(status).ok()) {
        *response.status_mut() = status;
        response.headers_mut().remove(header::WWW_AUTHENTICATE);
    }
    let headers = response.headers_mut();
    let Some(scope) = scope_of(headers) else {
        return;
    };
    let usual = [r#"Bearer realm="{realm}",service="{service}",scope="{scope}""#.to_owned()];
    let challenges = match &oddities.challenges {
        Some(challenges) => challenges.as_slice(),
        None if oddities.realm_moved => &usual,
        None => return,
    };
    headers.remove(header::WWW_AUTHENTICATE);
    for challenge in challenges {
        let text = challenge
            .replace("{realm}", realm.as_str())
            .replace("{other_realm}", registry.addresses.other_realm.as_str())
            .replace("{service}", SERVICE)
            .replace("{scope}", &scope);
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.append(header::WWW_AUTHENTICATE, value);
        }
    }
}

/// The scope of the registry's own challenge. Empty where it names none; `None` where there is no challenge.
fn scope_of(headers: &HeaderMap) -> Option<String> {
    let challenge = headers.get(header::WWW_AUTHENTICATE)?.to_str().ok()?;
    let scope = challenge.split_once("scope=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(scope, _)| scope);
    Some(scope.unwrap_or_default().to_owned())
}
