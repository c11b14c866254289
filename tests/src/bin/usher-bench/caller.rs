// SPDX-License-Identifier: GPL-3.0-or-later
//! A client of the bus that does what flatpak does: asks for tokens and waits for the `Response`; and one of the shop.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use futures_util::StreamExt as _;
use serde_json::json;
use usher_tests::AUTHENTICATOR;
use zbus::fdo::DBusProxy;
use zbus::message::Type;
use zbus::names::WellKnownName;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MatchRule, Message, MessageStream};

use crate::report::Milliseconds;

/// The service that does nothing.
pub(crate) const PEER: &str = "io.github.usher.Tests.Peer";
const PATH: &str = "/org/freedesktop/Flatpak/Authenticator";
const INTERFACE: &str = "org.freedesktop.Flatpak.Authenticator";

/// Tokens, and the refs that each of them is for.
pub(crate) type Tokens = HashMap<String, Vec<String>>;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) remote: String,
    pub(crate) remote_url: String,
    pub(crate) service_url: String,
    pub(crate) ids: Vec<String>,
}

impl Wish {
    /// The body of the question to the account server.
    pub(crate) fn body(&self) -> Vec<u8> {
        json!({ "ids": self.ids }).to_string().into_bytes()
    }
}

/// A connection to the bus of its own.
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
        // As flatpak does: an answer from a sandbox may be sent to everybody.
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

    /// From the call to the arrival of the `Response` to it.
    pub(crate) async fn ask(&mut self, destination: &str, wish: &Wish) -> (Milliseconds, Message) {
        self.count += 1;
        let token = format!("bench{}", self.count);
        let commit = "0".repeat(64);
        let refs: Vec<_> = wish
            .ids
            .iter()
            .map(|id| {
                let about = HashMap::from([("summary.ostree.commit.timestamp", Value::from(1_700_000_000_u64))]);
                (format!("app/{id}/x86_64/stable"), commit.as_str(), 2_i32, about)
            })
            .collect();
        let service = HashMap::from([("url", Value::from(wish.service_url.as_str()))]);
        let options = HashMap::from([("no-interaction", Value::from(true))]);
        let arguments = (token, service, wish.remote.as_str(), wish.remote_url.as_str(), refs, options, "");

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
    pub(crate) async fn ask_usher(&mut self, wish: &Wish) -> (Milliseconds, Tokens) {
        let (time, response) = self.ask(AUTHENTICATOR, wish).await;
        let (code, mut results): (u32, HashMap<String, OwnedValue>) =
            response.body().deserialize().expect("a response has a code and results");
        assert_eq!(code, 0, "the request is answered with tokens: {:?}", results.get("error-message"));
        let tokens = results.remove("tokens").expect("the response has tokens");
        let tokens = Tokens::try_from(tokens).expect("tokens are for refs");
        let covered: usize = tokens.iter().filter(|(token, _)| !token.is_empty()).map(|(_, refs)| refs.len()).sum();
        assert_eq!(covered, wish.ids.len(), "every ref has a token");
        (time, tokens)
    }

    /// Lets the other peer answer with these tokens from now on.
    pub(crate) async fn teach_peer(&self, tokens: &Tokens) {
        self.connection
            .call_method(Some(PEER), PATH, Some(INTERFACE), "Keep", tokens)
            .await
            .expect("the peer keeps tokens");
    }

    /// Starts a service of the bus.
    pub(crate) async fn activate(&self, name: &str) {
        self.bus().await.start_service_by_name(valid(name), 0).await.expect("the bus starts its services");
    }

    /// The process behind a name of the bus, if there is one.
    pub(crate) async fn process_of(&self, name: &str) -> Option<u32> {
        self.bus().await.get_connection_unix_process_id(valid(name).into()).await.ok()
    }

    /// Lets the bus read its service files again.
    pub(crate) async fn reload_services(&self) {
        self.bus().await.reload_config().await.expect("the bus reads its service files");
    }

    async fn bus(&self) -> DBusProxy<'_> {
        DBusProxy::new(&self.connection).await.expect("the bus has its own interface")
    }
}

fn valid(name: &str) -> WellKnownName<'_> {
    name.try_into().expect("a valid name")
}

/// The question to the account server and nothing else, by the library that the daemon uses.
pub(crate) struct Post {
    client: reqwest::Client,
    url: String,
    credential: String,
}

impl Post {
    /// With `kept` all questions go over one connection, otherwise each has its own.
    pub(crate) fn new(service_url: &str, credential: String, kept: bool) -> Self {
        // Fails only if it was done before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder().no_proxy();
        if !kept {
            builder = builder.pool_max_idle_per_host(0);
        }
        let client = builder.build().expect("a client can be made");
        Self { client, url: format!("{service_url}api/v1/get_tokens"), credential }
    }

    /// From the question to the last byte of the answer.
    pub(crate) async fn ask(&self, wish: &Wish) -> Milliseconds {
        let body = wish.body();
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
        assert_eq!(body["tokens"].as_object().map(serde_json::Map::len), Some(wish.ids.len()));
        time
    }
}
