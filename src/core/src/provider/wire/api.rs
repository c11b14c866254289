// SPDX-License-Identifier: GPL-3.0-or-later
//! What an answer of an API means by its status and its form (rule R13). A page in its place (of a bot wall, a captive
//! portal, a proxy) is not the server's word, whatever its status.

use super::json;
use crate::http::HttpResponse;

/// What the server says. All but success says so much and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiAnswer {
    /// 200 with JSON, which still has to be read.
    Success,
    /// 401 with JSON: the credential is not accepted.
    Rejected,
    /// 403 with JSON: no access.
    Denied,
    /// No such call, in JSON or without a word.
    Missing,
    /// Anything else, which means nothing.
    Void,
}

impl ApiAnswer {
    /// What the server says.
    pub(crate) fn of(answer: &HttpResponse) -> Self {
        match answer.status {
            200 if answer.is_json() => Self::Success,
            401 if is_own_word(answer) => Self::Rejected,
            403 if is_own_word(answer) => Self::Denied,
            404 | 405 | 410 | 501 if answer.body.is_empty() || is_own_word(answer) => Self::Missing,
            _ => Self::Void,
        }
    }
}

/// Whether it is JSON, in name and in fact.
fn is_own_word(answer: &HttpResponse) -> bool {
    answer.is_json() && json::parse(&answer.body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Content types and bodies: which are the server's own word, and which are nothing at all.
    const FORMS: [(&str, &str, bool); 11] = [
        ("application/json", r#"{"message":"no"}"#, true),
        ("application/json; charset=utf-8", "{}", true),
        ("Application/JSON", "[]", true),
        ("application/problem+json", r#"{"status":403}"#, true),
        ("application/json", "<html><title>Just a moment…</title>", false),
        ("application/json", "", false),
        ("application/json", "{} and more", false),
        ("text/html; charset=UTF-8", "<html><title>Just a moment…</title>", false),
        ("text/html", "{}", false),
        ("text/plain", "error code: 1020", false),
        ("application/xml", "<error/>", false),
    ];

    #[test]
    fn h31_only_json_of_the_server_itself_refuses() {
        for (content_type, body, is_own_word) in FORMS {
            let said = |status| ApiAnswer::of(&HttpResponse::of(status, content_type, body.as_bytes()));
            let own = |answer| if is_own_word { answer } else { ApiAnswer::Void };
            assert_eq!(said(401), own(ApiAnswer::Rejected), "{content_type} {body}");
            assert_eq!(said(403), own(ApiAnswer::Denied), "{content_type} {body}");
            for status in [404, 405, 410, 501] {
                let missing = if body.is_empty() { ApiAnswer::Missing } else { own(ApiAnswer::Missing) };
                assert_eq!(said(status), missing, "{status} {content_type} {body}");
            }
            for status in [100, 201, 202, 204, 400, 402, 407, 408, 409, 418, 425, 429, 451, 500, 502, 503, 504, 511] {
                assert_eq!(said(status), ApiAnswer::Void, "{status} {content_type} {body}");
            }
        }
    }
}
