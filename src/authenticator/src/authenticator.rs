// SPDX-License-Identifier: GPL-3.0-or-later
//! `org.freedesktop.Flatpak.Authenticator`: checks a call, exports the request's object, and returns its handle at
//! once.

use std::sync::Arc;

use tokio::sync::oneshot;
use zbus::{Connection, fdo, message::Header, zvariant::OwnedObjectPath};

use crate::{
    bounded::Settings,
    daemon::Daemon,
    limits::{self, LimitError},
    open_requests::AdmissionError,
    request::{CallArguments, RefArguments, Request},
    request_object::{RequestObject, RequestTask},
};

/// The object at [`usher_core::names::FLATPAK_AUTHENTICATOR_PATH`].
pub(crate) struct Authenticator(pub(crate) Arc<Daemon>);

#[zbus::interface(name = "org.freedesktop.Flatpak.Authenticator", introspection_docs = false)]
impl Authenticator {
    // These are the arguments on the wire.
    #[allow(clippy::too_many_arguments)]
    #[zbus(out_args("handle"))]
    async fn request_ref_tokens(
        &self,
        handle_token: &str,
        authenticator_options: Settings<'_>,
        remote: &str,
        remote_uri: &str,
        refs: RefArguments<'_>,
        options: Settings<'_>,
        parent_window: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<OwnedObjectPath> {
        let arguments = CallArguments {
            authenticator_options: &authenticator_options,
            remote,
            remote_uri,
            refs: Some(&refs),
            options: &options,
            parent_window,
        };
        accept(&self.0, connection, &header, handle_token, &arguments).await
    }

    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    #[allow(clippy::unused_self)]
    fn version(&self) -> u32 {
        1
    }
}

/// Takes a call: checks it, exports the request's object, and returns its handle at once. The answer comes by itself.
pub(crate) async fn accept(
    daemon: &Arc<Daemon>,
    connection: &Connection,
    header: &Header<'_>,
    handle_token: &str,
    arguments: &CallArguments<'_>,
) -> fdo::Result<OwnedObjectPath> {
    let peer = header.sender().ok_or_else(|| fdo::Error::Failed("a call without a sender".into()))?;
    let path = limits::handle_path(peer.as_str(), handle_token)?;
    let request = Request::read(arguments)?;
    let (admission, events) = daemon.open_requests.admit(&path, peer.as_str())?;
    let handle = OwnedObjectPath::try_from(path).map_err(|_| LimitError::HandleToken)?;
    let object = RequestObject {
        open_requests: daemon.open_requests.clone(),
        peer: peer.to_owned().into(),
        path: handle.clone(),
    };
    connection.object_server().at(&handle, object).await?;
    tracing::debug!(
        handle = handle.as_str(),
        remote = request.remote,
        refs = request.refs().len(),
        request.is_listing,
        request.interactive,
        "received a request"
    );
    let (returned, taken) = oneshot::channel();
    let supervisor = RequestTask {
        daemon: daemon.clone(),
        connection: connection.clone(),
        handle: handle.clone(),
        peer: peer.to_owned().into(),
        admission,
        events,
        taken,
    };
    // The work begins while the disk writes.
    tokio::spawn(supervisor.run(request));
    // If the daemon was killed now, a client whose handle is not in there would wait forever.
    daemon.open_requests.written().await;
    // Nobody listens any more if the request has ended.
    let _ = returned.send(());
    Ok(handle)
}

impl From<LimitError> for fdo::Error {
    fn from(error: LimitError) -> Self {
        Self::InvalidArgs(error.to_string())
    }
}

impl From<AdmissionError> for fdo::Error {
    fn from(refusal: AdmissionError) -> Self {
        let message = refusal.to_string();
        match refusal {
            AdmissionError::TooMany => Self::LimitsExceeded(message),
            AdmissionError::Exists => Self::ObjectPathInUse(message),
            AdmissionError::TooLate => Self::Failed(message),
        }
    }
}
