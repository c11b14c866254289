// SPDX-License-Identifier: GPL-3.0-or-later
//! A token for the index that says what is in a registry, if the index asks for one. Often the index is a file on another
//! host than the registry.

use super::{
    REALM,
    challenge::Challenge,
    registry::{Fault, Issued, IssuedToken, Login, Manifest, Registry, offered},
};
use crate::{
    credential::Token,
    http::HttpResponse,
    provider::{Grant, TokensCall, TokensError},
    service::RemoteUrl,
};

/// Where an index is, below the address of the remote.
const INDEX: &str = "index/static";
/// The part of flatpak's query without which an index lists images of other kinds as well.
const QUERY: &str = "label:org.flatpak.ref:exists=1";

/// What opens the index of the registry at this address.
pub(super) async fn grant(call: &TokensCall<'_>, repository: &RemoteUrl) -> Result<Grant, TokensError> {
    let Some(address) = &repository.index() else { return Ok(Grant::Free) };
    let index = Registry { http: call.http, address };
    let Manifest::Challenge(challenge) = ask(&index, None).await? else { return Ok(Grant::Free) };
    if !challenge.is_for_reading() {
        return Ok(Grant::Denied);
    }
    let Some(credential) = call.credential else {
        let issued = index.scoped_token(&challenge, challenge.scope.as_deref(), None).await?;
        return judge(&index, issued).await;
    };
    let login = Login::of(credential).ok_or(TokensError::Rejected)?;
    // What the person gets at the registry goes to nobody else, and the password to nobody but the token server that the
    // person agreed to (rule R1). What another host names says nothing about the sign-in.
    let is_agreed_to = call.endpoints.get(REALM).is_some_and(|realm| realm == challenge.realm.as_str());
    if !is_agreed_to || !call.binding.service.has_origin_of(address.url()) {
        return Ok(Grant::Denied);
    }
    ask_with(&index, &challenge, login).await
}

async fn ask_with(index: &Registry<'_>, challenge: &Challenge, login: Login<'_>) -> Result<Grant, TokensError> {
    match index.scoped_token(challenge, challenge.scope.as_deref(), Some(login)).await? {
        // Some say so of a login, others of a scope. Without a scope it can only be the login.
        Issued::Rejected => match index.scoped_token(challenge, None, Some(login)).await? {
            Issued::Token(_) => Ok(Grant::Denied),
            Issued::Rejected | Issued::Denied => Err(TokensError::Rejected),
        },
        issued => judge(index, issued).await,
    }
}

/// A token counts if it opens the index: a token server may grant less than was asked.
async fn judge(index: &Registry<'_>, issued: Issued) -> Result<Grant, TokensError> {
    let Issued::Token(IssuedToken { token, ends }) = issued else { return Ok(Grant::Denied) };
    let is_open = ask(index, Some(&token)).await? == Manifest::Open;
    Ok(if is_open { Grant::Token(token, Some(ends)) } else { Grant::Denied })
}

/// Asks for the index, with a token or without.
async fn ask(index: &Registry<'_>, token: Option<&Token>) -> Result<Manifest, Fault> {
    let mut url = index.address.join(INDEX).map_err(|_| Fault::Unexpected)?;
    url.set_query(Some(QUERY));
    let mut request = index.http.head(&url);
    if let Some(token) = token {
        request = request.bearer(token);
    }
    judge_index(&request.send().await?)
}

/// What the answer about an index means. Any web server may have it, so that a page is an answer as well.
fn judge_index(answer: &HttpResponse) -> Result<Manifest, Fault> {
    match answer.status {
        200..=299 => Ok(Manifest::Open),
        401 => offered(answer).map(Manifest::Challenge),
        403..=405 => Ok(Manifest::Closed),
        _ => Err(Fault::Unexpected),
    }
}
