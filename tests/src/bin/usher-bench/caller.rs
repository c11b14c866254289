// SPDX-License-Identifier: GPL-3.0-or-later
//! A bus client that asks for tokens and waits for the `Response`, as flatpak does; and an HTTP client of the shop.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use futures_util::StreamExt as _;
use serde_json::json;
use usher_tests::{AUTHENTICATOR, Session};
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::names::WellKnownName;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MatchRule, Message, MessageStream};

use crate::report::Milliseconds;

/// The bus name of the minimal service.
pub(crate) const PEER: &str = "io.github.usher.Tests.Peer";
const PATH: &str = "/org/freedesktop/Flatpak/Authenticator";
const INTERFACE: &str = "org.freedesktop.Flatpak.Authenticator";

/// Tokens, and the refs that each of them covers.
pub(crate) type Tokens = HashMap<String, Vec<String>>;

/// The parameters of a request for tokens.
#[derive(Clone, Debug)]
pub(crate) struct TokenRequest {
    pub(crate) remote: String,
    pub(crate) remote_url: String,
    pub(crate) service: Service,
    pub(crate) ids: Vec<String>,
}

/// Where the tokens come from.
#[derive(Clone, Debug)]
pub(crate) enum Service {
    /// An account server, at this address.
    AccountServer(String),
    /// A container registry, at this address. The refs are in repositories named after their ids.
    Registry(String),
}

impl TokenRequest {
    /// The same for the first refs alone.
    pub(crate) fn first(&self, size: usize) -> Self {
        Self { ids: self.ids[..size].to_vec(), ..self.clone() }
    }

    /// The body of the HTTP request to the account server.
    pub(crate) fn body(&self) -> Vec<u8> {
        json!({ "ids": self.ids }).to_string().into_bytes()
    }
}

/// A bus client with a connection of its own.
pub(crate) struct Caller {
    connection: Connection,
    messages: MessageStream,
    count: u32,
}

impl Caller {
    pub(crate) async fn connect(address: &str) -> Self {
        let connection = zbus::connection::Builder::address(address)
            .expect("the session has the address of its bus")
            .build()
            .await
            .expect("the bus takes connections");
        // As flatpak does: a daemon in a sandbox may broadcast its answer.
        let answers = MatchRule::builder()
            .msg_type(Type::Signal)
            .interface("org.freedesktop.Flatpak.AuthenticatorRequest")
            .expect("a valid name")
            .build();
        let bus = DBusProxy::new(&connection).await.expect("the bus has its own interface");
        bus.add_match_rule(answers).await.expect("the bus takes rules");
        let messages = MessageStream::from(&connection);
        Self { connection, messages, count: 0 }
    }

    /// Asks for tokens. Returns the `Response`, and the time until it arrived.
    pub(crate) async fn ask(&mut self, destination: &str, wanted: &TokenRequest) -> (Milliseconds, Message) {
        self.ask_with(destination, wanted, true).await
    }

    /// Asks where a person may be asked in turn, and waits for the `Response`.
    pub(crate) async fn ask_person(&mut self, destination: &str, wanted: &TokenRequest) {
        self.ask_with(destination, wanted, false).await;
    }

    async fn ask_with(&mut self, destination: &str, wanted: &TokenRequest, is_alone: bool) -> (Milliseconds, Message) {
        self.count += 1;
        let token = format!("bench{}", self.count);
        let commit = "0".repeat(64);
        let refs: Vec<_> = wanted
            .ids
            .iter()
            .map(|id| (format!("app/{id}/x86_64/stable"), commit.as_str(), 2_i32, wanted.service.about(id)))
            .collect();
        let mut options = HashMap::from([("no-interaction", Value::from(is_alone))]);
        let mut service = HashMap::new();
        match &wanted.service {
            Service::AccountServer(url) => service.insert("url", Value::from(url.as_str())),
            Service::Registry(url) => options.insert("xa.oci-registry-uri", Value::from(url.as_str())),
        };
        let arguments = (token, service, wanted.remote.as_str(), wanted.remote_url.as_str(), refs, options, "");

        let begin = Instant::now();
        let reply = self
            .connection
            .call_method(Some(destination), PATH, Some(INTERFACE), "RequestRefTokens", &arguments)
            .await
            .expect("the request is taken on");
        let handle: OwnedObjectPath = reply.body().deserialize().expect("the reply is a handle");
        let response = loop {
            let message = self.messages.next().await.expect("the bus stays").expect("the bus sends sound messages");
            if message.message_type() == Type::Signal && message.header().path() == Some(&*handle) {
                break message;
            }
        };
        (begin.elapsed().into(), response)
    }

    /// Asks the daemon; fails unless every ref is covered by a token.
    pub(crate) async fn ask_usher(&mut self, wanted: &TokenRequest) -> (Milliseconds, Tokens) {
        self.ask_for_tokens(AUTHENTICATOR, wanted).await
    }

