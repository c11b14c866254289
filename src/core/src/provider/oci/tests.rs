// SPDX-License-Identifier: GPL-3.0-or-later
//! Registries of all kinds, over real HTTP (a development build allows it on this computer).
#![cfg(feature = "insecure-loopback")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::{
    ask::Ask,
    credential::{Credential, Secret},
    http::HttpLimits,
    provider::{Field, FormFault, Grant, Notes, Progress, RedirectReceiver, Step, StepAnswer},
};

const COMMIT: &str = "00000000000000000000000000000000000000000000000000000000000000ab";

/// How the registry and its token server behave.
#[derive(Debug, Clone)]
struct Manners {
    /// Repositories that anybody may read without a token, and those that anybody gets a token for.
    free: BTreeSet<&'static str>,
    open: BTreeSet<&'static str>,
    /// Those that `demo` may read.
    owned: BTreeSet<&'static str>,
    /// The status of a refusal by the token server. 200 means a token that grants nothing.
    denial: u16,
    /// The status of the registry for what it does not show without a token. With 404 there is no challenge.
    refusal: u16,
    /// Whether tokens say what they allow.
    speaking_tokens: bool,
    offers: &'static str,
    /// Where the tokens come from.
    realm: &'static str,
    /// How many of the next requests for tokens are told to come again in a second.
    busy: usize,
    /// The registry and its token server answer everything like this.
    broken: Option<(u16, &'static str)>,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            free: BTreeSet::new(),
            open: BTreeSet::from(["acme/open"]),
            owned: BTreeSet::from(["acme/owned"]),
            denial: 401,
            refusal: 401,
            speaking_tokens: false,
            offers: "Bearer",
            realm: "token",
            busy: 0,
            broken: None,
        }
    }
}

#[derive(Clone, Default)]
struct Server {
    manners: Arc<Mutex<Manners>>,
    asked: Arc<Mutex<Vec<String>>>,
    base: Arc<Mutex<String>>,
}

/// The user of a login.
fn user(headers: &HeaderMap) -> Option<Result<&'static str, ()>> {
    let sent = headers.get(header::AUTHORIZATION)?.to_str().unwrap().strip_prefix("Basic ")?;
    let known = [("demo", "right:with\"odd ä"), ("1234567|name", "token"), ("robot$name", "token")];
    let login = String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap();
    Some(
        known
            .into_iter()
            .find(|(user, password)| login == format!("{user}:{password}"))
            .map(|(user, _)| user)
            .ok_or(()),
    )
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(axum::body::to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
    let kind = match parts.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap()) {
        None => "nobody",
        Some(value) if value.starts_with("Basic ") => "login",
        Some(_) => "token",
    };
    server.asked.lock().unwrap().push(format!("{} {} {kind}", parts.method, parts.uri.path()));
    let mut manners = server.manners.lock().unwrap();
    if let Some((status, content_type)) = manners.broken {
        return (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, content_type)], "<h1>Sorry</h1>")
            .into_response();
    }
    if parts.uri.path().starts_with("/v2/") {
        return server.registry(&manners, parts.uri.path(), &parts.headers);
    }
    if manners.busy > 0 {
        manners.busy -= 1;
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")]).into_response();
    }
    let query = if parts.method == Method::POST { body } else { parts.uri.query().unwrap_or_default().to_owned() };
    let query: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(query["service"], "the registry");
    let who = match (query.get("refresh_token").map(String::as_str), user(&parts.headers)) {
        (Some("identity"), _) => Some(Ok("demo")),
        (Some(_), _) => Some(Err(())),
        (None, user) => user,
    };
    manners.token(query.get("scope").map(String::as_str), who)
}

