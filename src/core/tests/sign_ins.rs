// SPDX-License-Identifier: GPL-3.0-or-later
//! Sign-ins of all providers but single sign-on, answered with anything in any order, at servers that answer well, badly or
//! not at all: one that gets what it did not ask for is over, and nobody is signed in by what proves nothing.

#![cfg(feature = "insecure-loopback")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use usher_core::{
    ask::Ask,
    credential::Secret,
    http::{HttpClient, HttpLimits},
    provider::{Beginning, Field, Progress, Provider, RedirectReceiver, SignIn, Step, StepAnswer},
    redirect::{Match, Redirect},
    service::ServiceUrl,
};

const USER: &str = "ada";
const PASSWORD: &str = "right-password";

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// It knows one user, and says so.
    Well,
    Page(u16),
    Json(u16),
    Away,
}

/// What a surface brings back.
#[derive(Debug, Clone)]
enum Given {
    /// The redirect of this sign-in, or of another, with this query.
    Back(bool, String),
    /// What a person filled in: so many fields, right or wrong.
    Filled(usize, bool),
    Poll,
}

fn mood() -> impl Strategy<Value = Mood> {
    prop_oneof![
        4 => Just(Mood::Well),
        2 => prop_oneof![Just(200), Just(401), Just(403), Just(500)].prop_map(Mood::Page),
        2 => prop_oneof![Just(200), Just(401), Just(404), Just(429)].prop_map(Mood::Json),
        1 => Just(Mood::Away),
    ]
}

fn given() -> impl Strategy<Value = Given> {
    let query =
        prop_oneof![Just("token=abc"), Just("token="), Just("code=c"), Just("error=access_denied&token=abc"), Just("")];
    prop_oneof![
        2 => (any::<bool>(), query).prop_map(|(is_own, query)| Given::Back(is_own, query.to_owned())),
        1 => (any::<bool>(), "[ -~]{0,20}").prop_map(|(is_own, query)| Given::Back(is_own, query)),
        4 => (0_usize..4, any::<bool>()).prop_map(|(fields, is_right)| Given::Filled(fields, is_right)),
        1 => Just(Given::Poll),
    ]
}

/// A shop, a repository and a registry in one.
#[derive(Clone)]
struct Server(Arc<Mutex<Mood>>);

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let mood = *server.0.lock().unwrap();
    let (status, content_type, body) = match mood {
        Mood::Well => return well(&request),
        Mood::Page(status) => (status, "text/html", "<h1>Not now</h1>"),
        Mood::Json(status) => (status, "application/json", "[]"),
        // No status is that of an answer: the client gets nothing.
        Mood::Away => (999, "text/plain", ""),
    };
    Response::builder().status(status).header("content-type", content_type).body(Body::from(body)).unwrap()
}

