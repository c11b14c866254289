// SPDX-License-Identifier: GPL-3.0-or-later
//! A bus client that asks for tokens as flatpak does, or for those of listings, and receives the answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::timeout;
use usher_demo_store::DemoRegistry;
use zbus::fdo::MonitoringProxy;
use zbus::message::Type;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MatchRule, Message, MessageStream};

use crate::bus::{Bus, connect};
use crate::processes::{LIMIT, wait_for};
use crate::session::{AUTHENTICATOR, Session};

/// The app that a client asks for unless told otherwise.
const APP: &str = "org.example.Postcard";
const REQUEST: &str = "org.freedesktop.Flatpak.AuthenticatorRequest";
const PATH: &str = "/org/freedesktop/Flatpak/Authenticator";

/// The end of a request.
#[derive(Debug)]
pub struct Response {
    /// 0 for tokens, 1 for cancelled, 2 for an error.
    pub code: u32,
    /// The message for the person.
    pub message: String,
    /// Each token, and the refs that it covers.
    pub tokens: HashMap<String, Vec<String>>,
    /// The token that opens a listing.
    pub token: Option<String>,
    /// The handle of the request that it ends.
    pub handle: String,
    /// The one peer that received it; nothing if it went to everybody.
    pub sent_to: Option<String>,
}

/// A call for the token of a listing.
#[derive(Clone, Debug)]
pub struct ListingCall {
    /// The caller's name for it.
    pub handle_token: String,
    /// Name of the remote.
    pub remote: String,
    /// Its address.
    pub remote_uri: String,
    /// The account server that it names.
    pub url: String,
    /// Whether the person may be asked. No, unless told otherwise.
    pub interactive: bool,
}

impl ListingCall {
    /// A call for the remote `demo` that asks nobody.
    pub fn of(session: &Session) -> Self {
        let shop = session.shop();
        let (remote_uri, url) = (shop.repository_url().to_string(), shop.base_url().to_string());
        let (handle_token, remote) = ("listing".to_owned(), "demo".to_owned());
        Self { handle_token, remote, remote_uri, url, interactive: false }
    }
}

/// A bus client that asks for tokens as flatpak does.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    responses: MessageStream,
    count: AtomicU32,
    /// The app to ask for.
    pub app: &'static str,
    /// Whether the person may be asked. No, unless told otherwise.
    pub interactive: bool,
}

impl Client {
    /// Connects to the session's bus, and receives all answers that are sent to it or to everybody.
    pub async fn new(session: &Session) -> Self {
        Self::on(&session.bus.address).await
    }

    /// The same on any bus.
    pub async fn on(address: &str) -> Self {
        let connection = connect(address).await.expect("the bus takes a client");
        let rule = MatchRule::builder().msg_type(Type::Signal);
        let rule = rule.interface(REQUEST).expect("a valid interface").build();
        let responses =
            MessageStream::for_match_rule(rule, &connection, Some(256)).await.expect("the bus takes a match rule");
        Self { connection, responses, count: AtomicU32::new(0), app: APP, interactive: false }
    }

    /// Takes a name on the bus, as a store does.
    pub async fn take_name(&self, name: &str) {
        self.connection.request_name(name).await.expect("the name is free");
    }

    /// The name that the bus gave it.
    pub fn unique_name(&self) -> String {
        self.connection.unique_name().expect("the bus gives every peer a name").to_string()
    }

    /// Asks for the app's token for the remote `demo`. `url` is the account server that the remote names.
    pub async fn send_request(&self, session: &Session, url: &str) -> zbus::Result<OwnedObjectPath> {
        self.send_request_for("demo", session.shop().repository_url().as_str(), url).await
    }

    /// Asks for the app's token for any remote.
    pub async fn send_request_for(&self, remote: &str, remote_uri: &str, url: &str) -> zbus::Result<OwnedObjectPath> {
        let options = HashMap::from([("no-interaction", Value::from(!self.interactive))]);
        let authenticator = HashMap::from([("url", Value::from(url))]);
        let app = format!("app/{}/x86_64/stable", self.app);
        let refs = vec![(app.as_str(), "", 2i32, HashMap::new())];
        self.send((remote, remote_uri), authenticator, refs, options).await
    }

