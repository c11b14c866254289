// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether a server speaks the protocol: its API refuses a call without a credential, and it has a page to sign in.

use super::{RedirectReceiver, start};
use crate::{
    http::{HttpClient, HttpError, HttpResponse},
    provider::wire::store_api::{StoreApi, wants_basic, wants_bearer},
    service::ServiceUrl,
};

/// Sends a call for tokens without a credential. A server of this kind refuses it in JSON. Other servers have no such
/// path, do not take a POST, or answer with a page. Some refuse every call of an API that they do not have
/// (flat-manager), so the page to sign in must be there as well. What wants HTTP Basic alone is another provider's.
pub(super) async fn is_spoken(http: &HttpClient, service: &ServiceUrl) -> Result<bool, HttpError> {
    let Some(answer) = StoreApi::new(http, service).refusal().await? else { return Ok(false) };
    if wants_basic(&answer) && !wants_bearer(&answer) {
        return Ok(false);
    }
    // The page that a sign-in would begin with, whose redirect nobody waits for.
    let Ok(redirect) = RedirectReceiver::Embedded.redirect() else { return Ok(false) };
    let Ok(page) = start(service, &redirect) else { return Ok(false) };
    Ok(is_page(&http.get(&page).page_head().await?))
}

/// Whether there is a page, to judge by its head. It may lead on to another, be out of order, or want a browser first
/// (a bot wall). Only what says that there is none, and what is no page, is none.
fn is_page(head: &HttpResponse) -> bool {
    !head.is_json() && !matches!(head.status, 204 | 404 | 405 | 410 | 501)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "insecure-loopback")]
    #[tokio::test]
    async fn h42_a_server_that_refuses_every_call_but_has_no_page_to_sign_in_is_none() {
        const JSON: &str = "application/json";
        const PAGE: &str = "text/html; charset=utf-8";
        let refused = (401, JSON);
        for (call, page, speaks) in [
            (refused, (200, PAGE), true),
            ((403, JSON), (200, PAGE), true),
            ((403, "application/problem+json"), (200, ""), true),
            // It leads on to an identity provider, and is not followed.
            (refused, (302, ""), true),
            // A bot wall, a server out of order: what stands in front of a page.
            (refused, (403, PAGE), true),
            (refused, (503, PAGE), true),
            // flat-manager, with and without a page for what is not there.
            (refused, (404, ""), false),
            (refused, (404, PAGE), false),
            (refused, (405, ""), false),
            (refused, (204, ""), false),
            // An API that refuses whatever it is asked.
            (refused, (401, JSON), false),
            (refused, (200, JSON), false),
            ((404, JSON), (200, PAGE), false),
            ((401, PAGE), (200, PAGE), false),
            ((200, JSON), (200, PAGE), false),
        ] {
            let (service, asked) = server(call, page).await;
            let http = HttpClient::new(crate::http::HttpLimits::default());
            assert_eq!(is_spoken(&http, &service).await, Ok(speaks), "{call:?} {page:?}");
            let asked = std::mem::take(&mut *asked.lock().unwrap());
            assert!(asked.iter().all(|request| !request.contains("authorization")), "{asked:?}");
            if let Some(page) = asked.get(1) {
                assert!(page.starts_with("GET /base/login?redirect_uri=http") && page.contains("&state="), "{page}");
            }
            assert!(asked.len() <= 2, "{asked:?}");
        }
    }

    /// A server that answers a call for tokens and its page to sign in with these statuses and types, and what it was
    /// asked.
    #[cfg(feature = "insecure-loopback")]
    async fn server(
        call: (u16, &'static str),
        page: (u16, &'static str),
    ) -> (ServiceUrl, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
        use axum::{extract::Request, http::Method, response::Response};

        let asked = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
        let log = asked.clone();
        let answer = move |request: Request| {
            log.lock().unwrap().push(format!("{} {} {:?}", request.method(), request.uri(), request.headers()));
            let (status, content_type) = match (request.method(), request.uri().path()) {
                (&Method::POST, "/base/api/v1/get_tokens") => call,
                (&Method::GET, "/base/login") => page,
                _ => (404, ""),
            };
            let body = if content_type.contains("json") { "{}" } else { "" };
            let answer = Response::builder().status(status).header("location", "/elsewhere");
            std::future::ready(answer.header("content-type", content_type).body(body.to_owned()).unwrap())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = ServiceUrl::parse(&format!("http://{}/base", listener.local_addr().unwrap())).unwrap();
        let router = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (service, asked)
    }
}
