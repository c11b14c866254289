// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing in: a page with a form, and the way back with a credential.

use axum::{
    Extension, Form,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use url::Url;

use super::{LogEntry, ShopState, Trouble, cancelled, return_address, return_address_refused, with_query};
use crate::html::{self, Html, escape, hidden};

/// Where the person came from.
#[derive(Debug, Deserialize)]
pub(crate) struct Visit {
    #[serde(default)]
    redirect_uri: String,
    state: Option<String>,
}

/// The form, filled in.
#[derive(Deserialize)]
pub(crate) struct Filled {
    #[serde(flatten)]
    visit: Visit,
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: String,
}

/// `GET /login`
pub(crate) async fn show(Query(visit): Query<Visit>) -> Response {
    match return_address(&visit.redirect_uri) {
        Some(return_to) => form(&return_to, &visit, "", false),
        None => return_address_refused(),
    }
}

/// `POST /login`
pub(crate) async fn submit(
    State(shop): ShopState,
    Extension(entry): LogEntry,
    Form(filled): Form<Filled>,
) -> Result<Response, Trouble> {
    let Some(return_to) = return_address(&filled.visit.redirect_uri) else {
        return Ok(return_address_refused());
    };
    let Some(user) = shop.db.sign_in(filled.user.trim(), &filled.password)? else {
        return Ok(form(&return_to, &filled.visit, &filled.user, true));
    };
    entry.set_user(&user.name);
    let credential = shop.issue_credential(&user)?;
    let parameters =
        [("token", credential.as_str())].into_iter().chain(filled.visit.state.as_deref().map(|state| ("state", state)));
    let location = with_query(return_to, parameters);
    let headers = [
        (header::LOCATION, location.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

fn form(return_to: &Url, visit: &Visit, user: &str, wrong: bool) -> Response {
    let problem = if wrong {
        "<p class=\"problem\" id=\"problem\" role=\"alert\">User name or password is wrong. Try again.</p>\n"
    } else {
        ""
    };
    let describe = if wrong { " aria-describedby=\"problem\" aria-invalid=\"true\"" } else { "" };
    let (first_focus, second_focus) = if wrong { ("", " autofocus") } else { (" autofocus", "") };
    let state = visit.state.as_deref().map(|state| hidden("state", state));
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
        redirect = hidden("redirect_uri", &visit.redirect_uri),
        state = state.unwrap_or_default(),
        user = escape(user),
        cancel = escape(cancelled(return_to, visit.state.as_deref()).as_str()),
    ));
    html::page(StatusCode::OK, "Sign In", &body)
}
