// SPDX-License-Identifier: GPL-3.0-or-later

#![cfg(feature = "insecure-loopback")]

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::*;
use crate::{
    ask::Ask,
    credential::Secret,
    http::HttpLimits,
    provider::{self, Endpoints, Field, Form, FormFault, Grant, Notes, Progress, RedirectReceiver, Step, StepAnswer},
};

/// The path of a call, and the login that it carried.
type Call = (String, Option<String>);

/// A server that knows one login, and what it was asked.
#[derive(Clone)]
struct Server {
    login: Arc<Mutex<String>>,
    /// Answers with this status and a page, whatever it is asked.
    wall: Arc<Mutex<Option<StatusCode>>>,
    asked: Arc<Mutex<Vec<Call>>>,
    /// The challenges of a refusal.
    challenge: &'static str,
    has_page: bool,
}

impl Server {
    async fn start(login: &str) -> (Self, Binding) {
        Self::offering("Basic realm=\"shop\"", false, login).await
    }

    async fn offering(challenge: &'static str, has_page: bool, login: &str) -> (Self, Binding) {
        let login = Arc::new(Mutex::new(login.to_owned()));
        let server = Self { login, wall: Arc::default(), asked: Arc::default(), challenge, has_page };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = ServiceUrl::parse(&format!("http://{}/shop", listener.local_addr().unwrap())).unwrap();
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (server, Provider::new(NAME).at(service))
    }

    /// The calls since the last look.
    fn asked(&self) -> Vec<Call> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

async fn answer(State(server): State<Server>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let login = headers.get(header::AUTHORIZATION).map(|value| {
        let login = value.to_str().unwrap().strip_prefix("Basic ").expect("HTTP Basic");
        String::from_utf8(STANDARD.decode(login).unwrap()).unwrap()
    });
    let is_right = login.as_deref() == Some(server.login.lock().unwrap().as_str());
    server.asked.lock().unwrap().push((uri.path().to_owned(), login));
    if let Some(status) = *server.wall.lock().unwrap() {
        return (status, "Just a moment…").into_response();
    }
    if uri.path() == "/shop/login" && server.has_page {
        return "Sign in".into_response();
    }
    if !is_right {
        let refusal = Json(json!({ "message": "Who is it?" }));
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, server.challenge)], refusal).into_response();
    }
    let wanted: Value = serde_json::from_str(&body).unwrap_or_default();
    let answer = match uri.path() {
        "/shop/api/v1/get_tokens" => {
            let ids = wanted["ids"].as_array().unwrap().iter().map(|id| (id.as_str().unwrap().to_owned(), json!("t")));
            json!({ "tokens": ids.collect::<serde_json::Map<_, _>>(), "denied": [] })
        }
        "/shop/api/v1/begin_purchase" => json!({ "start_uri": "purchase/1" }),
        _ => return (StatusCode::NOT_FOUND, Json(json!({}))).into_response(),
    };
    Json(answer).into_response()
}

fn http() -> HttpClient {
    HttpClient::new(HttpLimits::default())
}

async fn begin(binding: &Binding) -> Box<dyn SignIn> {
    let beginning = Beginning { binding, receiver: RedirectReceiver::Embedded, samples: &[], is_typed: false };
    Basic.begin(&http(), beginning).await.unwrap()
}

fn form(sign_in: &dyn SignIn) -> Form {
    let Step::Form { form } = sign_in.step() else { panic!("a form") };
    form.clone()
}

async fn fill_in(sign_in: Box<dyn SignIn>, user: &str, password: &str) -> Progress {
    let fields = [user, password].map(|text| Secret::try_from(text.to_owned()).unwrap());
    sign_in.answer(&http(), StepAnswer::Fields(fields.into())).await.unwrap()
}

fn fault(progress: Progress) -> (Box<dyn SignIn>, FormFault) {
    let Progress::Next(sign_in) = progress else { panic!("signed in") };
    let form = form(&*sign_in);
    assert_eq!((form.fields.as_slice(), form.password_host), (&[Field::User, Field::Password][..], None));
    (sign_in, form.fault.unwrap())
}

#[test]
fn a_remotes_options_name_the_server() {
    let options = BTreeMap::from([("type", "basic"), ("url", "https://store.example.org")]);
    let options = options.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let claim = Claim { remote_uri: "https://repo.example.org/", options: &options, registry: None };
    let binding = provider::claim(&claim).unwrap();
    assert_eq!((binding.provider.name(), binding.service.as_str()), ("basic", "https://store.example.org/"));
    let claim = Claim { options: &binding.options(), ..claim };
    assert_eq!(provider::claim(&claim), Ok(binding));
    let claim = Claim { options: &BTreeMap::from([("type".to_owned(), "basic".to_owned())]), ..claim };
    assert_eq!(provider::claim(&claim), Err(OptionsError::Missing("url")));
}

