// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's front page.

use axum::{extract::State, http::StatusCode, response::Response};

use super::ShopState;
use crate::{
    catalogue::{APPS, Terms},
    html::{self, Html, SHOP, escape},
};

const COPY: &str = include_str!("../copy.js");

/// `GET /`
pub(crate) async fn show(State(shop): ShopState) -> Response {
    let apps = Html::join(APPS.iter().map(|app| {
        let terms = match app.terms {
            Terms::Free => "Free",
            Terms::Members | Terms::Sold { .. } if !shop.sign_in.has_server() => "Access token",
            Terms::Members => "Account",
            Terms::Sold { price } => price,
        };
        Html::trusted(format!(
            "<li>{}<div><h2>{}</h2><span class=\"terms\">{}</span><p class=\"dim\">{}</p></div></li>\n",
            html::icon(&app.icon),
            escape(app.name),
            escape(terms),
            escape(app.summary),
        ))
    }));
    let whom = if shop.sign_in.has_server() {
        "Some are for everybody, some for people with an account, some for those who bought them."
    } else {
        "Some are for everybody, some for people with an access token."
    };
    let listing = if shop.switches.has_private_listing() {
        " Only those who are signed in see what the repository has: run “usherctl listing demo”."
    } else {
        ""
    };
    let body = Html::trusted(format!(
        "<section class=\"card\">\n<h1>Little Demo Apps</h1>\n\
         <p class=\"dim\">{whom}</p>\n\
         <ul class=\"apps\">\n{apps}</ul>\n</section>\n\
         <section class=\"card\">\n<h2>Add This Shop to Flatpak</h2>\n\
         <p class=\"dim\">Run this in a terminal, then install an app.{listing}</p>\n\
         <pre id=\"command\" tabindex=\"0\" aria-label=\"Command\">{}</pre>\n\
         <button id=\"copy\" type=\"button\" aria-live=\"polite\" hidden>Copy</button>\n</section>",
        escape(&shop.remote_add_command),
    ));
    html::page_with_script(StatusCode::OK, SHOP, &body, COPY)
}