    /// Asks for the app's token for the remote `demo` with these authenticator options.
    pub async fn send_request_with(
        &self,
        session: &Session,
        options: &HashMap<&'static str, String>,
    ) -> zbus::Result<OwnedObjectPath> {
        let authenticator = options.iter().map(|(name, value)| (*name, Value::from(value.as_str()))).collect();
        let options = HashMap::from([("no-interaction", Value::from(true))]);
        let app = format!("app/{}/x86_64/stable", self.app);
        let refs = vec![(app.as_str(), "", 2i32, HashMap::new())];
        self.send(("demo", session.shop().repository_url().as_str()), authenticator, refs, options).await
    }

    /// Asks for the token of an app in a container registry, and waits for the response.
    pub async fn request_from(&mut self, registry: &DemoRegistry, remote: &str, app: &str) -> Response {
        let options = HashMap::from([
            ("no-interaction", Value::from(true)),
            ("xa.oci-registry-uri", Value::from(registry.registry_url().as_str())),
        ]);
        let repository = DemoRegistry::repository_of(app);
        let metadata = HashMap::from([("summary.xa.oci-repository", Value::from(repository))]);
        let digest = registry.control().digest(app).expect("the app is in the registry");
        let app = format!("app/{app}/x86_64/stable");
        let refs = vec![(app.as_str(), digest.trim_start_matches("sha256:"), 1, metadata)];
        let address = registry.remote_url();
        self.send((remote, &address), HashMap::new(), refs, options).await.expect("the request is taken");
        self.response().await
    }

