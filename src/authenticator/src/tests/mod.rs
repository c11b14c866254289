// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon on a bus of its own, with clients, observers and a window process that a test controls.

mod access;
mod activity_log;
mod application;
mod bus_calls;
mod desktops;
mod ends;
mod http;
mod introspection;
mod listing;
mod notifications;
mod orders;
mod prompter;
mod prompts;
mod purchases;
mod requests;
mod sandbox;
mod windows;

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt;
use tokio::{sync::oneshot, task::JoinHandle};
use usher_core::{
    activity_log::ActivityLog,
    dismissals::DismissalFile,
    http::{HttpClient, HttpLimits},
    names::{AUTHENTICATOR_NAME, FLATPAK_AUTHENTICATOR_INTERFACE, FLATPAK_AUTHENTICATOR_PATH},
    notices::NoticeFile,
    patience::within,
    pending::PendingFile,
    testing,
};
use zbus::{
    Connection, MatchRule, MessageStream,
    zvariant::{OwnedObjectPath, OwnedValue, Value},
};

use crate::{
    activity::{Activity, Busy},
    bus_names::{BusNames, RunError},
    bus_socket,
    delivery::BusAccess,
    deployment::Deployment,
    fakes::{OverHttp, REMOTE_URI, SERVICE, World},
    flow::{Clock, Flow, Prompts},
    journal::Journal,
    prompt_client::{PromptClient, PromptLimits},
    service::{self, Setup},
};

/// A generous limit for every wait.
const PATIENCE: Duration = Duration::from_secs(30);
const REQUEST_INTERFACE: &str = "org.freedesktop.Flatpak.AuthenticatorRequest";

/// Waits for a future, with that limit.
async fn soon<T>(what: &str, happening: impl Future<Output = T>) -> T {
    within(PATIENCE, happening).await.unwrap_or_else(|_| panic!("still waiting for {what}"))
}

/// Waits until a condition holds.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    soon(what, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// A bus without any services, and a folder for files.
struct Bus {
    bus: testing::Bus,
    folder: tempfile::TempDir,
}

impl Bus {
    fn start() -> Self {
        Self { bus: testing::Bus::start(), folder: tempfile::tempdir().unwrap() }
    }

    fn address(&self) -> &str {
        self.bus.address()
    }

    async fn connect(&self) -> Connection {
        self.bus.connect().build().await.unwrap()
    }

    fn end(&mut self) {
        self.bus.end();
    }
}

/// How to start a daemon.
struct Plan {
    bus_access: BusAccess,
    deployment: Option<Deployment>,
    activity: Activity,
    idle: Duration,
    prompt_limits: PromptLimits,
    look_limit: Duration,
    real_windows: bool,
    /// Use real HTTP, with this time limit for a request.
    http: Option<Duration>,
}

impl Default for Plan {
    fn default() -> Self {
        let long = Duration::from_secs(600);
        Self {
            bus_access: BusAccess::Bus,
            deployment: None,
            activity: Activity::default(),
            idle: long,
            prompt_limits: PromptLimits { window: PATIENCE, person: long },
            look_limit: Duration::from_secs(60),
            real_windows: false,
            http: None,
        }
    }
}

/// A running daemon.
struct Daemon {
    connection: Connection,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Result<(), RunError>>,
    pending: PendingFile,
}

fn journal(folder: &Path, bus_id: &str) -> Journal {
    Journal::in_folder(folder.to_owned(), bus_id, None)
}

impl Daemon {
    async fn start(bus: &Bus, world: &Arc<World>) -> Self {
        Self::start_as(bus, world, Plan::default()).await
    }

    /// Starts it, and waits until it owns its name or has failed.
    async fn start_as(bus: &Bus, world: &Arc<World>, plan: Plan) -> Self {
        // As the daemon itself does.
        let connect = async || bus_socket::connect(bus.address().parse().unwrap()).await.unwrap();
        let names = BusNames { authenticator: connect().await, access: connect().await };
        Self::start_with(bus, names, world, plan).await
    }

