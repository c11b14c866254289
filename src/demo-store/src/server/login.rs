// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing in: a page with a form, and the redirect with a credential.

use axum::{
    Extension, Form,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use url::Url;

use super::{
    InternalError, LogEntry, ReturnQuery, ShopState, cancelled, not_found, return_address, return_address_refused,
    with_query,
};
use crate::{
    SignInKind,
    html::{self, Html, escape, hidden},
};

/// The submitted form.
#[derive(Deserialize)]
pub(crate) struct SignInForm {
    #[serde(flatten)]
    query: ReturnQuery,
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: String,
}

/// `GET /login`
pub(crate) async fn show(State(shop): ShopState, Query(query): Query<ReturnQuery>) -> Response {
    if shop.sign_in == SignInKind::Basic {
        return not_found().await;
    }
    match return_address(&query.redirect_uri) {
        Some(return_to) => form(&return_to, &query, "", false),
        None => return_address_refused(),
    }
}

/// `POST /login`
pub(crate) async fn submit(
    State(shop): ShopState,
    Extension(entry): LogEntry,
    Form(submitted): Form<SignInForm>,
) -> Result<Response, InternalError> {
    if shop.sign_in == SignInKind::Basic {
        return Ok(not_found().await);
    }
    let Some(return_to) = return_address(&submitted.query.redirect_uri) else {
        return Ok(return_address_refused());
    };
    let Some(user) = shop.db.check_password(submitted.user.trim(), &submitted.password)? else {
        return Ok(form(&return_to, &submitted.query, &submitted.user, true));
    };
    entry.set_user(&user.name);
    let credential = shop.issue_credential(&user)?;
    let parameters = [("token", credential.as_str())]
        .into_iter()
        .chain(submitted.query.state.as_deref().map(|state| ("state", state)));
    let location = with_query(return_to, parameters);
    let headers = [
        (header::LOCATION, location.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

fn form(return_to: &Url, query: &ReturnQuery, user: &str, wrong: bool) -> Response {
    let problem = if wrong {
        "<p class=\"problem\" id=\"problem\" role=\"alert\">User name or password is wrong. Try again.</p>\n"
    } else {
        ""
    };
    let describe = if wrong { " aria-describedby=\"problem\" aria-invalid=\"true\"" } else { "" };
    let (first_focus, second_focus) = if wrong { ("", " autofocus") } else { (" autofocus", "") };
    let state = query.state.as_deref().map(|state| hidden("state", state));
    let body = Html::trusted(format!(
        "<section class=\"card\">\n<h1>Sign In</h1>\n\
         <p class=\"dim\">To your account at the Demo Store.</p>\n{problem}\
         <form method=\"post\" action=\"/login\">\n{redirect}{state}\n\
         <label for=\"user\">User name</label>\n\
         <input id=\"user\" name=\"user\" type=\"text\" value=\"{user}\" autocomplete=\"username\" autocapitalize=\"none\" \
         spellcheck=\"false\" required{describe}{first_focus}>\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required{describe}{second_focus}>\n\
         <div class=\"actions\">\n<button type=\"submit\">Sign In</button>\n\
         <a class=\"button\" href=\"{cancel}\">Cancel</a>\n</div>\n</form>\n</section>\n\
         <p class=\"dim\">This is a demonstration. There are two accounts, <strong>demo</strong> and <strong>demo2</strong>; \
         the password of each is its name.</p>",
        redirect = hidden("redirect_uri", &query.redirect_uri),
        state = state.unwrap_or_default(),
        user = escape(user),
        cancel = escape(cancelled(return_to, query.state.as_deref()).as_str()),
    ));
    html::page(StatusCode::OK, "Sign In", &body)
}
