// SPDX-License-Identifier: GPL-3.0-or-later
//! A sign-in that may have ended, over real HTTP (a development build allows it on this computer).
#![cfg(feature = "insecure-loopback")]

use std::sync::Mutex;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderName, Method, StatusCode, header},
};

use super::*;
use crate::{http::HttpLimits, testing};

/// Status, content type and body. A redirect leads to a page.
type Reply = (u16, &'static str, &'static str);

const BROKEN: Reply = (500, "text/html", "<h1>Internal Server Error</h1>");
const WALL: Reply = (403, "text/html", "<h1>Checking the browser</h1>");
const LOGIN: Reply = (302, "text/html", "");
const ODD: Reply = (200, "application/json", "[]");
/// What a person signs in on.
const PAGE: Reply = (200, "text/html", "<h1>Sign in</h1>");
const REFUSED: Reply = (401, "application/json", "{}");
const GRANTED: Reply = (200, "application/json", r#"{"tokens":{"org.a.A":"t"},"denied":[]}"#);

/// What a server answers with the credential and without, and how often it was asked without.
#[derive(Clone)]
struct Server(Arc<Mutex<(Reply, Reply, usize)>>);

async fn answer(
    State(server): State<Server>,
    method: Method,
    headers: HeaderMap,
) -> (StatusCode, [(HeaderName, &'static str); 2], &'static str) {
    let mut said = server.0.lock().unwrap();
    let has_credential = headers.contains_key(header::AUTHORIZATION);
    let (status, content_type, body) = match (method, has_credential) {
        (Method::GET, _) => PAGE,
        (_, true) => said.0,
        (_, false) => {
            said.2 += 1;
            said.1
        }
    };
    let headers = [(header::CONTENT_TYPE, content_type), (header::LOCATION, "/login")];
    (StatusCode::from_u16(status).unwrap(), headers, body)
}

struct World {
    server: Server,
    session: Session,
    _folder: tempfile::TempDir,
}

impl World {
    async fn start(with: Reply, without: Reply, valid_until: Option<i64>) -> Self {
        let server = Server(Arc::new(Mutex::new((with, without, 0))));
        let router = Router::new().fallback(answer).with_state(server.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let folder = tempfile::tempdir().unwrap();
        let session = Session::new(testing::store(folder.path()), HttpClient::new(HttpLimits::default()));
        let mut account = testing::account(&address, "demo");
        account.valid_until = valid_until;
        session.store().add(&account).await.unwrap();
        Self { server, session, _folder: folder }
    }

    async fn account(&self) -> Account {
        self.session.store().entries().await.unwrap().remove(0).into_account().unwrap()
    }

    /// Asks with the account as it is saved now.
    async fn ask(&self) -> &'static str {
        match self.session.tokens(&self.account().await, &[Ask::of_app("org.a.A")]).await {
            Ok(_) => "granted",
            Err(SessionError::MayHaveEnded) => "may have ended",
            Err(SessionError::Expired) => "expired",
            Err(SessionError::Unexpected | SessionError::Http(HttpError::Unexpected)) => "unexpected",
            Err(error) => panic!("{error}"),
        }
    }

    fn asked_without(&self) -> usize {
        self.server.0.lock().unwrap().2
    }
}

#[tokio::test]
async fn h32_three_failures_beside_an_answer_to_others_suggest_that_the_sign_in_has_ended() {
    for with in [BROKEN, WALL, LOGIN, ODD] {
        let world = World::start(with, REFUSED, None).await;
        for expected in ["unexpected", "unexpected", "may have ended", "may have ended"] {
            assert_eq!(world.ask().await, expected, "{with:?}");
        }
        assert_eq!(world.asked_without(), 1, "{with:?}");
        let account = world.account().await;
        assert_eq!(account.state, AccountState::SignedIn, "only the server's own word changes the state");
        assert!(account.credential.is_some() && account.may_have_ended(0));
        world.server.0.lock().unwrap().0 = GRANTED;
        assert_eq!(world.ask().await, "granted", "{with:?}");
        assert!(!world.account().await.may_have_ended(0));
    }
}

#[tokio::test]
async fn h32_a_server_that_answers_nobody_says_nothing_about_the_sign_in() {
    for without in [BROKEN, WALL, LOGIN, GRANTED] {
        let world = World::start(BROKEN, without, None).await;
        for _ in 0..5 {
            assert_eq!(world.ask().await, "unexpected", "{without:?}");
        }
        assert!(!world.account().await.may_have_ended(0), "{without:?}");
    }
}

#[tokio::test]
async fn h32_a_sign_in_past_its_own_end_may_have_ended_at_the_first_failure() {
    let world = World::start(BROKEN, BROKEN, Some(1)).await;
    assert_eq!((world.ask().await, world.asked_without()), ("may have ended", 0));
    assert_eq!(world.account().await.state, AccountState::SignedIn);
    world.server.0.lock().unwrap().0 = GRANTED;
    assert_eq!(world.ask().await, "granted", "the hint forbids nothing");
    world.server.0.lock().unwrap().0 = REFUSED;
    assert_eq!(world.ask().await, "expired");
    assert_eq!(world.account().await.state, AccountState::Expired);
}

#[tokio::test]
async fn h32_a_new_sign_in_begins_anew() {
    let world = World::start(BROKEN, REFUSED, None).await;
    for _ in 0..3 {
        world.ask().await;
    }
    let account = world.account().await;
    let mut fresh = account.clone();
    fresh.credential = Some(testing::bearer("fresh"));
    world.session.store().change(account.id, |account| account.renew(&fresh)).await.unwrap();
    assert!(!world.account().await.may_have_ended(0));
    let late = world.session.tokens(&account, &[Ask::of_app("org.a.A")]).await;
    assert!(matches!(late, Err(SessionError::MayHaveEnded)));
    assert_eq!(world.account().await.failures, 0, "a failure of the old credential does not count");
}