    async fn send(
        &self,
        (remote, remote_uri): (&str, &str),
        authenticator: HashMap<&str, Value<'_>>,
        refs: Vec<(&str, &str, i32, HashMap<&str, Value<'_>>)>,
        options: HashMap<&str, Value<'_>>,
    ) -> zbus::Result<OwnedObjectPath> {
        let token = self.count.fetch_add(1, Ordering::Relaxed).to_string();
        let arguments = (token, authenticator, remote, remote_uri, refs, options, "");
        let interface = Some("org.freedesktop.Flatpak.Authenticator");
        let call = self.connection.call_method(Some(AUTHENTICATOR), PATH, interface, "RequestRefTokens", &arguments);
        timeout(LIMIT, call).await.expect("the daemon replies")?.body().deserialize()
    }

    /// Asks for the token of a listing.
    pub async fn send_listing(&self, call: &ListingCall) -> zbus::Result<OwnedObjectPath> {
        let authenticator = HashMap::from([("url", Value::from(call.url.as_str()))]);
        let options = HashMap::from([("no-interaction", Value::from(!call.interactive))]);
        let arguments =
            (call.handle_token.as_str(), authenticator, call.remote.as_str(), call.remote_uri.as_str(), options, "");
        let interface = Some("io.github.usher.Listing1");
        let call = self.connection.call_method(Some(AUTHENTICATOR), PATH, interface, "RequestSummaryToken", &arguments);
        timeout(LIMIT, call).await.expect("the daemon replies")?.body().deserialize()
    }

    /// The same, and waits for the response.
    pub async fn listing(&mut self, call: &ListingCall) -> Response {
        let handle = self.send_listing(call).await.expect("the request is taken");
        let response = self.response().await;
        assert_eq!(response.handle, handle.as_str());
        response
    }

    /// Closes a request.
    pub async fn close(&self, handle: &OwnedObjectPath) -> zbus::Result<()> {
        let call = self.connection.call_method(Some(AUTHENTICATOR), handle, Some(REQUEST), "Close", &());
        timeout(LIMIT, call).await.expect("the daemon replies").map(drop)
    }

    /// Waits until the daemon has looked at what this client has sent.
    pub async fn ping(&self) {
        let interface = Some("org.freedesktop.DBus.Peer");
        let call = self.connection.call_method(Some(AUTHENTICATOR), PATH, interface, "Ping", &());
        timeout(LIMIT, call).await.expect("the daemon replies").expect("the daemon replies");
    }

    /// The names of the daemon's objects below a path.
    pub(crate) async fn object_names(&self, path: &str) -> Vec<String> {
        let interface = Some("org.freedesktop.DBus.Introspectable");
        let call = self.connection.call_method(Some(AUTHENTICATOR), path, interface, "Introspect", &());
        let reply = timeout(LIMIT, call).await.expect("the daemon replies").expect("the object is there");
        let text: String = reply.body().deserialize().expect("it is text");
        text.split("<node name=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
    }

    /// Leaves the bus.
    pub async fn leave(self) {
        self.connection.close().await.expect("a client can leave");
    }

    /// Waits for the next `Response` that reaches this client.
    pub async fn response(&mut self) -> Response {
        let message = timeout(LIMIT, self.responses.next()).await.expect("a response comes");
        read_response(&message.expect("the bus runs").expect("the bus sends whole messages"))
    }

    /// A `Response` that has reached this client already.
    pub fn waiting_response(&mut self) -> Option<Response> {
        let message = self.responses.next().now_or_never()?;
        Some(read_response(&message.expect("the bus runs").expect("the bus sends whole messages")))
    }

    /// Asks for the app's token at the shop, and waits for the response.
    pub async fn request(&mut self, session: &Session) -> Response {
        let url = session.shop().base_url().to_string();
        self.request_at(session, &url).await
    }

    /// Asks for the app's token at another account server, and waits for the response.
    pub async fn request_at(&mut self, session: &Session, url: &str) -> Response {
        self.send_request(session, url).await.expect("the request is taken");
        self.response().await
    }
}

fn read_response(message: &Message) -> Response {
    let header = message.header();
    let handle = header.path().map(ToString::to_string).unwrap_or_default();
    let sent_to = header.destination().map(ToString::to_string);
    let (code, mut results): (u32, HashMap<String, OwnedValue>) =
        message.body().deserialize().expect("a response is well-formed");
    let message = results.remove("error-message").map(|text| text.try_into().expect("a message is text"));
    let tokens = results.remove("tokens").map(|tokens| tokens.try_into().expect("tokens are well-formed"));
    let token = results.remove("token").map(|token| token.try_into().expect("a token is text"));
    let (message, tokens) = (message.unwrap_or_default(), tokens.unwrap_or_default());
    Response { code, message, tokens, token, handle, sent_to }
}

/// Records every call of one interface on the bus, whoever makes it.
#[derive(Debug)]
pub struct CallMonitor {
    calls: Arc<Mutex<Calls>>,
    bus: Connection,
}

/// The calls so far.
#[derive(Debug, Default)]
struct Calls {
    methods: Vec<String>,
    marker: u32,
}

/// The signal that marks a moment among the messages of a bus.
const MARKER: &str = "io.github.usher.Tests.Marker";
/// How many markers were sent.
static MARKERS: AtomicU32 = AtomicU32::new(0);

impl CallMonitor {
    /// Starts to record.
    pub async fn start(bus: &Bus, interface: &str) -> Self {
        let connection = connect(&bus.address).await.expect("the bus takes a monitor");
        let rule = |interface| MatchRule::builder().interface(interface).expect("a valid interface").build();
        let monitoring = MonitoringProxy::new(&connection).await.expect("the bus has its own interface");
        let rules = [rule(interface.to_owned()), rule(MARKER.to_owned())];
        monitoring.become_monitor(&rules, 0).await.expect("the bus allows monitors");
        let calls = Arc::new(Mutex::new(Calls::default()));
        tokio::spawn(record(MessageStream::from(&connection), Arc::clone(&calls)));
        Self { calls, bus: bus.connection.clone() }
    }

    /// The methods that were called up to this moment, in order.
    pub async fn calls(&self) -> Vec<String> {
        let now = MARKERS.fetch_add(1, Ordering::Relaxed) + 1;
        self.bus.emit_signal(None::<&str>, "/", MARKER, "Now", &now).await.expect("the bus takes signals");
        let calls = async || {
            let calls = self.calls.lock().expect("nobody panics with the lock");
            (calls.marker >= now).then(|| calls.methods.clone())
        };
        wait_for("the calls on the bus", calls, async || String::new()).await
    }
}

/// Keeps no message: its file descriptors would stay open.
async fn record(mut messages: MessageStream, calls: Arc<Mutex<Calls>>) {
    while let Some(Ok(message)) = messages.next().await {
        let header = message.header();
        let mut calls = calls.lock().expect("nobody panics with the lock");
        if header.interface().is_some_and(|interface| *interface == MARKER) {
            calls.marker = message.body().deserialize().expect("a marker has a number");
        } else if message.message_type() == Type::MethodCall {
            calls.methods.extend(header.member().map(ToString::to_string));
        }
    }
}
