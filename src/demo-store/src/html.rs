// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's HTML. Text is escaped unless it is already [`Html`].

use std::fmt::{self, Display, Write};

use axum::{
    http::{HeaderName, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::catalogue::Icon;

/// The shop's name on all its pages.
pub(crate) const SHOP: &str = "Demo Store";

const STYLE: &str = include_str!("style.css");

/// Well-formed markup.
#[derive(Clone, Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    /// Markup written in this program.
    pub(crate) fn trusted(markup: impl Into<String>) -> Self {
        Self(markup.into())
    }

    /// Concatenates several pieces.
    pub(crate) fn join(pieces: impl IntoIterator<Item = Self>) -> Self {
        Self(pieces.into_iter().map(|piece| piece.0).collect())
    }
}

impl Display for Html {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Escapes text for use between tags and inside quoted attributes.
pub(crate) fn escape(text: &str) -> Html {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Html(escaped)
}

/// A hidden form field.
pub(crate) fn hidden(name: &str, value: &str) -> Html {
    Html(format!(r#"<input type="hidden" name="{}" value="{}">"#, escape(name), escape(value)))
}

/// An app's icon beside its name. It is a part of the page, so that a page is one request.
pub(crate) fn icon(icon: &Icon) -> Html {
    Html(format!("<span class=\"icon\" aria-hidden=\"true\">{}</span>", icon.svg.trim_end()))
}

/// A whole page in the shop's style.
pub(crate) fn page(status: StatusCode, title: &str, body: &Html) -> Response {
    render(status, title, body, POLICY, "")
}

/// The same, with a script. No other script runs there.
pub(crate) fn page_with_script(status: StatusCode, title: &str, body: &Html, script: &str) -> Response {
    let hash = STANDARD.encode(Sha256::digest(script));
    let policy = format!("{POLICY}; script-src 'sha256-{hash}'");
    render(status, title, body, &policy, &format!("<script>{script}</script>\n"))
}

fn render(status: StatusCode, title: &str, body: &Html, policy: &str, script: &str) -> Response {
    let title = if title == SHOP { title.to_owned() } else { format!("{title} — {SHOP}") };
    let mut markup = String::new();
    write!(
        markup,
        concat!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
            "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n",
            "<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n",
            "<header><a href=\"/\"><span class=\"mark\" aria-hidden=\"true\"></span>{shop}</a></header>\n",
            "<main>\n{body}\n</main>\n",
            "<footer>A demonstration on this computer. Nothing here costs money.</footer>\n{script}</body>\n</html>\n",
        ),
        title = escape(&title),
        script = script,
        style = STYLE,
        shop = SHOP,
        body = body,
    )
    .expect("writing to a string does not fail");
    let policy = AppendHeaders([(header::CONTENT_SECURITY_POLICY, policy)]);
    (status, PAGE_HEADERS, policy, markup).into_response()
}

const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

const PAGE_HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// A page with a title and a message.
pub(crate) fn message(status: StatusCode, title: &str, text: &str) -> Response {
    let body =
        Html(format!("<section class=\"card\">\n<h1>{}</h1>\n<p>{}</p>\n</section>", escape(title), escape(text)));
    page(status, title, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape(r#"<script a="1" b='2'>&"#).to_string(), "&lt;script a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;");
    }
}
