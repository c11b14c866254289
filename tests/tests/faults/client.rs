// SPDX-License-Identifier: GPL-3.0-or-later
//! A client of the installed daemon on the bus of a session, and the daemon as a process.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::StreamExt as _;
use rustix::process::Signal;
use tokio::time::timeout;
use usher_tests::usherctl::Waiting;
use usher_tests::{AUTHENTICATOR, Display, LIMIT, Session, Setup, send};
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, MatchRule, MessageStream};

pub(crate) const APP: &str = "org.example.Private";
const REQUEST: &str = "org.freedesktop.Flatpak.AuthenticatorRequest";

/// A session without a screen.
pub(crate) fn terminal_only() -> Setup {
    Setup { display: Display::None, ..Setup::default() }
}

/// A daemon that the test itself has started.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) id: u32,
    pub(crate) log: PathBuf,
}

impl Daemon {
    /// Starts the installed daemon after `shell` has prepared its process, and waits for its name.
    pub(crate) async fn start(session: &Session, shell: &str, arguments: &[&str]) -> Self {
        let number = session.processes.ids().len();
        let name = format!("daemon-{number}");
        let id = session.processes.start(&name, command(session, shell, arguments));
        session.bus.wait_for_owner(AUTHENTICATOR).await;
        assert_eq!(owner(session).await, id, "the daemon is the one of the test");
        Self { id, log: session.processes.log(&name) }
    }

    /// What it has logged so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).expect("the log is text")
    }

    /// The most memory that it has had so far, in KiB.
    pub(crate) fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).expect("the daemon is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its memory is told");
        line.trim().trim_end_matches("kB").trim().parse().expect("a number")
    }
}

/// The command of [`Daemon::start`]; the process is the daemon itself in the end.
pub(crate) fn command(session: &Session, shell: &str, arguments: &[&str]) -> Command {
    let folders = &session.processes.environment()["XDG_DATA_DIRS"];
    let stage = Path::new(folders.split(':').next().expect("there is a folder")).parent().expect("it is in the stage");
    let mut command = session.processes.command("sh");
    command.args(["-c", &format!("{shell}\nexec \"$0\" \"$@\"")]);
    command.arg(stage.join("libexec/usher-authenticator")).args(arguments);
    command
}

/// The process that owns the daemon's name.
pub(crate) async fn owner(session: &Session) -> u32 {
    session.bus.process_of(AUTHENTICATOR).await
}

/// The end of a request.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) code: u32,
    pub(crate) message: String,
    pub(crate) tokens: HashMap<String, Vec<String>>,
}

/// A peer that asks for tokens as flatpak does.
pub(crate) struct Client {
    connection: Connection,
    responses: MessageStream,
    count: AtomicU32,
}

impl Client {
    pub(crate) async fn new(session: &Session) -> Self {
        let address = zbus::connection::Builder::address(session.bus.address.as_str()).expect("the bus has an address");
        let connection = address.build().await.expect("the bus takes a client");
        let rule = MatchRule::builder().msg_type(zbus::message::Type::Signal);
        let rule = rule.interface(REQUEST).expect("a valid interface").build();
        let responses = MessageStream::for_match_rule(rule, &connection, Some(256)).await.expect("a match is taken");
        Self { connection, responses, count: AtomicU32::new(0) }
    }

    /// Asks for the app's token for the remote `demo`, as a program without a person does.
    pub(crate) async fn ask(&self, session: &Session, url: &str) -> zbus::Result<OwnedObjectPath> {
        let token = self.count.fetch_add(1, Ordering::Relaxed).to_string();
        let options = HashMap::from([("no-interaction", Value::from(true))]);
        let authenticator = HashMap::from([("url", Value::from(url))]);
        let metadata = HashMap::<&str, Value<'_>>::new();
        let app = format!("app/{APP}/x86_64/stable");
        let refs = vec![(app.as_str(), "", 2i32, metadata)];
        let remote_uri = session.shop().repository_url();
        let arguments = (token, authenticator, "demo", remote_uri.as_str(), refs, options, "");
        let path = "/org/freedesktop/Flatpak/Authenticator";
        let interface = Some("org.freedesktop.Flatpak.Authenticator");
        let call = self.connection.call_method(Some(AUTHENTICATOR), path, interface, "RequestRefTokens", &arguments);
        timeout(LIMIT, call).await.expect("the daemon replies")?.body().deserialize()
    }

    /// The next end of a request.
    pub(crate) async fn response(&mut self) -> Response {
        let message = timeout(LIMIT, self.responses.next()).await.expect("a response comes");
        let message = message.expect("the bus is there").expect("a message is sound");
        let (code, mut results): (u32, HashMap<String, OwnedValue>) =
            message.body().deserialize().expect("a response has its form");
        let message = results.remove("error-message").map(|text| text.try_into().expect("a message is text"));
        let tokens = results.remove("tokens").map(|tokens| tokens.try_into().expect("tokens have their form"));
        Response { code, message: message.unwrap_or_default(), tokens: tokens.unwrap_or_default() }
    }

    /// Asks for the shop's token and waits for the end.
    pub(crate) async fn answer(&mut self, session: &Session) -> Response {
        let url = session.shop().base_url().to_string();
        self.answer_at(session, &url).await
    }

    pub(crate) async fn answer_at(&mut self, session: &Session, url: &str) -> Response {
        self.ask(session, url).await.expect("the request is taken");
        self.response().await
    }
}

/// `usherctl sign-in demo`, up to where it waits for the browser.
pub(crate) struct SignIn {
    waiting: Waiting,
    redirect: String,
    state: String,
}

impl SignIn {
    pub(crate) async fn start(session: &Session) -> Self {
        let waiting = Waiting::start(session, &["sign-in", "demo"]).await;
        let parameter = |name: &str| {
            let query = waiting.address.split_once('?').expect("the address has parameters").1;
            let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            value.expect("the parameter is there").replace("%3A", ":").replace("%2F", "/")
        };
        Self { redirect: parameter("redirect_uri"), state: parameter("state"), waiting }
    }

    /// What a browser does that comes back with this token, to its end. Whether anybody listens is another matter.
    pub(crate) fn come_back(&self, token: &str) -> tokio::task::JoinHandle<()> {
        let address = format!("{}?token={token}&state={}", self.redirect, self.state);
        let mut curl = tokio::process::Command::new("curl");
        curl.args(["--silent", "--location", "--max-time", "20", "--output", "/dev/null", &address]);
        tokio::spawn(async move {
            curl.status().await.expect("curl starts");
        })
    }

    /// Types Ctrl+C.
    pub(crate) fn interrupt(&self) {
        send(self.waiting.id(), Signal::INT);
    }

    /// Its exit code, and what it said.
    pub(crate) async fn end(self) -> (i32, String) {
        let told = self.waiting.end().await;
        (told.code, told.output + &told.errors)
    }
}