#[tokio::test]
async fn a_login_that_the_server_accepts_becomes_the_credential_and_gets_tokens() {
    let (server, binding) = Server::start("ada:right: horse").await;
    let sign_in = begin(&binding).await;
    assert_eq!(form(&*sign_in).fault, None);
    assert_eq!(server.asked(), [], "nothing is sent before the form is filled in");

    let (sign_in, wrong) = fault(fill_in(sign_in, "ada", "wrong").await);
    assert_eq!(wrong, FormFault::WrongLogin);
    let Progress::Done(signed_in) = fill_in(sign_in, "ada", "right: horse").await else { panic!("not signed in") };
    assert_eq!((signed_in.user.as_deref(), signed_in.valid_until), (Some("ada"), None));
    let tokens = "/shop/api/v1/get_tokens".to_owned();
    let sent = |login: &str| (tokens.clone(), Some(login.to_owned()));
    assert_eq!(server.asked(), [sent("ada:wrong"), sent("ada:right: horse")]);

    let (http, credential) = (http(), &signed_in.credential);
    let (asks, endpoints, notes) = ([Ask::of_app("org.a.A")], Endpoints::new(), Notes::default());
    let call = || TokensCall {
        http: &http,
        binding: &binding,
        credential: Some(credential),
        endpoints: &endpoints,
        asks: &asks,
        notes: &notes,
    };
    let granted = Basic.tokens(call()).await.unwrap();
    assert!(matches!(granted.grants.iter().next(), Some(Grant::Token(..))));
    let end = RenewCall { http: &http, binding: &binding, credential, endpoints: &endpoints };
    let page = Basic.begin_purchase(&http, &binding, credential, "org.a.A").await.unwrap();
    assert_eq!(page.path(), "/shop/purchase/1");
    assert_eq!(Basic.revoke(end).await, Ok(Revoked::NotOffered));
    assert!(server.asked().iter().all(|(_, login)| login.as_deref() == Some("ada:right: horse")));

    // The password was changed.
    *server.login.lock().unwrap() = "ada:other".into();
    assert!(matches!(Basic.tokens(call()).await, Err(TokensError::Rejected)));
    let nobody = TokensCall { credential: None, ..call() };
    server.asked();
    assert!(matches!(Basic.tokens(nobody).await, Err(TokensError::Rejected)));
    assert_eq!(server.asked(), [], "without a login nothing is asked");
}

#[tokio::test]
async fn every_login_that_http_basic_can_carry_arrives_as_it_was_typed() {
    let long = format!("{}:é", "x".repeat(4096));
    for (user, password) in [
        ("ada", "with:colons::"),
        ("ada", long.as_str()),
        ("ada", " spaces stay "),
        ("ada", "“grüße” 漢字 🦉 \"\\,=%"),
        ("1234567|name", "p"),
        ("robot$name", "p"),
        ("ada@example.org", "p"),
        ("Zoë", "p"),
    ] {
        let (server, binding) = Server::start(&format!("{user}:{password}")).await;
        let Progress::Done(signed_in) = fill_in(begin(&binding).await, user, password).await else {
            panic!("{user} is not signed in")
        };
        let password = Secret::try_from(password.to_owned()).unwrap();
        assert_eq!(signed_in.credential, Credential::Password { user: user.into(), password });
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn b01_a_login_that_http_basic_cannot_carry_is_not_sent() {
    let (server, binding) = Server::start("ada:right").await;
    for (user, password, expected) in [
        ("a:da", "p", FormFault::UserName),
        ("ada\n", "p", FormFault::UserName),
        ("ada", "p\n", FormFault::Password),
        ("ada", "p\u{0}q", FormFault::Password),
        ("ada", "p\u{7f}", FormFault::Password),
    ] {
        let (_, fault) = fault(fill_in(begin(&binding).await, user, password).await);
        assert_eq!(fault, expected, "{user:?} {password:?}");
    }
    assert_eq!(server.asked(), []);
}

#[tokio::test]
async fn b02_what_does_not_come_from_the_server_says_nothing_of_the_login() {
    let (server, binding) = Server::start("ada:right").await;
    for status in [200, 401, 403, 404, 503] {
        *server.wall.lock().unwrap() = Some(StatusCode::from_u16(status).unwrap());
        let (_, fault) = fault(fill_in(begin(&binding).await, "ada", "right").await);
        assert_eq!(fault, FormFault::Unexpected, "{status}");
    }
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nowhere = Provider::new(NAME).at(ServiceUrl::parse(&format!("http://{free}/")).unwrap());
    let (sign_in, unreached) = fault(fill_in(begin(&nowhere).await, "ada", "right").await);
    assert_eq!(unreached, FormFault::Http(HttpError::Unreachable));
    assert!(sign_in.answer(&http(), StepAnswer::Poll).await.is_err());
}

#[tokio::test]
async fn a_typed_address_leads_to_the_way_that_its_server_wants() {
    for (challenge, has_page, found) in [
        ("Basic realm=\"shop\"", false, Some("basic")),
        // A site whose every path is a page.
        ("Basic realm=\"shop\"", true, Some("basic")),
        ("Bearer", true, Some("webflow")),
        ("", true, Some("webflow")),
        // The page is preferred: there Usher gets no password.
        ("Bearer, Basic realm=\"shop\"", true, Some("webflow")),
        ("Bearer, Basic realm=\"shop\"", false, Some("basic")),
        ("Bearer", false, None),
        ("", false, None),
        ("Digest realm=\"Basic\"", false, None),
    ] {
        let (server, binding) = Server::offering(challenge, has_page, "ada:right").await;
        let spoken = provider::probe(&http(), &binding.service).await.unwrap();
        assert_eq!(spoken.map(Provider::name), found, "{challenge} {has_page}");
        assert!(server.asked().iter().all(|(_, login)| login.is_none()), "{challenge}");
    }
}
