// SPDX-License-Identifier: GPL-3.0-or-later
//! What opens a listing, for each provider, over real HTTP (a development build allows it on this computer).
#![cfg(feature = "insecure-loopback")]

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::*;
use crate::{
    account::AccountState,
    credential::{Credential, Secret},
    http::{HttpClient, HttpError, HttpLimits},
    provider::Provider,
    service::ServiceUrl,
    testing,
};

const JSON: &str = "application/json";
/// The form of a token that the index of a registry takes.
const GOOD: &str = "good";

/// How the server behaves.
#[derive(Debug, Clone)]
struct Manners {
    /// Status, content type and body of the call for a listing.
    listing: (u16, &'static str, &'static str),
    /// The status of the index without a token, and its challenge; `REALM` stands for the server's own token server.
    index: (u16, &'static str),
    /// Status and token of the token server: for anybody, and for who signs in.
    tokens: [(u16, &'static str); 2],
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            listing: (200, JSON, r#"{"token":"listing-token"}"#),
            index: (401, r#"Bearer realm="REALM",service="r",scope="registry:catalog:*""#),
            tokens: [(401, ""), (200, GOOD)],
        }
    }
}

#[derive(Clone)]
struct Server {
    manners: Arc<Mutex<Manners>>,
    asked: Arc<Mutex<Vec<String>>>,
    base: String,
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let authorization = parts.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    let (by, path) = (authorization.as_deref().unwrap_or("nobody"), parts.uri.path());
    let line = format!("{} {} {by} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
    server.asked.lock().unwrap().push(line.trim_end().to_owned());
    let manners = server.manners.lock().unwrap().clone();
    let status = |status| StatusCode::from_u16(status).unwrap();
    match path {
        "/index/static" if by == format!("Bearer {GOOD}") => StatusCode::OK.into_response(),
        "/index/static" => {
            let challenge = manners.index.1.replace("REALM", &format!("{}token", server.base));
            (status(manners.index.0), [(header::WWW_AUTHENTICATE, challenge)]).into_response()
        }
        "/token" => {
            let (code, token) = manners.tokens[usize::from(authorization.is_some())];
            (status(code), [(header::CONTENT_TYPE, JSON)], format!(r#"{{"token":"{token}"}}"#)).into_response()
        }
        _ => {
            (status(manners.listing.0), [(header::CONTENT_TYPE, manners.listing.1)], manners.listing.2).into_response()
        }
    }
}

struct World {
    server: Server,
    session: Session,
    _folder: tempfile::TempDir,
}

impl World {
    async fn start(manners: Manners) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let server = Server { manners: Arc::new(Mutex::new(manners)), asked: Arc::default(), base };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let folder = tempfile::tempdir().unwrap();
        let session = Session::new(testing::store(folder.path()), HttpClient::new(HttpLimits::default()));
        Self { server, session, _folder: folder }
    }

    fn change(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.server.manners.lock().unwrap());
    }

    /// What was asked since the last look.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.server.asked.lock().unwrap())
    }

    fn binding(&self, provider: &str) -> Binding {
        match provider {
            "oauth2" => testing::single_sign_on(&self.server.base, "https://sso.example.org/"),
            other => Provider::from_name(other).unwrap().at(ServiceUrl::parse(&self.server.base).unwrap()),
        }
    }

    /// A saved account.
    async fn account(&self, provider: &str, credential: Credential) -> Account {
        let mut account = testing::account_of(self.binding(provider), "demo", 0);
        account.credential = Some(credential);
        account.endpoints.insert("realm".to_owned(), format!("{}token", self.server.base));
        self.session.store().add(&account).await.unwrap();
        account
    }

    async fn saved(&self) -> Account {
        self.session.store().entries().await.unwrap().remove(0).into_account().unwrap()
    }

    /// The index of the registry, on the registry's own server.
    fn index(&self) -> RemoteUrl {
        testing::remote_url(&format!("oci+{}", self.server.base))
    }
}

fn repository() -> RemoteUrl {
    testing::remote_url("https://repo.example.org/")
}

fn password() -> Credential {
    Credential::Password { user: "demo".into(), password: Secret::try_from("p w".to_owned()).unwrap() }
}

fn token(grant: &Grant) -> Option<&str> {
    match grant {
        Grant::Token(token, _) => Some(token.expose()),
        Grant::Free | Grant::Denied => None,
    }
}

#[tokio::test]
async fn every_provider_shows_its_own_credential_for_a_listing() {
    let oauth2 = Credential::OAuth2 { access: testing::token("access"), refresh: None, ends: None };
    let call = |by: &str| vec![format!("POST /api/v1/get_listing_token {by} {{}}")];
    let index = "HEAD /index/static?label:org.flatpak.ref:exists=1";
    let of_registry = vec![
        format!("{index} nobody"),
        "GET /token?service=r&scope=registry%3Acatalog%3A* Basic ZGVtbzpwIHc=".to_owned(),
        format!("{index} Bearer {GOOD}"),
    ];
    let rows = [
        ("webflow", testing::bearer("credential"), "listing-token", call("Bearer credential")),
        ("basic", password(), "listing-token", call("Basic ZGVtbzpwIHc=")),
        ("oauth2", oauth2, "listing-token", call("Bearer access")),
        ("token", Credential::Pasted(testing::token("pasted")), "pasted", vec![]),
        ("oci", password(), GOOD, of_registry),
    ];
    for (provider, credential, expected, asked) in rows {
        let world = World::start(Manners::default()).await;
        let account = world.account(provider, credential).await;
        let address = if provider == "oci" { world.index() } else { repository() };
        let grant = world.session.listing(&account, &address).await.unwrap();
        assert_eq!((token(&grant), world.asked()), (Some(expected), asked), "{provider}");
    }
}

#[tokio::test]
async fn a_wrong_credential_and_one_that_ended_get_no_listing() {
    for provider in ["webflow", "oauth2", "token", "oci", "basic"] {
        let world = World::start(Manners::default()).await;
        let wrong = if matches!(provider, "basic" | "oci") { testing::bearer("x") } else { password() };
        let account = world.account(provider, wrong).await;
        let address = if provider == "oci" { world.index() } else { repository() };
        let refused = world.session.listing(&account, &address).await;
        assert!(matches!(refused, Err(SessionError::Expired)), "{provider}: {refused:?}");
        assert!(world.asked().iter().all(|line| line.contains("nobody")), "{provider}");
    }
    let world = World::start(Manners::default()).await;
    let ended = Credential::Pasted(testing::token(&testing::jwt(r#"{"exp":1}"#)));
    let account = world.account("token", ended).await;
    assert!(matches!(world.session.listing(&account, &repository()).await, Err(SessionError::Expired)));
}

#[tokio::test]
async fn what_a_server_says_of_a_listing_ends_the_sign_in_only_by_401() {
    let world = World::start(Manners::default()).await;
    let account = world.account("webflow", testing::bearer("credential")).await;
    for (listing, expected) in [
        ((404, "text/html", "<h1>Not Found</h1>"), Ok(Grant::Free)),
        ((200, JSON, r#"{"token":null}"#), Ok(Grant::Free)),
        ((403, JSON, "{}"), Ok(Grant::Denied)),
        ((500, "text/html", ""), Err(())),
        ((302, "text/html", ""), Err(())),
        ((200, JSON, "[]"), Err(())),
        ((200, JSON, r#"{"token":"a b"}"#), Err(())),
    ] {
        world.change(|manners| manners.listing = listing);
        // More often than a sign-in may fail.
        for _ in 0..4 {
            let answer = world.session.listing(&account, &repository()).await.map_err(|error| {
                let is_void = matches!(error, SessionError::Unexpected | SessionError::Http(HttpError::Unexpected));
                assert!(is_void, "{listing:?}: {error}");
            });
            assert_eq!(answer, expected, "{listing:?}");
        }
    }
    let saved = world.saved().await;
    assert_eq!((saved.state, saved.failures), (AccountState::SignedIn, 0), "a listing shows nothing of the sign-in");
    assert!(saved.purchases.is_empty());
    world.change(|manners| manners.listing = (401, JSON, "{}"));
    assert!(matches!(world.session.listing(&account, &repository()).await, Err(SessionError::Expired)));
    assert_eq!(world.saved().await.state, AccountState::Expired);
}

#[tokio::test]
async fn only_a_server_that_serves_anybody_is_asked_for_a_listing_without_an_account() {
    let world = World::start(Manners::default()).await;
    for provider in ["webflow", "basic", "oauth2", "token"] {
        let grant = world.session.listing_for_anybody(&world.binding(provider), &repository()).await;
        assert_eq!((grant.unwrap(), world.asked()), (Grant::Denied, vec![]), "{provider}");
    }
    let registry = world.binding("oci");
    for (index, tokens, expected, count) in [
        ((200, ""), (401, ""), Grant::Free, 1),
        ((404, ""), (401, ""), Grant::Free, 1),
        (Manners::default().index, (401, ""), Grant::Denied, 2),
        (Manners::default().index, (200, "narrow"), Grant::Denied, 3),
        ((401, r#"Bearer realm="REALM",scope="repository:a:pull,push""#), (200, GOOD), Grant::Denied, 1),
    ] {
        world.change(|manners| (manners.index, manners.tokens[0]) = (index, tokens));
        assert_eq!(world.session.listing_for_anybody(&registry, &world.index()).await.unwrap(), expected, "{index:?}");
        assert_eq!(world.asked().len(), count, "{index:?}");
    }
    world.change(|manners| (manners.index, manners.tokens[0]) = (Manners::default().index, (200, GOOD)));
    let grant = world.session.listing_for_anybody(&registry, &world.index()).await.unwrap();
    assert_eq!((token(&grant), world.asked().len()), (Some(GOOD), 3));
    world.change(|manners| manners.index = (401, "Basic realm=\"x\""));
    let refused = world.session.listing_for_anybody(&registry, &world.index()).await;
    assert!(matches!(refused, Err(SessionError::NotPossible)));
}

#[tokio::test]
async fn o05_a_login_goes_to_no_other_index_and_no_other_realm() {
    let world = World::start(Manners::default()).await;
    let account = world.account("oci", password()).await;
    let elsewhere = World::start(Manners::default()).await;
    // An index on another host that names the realm of the registry.
    let realm = format!(r#"Bearer realm="{}token",service="r""#, world.server.base);
    elsewhere.change(|manners| manners.index = (401, realm.leak()));
    assert_eq!(world.session.listing(&account, &elsewhere.index()).await.unwrap(), Grant::Denied);
    assert_eq!((world.asked().len(), elsewhere.asked().len()), (0, 1));
    // The registry's own index, with another realm: its word about the sign-in is that of its manifests.
    let realm = format!(r#"Bearer realm="{}token",service="r""#, elsewhere.server.base);
    world.change(|manners| manners.index = (401, realm.leak()));
    assert_eq!(world.session.listing(&account, &world.index()).await.unwrap(), Grant::Denied);
    assert_eq!((world.asked().len(), elsewhere.asked().len()), (1, 0));
    assert_eq!(world.saved().await.state, AccountState::SignedIn);
    // A login that the token server refuses has ended.
    world.change(|manners| *manners = Manners { tokens: [(401, ""), (401, "")], ..Manners::default() });
    assert!(matches!(world.session.listing(&account, &world.index()).await, Err(SessionError::Expired)));
    assert_eq!(world.saved().await.state, AccountState::Expired);
}