impl Server {
    fn registry(&self, manners: &Manners, path: &str, headers: &HeaderMap) -> Response {
        let version = [("docker-distribution-api-version", "registry/2.0")];
        let name = path["/v2/".len()..].split("/manifests/").next().unwrap();
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if manners.free.contains(name)
            || token.is_some_and(|token| token.ends_with(&format!(".{}", name.replace('/', "-"))))
        {
            return (StatusCode::OK, version).into_response();
        }
        let status = StatusCode::from_u16(if path == "/v2/" { 401 } else { manners.refusal }).unwrap();
        let challenge = match manners.offers {
            "Bearer" => {
                let base = self.base.lock().unwrap();
                format!(
                    "Bearer realm=\"{base}{}?a=b\",service=\"the registry\",scope=\"repository:other/name:push\"",
                    manners.realm
                )
            }
            other => other.to_owned(),
        };
        let challenge = [("www-authenticate", challenge)];
        if status == 401 { (status, version, challenge).into_response() } else { (status, version).into_response() }
    }
}

impl Manners {
    fn token(&self, scope: Option<&str>, user: Option<Result<&str, ()>>) -> Response {
        let json = |status: u16, body: String| {
            (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, "application/json")], body).into_response()
        };
        let name =
            scope.map(|scope| scope.strip_prefix("repository:").and_then(|rest| rest.strip_suffix(":pull")).unwrap());
        let may = match (user, name) {
            (Some(Err(())), _) => return json(401, r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#.into()),
            (None, None) => return json(401, "{}".into()),
            (_, None) => true,
            (None, Some(name)) => self.open.contains(name),
            (Some(Ok(_)), Some(name)) => self.open.contains(name) || self.owned.contains(name),
        };
        if !may && self.denial != 200 {
            return json(self.denial, r#"{"errors":[{"code":"DENIED"}]}"#.into());
        }
        let granted = name.filter(|_| may).unwrap_or("nothing").replace('/', "-");
        let claims = if self.speaking_tokens {
            let access = name
                .filter(|_| may)
                .map(|name| serde_json::json!({"type":"repository","name":name,"actions":["pull"]}));
            serde_json::json!({ "access": access.into_iter().collect::<Vec<_>>() })
        } else {
            serde_json::json!({})
        };
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
        json(200, format!(r#"{{"access_token":"e30.{claims}.{granted}","expires_in":300}}"#))
    }
}

struct World {
    server: Server,
    binding: Binding,
    http: HttpClient,
    notes: Notes,
}

impl World {
    async fn start(manners: Manners) -> Self {
        let server = Server { manners: Arc::new(Mutex::new(manners)), ..Server::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        server.base.lock().unwrap().clone_from(&base);
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let binding = Provider::new(NAME).at(ServiceUrl::parse(&base).unwrap());
        Self { server, binding, http: HttpClient::new(HttpLimits::default()), notes: Notes::default() }
    }

    fn change(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.server.manners.lock().unwrap());
    }

    /// What was asked since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.server.asked.lock().unwrap())
    }

    fn realm(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(REALM.to_owned(), format!("{}token?a=b", self.binding.service))])
    }

    /// A letter for each repository: free, token, denied.
    async fn tokens(&self, credential: Option<&Credential>, names: &[&str]) -> Result<String, TokensError> {
        let asks: Vec<Ask> = names.iter().map(|name| ask(name)).collect();
        let (http, binding, notes) = (&self.http, &self.binding, &self.notes);
        let call = TokensCall { http, binding, credential, endpoints: &self.realm(), asks: &asks, notes };
        let granted = Oci.tokens(call).await?;
        let letter = |grant: &Grant| match grant {
            Grant::Free => 'f',
            Grant::Token(..) => 't',
            Grant::Denied => 'd',
        };
        Ok(granted.grants.iter().map(letter).collect())
    }

    async fn sign_in(&self, user: &str, password: &str, samples: &[&str]) -> Result<Progress, SignInError> {
        let samples: Vec<Ask> = samples.iter().map(|name| ask(name)).collect();
        let beginning = Beginning {
            binding: &self.binding,
            receiver: RedirectReceiver::Embedded,
            samples: &samples,
            is_typed: false,
        };
        let sign_in = Oci.begin(&self.http, beginning).await?;
        let Step::Form { form } = sign_in.step() else { panic!("a form") };
        assert_eq!(form.fields, [Field::User, Field::Password]);
        let fields = [user, password].map(|text| Secret::try_from(text.to_owned()).unwrap());
        sign_in.answer(&self.http, StepAnswer::Fields(fields.into())).await
    }

    /// The fault of a login; `None` if it is right.
    async fn fault(&self, user: &str, password: &str, samples: &[&str]) -> Option<FormFault> {
        match self.sign_in(user, password, samples).await.unwrap() {
            Progress::Done(signed_in) => {
                assert_eq!((signed_in.user.as_deref(), signed_in.endpoints), (Some(user), self.realm()));
                None
            }
            Progress::Next(again) => match again.step() {
                Step::Form { form } => form.fault.clone(),
                _ => panic!("the form again"),
            },
        }
    }
}

