// SPDX-License-Identifier: GPL-3.0-or-later
//! Buying an app: the purchase page, the confirmation, and the “Thank You” page.

use super::{
    InternalError, LogEntry, ReturnQuery, ShopState, cancelled, not_found, return_address, return_address_refused,
    with_query,
};
use crate::{
    catalogue::{self, Terms},
    html::{self, Html, escape, hidden},
};
use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// `GET /purchase/{id}`
pub(crate) async fn show(
    State(shop): ShopState,
    Extension(entry): LogEntry,
    Path(id): Path<String>,
    Query(query): Query<ReturnQuery>,
) -> Result<Response, InternalError> {
    let Some(purchase) = shop.db.purchase(&id)? else {
        return Ok(not_found().await);
    };
    entry.set_user(&purchase.user.name);
    let Some(return_to) = return_address(&query.redirect_uri) else {
        return Ok(return_address_refused());
    };
    let app = catalogue::find(&purchase.app);
    let (name, price) = app.map_or((purchase.app.as_str(), ""), |app| match app.terms {
        Terms::Sold { price } => (app.name, price),
        Terms::Free | Terms::Members => (app.name, ""),
    });
    let owned = purchase.done || shop.db.access(&purchase.user, &purchase.app)? == Some(true);
    let (title, price, text, button) = if owned {
        (format!("“{name}” Is Already Yours"), "", "Nothing is paid again.", "Continue")
    } else {
        (format!("Buy “{name}”?"), price, "It can be installed as often as you like, for good.", "Buy Now")
    };
    let body = Html::trusted(format!(
        "<section class=\"card offer\">\n{icon}<h1>{title}</h1>\n\
         <p class=\"price\">{price}</p>\n\
         <p class=\"dim\">For the account {user}. {text}</p>\n\
         <form method=\"post\" action=\"/purchase/{id}/done\">\n{redirect}{state}\n\
         <div class=\"actions\">\n<button type=\"submit\">{button}</button>\n\
         <a class=\"button\" href=\"{cancel}\">I Changed My Mind</a>\n</div>\n</form>\n</section>",
        icon = app.map(|app| html::icon(&app.icon)).unwrap_or_default(),
        title = escape(&title),
        price = escape(price),
        user = escape(&purchase.user.name),
        id = escape(&id),
        redirect = hidden("redirect_uri", &query.redirect_uri),
        state = query.state.as_deref().map(|state| hidden("state", state)).unwrap_or_default(),
        cancel = escape(cancelled(&return_to, query.state.as_deref()).as_str()),
    ));
    Ok(html::page(StatusCode::OK, &title, &body))
}

/// `POST /purchase/{id}/done`
pub(crate) async fn confirm(
    State(shop): ShopState,
    Extension(entry): LogEntry,
    Path(id): Path<String>,
    Form(query): Form<ReturnQuery>,
) -> Result<Response, InternalError> {
    let Some(purchase) = shop.db.purchase(&id)? else {
        return Ok(not_found().await);
    };
    entry.set_user(&purchase.user.name);
    entry.set_ids(std::slice::from_ref(&purchase.app));
    let Some(return_to) = return_address(&query.redirect_uri) else {
        return Ok(return_address_refused());
    };
    if !purchase.done {
        shop.db.finish_purchase(&id)?;
        if !shop.switches.hold_grant(&purchase.user, &purchase.app) {
            shop.db.set_access(&purchase.user, &purchase.app, true)?;
        }
    }
    let mut thanks = shop.base_url.clone();
    thanks.set_path(&format!("purchase/{id}/thanks"));
    let parameters =
        query.state.as_deref().map(|state| ("state", state)).into_iter().chain([("redirect_uri", thanks.as_str())]);
    let location = with_query(return_to, parameters);
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location.as_str())]).into_response())
}

/// `GET /purchase/{id}/thanks`
pub(crate) async fn thanks(State(shop): ShopState, Path(id): Path<String>) -> Result<Response, InternalError> {
    let Some(purchase) = shop.db.purchase(&id)?.filter(|purchase| purchase.done) else {
        return Ok(not_found().await);
    };
    let app = catalogue::find(&purchase.app);
    let body = Html::trusted(format!(
        "<section class=\"card offer\">\n{}<h1>Thank You</h1>\n\
         <p>{} is yours now. You can close this page.</p>\n</section>",
        app.map(|app| html::icon(&app.icon)).unwrap_or_default(),
        escape(app.map_or(purchase.app.as_str(), |app| app.name)),
    ));
    Ok(html::page(StatusCode::OK, "Thank You", &body))
}
