// SPDX-License-Identifier: GPL-3.0-or-later
//! `org.freedesktop.Flatpak.AuthenticatorRequest`: the object of one request, and the task that answers it once.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use usher_core::{activity_log::RequestResult, locale};
use zbus::{
    Connection, fdo,
    message::Header,
    names::{BusName, InterfaceName, OwnedUniqueName},
    object_server::SignalEmitter,
    zvariant::{ObjectPath, OwnedObjectPath},
};

use crate::{
    abort_on_drop::AbortOnDrop,
    daemon::Daemon,
    delivery::Delivery,
    flow::{Answer, Asked, Outcome, Reply, Results},
    lifecycle::{Effect, Event, Lifecycle},
    limits,
    log_entry::Asker,
    open_requests::{Admission, OpenRequests},
    request::Request,
};

/// An interface of every object.
const PEER: InterfaceName<'static> = InterfaceName::from_static_str_unchecked("org.freedesktop.DBus.Peer");

/// The object of a request. It exists until the request is answered.
pub(crate) struct RequestObject {
    pub(crate) open_requests: OpenRequests,
    pub(crate) peer: OwnedUniqueName,
    pub(crate) path: OwnedObjectPath,
}

#[zbus::interface(name = "org.freedesktop.Flatpak.AuthenticatorRequest", introspection_docs = false)]
impl RequestObject {
    #[allow(clippy::needless_pass_by_value)]
    fn close(&self, #[zbus(header)] header: Header<'_>) -> fdo::Result<()> {
        if header.sender() != Some(&*self.peer) {
            return Err(fdo::Error::AccessDenied("the request is somebody else's".into()));
        }
        self.open_requests.send(self.path.as_str(), Event::Closed);
        Ok(())
    }

    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    #[allow(clippy::unused_self)]
    fn version(&self) -> u32 {
        1
    }

    #[zbus(signal)]
    async fn response(emitter: &SignalEmitter<'_>, response: u32, results: Results<'_>) -> zbus::Result<()>;
}

/// Emits `Response`.
pub(crate) async fn respond(
    connection: &Connection,
    peer: &OwnedUniqueName,
    handle: &ObjectPath<'_>,
    answer: &Answer,
    delivery: Delivery,
) -> zbus::Result<()> {
    let emitter = SignalEmitter::new(connection, handle)?;
    let emitter = match delivery {
        Delivery::Directed => emitter.set_destination(BusName::Unique(peer.as_ref())),
        Delivery::Broadcast => emitter,
        Delivery::Nobody => return Ok(()),
    };
    RequestObject::response(&emitter, answer.code(), Results(answer)).await
}

/// Removes what is left of a client that has left, once none of its requests is open: the library makes an object above
/// theirs, and would keep it for ever.
pub(crate) async fn forget_client(connection: &Connection, open_requests: &OpenRequests, peer: &str) {
    if open_requests.has_left(peer) {
        // There is none if the client never asked for anything. Of what every object has, one is named.
        let path = limits::client_path(peer);
        let _ = connection.object_server().remove_named(path, PEER).await;
    }
}

/// The task that answers one request.
pub(crate) struct RequestTask {
    pub(crate) daemon: Arc<Daemon>,
    pub(crate) connection: Connection,
    pub(crate) handle: OwnedObjectPath,
    pub(crate) peer: OwnedUniqueName,
    pub(crate) admission: Admission,
    pub(crate) events: mpsc::UnboundedReceiver<Event>,
    /// Ready once the client is about to get the handle.
    pub(crate) taken: oneshot::Receiver<()>,
}

impl RequestTask {
    /// Runs until the request and the work after it are done.
    pub(crate) async fn run(mut self, request: Request) {
        let request = Arc::new(request);
        // Look this up meanwhile, so that nobody waits for it.
        let mut delivery = AbortOnDrop::begin({
            let (bus_access, connection, peer) = (self.daemon.bus_access, self.connection.clone(), self.peer.clone());
            async move { bus_access.caller(&connection, &peer).await }
        });
        // Afterwards the program may be gone.
        let mut program = AbortOnDrop::begin({
            let (daemon, peer) = (self.daemon.clone(), self.peer.clone());
            async move { daemon.flow.clients.name(peer.as_str()).await }
        });
        let asked = Asked::default();
        let work = AbortOnDrop::begin({
            let (daemon, request, peer) = (self.daemon.clone(), request.clone(), self.peer.clone());
            let asked = asked.clone();
            async move { daemon.flow.answer(&request, peer.as_str(), &asked).await }
        });
        let event = self.first_event(work).await;
        let is_stopped = matches!(event, Event::Closed | Event::PeerGone | Event::Stopped);
        let effect = Lifecycle::default().on(event);
        let mut reply = match effect {
            Effect::Respond(reply) => Some(*reply),
            Effect::Vanish | Effect::Nothing => None,
        };
        if let Some(Reply { answer: Answer::Failed { message, .. }, .. }) = &mut reply
            && !message.is_ascii()
            && !self.daemon.flow.clients.is_unicode(self.peer.as_str()).await
        {
            *message = locale::ascii_punctuation(message).into_owned();
        }
        tracing::debug!(
            handle = self.handle.as_str(),
            answer = ?reply.as_ref().map(|reply| &reply.answer),
            "ended a request"
        );
        // A client that learns the handle only from the call would miss an answer that comes before it.
        let _ = (&mut self.taken).await;
        if let Some(Reply { answer, .. }) = &reply {
            let delivery = delivery.done().await.unwrap_or_else(|| self.daemon.bus_access.surest());
            tracing::debug!(handle = self.handle.as_str(), ?delivery, "sent an answer");
            if let Err(error) = respond(&self.connection, &self.peer, &self.handle, answer, delivery).await {
                tracing::warn!(%error, "cannot send an answer");
            }
        }
        if let Err(error) = self.connection.object_server().remove::<RequestObject, _>(&self.handle).await {
            tracing::debug!(%error, "cannot remove a request's object");
        }
        // Nothing may interrupt the work after the answer, but the handle is free again.
        let busy = self.daemon.activity.begin();
        drop(self.admission);
        forget_client(&self.connection, &self.daemon.open_requests, &self.peer).await;
        // Nothing is installed yet that the answer was for.
        let purpose = match &self.daemon.log {
            Some(_) => Some(self.daemon.flow.wanted(&request).await.into()),
            None => None,
        };
        let asker = Asker { program: program.done().await.unwrap_or_default(), purpose };
        if is_stopped {
            self.daemon.log(&request, asker, Outcome::of(RequestResult::Cancelled), &asked).await;
        } else if let Some(reply) = reply {
            self.daemon.follow_up(&request, reply.follow_up, asker, &asked).await;
        }
        drop(busy);
    }

    /// The event that decides the request: its work, or something that ends the work.
    async fn first_event(&mut self, mut work: AbortOnDrop<Reply>) -> Event {
        tokio::select! {
            biased;
            Some(event) = self.events.recv() => event,
            done = work.done() => match done {
                Some(reply) => Event::Answered(Box::new(reply)),
                None => Event::Failed,
            },
        }
    }
}
