// SPDX-License-Identifier: GPL-3.0-or-later
//! `usher-authenticator`: answers `org.freedesktop.Flatpak.Authenticator` from the keyring and the account server.
//! Shows no window; keeps nothing that must not get lost.
//!
//! ```text
//! service        on the bus: names, clients, the end   arguments      command line
//! authenticator  the interface that flatpak calls      limits         what a call may ask
//! bus_socket     how large a message may be            bounded        arguments that keep to their limits
//! request        what a call asks for                  request_object one request's object and its one answer
//! lifecycle      why it is exactly one answer          open_requests  the open requests
//! journal        their handles, for after a crash      flow           how a request is decided (pure, over traits)
//! messages       the texts for clients                 system         disk and clock behind the flow's traits
//! accounts       the keyring                           token_cache    recent tokens
//! log_entry      what the activity log says of them
//! prompt_client  the window process                    prompt_budget  how often it may be asked
//! keyring_prompts what the keyring asks itself         notes          requests that got no tokens
//! client_name    the names of clients
//! access         the questions of stores               bus_names      the names of both connections
//! delivery       how answers reach their clients
//! activity       what keeps the daemon from ending     idle           waits until nothing does
//! supervisor     restarts a killed daemon              deployment     whether its sandbox is out of date
//! application    forwards the desktop's calls          notify         notifications
//! daemon         what all requests share               abort_on_drop  tasks that end with their owner
//! memory         gives back what is free
//! listing        the interface for lists of what repositories have
//! fuzzing        what damaged bytes are thrown at
//! ```

#![warn(clippy::disallowed_methods)]

mod abort_on_drop;
mod access;
mod accounts;
mod activity;
mod application;
mod arguments;
mod authenticator;
mod bounded;
mod bus_names;
mod bus_socket;
mod client_name;
mod daemon;
mod delivery;
mod deployment;
#[cfg(test)]
mod fakes;
mod flow;
#[cfg(test)]
mod fuzzing;
mod idle;
mod journal;
mod keyring_prompts;
mod lifecycle;
mod limits;
mod listing;
mod log_entry;
mod memory;
mod messages;
mod notes;
mod notify;
mod open_requests;
mod prompt_budget;
mod prompt_client;
mod request;
mod request_object;
mod service;
mod supervisor;
mod system;
#[cfg(test)]
mod tests;
mod token_cache;

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};
use usher_core::{
    activity_log::ActivityLog,
    decisions::DecisionFile,
    dismissals::DismissalFile,
    environment, folders,
    http::{HttpClient, HttpLimits, PortalProxies},
    names,
    notices::NoticeFile,
    pending::PendingFile,
    store::AccountStore,
};
use zbus::Connection;

use self::{
    accounts::KeyringAccounts,
    activity::Activity,
    arguments::{Arguments, Call},
    bus_names::{BusNames, RunError},
    client_name::BusClients,
    delivery::BusAccess,
    deployment::Deployment,
    flow::{Clock, Flow},
    journal::Journal,
    keyring_prompts::KeyringPrompts,
    prompt_client::{PromptClient, PromptLimits},
    service::Setup,
    supervisor::{Forked, Role},
    system::{DiskDecisions, DiskInstallations, HttpKeys, SystemClock},
};

/// Longest waits for a window, and for a person at it.
const PROMPT_LIMITS: PromptLimits =
    PromptLimits { window: Duration::from_secs(10), person: Duration::from_secs(15 * 60) };
/// Longest time for a request's look at keyring and server.
const LOOK_LIMIT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    if let Err(error) = environment::clean() {
        log(false);
        tracing::error!(%error, "cannot start without variables that weaken a rule");
        return ExitCode::FAILURE;
    }
    let parent = match Role::of_process() {
        Role::Daemon => None,
        Role::Supervisor => match supervisor::fork() {
            Ok(Forked::Daemon(supervisor)) => Some(supervisor),
            Ok(Forked::Supervisor(daemon)) => return supervise(|| supervisor::run(daemon)),
            Err(error) => return supervise(|| Err(error)),
        },
    };
    match Call::read(supervisor::daemon_arguments()) {
        Ok(Call::Run(arguments)) => daemon(&Arguments { parent: parent.or(arguments.parent), ..arguments }),
        Ok(Call::Say(text)) => say(io::stdout(), text, ExitCode::SUCCESS),
        Err(error) => say(io::stderr(), &format!("usher-authenticator: {error}; try --help\n"), ExitCode::from(2)),
    }
}

fn supervise(run: impl FnOnce() -> io::Result<ExitCode>) -> ExitCode {
    log(false);
    keep_secrets_out_of_dumps();
    run().unwrap_or_else(|error| {
        tracing::error!(%error, "cannot run the daemon");
        ExitCode::FAILURE
    })
}