fn ask(name: &str) -> Ask {
    let id: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut ask = Ask::of_ref(format!("app/org.example.A{id}/x86_64/stable").parse().unwrap());
    (ask.commit, ask.repository) = (Some(COMMIT.into()), Some(name.into()));
    ask
}

fn login(user: &str, password: &str) -> Credential {
    Credential::Password { user: user.into(), password: Secret::try_from(password.to_owned()).unwrap() }
}

fn demo() -> Credential {
    login("demo", "right:with\"odd ä")
}

const ALL: [&str; 4] = ["acme/free", "acme/open", "acme/other", "acme/owned"];

#[tokio::test]
async fn anybody_and_a_person_get_what_is_theirs_however_a_registry_says_no() {
    for (denial, refusal, speaking_tokens) in
        [(401, 401, false), (403, 401, false), (200, 401, false), (200, 401, true), (403, 404, false), (404, 404, true)]
    {
        let free = BTreeSet::from(["acme/free"]);
        let world = World::start(Manners { free, denial, refusal, speaking_tokens, ..Manners::default() }).await;
        let case = format!("{denial} {refusal} {speaking_tokens}");
        assert_eq!(world.tokens(None, &ALL).await.as_deref(), Ok("ftdd"), "{case}");
        assert_eq!(world.tokens(Some(&demo()), &ALL).await.as_deref(), Ok("ftdt"), "{case}");
        let wrong = world.tokens(Some(&login("demo", "wrong")), &["acme/owned"]).await;
        assert_eq!(wrong, Err(TokensError::Rejected), "{case}");
    }
}

#[tokio::test]
async fn the_challenge_is_learnt_once_and_what_is_known_is_not_asked_again() {
    let world = World::start(Manners { speaking_tokens: true, ..Manners::default() }).await;
    let names = ["acme/open", "acme/a", "acme/b", "acme/c"];
    assert_eq!(world.tokens(None, &names).await.as_deref(), Ok("tddd"));
    let asked = world.asked();
    assert_eq!(asked.iter().filter(|line| line.starts_with("HEAD")).count(), 1, "{asked:?}");
    assert_eq!(asked.len(), 5, "one request for each, and one for the challenge: {asked:?}");
    assert_eq!(world.tokens(None, &names).await.as_deref(), Ok("tddd"));
    assert_eq!(world.asked(), ["GET /token nobody"], "what nobody gets is not asked for again");
}

#[tokio::test]
async fn o05_a_password_goes_to_no_other_realm_than_at_sign_in() {
    let world = World::start(Manners { realm: "elsewhere", ..Manners::default() }).await;
    assert_eq!(world.tokens(Some(&demo()), &["acme/owned"]).await, Err(TokensError::Moved));
    assert!(world.asked().iter().all(|line| !line.contains("login")));
    // It moves while the old address is still known.
    world.change(|manners| manners.realm = "token");
    let world = World { notes: Notes::default(), ..world };
    assert_eq!(world.tokens(Some(&demo()), &["acme/owned"]).await.as_deref(), Ok("t"));
    world.change(|manners| (manners.realm, manners.owned) = ("elsewhere", BTreeSet::new()));
    assert_eq!(world.tokens(Some(&login("demo", "wrong")), &["acme/owned"]).await, Err(TokensError::Moved));
    assert!(world.asked().iter().all(|line| !line.starts_with("GET /elsewhere")));
}

