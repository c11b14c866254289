// SPDX-License-Identifier: GPL-3.0-or-later
//! A peer on the bus that asks for tokens as flatpak does, and hears the answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use tokio::time::timeout;
use zbus::fdo::MonitoringProxy;
use zbus::message::Type;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MatchRule, MessageStream};

use crate::bus::{Bus, connect};
use crate::processes::{LIMIT, wait_for};
use crate::session::{AUTHENTICATOR, Session};

/// The app that is asked for if no other is named.
const APP: &str = "org.example.Private";
const REQUEST: &str = "org.freedesktop.Flatpak.AuthenticatorRequest";

/// The end of a request.
#[derive(Debug)]
pub struct Response {
    /// 0 for tokens, 1 for cancelled, 2 for an error.
    pub code: u32,
    /// What the person is told.
    pub message: String,
    /// Each token, and the refs that it is for.
    pub tokens: HashMap<String, Vec<String>>,
    /// Which request it ends.
    pub handle: String,
    /// The only peer that it was sent to, if it was not sent to everybody.
    pub sent_to: Option<String>,
}

/// A peer that asks for tokens as flatpak does.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    responses: MessageStream,
    count: AtomicU32,
    /// The app that it asks for.
    pub app: &'static str,
}

impl Client {
    /// A peer of the session's bus, which hears all answers that are sent to it or to everybody.
    pub async fn new(session: &Session) -> Self {
        let connection = connect(&session.bus.address).await.expect("the bus takes a client");
        let rule = MatchRule::builder().msg_type(Type::Signal);
        let rule = rule.interface(REQUEST).expect("a valid interface").build();
        let responses = MessageStream::for_match_rule(rule, &connection, Some(256)).await.expect("a match is taken");
        Self { connection, responses, count: AtomicU32::new(0), app: APP }
    }

    /// Takes a name on the bus, as a store has one.
    pub async fn take_name(&self, name: &str) {
        self.connection.request_name(name).await.expect("the name is free");
    }

    /// Its name as the bus gave it.
    pub fn unique_name(&self) -> String {
        self.connection.unique_name().expect("the bus gives every peer a name").to_string()
    }

    /// Asks for the app's token for the remote `demo`, as a program without a person does.
    pub async fn ask(&self, session: &Session, url: &str) -> zbus::Result<OwnedObjectPath> {
        self.ask_for("demo", session.shop().repository_url().as_str(), url).await
    }

    /// The same for any remote at all.
    pub async fn ask_for(&self, remote: &str, remote_uri: &str, url: &str) -> zbus::Result<OwnedObjectPath> {
        let token = self.count.fetch_add(1, Ordering::Relaxed).to_string();
        let options = HashMap::from([("no-interaction", Value::from(true))]);
        let authenticator = HashMap::from([("url", Value::from(url))]);
        let metadata = HashMap::<&str, Value<'_>>::new();
        let app = format!("app/{}/x86_64/stable", self.app);
        let refs = vec![(app.as_str(), "", 2i32, metadata)];
        let arguments = (token, authenticator, remote, remote_uri, refs, options, "");
        let path = "/org/freedesktop/Flatpak/Authenticator";
        let interface = Some("org.freedesktop.Flatpak.Authenticator");
        let call = self.connection.call_method(Some(AUTHENTICATOR), path, interface, "RequestRefTokens", &arguments);
        timeout(LIMIT, call).await.expect("the daemon replies")?.body().deserialize()
    }

    /// The next end of a request that this peer hears of.
    pub async fn response(&mut self) -> Response {
        let message = timeout(LIMIT, self.responses.next()).await.expect("a response comes");
        let message = message.expect("the bus is there").expect("a message is sound");
        let header = message.header();
        let handle = header.path().map(ToString::to_string).unwrap_or_default();
        let sent_to = header.destination().map(ToString::to_string);
        let (code, mut results): (u32, HashMap<String, OwnedValue>) =
            message.body().deserialize().expect("a response has its form");
        let message = results.remove("error-message").map(|text| text.try_into().expect("a message is text"));
        let tokens = results.remove("tokens").map(|tokens| tokens.try_into().expect("tokens have their form"));
        let (message, tokens) = (message.unwrap_or_default(), tokens.unwrap_or_default());
        Response { code, message, tokens, handle, sent_to }
    }

    /// Asks for the shop's token and waits for the end.
    pub async fn answer(&mut self, session: &Session) -> Response {
        let url = session.shop().base_url().to_string();
        self.answer_at(session, &url).await
    }

    /// The same with the address of another server.
    pub async fn answer_at(&mut self, session: &Session, url: &str) -> Response {
        self.ask(session, url).await.expect("the request is taken");
        self.response().await
    }
}

/// Hears every call of one interface on the bus, whoever makes it.
#[derive(Debug)]
pub struct Listener {
    heard: Arc<Mutex<Heard>>,
    bus: Connection,
}

/// What was heard so far.
#[derive(Debug, Default)]
struct Heard {
    calls: Vec<String>,
    moment: u32,
}

/// What marks a moment among the messages of a bus.
const MOMENT: &str = "io.github.usher.Tests.Moment";
/// How many moments were marked.
static MOMENTS: AtomicU32 = AtomicU32::new(0);

impl Listener {
    /// Begins to listen.
    pub async fn start(bus: &Bus, interface: &str) -> Self {
        let connection = connect(&bus.address).await.expect("the bus takes a listener");
        let rule = |interface| MatchRule::builder().interface(interface).expect("a valid interface").build();
        let monitoring = MonitoringProxy::new(&connection).await.expect("the bus has its own interface");
        let rules = [rule(interface.to_owned()), rule(MOMENT.to_owned())];
        monitoring.become_monitor(&rules, 0).await.expect("the bus lets others listen");
        let heard = Arc::new(Mutex::new(Heard::default()));
        tokio::spawn(listen(MessageStream::from(&connection), Arc::clone(&heard)));
        Self { heard, bus: bus.connection.clone() }
    }

    /// The methods that have been called up to this moment, in turn.
    pub async fn calls(&self) -> Vec<String> {
        let now = MOMENTS.fetch_add(1, Ordering::Relaxed) + 1;
        self.bus.emit_signal(None::<&str>, "/", MOMENT, "Now", &now).await.expect("the bus takes signals");
        let heard = async || {
            let heard = self.heard.lock().expect("nobody panics with the lock");
            (heard.moment >= now).then(|| heard.calls.clone())
        };
        wait_for("what was said on the bus", heard, async || String::new()).await
    }
}

/// No message is kept: what it carries would stay open.
async fn listen(mut messages: MessageStream, heard: Arc<Mutex<Heard>>) {
    while let Some(Ok(message)) = messages.next().await {
        let header = message.header();
        let mut heard = heard.lock().expect("nobody panics with the lock");
        if header.interface().is_some_and(|interface| *interface == MOMENT) {
            heard.moment = message.body().deserialize().expect("a moment has a number");
        } else if message.message_type() == Type::MethodCall {
            heard.calls.extend(header.member().map(ToString::to_string));
        }
    }
}
