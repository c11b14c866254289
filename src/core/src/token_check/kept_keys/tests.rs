// SPDX-License-Identifier: GPL-3.0-or-later
//! Against a server on this computer, with a clock of our own.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::Response,
    routing::get,
};
use serde_json::json;

use super::*;
use crate::{http::HttpLimits, testing::signing::Signer};

/// A server with keys, and the client that asks it.
struct Server {
    says: Arc<Mutex<(u16, &'static str, String)>>,
    asked: Arc<AtomicUsize>,
    address: Url,
    http: HttpClient,
    kept: KeptKeys,
}

type Said = (Arc<Mutex<(u16, &'static str, String)>>, Arc<AtomicUsize>);

async fn answer(State((says, asked)): State<Said>) -> Response {
    asked.fetch_add(1, Ordering::Relaxed);
    let (status, content_type, body) = says.lock().unwrap().clone();
    let response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    response.header(header::CONTENT_TYPE, content_type).body(Body::from(body)).unwrap()
}

impl Server {
    async fn open() -> Self {
        let says = Arc::new(Mutex::new((200, "application/jwk-set+json", String::new())));
        let asked = Arc::new(AtomicUsize::new(0));
        let router = Router::new().route("/keys", get(answer)).with_state((says.clone(), asked.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Url::parse(&format!("http://{}/keys", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (http, kept) = (HttpClient::new(HttpLimits::default()), KeptKeys::default());
        Self { says, asked, address, http, kept }
    }

    fn has(&self, ids: &[&str]) {
        let keys: Vec<_> = ids.iter().map(|id| Signer::ed(id).jwk()).collect();
        self.says(200, "application/jwk-set+json", &json!({ "keys": keys }).to_string());
    }

    fn says(&self, status: u16, content_type: &'static str, body: &str) {
        *self.says.lock().unwrap() = (status, content_type, body.to_owned());
    }

    /// Whether the keys for a token that names this key have it, and how often the server was asked so far.
    async fn look(&self, id: &str, at: u64) -> (Result<bool, HttpError>, usize) {
        let ids = BTreeSet::from([id.to_owned()]);
        let keys = self.kept.at(&self.http, &self.address, &ids, Duration::from_secs(at)).await;
        (keys.map(|keys| keys.has(id)), self.asked.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn keys_are_kept_for_ten_minutes() {
    let server = Server::open().await;
    server.has(&["1"]);
    assert_eq!(server.look("1", 1000).await, (Ok(true), 1));
    assert_eq!(server.look("1", 1599).await, (Ok(true), 1));
    assert_eq!(server.look("1", 1600).await, (Ok(true), 2));
}

#[tokio::test]
async fn a_new_key_is_looked_for_once_a_minute() {
    let server = Server::open().await;
    server.has(&["1"]);
    assert_eq!(server.look("1", 1000).await, (Ok(true), 1));
    server.has(&["2"]);
    assert_eq!(server.look("2", 1001).await, (Ok(true), 2), "the server has changed its key");
    assert_eq!(server.look("3", 1002).await, (Ok(false), 2));
    assert_eq!(server.look("2", 1003).await, (Ok(true), 2));
    assert_eq!(server.look("3", 1060).await, (Ok(false), 2));
    assert_eq!(server.look("3", 1061).await, (Ok(false), 3));
    assert_eq!(server.look("4", 1062).await, (Ok(false), 3), "another unknown key changes nothing");
}

#[tokio::test]
async fn known_keys_serve_on_while_the_server_is_down() {
    let server = Server::open().await;
    server.has(&["1"]);
    assert_eq!(server.look("1", 1000).await, (Ok(true), 1));
    server.says(503, "text/plain", "down");
    assert_eq!(server.look("2", 1001).await, (Ok(false), 2));
    assert_eq!(server.look("2", 1002).await, (Ok(false), 2), "nor is it asked at once again");
    assert_eq!(server.look("1", 1599).await, (Ok(true), 2));
    assert_eq!(server.look("1", 1600).await, (Err(HttpError::Unexpected), 3));
    server.has(&["1"]);
    assert_eq!(server.look("1", 1601).await, (Ok(true), 4));
}

#[tokio::test]
async fn an_answer_that_is_no_set_of_public_keys_is_not_used() {
    let server = Server::open().await;
    server.has(&["1"]);
    let good = server.says.lock().unwrap().2.clone();
    let json = "application/json";
    let private = json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] }).to_string();
    for (status, content_type, body) in [
        (200, "text/html", good.as_str()),
        (404, json, &good),
        (302, json, &good),
        (200, json, "{}"),
        (200, json, "{\"keys\":[]}"),
        (200, json, &private),
        (200, json, &format!("{good}{}", " ".repeat(2 << 20))),
        (200, json, &format!("{good}{}", " ".repeat(65 << 10))),
    ] {
        server.says(status, content_type, body);
        assert_eq!(server.look("1", 1000).await.0, Err(HttpError::Unexpected), "{status} {content_type}");
    }
}
