// SPDX-License-Identifier: GPL-3.0-or-later
//! A sign-in server that answers as it is told, and remembers what it was asked.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use serde_json::{Map, Value, json};

use crate::{
    binding::Binding,
    clock,
    http::{HttpClient, HttpLimits},
    provider::{self, Claim},
};

/// The fields of a call, by their names.
pub(super) type Fields = BTreeMap<String, String>;

/// An answer: its status, content type and body.
pub(super) type Answer = (u16, &'static str, String);

/// The server.
#[derive(Clone)]
pub(super) struct Peer {
    /// Its address, which is its name as well.
    pub(super) issuer: String,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    metadata: Map<String, Value>,
    answers: BTreeMap<String, VecDeque<Answer>>,
    asked: Vec<(String, Fields)>,
}

impl Peer {
    /// A server that speaks OpenID, with one key.
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/realm", listener.local_addr().unwrap());
        let peer = Self { script: Arc::default(), issuer };
        for (name, value) in [
            ("issuer", json!(peer.issuer)),
            ("authorization_endpoint", json!(peer.at("authorize"))),
            ("token_endpoint", json!(peer.at("token"))),
            ("jwks_uri", json!(peer.at("keys"))),
            ("revocation_endpoint", json!(peer.at("revoke"))),
            ("userinfo_endpoint", json!(peer.at("userinfo"))),
            ("device_authorization_endpoint", json!(peer.at("device"))),
            ("code_challenge_methods_supported", json!(["plain", "S256"])),
        ] {
            peer.says(name, value);
        }
        peer.answers("keys", &keys(1));
        let router = Router::new().fallback(answer).with_state(peer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        peer
    }

    /// The address of a place at it.
    pub(super) fn at(&self, place: &str) -> String {
        format!("{}/{place}", self.issuer)
    }

    /// Says this about itself; nothing, for `null`.
    pub(super) fn says(&self, name: &str, value: Value) {
        let metadata = &mut self.script.lock().unwrap().metadata;
        if value.is_null() {
            metadata.remove(name)
        } else {
            metadata.insert(name.to_owned(), value)
        };
    }

    /// Answers the next call at this place with success. The last answer of a place is given again and again.
    pub(super) fn answers(&self, place: &str, body: &Value) {
        self.replies(place, (200, "application/json", body.to_string()));
    }

    /// Refuses the next call at this place.
    pub(super) fn refuses(&self, place: &str, error: &str) {
        self.replies(place, (400, "application/json", json!({ "error": error }).to_string()));
    }

    /// Answers the next call at this place.
    pub(super) fn replies(&self, place: &str, answer: Answer) {
        self.script.lock().unwrap().answers.entry(place.to_owned()).or_default().push_back(answer);
    }

    /// Forgets what to answer at this place.
    pub(super) fn forgets(&self, place: &str) {
        self.script.lock().unwrap().answers.remove(place);
    }

    /// What was asked at this place since the last look.
    pub(super) fn asked(&self, place: &str) -> Vec<Fields> {
        let asked = &mut self.script.lock().unwrap().asked;
        let (here, others) = std::mem::take(asked).into_iter().partition(|(at, _)| at == place);
        *asked = others;
        here.into_iter().map(|(_, fields): (String, Fields)| fields).collect()
    }

    /// A binding of a shop that trusts this server.
    pub(super) fn binding(&self, service: &str, scope: &str) -> Binding {
        let issuer = ("issuer", self.issuer.as_str());
        let options = [("type", "oauth2"), ("url", service), issuer, ("client-id", "usher"), ("scope", scope)];
        let options = options.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        provider::claim(&Claim { remote_uri: "https://repo.example.org/", options: &options, registry: None }).unwrap()
    }

    /// An answer with tokens, and this server's word about a person.
    pub(super) fn tokens(&self, nonce: Option<&str>, more: Value) -> Value {
        let mut tokens = json!({
            "access_token": "access-1",
            "token_type": "Bearer",
            "expires_in": 600,
            // As oidc-provider has it where all scopes are the service's.
            "scope": "",
            "refresh_token": "refresh-1",
            "id_token": id_token(1, &self.claims(nonce, json!({ "preferred_username": "demo" }))),
        });
        merge(&mut tokens, more);
        tokens
    }

    /// What the server says about a person, with this in place of the usual.
    pub(super) fn claims(&self, nonce: Option<&str>, more: Value) -> Value {
        let now = clock::now();
        let mut claims = json!({ "iss": self.issuer, "aud": "usher", "sub": "7", "iat": now, "exp": now + 300 });
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        merge(&mut claims, more);
        claims
    }
}

/// Replaces members of an object; `null` takes one away.
fn merge(object: &mut Value, more: Value) {
    let (Value::Object(object), Value::Object(more)) = (object, more) else { panic!("not an object") };
    for (name, value) in more {
        if value.is_null() {
            object.remove(&name)
        } else {
            object.insert(name, value)
        };
    }
}

async fn answer(State(peer): State<Peer>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let place = uri.path().trim_start_matches("/realm/").to_owned();
    let mut fields: Fields = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        fields.insert("Authorization".to_owned(), authorization.to_str().unwrap().to_owned());
    }
    let mut script = peer.script.lock().unwrap();
    script.asked.push((place.clone(), fields));
    if let Some(answers) = script.answers.get_mut(&place) {
        let last = answers.len() == 1;
        let (status, content_type, body) = if last { answers[0].clone() } else { answers.pop_front().unwrap() };
        return (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, content_type)], body).into_response();
    }
    if place == ".well-known/openid-configuration" {
        return axum::Json(script.metadata.clone()).into_response();
    }
    (StatusCode::NOT_FOUND, "There is nothing here.").into_response()
}

/// A key for signing, by its number.
fn key(number: u8) -> CoreEdDsaPrivateSigningKey {
    // The frame of PKCS #8 around the 32 bytes of a key (RFC 8410).
    let frame = [&hex("302e020100300506032b657004220420")[..], &[number; 32]].concat();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(frame));
    let id = JsonWebKeyId::new(format!("key-{number}"));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(id)).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The public part of a key, as the server shows it.
pub(super) fn keys(number: u8) -> Value {
    json!({ "keys": [key(number).as_verification_key()] })
}

/// The server's word, signed with a key.
pub(super) fn id_token(number: u8, claims: &Value) -> String {
    let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": format!("key-{number}") });
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let signature = key(number).sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A part of a token.
pub(super) fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A client as the product has it.
pub(super) fn http() -> HttpClient {
    HttpClient::new(HttpLimits::default())
}
