// SPDX-License-Identifier: GPL-3.0-or-later
//! `io.github.usher.Prompter1`, on the application's own bus connection.

use std::rc::Rc;

use gtk::{gio, glib, prelude::*};
use usher_core::{
    account::Account,
    names,
    prompt::{self, Kind, Outcome},
    remote,
};

use super::{
    details::Details,
    parent_window,
    queue::{CheckedRequest, PromptQueue},
    waiters::{accounts_at, answer},
};
use crate::services::Services;

const INTERFACE: &str = include_str!("../../../../data/dbus-interfaces/io.github.usher.Prompter1.xml");
const VERSION: u32 = 1;

/// Serves the object until the connection goes.
pub(super) fn register(
    services: &Services,
    connection: &gio::DBusConnection,
    queue: &Rc<PromptQueue>,
    is_main_window_shown: impl Fn() -> bool + 'static,
) -> Result<(), glib::Error> {
    let node = gio::DBusNodeInfo::for_xml(INTERFACE)?;
    let interface = node.lookup_interface(names::PROMPTER_INTERFACE).expect("the interface is in the file");
    let services = services.clone();
    let (called, looked_at) = (queue.clone(), queue.clone());
    connection
        .register_object(names::PROMPTER_PATH, &interface)
        .method_call(move |connection, sender, _, _, method, parameters, call| {
            let (queue, services) = (called.clone(), services.clone());
            let (sender, method) = (sender.map(ToOwned::to_owned), method.to_owned());
            glib::spawn_future_local(async move {
                // The process stays at least as long as a call that it is about to answer.
                let _hold = services.hold();
                if is_daemon(&connection, sender.as_deref()).await {
                    handle(&services, &queue, &method, &parameters, call).await;
                } else {
                    call.return_dbus_error("org.freedesktop.DBus.Error.AccessDenied", "only the authenticator may ask");
                }
            });
        })
        .property(move |_, _, _, _, name| match name {
            "Shown" => shown(is_main_window_shown(), &looked_at).to_variant(),
            _ => VERSION.to_variant(),
        })
        .build()?;
    Ok(())
}

/// Ends all calls when the daemon that made them is gone. GIO's own watch of a name also reports the end of the bus, without
/// a connection; its Rust form takes one for granted and panics.
pub(super) fn follow_daemon(connection: &gio::DBusConnection, queue: &Rc<PromptQueue>) -> gio::SignalSubscription {
    let queue = queue.clone();
    connection.subscribe_to_signal(
        Some("org.freedesktop.DBus"),
        Some("org.freedesktop.DBus"),
        Some("NameOwnerChanged"),
        Some("/org/freedesktop/DBus"),
        Some(names::AUTHENTICATOR_NAME),
        gio::DBusSignalFlags::NONE,
        move |change| {
            let (_, old_owner, _) = change.parameters.get::<(String, String, String)>().unwrap_or_default();
            if !old_owner.is_empty() {
                queue.cancel_all();
            }
        },
    )
}

/// What windows show: the daemon sends no notifications about that.
fn shown(is_main_window_shown: bool, queue: &PromptQueue) -> Vec<String> {
    let accounts = is_main_window_shown.then(|| prompt::SHOWN_ACCOUNTS.to_owned());
    accounts.into_iter().chain(queue.shown_service()).collect()
}

/// Whether a caller owns the daemon's name, asked of the bus now (rule R18).
async fn is_daemon(connection: &gio::DBusConnection, sender: Option<&str>) -> bool {
    let owner = connection
        .call_future(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "GetNameOwner",
            Some(&(names::AUTHENTICATOR_NAME,).to_variant()),
            None,
            gio::DBusCallFlags::NONE,
            -1,
        )
        .await;
    let owner = owner.ok().and_then(|reply| reply.child_value(0).get::<String>());
    sender.is_some() && owner.as_deref() == sender
}

async fn handle(
    services: &Services,
    queue: &Rc<PromptQueue>,
    method: &str,
    parameters: &glib::Variant,
    call: gio::DBusMethodInvocation,
) {
    if method == "Cancel" {
        let token: String = parameters.child_value(0).get().unwrap_or_default();
        queue.cancel(&token);
        call.return_value(None);
        return;
    }
    let Some(kind) = Kind::from_word(method) else {
        call.return_dbus_error("org.freedesktop.DBus.Error.UnknownMethod", "no such method");
        return;
    };
    let token: String = parameters.child_value(0).get().unwrap_or_default();
    if !prompt::is_handle_token(&token) {
        call.return_dbus_error("org.freedesktop.DBus.Error.InvalidArgs", "handle_token");
        return;
    }
    let details = match Details::parse(kind, &parameters.child_value(1)) {
        Ok(details) => details,
        Err(what) => {
            call.return_dbus_error("org.freedesktop.DBus.Error.InvalidArgs", what);
            return;
        }
    };
    queue.expect(&token);
    let remotes = gio::spawn_blocking(|| remote::remotes(&remote::installations())).await.unwrap_or_default();
    let remote = details.find_remote(remotes);
    let accounts = if remote.is_some() { accounts_of(services, &details).await } else { Vec::new() };
    if !queue.is_still_wanted(&token) {
        answer(call, Outcome::Dismissed, None, None);
        return;
    }
    let Some(remote) = remote else {
        answer(call, Outcome::Failed, None, Some("no such remote on this computer"));
        return;
    };
    let parent: String = parameters.child_value(2).get().unwrap_or_default();
    let request = CheckedRequest { details, remote, accounts, parent: parent_window::parse(&parent) };
    queue.ask(request, token, call);
}

/// The accounts that are made for this server. A keyring that does not answer has none.
pub(super) async fn accounts_of(services: &Services, details: &Details) -> Vec<Account> {
    if details.kind == Kind::Unlock {
        return Vec::new();
    }
    // The window shows what is known of the server, too, from the same reading.
    let entries = services.accounts().read().await;
    accounts_at(&entries, &details.ground.binding)
}
