// SPDX-License-Identifier: GPL-3.0-or-later
//! `io.github.usher.Listing1`: a token that opens the listing of a repository, by a request like flatpak's own. A listing
//! counts as an update: what stands in the way means an empty token.

use std::sync::Arc;

use zbus::{Connection, fdo, message::Header, zvariant::OwnedObjectPath};

use crate::{authenticator, bounded::Settings, daemon::Daemon, request::CallArguments};

/// The interface beside flatpak's, at the same object.
pub(crate) struct Listing(pub(crate) Arc<Daemon>);

#[zbus::interface(name = "io.github.usher.Listing1", introspection_docs = false)]
impl Listing {
    // These are the arguments on the wire.
    #[allow(clippy::too_many_arguments)]
    #[zbus(out_args("handle"))]
    async fn request_summary_token(
        &self,
        handle_token: &str,
        authenticator_options: Settings<'_>,
        remote: &str,
        remote_uri: &str,
        options: Settings<'_>,
        parent_window: &str,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> fdo::Result<OwnedObjectPath> {
        let arguments = CallArguments {
            authenticator_options: &authenticator_options,
            remote,
            remote_uri,
            refs: None,
            options: &options,
            parent_window,
        };
        authenticator::accept(&self.0, connection, &header, handle_token, &arguments).await
    }

    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    #[allow(clippy::unused_self)]
    fn version(&self) -> u32 {
        1
    }
}