    /// Starts it on these connections.
    async fn start_with(bus: &Bus, names: BusNames, world: &Arc<World>, plan: Plan) -> Self {
        let connection = names.authenticator.clone();
        let activity = plan.activity.clone();
        let clock: Arc<dyn Clock> = world.clone();
        let put_off = Some(DismissalFile::in_folder(bus.folder.path()));
        let windows = || PromptClient::new(connection, activity.clone(), clock, plan.prompt_limits, put_off);
        let prompts: Arc<dyn Prompts> = if plan.real_windows { Arc::new(windows()) } else { world.clone() };
        let mut flow = Flow { limit: plan.look_limit, ..world.flow_with(prompts) };
        if let Some(time) = plan.http {
            let limits = HttpLimits { time, ..HttpLimits::default() };
            flow.tokens = Arc::new(OverHttp::new(world, HttpClient::new(limits)));
        }
        Self::run(bus, names, flow, activity, plan).await
    }

    async fn run(bus: &Bus, names: BusNames, flow: Flow, activity: Activity, plan: Plan) -> Self {
        let pending = PendingFile::at(bus.folder.path().join("pending.json"));
        let journal = Some(journal(bus.folder.path(), "this-bus"));
        let Plan { bus_access, deployment, idle, .. } = plan;
        let log = Some(ActivityLog::in_folder(bus.folder.path()));
        let (pending_file, notices) = (Some(pending.clone()), Some(NoticeFile::in_folder(bus.folder.path())));
        let setup =
            Setup { bus_access, flow, activity, pending: pending_file, notices, log, journal, idle, deployment };
        let (stop, stopped) = oneshot::channel::<()>();
        let connection = names.authenticator.clone();
        let ended = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            service::run_with_connections(&names, setup, stopped).await
        });
        let daemon = Self { connection, stop: Some(stop), ended, pending };
        let witness = zbus::fdo::DBusProxy::new(&daemon.connection).await.unwrap();
        soon("the daemon", async {
            while !daemon.ended.is_finished()
                // The name that it takes last.
                && !witness.name_has_owner(AUTHENTICATOR_NAME.try_into().unwrap()).await.unwrap()
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
        daemon
    }

    fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    async fn end(self) -> Result<(), RunError> {
        soon("the daemon's end", self.ended).await.unwrap()
    }
}

/// Daemons that end by themselves at about the moment of a request. That moment depends on the computer, so tests
/// adjust it.
struct EndingMoment {
    idle: Duration,
    answered: usize,
}

impl Default for EndingMoment {
    fn default() -> Self {
        Self { idle: Duration::from_millis(2), answered: 0 }
    }
}

impl EndingMoment {
    /// A daemon, and a guard: the daemon ends some time after the guard is dropped.
    async fn daemon(&self, bus: &Bus, world: &Arc<World>) -> (Daemon, Busy) {
        let activity = Activity::default();
        let busy = activity.begin();
        let daemon = Daemon::start_as(bus, world, Plan { activity, idle: self.idle, ..Plan::default() }).await;
        (daemon, busy)
    }

    /// After an answered request, the next one comes later; after an unanswered one, sooner.
    fn was_met(&mut self, is_answered: bool) {
        self.answered += usize::from(is_answered);
        self.idle = if is_answered { self.idle * 3 / 4 } else { self.idle * 2 };
    }
}

/// A `Response` as a client sees it.
#[derive(Debug, Clone, PartialEq)]
struct Response {
    path: String,
    code: u32,
    message: String,
    error_code: Option<i32>,
    tokens: BTreeMap<String, Vec<String>>,
    /// The token for a listing.
    token: Option<String>,
}

/// A client of the daemon.
struct Client {
    connection: Connection,
    responses: MessageStream,
}

/// A call of `RequestRefTokens`.
#[derive(Clone)]
struct Call<'a> {
    token: &'a str,
    remote: &'a str,
    remote_uri: &'a str,
    service: &'a str,
    refs: Vec<&'a str>,
    silent: bool,
}

