// SPDX-License-Identifier: GPL-3.0-or-later
//! Pasting and handing out tokens, against repositories of several kinds on this computer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;
use crate::{
    credential::Secret,
    http::HttpLimits,
    provider::{Notes, RedirectReceiver},
};

const APP: &str = "org.example.App";

/// A JWT that ends in an hour.
fn jwt_of(more: &str) -> String {
    jwt_until(clock::now() + 3600, more)
}

fn jwt_until(end: i64, more: &str) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{end}{more}}}"#)))
}

fn sample(id: &str, digit: char) -> Ask {
    let mut ask = Ask::of_ref(format!("app/{id}/x86_64/stable").parse().unwrap());
    ask.commit = Some(String::from(digit).repeat(64));
    ask
}

/// How a repository answers for a path, with and without a token.
type Rule = fn(path: &str, token: Option<&str>) -> (u16, &'static str);

/// What was asked: a path, and whether with a token.
type Seen = Arc<Mutex<Vec<(String, bool)>>>;

struct Repository {
    service: ServiceUrl,
    seen: Seen,
}

impl Repository {
    async fn start(rule: Rule) -> Self {
        async fn answer(State((rule, seen)): State<(Rule, Seen)>, request: Request) -> Response {
            let path = request.uri().path().trim_start_matches("/repo/").to_owned();
            let header = request.headers().get(header::AUTHORIZATION);
            let token = header.map(|value| value.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned());
            let (status, content_type) = rule(&path, token.as_deref());
            seen.lock().unwrap().push((path, token.is_some()));
            let answer = Response::builder().status(StatusCode::from_u16(status).unwrap());
            answer.header(header::CONTENT_TYPE, content_type).body(Body::empty()).unwrap()
        }
        let seen = Seen::default();
        let router = Router::new().fallback(answer).with_state((rule, Arc::clone(&seen)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = ServiceUrl::parse(&format!("http://{}/repo/", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { service, seen }
    }

    fn seen(&self) -> Vec<(String, bool)> {
        self.seen.lock().unwrap().clone()
    }

    fn binding(&self) -> Binding {
        Provider::new(NAME).at(self.service.clone())
    }
}

fn http() -> HttpClient {
    HttpClient::new(HttpLimits::default())
}

/// Pastes a text into the form. Gives the account, or what the form says is wrong.
async fn paste(at: &Repository, samples: &[Ask], text: &str) -> Result<SignedIn, FormFault> {
    let (binding, http) = (at.binding(), http());
    let beginning = Beginning { binding: &binding, receiver: RedirectReceiver::Embedded, samples, is_typed: false };
    let sign_in = PastedToken.begin(&http, beginning).await.unwrap();
    let Step::Form { form } = sign_in.step() else { panic!("a form") };
    assert_eq!((form.fields.as_slice(), form.fault.as_ref()), (&[Field::Token][..], None));
    let answer = StepAnswer::Fields(vec![Secret::try_from(text.to_owned()).unwrap()]);
    match sign_in.answer(&http, answer).await.unwrap() {
        Progress::Done(signed_in) => Ok(signed_in),
        Progress::Next(next) => {
            let Step::Form { form } = next.step() else { panic!("the same form again") };
            assert_eq!(form.fields, [Field::Token]);
            Err(form.fault.clone().expect("the form says what is wrong"))
        }
    }
}

/// flat-manager: guards commits alone, and refuses a wrong token whatever it is sent for.
fn flat_manager(path: &str, token: Option<&str>) -> (u16, &'static str) {
    const JSON: &str = "application/json";
    match token {
        Some(token) if jwt::prefixes(token).is_none() => (401, JSON),
        None if path.ends_with(".commit") => (403, JSON),
        Some(token) if path.contains("objects/bb") && !jwt::covers(&jwt::prefixes(token).unwrap(), "org.other.App") => {
            (403, JSON)
        }
        _ => (200, "application/octet-stream"),
    }
}

/// A web server that wants one token for everything.
fn guarded_whole(_: &str, token: Option<&str>) -> (u16, &'static str) {
    if token == Some("right") { (200, "text/plain") } else { (401, "text/html") }
}

fn open(_: &str, _: Option<&str>) -> (u16, &'static str) {
    (200, "text/plain")
}

fn stale(path: &str, token: Option<&str>) -> (u16, &'static str) {
    if path.ends_with(".commit") { (404, "text/plain") } else { guarded_whole(path, token) }
}

fn busy(_: &str, _: Option<&str>) -> (u16, &'static str) {
    (503, "text/html")
}

fn for_one_app(path: &str, token: Option<&str>) -> (u16, &'static str) {
    match token {
        _ if !path.ends_with(".commit") => (200, "text/plain"),
        Some("right") if path.contains("objects/bb") => (200, "text/plain"),
        _ => (403, "application/xml"),
    }
}

#[tokio::test]
async fn whether_a_token_works_is_asked_of_the_repository() {
    let (app, other) = (sample(APP, 'a'), sample("org.other.App", 'b'));
    let for_app = jwt_of(r#","prefixes":["org.example"]"#);
    let not_ours = jwt_of(r#","scope":"x""#);
    let two = [app.clone(), other.clone()];
    for (what, rule, samples, token, expected) in [
        ("a token for the app", flat_manager as Rule, &two[..], for_app.as_str(), Ok(())),
        ("the other app is left out", flat_manager, &[other.clone(), app.clone()], &for_app, Ok(())),
        ("only another app is known", flat_manager, std::slice::from_ref(&other), &for_app, Ok(())),
        ("no app is known", flat_manager, &[], &for_app, Ok(())),
        ("a wrong token", flat_manager, &two, &not_ours, Err(FormFault::TokenNotAccepted)),
        ("a wrong token, and no app is known", flat_manager, &[], &not_ours, Err(FormFault::TokenNotAccepted)),
        ("the token of a plain server", guarded_whole, &two, "right", Ok(())),
        ("the token of a plain server, and no app is known", guarded_whole, &[], "right", Ok(())),
        ("a wrong token at a plain server", guarded_whole, &two, "wrong", Err(FormFault::TokenNotAccepted)),
        ("the same, and no app is known", guarded_whole, &[], "wrong", Err(FormFault::TokenNotAccepted)),
        ("a repository that is open proves nothing", open, &two, "any", Ok(())),
        ("commits that are gone prove nothing", stale, &two, "right", Ok(())),
        ("then the configuration tells", stale, &two, "wrong", Err(FormFault::TokenNotAccepted)),
        ("an opaque token for one of the apps", for_one_app, &two, "right", Ok(())),
        ("an opaque token for none", for_one_app, &two, "wrong", Err(FormFault::TokenNotAccepted)),
        ("a server that is busy", busy, &two, "right", Err(FormFault::Http(HttpError::Unexpected))),
    ] {
        let repository = Repository::start(rule).await;
        let found = paste(&repository, samples, token).await;
        assert_eq!(found.as_ref().map(|_| ()).map_err(Clone::clone), expected, "{what}: {:?}", repository.seen());
        if let Ok(signed_in) = found {
            assert_eq!(signed_in.credential, Credential::Pasted(Token::parse(token).unwrap()), "{what}");
        }
    }
}

#[tokio::test]
async fn a_repository_that_cannot_be_reached_keeps_the_form() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = ServiceUrl::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let gone = Repository { service, seen: Seen::default() };
    assert_eq!(paste(&gone, &[], "right").await.unwrap_err(), FormFault::Http(HttpError::Unreachable));
}

#[tokio::test]
async fn what_is_no_token_or_has_ended_is_sent_nowhere() {
    let repository = Repository::start(open).await;
    let ended = jwt_until(clock::now() - 1, r#","prefixes":[]"#);
    for (text, fault) in [
        (" \n ", FormFault::NotAToken),
        ("not a token!", FormFault::NotAToken),
        ("https://example.org/token", FormFault::NotAToken),
        ("pässword", FormFault::NotAToken),
        (ended.as_str(), FormFault::TokenEnded),
    ] {
        assert_eq!(paste(&repository, &[sample(APP, 'a')], text).await.unwrap_err(), fault, "{text}");
    }
    assert_eq!(repository.seen(), []);
}

#[tokio::test]
async fn white_space_and_the_words_of_a_header_are_no_part_of_a_token() {
    let repository = Repository::start(guarded_whole).await;
    for text in [
        "right",
        "right\n",
        " ri\r\n  ght\t",
        "Bearer right",
        "bearer\nright",
        "Authorization: Bearer right",
        "authorization: bearer ri\nght\n",
    ] {
        let signed_in = paste(&repository, &[], text).await.unwrap();
        assert_eq!(signed_in.credential, Credential::Pasted(Token::parse("right").unwrap()), "{text}");
    }
    assert_eq!(read("bearer").unwrap(), Token::parse("bearer").unwrap(), "a word of its own");
}

#[tokio::test]
async fn a_token_is_called_by_a_name_that_it_says_and_ends_when_it_says() {
    let repository = Repository::start(open).await;
    for (claims, user) in [
        (r#","name":"Ada","sub":"users/1""#, Some("Ada")),
        (r#","sub":"ada""#, Some("ada")),
        (r#","name":"","sub":"users/1""#, None),
        (r#","sub":"42""#, None),
        (r#","sub":"6f1c2e0e-4a9d-4d1f-9a39-1d2c6d8f0a11""#, None),
        ("", None),
    ] {
        let end = clock::now() + 1000;
        let signed_in = paste(&repository, &[], &jwt_until(end, claims)).await.unwrap();
        assert_eq!((signed_in.user.as_deref(), signed_in.valid_until), (user, Some(end)), "{claims}");
    }
    let opaque = paste(&repository, &[], "opaque").await.unwrap();
    assert_eq!((opaque.user, opaque.valid_until), (None, None));
}

/// Asks for these apps and runtimes with a token.
async fn granted(token: &str, refs: &[&str]) -> Result<Vec<Grant>, TokensError> {
    let service = ServiceUrl::parse("https://nobody-asks.example/").unwrap();
    let (binding, http, notes) = (Provider::new(NAME).at(service), http(), Notes::default());
    let credential = Credential::Pasted(Token::parse(token).unwrap());
    let asks: Vec<_> = refs.iter().map(|text| Ask::of_ref(text.parse().unwrap())).collect();
    let call = TokensCall {
        http: &http,
        binding: &binding,
        credential: Some(&credential),
        endpoints: &Endpoints::new(),
        asks: &asks,
        notes: &notes,
    };
    PastedToken.tokens(call).await.map(|granted| granted.grants.into_iter().collect())
}

#[tokio::test]
async fn the_token_is_for_every_ref_that_it_can_cover() {
    let refs = ["app/org.example.App/x/1", "runtime/org.example.App.Locale/x/1", "app/org.other.App/x/1"];
    let end = clock::now() + 1000;
    for (claims, covered) in [
        (r#","prefixes":["org.example"]"#, [true, true, false]),
        (r#","prefixes":["org.example.App"]"#, [true, true, false]),
        (r#","prefixes":["org.exam"]"#, [false, false, false]),
        (r#","prefixes":[""]"#, [true, true, true]),
        (r#","prefixes":[]"#, [true, true, true]),
        ("", [true, true, true]),
    ] {
        let token = jwt_until(end, claims);
        let grant = |is_covered: &bool| {
            if *is_covered { Grant::Token(Token::parse(&token).unwrap(), Some(end)) } else { Grant::Denied }
        };
        let expected: Vec<_> = covered.iter().map(grant).collect();
        assert_eq!(granted(&token, &refs).await.unwrap(), expected, "{claims}");
    }
    let opaque = Grant::Token(Token::parse("opaque").unwrap(), None);
    assert_eq!(granted("opaque", &refs).await.unwrap(), [opaque.clone(), opaque.clone(), opaque]);
    assert_eq!(granted(&jwt_until(clock::now() - 1, ""), &refs).await, Err(TokensError::Ended));
}

#[test]
fn the_service_is_the_address_of_the_repository() {
    let none = BTreeMap::new();
    let claimed = |remote_uri| PastedToken.claim(&Claim { remote_uri, options: &none, registry: None });
    let binding = claimed("https://repo.example.org/stable").unwrap();
    assert_eq!(binding.service.as_str(), "https://repo.example.org/stable/");
    assert_eq!(binding, claimed("https://REPO.example.org/stable/").unwrap());
    assert_eq!(binding.options(), BTreeMap::from([("type".to_owned(), NAME.to_owned())]));
    for other in ["oci+https://registry.example.org/", "file:///srv/repo", "http://repo.example.org/", "nonsense"] {
        assert_eq!(claimed(other), Err(OptionsError::Malformed("type")), "{other}");
    }
}