#[tokio::test]
async fn trouble_is_an_error_and_never_an_end_of_the_sign_in() {
    for broken in [(500, "application/json"), (503, "text/html"), (403, "text/html"), (302, "text/html")] {
        let world = World::start(Manners::default()).await;
        assert_eq!(world.tokens(Some(&demo()), &["acme/owned"]).await.as_deref(), Ok("t"));
        world.change(|manners| manners.broken = Some(broken));
        let error = world.tokens(Some(&demo()), &["acme/owned"]).await.unwrap_err();
        assert!(matches!(error, TokensError::Unexpected | TokensError::Http(HttpError::Unexpected)), "{broken:?}");
    }
    let world = World::start(Manners { offers: "Basic realm=\"x\"", ..Manners::default() }).await;
    assert_eq!(world.tokens(None, &["acme/owned"]).await, Err(TokensError::NotPossible));
    assert!(matches!(world.sign_in("demo", "x", &[]).await, Err(SignInError::NotPossible)));
}

#[tokio::test]
async fn a_busy_server_is_asked_again_one_by_one() {
    let world = World::start(Manners { busy: 3, ..Manners::default() }).await;
    assert_eq!(world.tokens(None, &["acme/open", "acme/a", "acme/b"]).await.as_deref(), Ok("tdd"));
}

#[tokio::test]
async fn o06_ten_thousand_refs_are_refused_in_one_go() {
    let world = World::start(Manners::default()).await;
    let names: Vec<String> = (0..10_000).map(|number| format!("acme/app{}", number % 50)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(world.tokens(None, &names).await.unwrap(), "d".repeat(10_000));
    assert!(world.asked().len() <= 101, "one request for each repository");
}

#[tokio::test]
async fn o01_what_has_no_sound_name_is_not_to_be_had_and_nobody_is_asked() {
    let world = World::start(Manners::default()).await;
    let odd = ["acme/../owned", "ACME/owned", "acme/owned?x", ""];
    assert_eq!(world.tokens(Some(&demo()), &odd).await.as_deref(), Ok("dddd"));
    assert_eq!(world.asked(), [""; 0]);
}

#[tokio::test]
async fn a_sign_in_proves_the_password() {
    let world = World::start(Manners::default()).await;
    let several = ["acme/open", "acme/other", "acme/owned"];
    for samples in [&[][..], &["acme/owned"], &["acme/other"], &["acme/open"], &several] {
        assert_eq!(world.fault("demo", "right:with\"odd ä", samples).await, None, "{samples:?}");
        assert_eq!(world.fault("demo", "wrong", samples).await, Some(FormFault::WrongLogin), "{samples:?}");
        for user in ["1234567|name", "robot$name"] {
            assert_eq!(world.fault(user, "token", samples).await, None, "{user} {samples:?}");
        }
    }
    assert_eq!(world.fault("a:b", "x", &[]).await, Some(FormFault::UserName));
    assert_eq!(world.fault("demo", "a\nb", &[]).await, Some(FormFault::Password));
    let long = "p:ä\"".repeat(1024);
    assert_eq!(world.fault("demo", &long, &[]).await, Some(FormFault::WrongLogin));
}

#[tokio::test]
async fn an_identity_token_takes_the_place_of_a_password() {
    let world = World::start(Manners::default()).await;
    assert_eq!(world.tokens(Some(&login("<token>", "identity")), &["acme/owned"]).await.as_deref(), Ok("t"));
    let wrong = world.tokens(Some(&login("<token>", "other")), &["acme/owned"]).await;
    assert_eq!(wrong, Err(TokensError::Rejected));
}

#[tokio::test]
async fn a_registry_is_told_apart_from_other_servers() {
    for offers in ["Bearer", "Basic realm=\"x\""] {
        let world = World::start(Manners { offers, ..Manners::default() }).await;
        assert_eq!(Oci.probe(&world.http, &world.binding.service).await, Ok(true), "{offers}");
    }
    let html = [200, 404, 401, 500].map(|status| (status, "text/html"));
    for broken in html.into_iter().chain([(403, "application/json")]) {
        let world = World::start(Manners { broken: Some(broken), ..Manners::default() }).await;
        assert_eq!(Oci.probe(&world.http, &world.binding.service).await, Ok(false), "{broken:?}");
    }
}