impl Default for Call<'_> {
    fn default() -> Self {
        let refs = vec![crate::fakes::APP];
        Self { token: "1", remote: "shop", remote_uri: REMOTE_URI, service: SERVICE, refs, silent: false }
    }
}

impl Client {
    async fn on(bus: &Bus) -> Self {
        let connection = bus.connect().await;
        let rule =
            MatchRule::builder().msg_type(zbus::message::Type::Signal).interface(REQUEST_INTERFACE).unwrap().build();
        let responses = MessageStream::for_match_rule(rule, &connection, Some(1024)).await.unwrap();
        Self { connection, responses }
    }

    async fn ask(&self, call: &Call<'_>) -> zbus::Result<OwnedObjectPath> {
        let options: HashMap<&str, Value<'_>> =
            if call.silent { HashMap::from([("no-interaction", true.into())]) } else { HashMap::new() };
        let authenticator_options = HashMap::from([("url", Value::from(call.service))]);
        let metadata: HashMap<&str, Value<'_>> = HashMap::from([("summary.x", vec![Value::from(1)].into())]);
        let refs: Vec<_> = call.refs.iter().map(|name| (*name, "", 2i32, metadata.clone())).collect();
        let arguments = (call.token, authenticator_options, call.remote, call.remote_uri, refs, options, "");
        self.call(FLATPAK_AUTHENTICATOR_PATH, FLATPAK_AUTHENTICATOR_INTERFACE, "RequestRefTokens", &arguments)
            .await?
            .body()
            .deserialize()
    }

    async fn close(&self, handle: &OwnedObjectPath) -> zbus::Result<()> {
        self.call(handle.as_str(), REQUEST_INTERFACE, "Close", &()).await.map(drop)
    }

    async fn call<B>(&self, path: &str, interface: &str, method: &str, arguments: &B) -> zbus::Result<zbus::Message>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let call = self.connection.call_method(Some(AUTHENTICATOR_NAME), path, Some(interface), method, arguments);
        soon("a reply", call).await
    }

    async fn response(&mut self) -> Response {
        let message = soon("a response", self.responses.next()).await.unwrap().unwrap();
        let body = message.body();
        let (code, mut results): (u32, HashMap<String, OwnedValue>) = body.deserialize().unwrap();
        let path = message.header().path().unwrap().to_string();
        let mut take = |name: &str| results.remove(name);
        Response {
            path,
            code,
            message: take("error-message").map(|text| text.try_into().unwrap()).unwrap_or_default(),
            error_code: take("error-code").map(|number| number.try_into().unwrap()),
            tokens: take("tokens")
                .map(|tokens| HashMap::<String, Vec<String>>::try_from(tokens).unwrap().into_iter().collect())
                .unwrap_or_default(),
            token: take("token").map(|token| token.try_into().unwrap()),
        }
    }

    /// Asks and waits for the answer.
    async fn answer(&mut self, call: &Call<'_>) -> Response {
        let handle = self.ask(call).await.unwrap();
        let response = self.response().await;
        assert_eq!(response.path, handle.as_str());
        response
    }

    /// How many unread messages the daemon has sent up to now.
    async fn further(&mut self, daemon: &Daemon) -> usize {
        // Everything that the daemon sent before its answer to this arrives before that answer.
        let name = daemon.connection.unique_name().unwrap().clone();
        let ping = self.connection.call_method(Some(name), "/", Some("org.freedesktop.DBus.Peer"), "Ping", &());
        soon("the daemon", ping).await.unwrap();
        let mut count = 0;
        while let Some(Some(_)) = futures_util::FutureExt::now_or_never(self.responses.next()) {
            count += 1;
        }
        count
    }
}

/// The name of a D-Bus error.
fn error_name<T: std::fmt::Debug>(result: zbus::Result<T>) -> String {
    match result {
        Err(zbus::Error::MethodError(name, ..)) => name.rsplit('.').next().unwrap().to_owned(),
        other => panic!("not a D-Bus error: {other:?}"),
    }
}
