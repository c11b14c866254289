// SPDX-License-Identifier: GPL-3.0-or-later
//! A server for the toy protocol, over real HTTP. Each session lasts for one call; those of the tenant `lapsing` last until
//! they are renewed, and whoever comes with an old one loses all that came from it.

mod leases;

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

use self::leases::Leases;
pub use self::leases::Renewals;

#[derive(Clone, Default)]
pub struct Server(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    session: String,
    count: usize,
    ended: Vec<String>,
    /// How often tokens were asked for.
    asked: usize,
    leases: Leases,
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
            .route("/renew", post(leases::renew))
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

    /// How often tokens or a renewal were asked for.
    pub fn calls(&self) -> usize {
        let asked = self.0.lock().unwrap().asked;
        asked + self.renewals()
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
    if form["password"] != "right" {
        return Err(StatusCode::UNAUTHORIZED);
    }
    if form["tenant"] == "lapsing" {
        return Ok(Json(server.0.lock().unwrap().leases.give()));
    }
    Ok(Json(json!({ "session": server.0.lock().unwrap().renew() })))
}

async fn tokens(
    State(server): State<Server>,
    headers: HeaderMap,
    Json(refs): Json<Vec<String>>,
) -> Result<Json<Value>, StatusCode> {
    let mut inner = server.0.lock().unwrap();
    inner.asked += 1;
    let used = headers[AUTHORIZATION].to_str().unwrap().replace("Bearer ", "");
    let is_lease = used.starts_with("access");
    if !(if is_lease { inner.leases.accepts(&used) } else { used == inner.session }) {
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
    let session = (!is_lease).then(|| inner.renew());
    Ok(Json(json!({ "session": session, "tokens": tokens })))
}

async fn end(State(server): State<Server>, headers: HeaderMap) {
    let session = headers[AUTHORIZATION].to_str().unwrap().replace("Bearer ", "");
    server.0.lock().unwrap().ended.push(session);
}