/// Says this to whoever has typed the command, and ends with that code.
fn say(mut to: impl Write, text: &str, code: ExitCode) -> ExitCode {
    // Nobody may be there to read it.
    let _ = to.write_all(text.as_bytes());
    code
}

fn daemon(arguments: &Arguments) -> ExitCode {
    log(arguments.verbose);
    keep_secrets_out_of_dumps();
    memory::share_one_heap();
    if let Some(parent) = arguments.parent {
        match supervisor::follow(parent) {
            Ok(true) => {}
            Ok(false) => return ExitCode::SUCCESS,
            Err(error) => tracing::warn!(%error, "cannot watch the parent process"),
        }
    }
    usher_core::i18n::init();
    let ended = runtime().map_err(RunError::Runtime).and_then(|runtime| {
        let ended = runtime.block_on(run(arguments));
        // Dropping the keyring's session sends a last message through the runtime.
        let context = runtime.handle().clone();
        let _inside = context.enter();
        // A name lookup cannot be cancelled; it must not delay the end.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// One thread for everything, and for a while one for each name lookup, since a slow one must not delay others, or the
/// keyring file.
fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().thread_keep_alive(Duration::from_secs(1)).build()
}

async fn run(arguments: &Arguments) -> Result<(), RunError> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    };
    let settled = async {
        folders::settle_session().await;
        Ok(())
    };
    let (authenticator, ()) = tokio::try_join!(bus_socket::session(), settled)?;
    // The second connection can wait until the keyring has been asked.
    let access = async { Ok(bus_socket::session().await?) };
    let (setup, access) = tokio::try_join!(setup(arguments, &authenticator), access)?;
    service::run_with_connections(&BusNames { authenticator, access }, setup, stop).await
}

async fn setup(arguments: &Arguments, connection: &Connection) -> Result<Setup, RunError> {
    let log = ActivityLog::of_user();
    let store = AccountStore::on(connection.clone(), arguments.keyring).logging_to(log.clone());
    // The bus starts the daemon for somebody who waits. The keyring works on this while the daemon takes its names.
    tokio::spawn({
        let store = store.clone();
        async move { store.meet_keyring().await }
    });
    let bus = zbus::fdo::DBusProxy::new(connection).await?.get_id().await.map_err(zbus::Error::from)?;
    let bus_access = BusAccess::of_process();
    let activity = Activity::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let limits = HttpLimits { time: arguments.http, ..HttpLimits::default() };
    let http = HttpClient::with_desktop(limits, Arc::new(PortalProxies::new(Some(connection.clone()))));
    let windows = PromptClient::new(
        connection.clone(),
        activity.clone(),
        clock.clone(),
        PROMPT_LIMITS,
        DismissalFile::of_session(),
    );
    let prompts = KeyringPrompts::new(windows, store.clone(), activity.clone());
    let token_keys = Arc::new(HttpKeys::new(http.clone()));
    let accounts = Arc::new(KeyringAccounts::new(store, http, connection.clone(), &activity));
    let flow = Flow {
        accounts: accounts.clone(),
        tokens: accounts,
        token_keys,
        prompts: Arc::new(prompts),
        installations: Arc::new(DiskInstallations),
        decisions: Arc::new(DiskDecisions(DecisionFile::of_person())),
        clients: Arc::new(BusClients::new(connection.clone(), bus_access)),
        clock,
        cache: std::sync::Mutex::default(),
        limit: LOOK_LIMIT,
        has_display: has_display(),
        in_sandbox: names::in_sandbox(),
    };
    let journal = Journal::of_session(&bus);
    Ok(Setup {
        bus_access,
        flow,
        activity,
        pending: PendingFile::of_session(),
        notices: NoticeFile::of_person(),
        log,
        journal,
        idle: deployment::idle_time(arguments.idle).await,
        deployment: Deployment::of_process(),
    })
}

/// Whether windows can be shown in this session.
fn has_display() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Libraries report what goes wrong; Usher also its decisions, on request. No variable changes that (rule R17).
fn log(verbose: bool) {
    let own = if verbose { LevelFilter::DEBUG } else { LevelFilter::WARN };
    let levels = tracing_subscriber::filter::Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("usher_authenticator", own)
        .with_target("usher_core", own);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).without_time();
    tracing_subscriber::registry().with(levels).with(lines).init();
}

/// Prevents core files, and reading of the memory by other programs of the same person (rule R17).
fn keep_secrets_out_of_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "cannot switch off core files");
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "cannot protect the memory from other programs");
    }
}