    /// Asks an authenticator; fails unless every ref is covered by a token.
    pub(crate) async fn ask_for_tokens(&mut self, name: &str, wanted: &TokenRequest) -> (Milliseconds, Tokens) {
        let (time, response) = self.ask(name, wanted).await;
        let (code, mut results): (u32, HashMap<String, OwnedValue>) =
            response.body().deserialize().expect("a response has a code and results");
        assert_eq!(code, 0, "the request is answered with tokens: {:?}", results.get("error-message"));
        let tokens = results.remove("tokens").expect("the response has tokens");
        let tokens = Tokens::try_from(tokens).expect("tokens are for refs");
        let covered: usize = tokens.iter().filter(|(token, _)| !token.is_empty()).map(|(_, refs)| refs.len()).sum();
        assert_eq!(covered, wanted.ids.len(), "every ref has a token");
        (time, tokens)
    }

    /// Lets the minimal service answer with these tokens.
    pub(crate) async fn set_peer_tokens(&self, tokens: &Tokens) {
        self.connection
            .call_method(Some(PEER), PATH, Some(INTERFACE), "SetTokens", tokens)
            .await
            .expect("the peer keeps tokens");
    }

    /// Lets the bus start a service.
    pub(crate) async fn activate(&self, name: &str) {
        self.bus().await.start_service_by_name(valid(name), 0).await.expect("the bus starts its services");
    }

    /// The process that owns a bus name, if there is one.
    pub(crate) async fn process_of(&self, name: &str) -> Option<u32> {
        self.bus().await.get_connection_unix_process_id(valid(name).into()).await.ok()
    }

    /// Lets the bus start the minimal service, as it starts the daemon.
    pub(crate) async fn add_peer(&self, session: &Session) {
        let program = peer_program();
        assert!(program.exists(), "{} was built", program.display());
        let file = session.folder().join("services").join(format!("{PEER}.service"));
        fs::write(file, format!("[D-BUS Service]\nName={PEER}\nExec={}\n", program.display()))
            .expect("a service file can be written");
        self.bus().await.reload_config().await.expect("the bus reads its service files");
    }

    async fn bus(&self) -> DBusProxy<'_> {
        DBusProxy::new(&self.connection).await.expect("the bus has its own interface")
    }
}

impl Service {
    /// What flatpak says about a ref.
    fn about(&self, id: &str) -> HashMap<&'static str, Value<'static>> {
        match self {
            Self::AccountServer(_) => {
                HashMap::from([("summary.ostree.commit.timestamp", Value::from(1_700_000_000_u64))])
            }
            Self::Registry(_) => {
                let name = id.rsplit('.').next().unwrap_or(id).to_lowercase();
                HashMap::from([("summary.xa.oci-repository", Value::from(format!("many/{name}")))])
            }
        }
    }
}

/// The minimal service.
pub(crate) fn peer_program() -> PathBuf {
    std::env::current_exe().expect("a program knows where it is").with_file_name("usher-bench-peer")
}

fn valid(name: &str) -> WellKnownName<'_> {
    name.try_into().expect("a valid name")
}

/// Sends the request to the account server alone, with the HTTP library that the daemon uses.
pub(crate) struct ShopClient {
    client: reqwest::Client,
    url: String,
    credential: String,
}

impl ShopClient {
    /// With `kept` all requests share one connection, otherwise each has its own.
    pub(crate) fn new(service_url: &str, credential: String, kept: bool) -> Self {
        Self::with(service_url, credential, kept, None)
    }

    /// The same for a shop behind TLS, whose certificate comes from this authority.
    pub(crate) fn trusting(service_url: &str, credential: String, kept: bool, authority: &[u8]) -> Self {
        let authority = reqwest::Certificate::from_pem(authority).expect("an authority has a certificate");
        Self::with(service_url, credential, kept, Some(authority))
    }

    fn with(service_url: &str, credential: String, kept: bool, authority: Option<reqwest::Certificate>) -> Self {
        // Fails only if a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder().no_proxy();
        if let Some(authority) = authority {
            builder = builder.tls_certs_only([authority]);
        }
        if !kept {
            builder = builder.pool_max_idle_per_host(0);
        }
        let client = builder.build().expect("a client can be made");
        Self { client, url: format!("{service_url}api/v1/get_tokens"), credential }
    }

    /// The time from the request to the last byte of the answer.
    pub(crate) async fn ask(&self, wanted: &TokenRequest) -> Milliseconds {
        let body = wanted.body();
        let begin = Instant::now();
        let answer = self
            .client
            .post(&self.url)
            .bearer_auth(&self.credential)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .expect("the shop answers");
        let status = answer.status();
        let body = answer.bytes().await.expect("the answer is whole");
        let time = begin.elapsed().into();
        assert_eq!(status.as_u16(), 200);
        let body: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&body).expect("the answer is JSON");
        assert_eq!(body["tokens"].as_object().map(serde_json::Map::len), Some(wanted.ids.len()));
        time
    }
}
