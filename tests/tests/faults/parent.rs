// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon under the parent process that supervises it in a sandbox, where there is no service manager.

use std::fs;
use std::process::{Child, ExitStatus};

use rustix::process::Signal;
use usher_demo_store::{Failure, Route};
use usher_tests::{AUTHENTICATOR, Session, Setup, has_ended, send_signal, wait_for, wait_until};
use zbus::connection;
use zbus::fdo::DBusProxy;

use crate::client::{Client, Daemon, command, owner};
use crate::daemon::{can_read_memory_of, without_privileges};

const STOPPED: &str = "Usher was stopped before it could answer. Try again.";

/// A parent process, whose child is the daemon.
struct Parent(Child);

impl Parent {
    async fn start(session: &Session) -> Self {
        let parent = command(session, "", &["--as-parent"]).spawn().expect("the parent starts");
        session.bus.wait_for_owner(AUTHENTICATOR).await;
        let parent = Self(parent);
        assert_ne!(owner(session).await, parent.id(), "the daemon is a process of its own");
        parent
    }

    fn id(&self) -> u32 {
        self.0.id()
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a child can be waited for")
    }

    async fn end(mut self) -> ExitStatus {
        wait_for("the parent's end", async || self.ended(), async || String::new()).await
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a request that the shop never answers.
async fn hanging_request(session: &Session) -> Client {
    session.shop().control().fail(Route::GetTokens, Failure::Hang);
    let client = Client::new(session).await;
    client.send_request(session, session.shop().base_url().as_str()).await.expect("the request is taken");
    session.shop().control().wait_for_request(|request| request.path == "/api/v1/get_tokens").await;
    client
}

/// Waits until a process other than `before` is the daemon, without starting one.
async fn next_daemon(session: &Session, before: u32) -> u32 {
    let bus = DBusProxy::new(&session.bus.connection).await.expect("the bus has its own interface");
    let another = async || {
        let owner = bus.get_connection_unix_process_id(AUTHENTICATOR.try_into().expect("a valid name")).await;
        owner.ok().filter(|owner| *owner != before)
    };
    wait_for("the next daemon", another, async || String::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_a_killed_daemon_is_restarted_and_releases_waiting_clients() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let mut parent = Parent::start(&session).await;
    let mut client = hanging_request(&session).await;
    for signal in [Signal::KILL, Signal::ABORT] {
        let before = owner(&session).await;
        send_signal(before, signal);
        let response = client.response().await;
        assert_eq!((response.code, response.message.as_str()), (2, STOPPED));
        assert_ne!(next_daemon(&session, before).await, before);
        client = hanging_request(&session).await;
    }
    session.shop().control().reset();
    assert_eq!(Client::new(&session).await.request(&session).await.code, 0);
    assert!(parent.ended().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_two_buses_that_share_a_runtime_folder_keep_their_requests_apart() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let first = Daemon::start(&session, "", &[]).await;
    let mut client = hanging_request(&session).await;

    // As over ssh, beside a desktop. No keyring is on this bus, and nothing hangs there.
    let address = format!("unix:path={}", session.folder().join("other-bus").display());
    let mut bus = session.processes.command("dbus-daemon");
    bus.args(["--session", "--nofork", &format!("--address={address}")]);
    session.processes.start("other-bus", bus);
    let connected = async || connection::Builder::address(address.as_str()).ok()?.build().await.ok();
    let other = wait_for("the other bus", connected, async || String::new()).await;
    let mut daemon = command(&session, "", &["--verbose"]);
    daemon.env("DBUS_SESSION_BUS_ADDRESS", &address);
    let daemon = session.processes.start("other-daemon", daemon);
    let other = DBusProxy::new(&other).await.expect("the bus has its own interface");
    let is_owned =
        async || other.name_has_owner(AUTHENTICATOR.try_into().expect("a valid name")).await.unwrap_or(false);
    wait_until("the other daemon", is_owned).await;
    let mut neighbour = Client::on(&address).await;
    assert_eq!(neighbour.request_at(&session, "https://elsewhere.example.org/").await.code, 2);
    send_signal(daemon, Signal::TERM);
    wait_until("the end of the other daemon", async || has_ended(daemon)).await;

    send_signal(first.id, Signal::KILL);
    session.bus.wait_until_free(AUTHENTICATOR).await;
    let _next = Daemon::start(&session, "", &[]).await;
    let response = client.response().await;
    assert_eq!((response.code, response.message.as_str()), (2, STOPPED));
}

#[tokio::test(flavor = "multi_thread")]
async fn l03_a_parent_ends_on_a_signal_after_its_daemon_has_answered() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    for signal in [Signal::TERM, Signal::INT] {
        let parent = Parent::start(&session).await;
        let mut client = hanging_request(&session).await;
        send_signal(parent.id(), signal);
        let response = client.response().await;
        assert_eq!((response.code, response.message.as_str()), (2, STOPPED));
        assert_eq!(parent.end().await.code(), Some(0));
        assert!(!session.bus.has_owner(AUTHENTICATOR).await);
        session.shop().control().reset();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_does_not_outlive_its_parent() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let parent = Parent::start(&session).await;
    let mut client = hanging_request(&session).await;
    send_signal(parent.id(), Signal::KILL);
    let response = client.response().await;
    assert_eq!((response.code, response.message.as_str()), (2, STOPPED));
    session.bus.wait_until_free(AUTHENTICATOR).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parent_gives_up_on_a_daemon_that_keeps_being_killed() {
    let session = Session::start(Setup::without_display()).await;
    let mut parent = Parent::start(&session).await;
    let mut daemon = owner(&session).await;
    for _ in 0..5 {
        send_signal(daemon, Signal::KILL);
        daemon = next_daemon(&session, daemon).await;
        assert!(parent.ended().is_none());
    }
    send_signal(daemon, Signal::KILL);
    assert_eq!(parent.end().await.code(), Some(128 + Signal::KILL.as_raw()));
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_the_parent_of_a_second_daemon_ends_with_it() {
    let session = Session::start(Setup::without_display()).await;
    let _first = Parent::start(&session).await;
    let daemon = owner(&session).await;
    let second = Parent::start(&session).await;
    assert_eq!(second.end().await.code(), Some(1));
    assert_eq!(owner(&session).await, daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn l06_the_parent_of_an_idle_daemon_ends_with_it() {
    let session = Session::start(Setup::without_display()).await;
    let mut idle = command(&session, "", &["--as-parent", "--idle-seconds", "1"]);
    let idle = Parent(idle.spawn().expect("the parent starts"));
    assert_eq!(idle.end().await.code(), Some(0));
    assert!(!session.bus.has_owner(AUTHENTICATOR).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn l14_neither_parent_nor_daemon_is_dumped_or_readable_by_others() {
    let session = Session::start(Setup::without_display()).await;
    let mut parent =
        command(&session, &format!("set -- \"$0\" \"$@\"\n{}", without_privileges("\"$@\"")), &["--as-parent"]);
    let parent = Parent(parent.spawn().expect("the parent starts"));
    session.bus.wait_for_owner(AUTHENTICATOR).await;
    for id in [parent.id(), owner(&session).await] {
        let limits = fs::read_to_string(format!("/proc/{id}/limits")).expect("the process is there");
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit for core files");
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
        assert!(!can_read_memory_of(id));
    }
    assert_eq!(fs::read_dir(format!("/proc/{}/task", parent.id())).expect("the parent is there").count(), 1);
}
