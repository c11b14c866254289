// SPDX-License-Identifier: GPL-3.0-or-later
//! The end of a bus. Without the session bus keyring, daemon and desktop are out of reach, so the process ends as well: with
//! a code, and once a renewal under way is done. Left alone, GLib would raise a signal.

use std::time::Duration;

use gtk::{gio, glib, prelude::*, subclass::prelude::*};
use usher_core::patience::within;

use super::Application;

/// Longest time to end in; the daemon's limit.
const LIMIT: Duration = Duration::from_secs(4);

/// Ends the process in order when this connection does.
pub(super) fn follow(connection: &gio::DBusConnection) {
    connection.set_exit_on_close(false);
    // The connection belongs to the thread that asked for it first, which may be one of GIO's.
    connection.connect_closed(|_, _, error| {
        tracing::error!(error = error.map(tracing::field::display), "the connection to the session bus is lost");
        glib::MainContext::default().invoke(end);
    });
}

/// Lets the end of the system bus end nothing. WebKit and GIO's network monitor connect to it, and all of a process share one
/// connection, which would raise a signal as well. None of them does so before there is a window.
pub(super) fn outlive_system_bus(application: &Application) {
    let weak = application.downgrade();
    glib::spawn_future_local(async move {
        // A sandbox has none.
        let Ok(system_bus) = gio::bus_get_future(gio::BusType::System).await else { return };
        system_bus.set_exit_on_close(false);
        if let Some(application) = weak.upgrade() {
            // The next one to connect gets this same connection as long as somebody has it.
            let _ = application.imp().system_bus.set(system_bus);
        }
    });
}

fn end() {
    let Some(application) = gio::Application::default().and_downcast::<Application>() else { return };
    application.imp().is_bus_lost.set(true);
    let session = application.services().session.clone();
    glib::spawn_future_local(async move {
        let finished = crate::runtime::spawn(async move { within(LIMIT, session.finish()).await }).await;
        if !finished.is_ok_and(|unfinished| !unfinished.is_any()) {
            tracing::error!("ending although a renewed sign-in is not saved");
        }
        application.quit();
    });
}
