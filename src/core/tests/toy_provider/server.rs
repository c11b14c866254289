// SPDX-License-Identifier: GPL-3.0-or-later
//! A server for the toy protocol, over real HTTP. Each session lasts for one call.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    routing::{get, post},
};
use serde_json::{Value, json};

#[derive(Clone, Default)]
pub struct Server(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    session: String,
    count: usize,
    ended: Vec<String>,
    /// Runs once, before the next answer.
    meanwhile: Option<Box<dyn FnOnce() + Send>>,
}

impl Server {
    /// Serves on a port of this computer, and gives its address.
    pub async fn start() -> (Self, String) {
        let server = Self::default();
        let router = Router::new()
            .route("/toy", get(|| async { "toy" }))
            .route("/session", post(sign_in))
            .route("/tokens", post(tokens))
            .route("/end", post(end))
            .with_state(server.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (server, address)
    }

    /// The session that the next call must use.
    pub fn session(&self) -> String {
        self.0.lock().unwrap().session.clone()
    }

    pub fn ended(&self) -> Vec<String> {
        self.0.lock().unwrap().ended.clone()
    }

    /// Ends every session.
    pub fn forget(&self) {
        self.0.lock().unwrap().session = "none".into();
    }

    pub fn meanwhile(&self, act: impl FnOnce() + Send + 'static) {
        self.0.lock().unwrap().meanwhile = Some(Box::new(act));
    }
}

impl Inner {
    fn renew(&mut self) -> String {
        self.count += 1;
        self.session = format!("session-{}", self.count);
        self.session.clone()
    }
}

async fn sign_in(
    State(server): State<Server>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    if form["password"] != "right" || form["tenant"] != "acme" {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(Json(json!({ "session": server.0.lock().unwrap().renew() })))
}

async fn tokens(
    State(server): State<Server>,
    headers: HeaderMap,
    Json(refs): Json<Vec<String>>,
) -> Result<Json<Value>, StatusCode> {
    let mut inner = server.0.lock().unwrap();
    if headers[AUTHORIZATION] != format!("Bearer {}", inner.session) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    if let Some(meanwhile) = inner.meanwhile.take() {
        meanwhile();
    }
    let tokens: BTreeMap<_, _> = refs
        .iter()
        .filter(|wanted| !wanted.contains("Denied"))
        .map(|wanted| (wanted, format!("for-{}", wanted.replace('/', "."))))
        .collect();
    let session = inner.renew();
    Ok(Json(json!({ "session": session, "tokens": tokens })))
}

async fn end(State(server): State<Server>, headers: HeaderMap) {
    let session = headers[AUTHORIZATION].to_str().unwrap().replace("Bearer ", "");
    server.0.lock().unwrap().ended.push(session);
}
