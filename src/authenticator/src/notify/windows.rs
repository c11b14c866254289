// SPDX-License-Identifier: GPL-3.0-or-later
//! What Usher's windows show, so that no notification repeats it.

use std::time::Duration;

use usher_core::{
    binding::Binding,
    names::{ACCOUNTS_NAME, PROMPTER_INTERFACE, PROMPTER_PATH},
    patience::within,
    prompt,
};
use zbus::{Connection, fdo::DBusProxy, names::BusName, zvariant::OwnedValue};

/// Longest wait for the window process. One that does not answer shows nothing useful.
const LIMIT: Duration = Duration::from_secs(2);

/// Whether a window is about this server, or about all. Does not start the window process.
pub(super) async fn show(connection: &Connection, binding: &Binding) -> bool {
    let service = binding.service.to_string();
    shown(connection).await.iter().any(|what| what == prompt::SHOWN_ACCOUNTS || what == &service)
}

/// What the windows on the screen are about, as the window process tells (property `Shown`). Does not start it.
pub(crate) async fn shown(connection: &Connection) -> Vec<String> {
    match within(LIMIT, ask(connection)).await {
        Ok(Ok(shown)) => shown,
        Ok(Err(error)) => {
            tracing::debug!(%error, "cannot ask the window process what it shows");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

async fn ask(connection: &Connection) -> zbus::Result<Vec<String>> {
    let owner = DBusProxy::new(connection).await?.get_name_owner(BusName::from_static_str(ACCOUNTS_NAME)?).await?;
    let arguments = (PROMPTER_INTERFACE, "Shown");
    let reply = connection
        .call_method(Some(&owner), PROMPTER_PATH, Some("org.freedesktop.DBus.Properties"), "Get", &arguments)
        .await?;
    Ok(reply.body().deserialize::<OwnedValue>()?.try_into()?)
}
