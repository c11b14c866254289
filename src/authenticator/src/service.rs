// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon on its bus connections: names, objects, clients that come and go, and the end.

use std::{sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt, future::join_all};
use usher_core::{
    activity_log::ActivityLog,
    files,
    names::{self, APP_ID, FLATPAK_AUTHENTICATOR_PATH},
    notices::NoticeFile,
    owners,
    patience::within,
    pending::PendingFile,
};
use zbus::{
    Connection,
    fdo::NameOwnerChanged,
    names::{OwnedUniqueName, UniqueName},
};

use crate::{
    access::AccessService,
    activity::Activity,
    application::Application,
    authenticator::Authenticator,
    bus_names::{BusNames, RunError},
    daemon::Daemon,
    delivery::BusAccess,
    deployment::Deployment,
    flow::{Answer, Flow},
    idle,
    journal::{Handle, Journal},
    listing::Listing,
    memory, messages,
    notify::{self, Notifier},
    open_requests::OpenRequests,
    request_object,
};

/// Longest time to end in.
const END_LIMIT: Duration = Duration::from_secs(4);

/// What the daemon needs to run.
pub(crate) struct Setup {
    pub(crate) bus_access: BusAccess,
    pub(crate) flow: Flow,
    pub(crate) activity: Activity,
    pub(crate) pending: Option<PendingFile>,
    pub(crate) notices: Option<NoticeFile>,
    pub(crate) log: Option<ActivityLog>,
    pub(crate) journal: Option<Journal>,
    /// How long it stays when idle.
    pub(crate) idle: Duration,
    /// The files that it was started from; it ends when they are replaced or removed.
    pub(crate) deployment: Option<Deployment>,
}

/// Serves requests on bus connections until it was idle for a while, or `stop` is ready.
pub(crate) async fn run_with_connections(
    bus_names: &BusNames,
    setup: Setup,
    stop: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let Setup { bus_access, flow, activity, pending, notices, log, journal, idle, deployment } = setup;
    let open_requests = OpenRequests::new(activity.clone(), journal.clone());
    let connection = &bus_names.authenticator;
    let notifier = Notifier::new(notify::Parts {
        connection: connection.clone(),
        activity: activity.clone(),
        bus_access,
        has_display: flow.has_display,
        accounts: flow.accounts.clone(),
        installations: flow.installations.clone(),
        clock: flow.clock.clone(),
        pending: pending.clone(),
        file: notices,
    });
    let daemon = Arc::new(Daemon { flow, open_requests, activity, pending, bus_access, notifier, log });
    // The journal is read before the first request is written to it.
    let read = apart(journal.as_ref(), Journal::left_open);
    let (lost, left_open) = tokio::join!(owners::changes(connection, 2, ""), read);
    let lost = lost?;
    connection.object_server().at(FLATPAK_AUTHENTICATOR_PATH, Authenticator(daemon.clone())).await?;
    connection.object_server().at(FLATPAK_AUTHENTICATOR_PATH, Listing(daemon.clone())).await?;
    let application = Application::new(daemon.activity.clone());
    connection.object_server().at(names::application_path(APP_ID), application).await?;
    let access = AccessService::serve(&bus_names.access, daemon.clone()).await?;
    let serving = async {
        bus_names.own().await?;
        if !left_open.is_empty() {
            end_left_open(connection, bus_access, left_open).await;
            daemon.open_requests.write_journal();
        }
        tracing::debug!("ready");
        until_idle(bus_names, &daemon, idle, deployment.as_ref()).await?;
        // Now nobody waits for an answer.
        apart(journal.as_ref(), Journal::remove_dead).await;
        Ok(())
    };
    let ended = tokio::select! {
        // Follow them from the start: as long as signals wait to be taken, nothing more is read from the bus.
        () = follow(lost, connection, &daemon.flow, [&daemon.open_requests, &access.calls]) => Err(RunError::BusLost),
        () = bus_names.lost() => Err(RunError::BusLost),
        () = stop => Ok(()),
        done = serving => done,
        never = memory::give_back_when_idle(&daemon.activity) => match never {},
    };
    end(&daemon, &access).await;
    // Answers must come from the owner of the name, so release the names last; the next daemon serves whoever calls
    // from now on.
    if bus_names.are_open()
        && let Err(error) = bus_names.release().await
    {
        tracing::debug!(%error, "cannot release the names");
    }
    ended
}

/// Reads or tidies the journal on a thread of its own.
async fn apart<T: Default + Send + 'static>(journal: Option<&Journal>, work: fn(&Journal) -> T) -> T {
    let Some(journal) = journal.cloned() else { return T::default() };
    let place = journal.path().to_owned();
    files::apart(&place, move || work(&journal)).await.unwrap_or_default()
}

async fn follow(
    mut lost: impl Stream<Item = NameOwnerChanged> + Unpin,
    connection: &Connection,
    flow: &Flow,
    all: [&OpenRequests; 2],
) {
    while let Some(change) = lost.next().await {
        if let Ok(change) = change.args()
            && change.name().starts_with(':')
        {
            for open_requests in all {
                open_requests.peer_is_gone(change.name());
            }
            // Those of the other connection have no object.
            request_object::forget_client(connection, all[0], change.name()).await;
            flow.clients.forget(change.name());
        }
    }
}

/// Returns after an idle time, if no request came while the names were released.
async fn until_idle(
    names: &BusNames,
    daemon: &Daemon,
    mut time: Duration,
    mut deployment: Option<&Deployment>,
) -> Result<(), RunError> {
    loop {
        tokio::select! {
            () = idle::wait(&daemon.activity, time) => {}
            () = ended(deployment) => {
                tracing::debug!("Usher was updated or uninstalled");
                (time, deployment) = (Duration::ZERO, None);
                continue;
            }
        }
        names.release().await?;
        if *daemon.activity.watch().borrow() == 0 {
            tracing::debug!("idle, ending");
            return Ok(());
        }
        names.own().await?;
    }
}

async fn ended(deployment: Option<&Deployment>) {
    match deployment {
        Some(deployment) => deployment.ended().await,
        None => std::future::pending().await,
    }
}

/// Ends the requests that an earlier daemon left open.
async fn end_left_open(connection: &Connection, bus_access: BusAccess, left_open: Vec<Handle>) {
    let ends = left_open.iter().map(async |Handle { peer, path }| {
        if let Err(error) = end_one(connection, bus_access, peer, path).await {
            tracing::debug!(%error, path, "cannot end a request that an earlier daemon left open");
        }
    });
    join_all(ends).await;
}

async fn end_one(connection: &Connection, bus_access: BusAccess, peer: &str, path: &str) -> zbus::Result<()> {
    let peer = OwnedUniqueName::from(UniqueName::try_from(peer)?.to_owned());
    let delivery = bus_access.earlier_caller(connection, &peer).await?;
    tracing::debug!(path, ?delivery, "ended a request that an earlier daemon left open");
    let answer = Answer::Failed { code: None, message: messages::stopped() };
    request_object::respond(connection, &peer, &path.try_into()?, &answer, delivery).await
}

/// Answers open requests and waits for their end.
async fn end(daemon: &Daemon, access: &AccessService) {
    daemon.open_requests.stop();
    access.calls.stop();
    daemon.notifier.stop();
    let mut count = daemon.activity.watch();
    let over = within(END_LIMIT, count.wait_for(|&count| count == 0)).await.map(drop);
    daemon.open_requests.written().await;
    if over.is_err() {
        tracing::warn!("ending although something is still going on");
    }
}