fn well(request: &Request) -> Response {
    let authorization = request.headers().get("authorization").map(|value| value.to_str().unwrap());
    let login = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    let is_right = authorization.is_some_and(|shown| shown == login || shown == format!("Bearer {PASSWORD}"));
    let (status, body) = match (request.uri().path(), is_right) {
        (_, false) => (401, "{}"),
        ("/token", true) => (200, r#"{"token":"abc"}"#),
        (_, true) => (200, r#"{"tokens":{},"denied":[]}"#),
    };
    let host = request.headers()["host"].to_str().unwrap();
    let challenge = match request.uri().path() {
        "/v2/" => format!(r#"Bearer realm="http://{host}/token",service="reg""#),
        _ => "Basic realm=\"x\"".to_owned(),
    };
    let answer = Response::builder().status(status).header("content-type", "application/json");
    answer.header("www-authenticate", challenge).body(Body::from(body)).unwrap()
}

struct Orders {
    server: Server,
    service: ServiceUrl,
    http: HttpClient,
}

impl Orders {
    async fn start() -> Self {
        let server = Server(Arc::new(Mutex::new(Mood::Well)));
        let router = Router::new().fallback(answer).with_state(server.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = ServiceUrl::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { server, service, http: HttpClient::new(HttpLimits::default()) }
    }

    async fn begin(&self, provider: Provider) -> Option<Box<dyn SignIn>> {
        let binding = provider.at(self.service.clone());
        let samples = ["org.example.App"].map(Ask::of_app);
        let beginning =
            Beginning { binding: &binding, receiver: RedirectReceiver::Embedded, samples: &samples, is_typed: false };
        provider.begin(&self.http, beginning).await.ok()
    }

    /// Answers until the sign-in is over. Tells whether it is finished.
    async fn play(&self, provider: Provider, steps: &[(Mood, Given)]) -> bool {
        let Some(mut sign_in) = self.begin(provider).await else { return false };
        for (mood, given) in steps {
            *self.server.0.lock().unwrap() = *mood;
            let (fields, redirect) = match sign_in.step() {
                Step::Form { form } => (form.fields.clone(), None),
                Step::Web { redirect, .. } => (Vec::new(), Some(redirect.clone())),
                Step::Code { .. } => panic!("none of these has a code"),
            };
            let Some((answer, could_be_right)) = brought(given, &fields, redirect.as_ref()) else { continue };
            match sign_in.answer(&self.http, answer).await {
                Ok(Progress::Done(signed_in)) => {
                    assert!(could_be_right, "{} {given:?}", provider.name());
                    let is_proven =
                        redirect.is_some() || *mood != Mood::Well || matches!(given, Given::Filled(_, true));
                    assert!(is_proven, "{} {given:?}", provider.name());
                    assert!(!format!("{signed_in:?}").contains(PASSWORD), "no secret is printed");
                    return true;
                }
                Ok(Progress::Next(next)) => {
                    let Step::Form { form } = next.step() else { panic!("only a form comes again") };
                    assert!(form.fault.is_some() && form.fields == fields, "it says what was wrong");
                    assert!(!(*mood == Mood::Well && matches!(given, Given::Filled(_, true))), "{}", provider.name());
                    sign_in = next;
                }
                Err(error) => {
                    let is_form = redirect.is_none();
                    assert!(
                        !(is_form && could_be_right),
                        "{} {error} {given:?}: a person may try again",
                        provider.name()
                    );
                    return false;
                }
            }
        }
        false
    }
}

/// What a surface brings back, and whether the step asked for that. `None` for what no surface takes for an answer.
fn brought(given: &Given, fields: &[Field], redirect: Option<&Redirect>) -> Option<(StepAnswer, bool)> {
    Some(match given {
        Given::Poll => (StepAnswer::Poll, false),
        Given::Filled(count, is_right) => {
            let fill = |at: usize| match (fields.get(at), is_right) {
                (Some(Field::User), true) => USER,
                (_, true) => PASSWORD,
                (_, false) => "wrong",
            };
            let filled = (0..*count).map(|at| Secret::try_from(fill(at).to_owned()).unwrap()).collect();
            (StepAnswer::Fields(filled), !fields.is_empty() && *count == fields.len())
        }
        Given::Back(is_own, query) => {
            let other = Redirect::issue().unwrap();
            let issued = redirect.unwrap_or(&other);
            let state = if *is_own { issued.state() } else { other.state() };
            let Match::Redirect(parameters) = issued.recognise(&format!("{}?state={state}&{query}", issued.uri()))
            else {
                return None;
            };
            assert!(*is_own || redirect.is_none(), "another sign-in's redirect is not this one's");
            (StepAnswer::Redirect(parameters), redirect.is_some() && query.contains("token="))
        }
    })
}

proptest! {
    #![proptest_config(Config { cases: 64, max_shrink_iters: 200, rng_seed: RngSeed::Fixed(14), ..Config::default() })]
    #[test]
    fn whatever_is_answered_a_sign_in_ends_at_most_once_and_only_by_what_proves_it(
        steps in prop::collection::vec((mood(), given()), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let orders = Orders::start().await;
            for name in ["webflow", "basic", "oci", "token"] {
                let provider = Provider::from_name(name).unwrap();
                *orders.server.0.lock().unwrap() = Mood::Well;
                orders.play(provider, &steps).await;
            }
        });
    }
}
