// SPDX-License-Identifier: GPL-3.0-or-later
//! Restarting in the version that is installed now: this process gives up its bus name, and the bus starts the new one.

use adw::prelude::*;
use gtk::{gio, glib};
use usher_core::names;

use crate::{i18n::gettext, widgets::toast};

/// What the bus says when a name was taken, or was one's own already.
const OWNED: [u32; 2] = [1, 4];

/// Starts what is installed now in place of this process, with its window. A question of a client's that is on screen is
/// not taken from the person. `page` shows what goes wrong.
pub(crate) fn restart(page: &impl IsA<gtk::Widget>) {
    let Some(window) = page.root().and_downcast::<gtk::Window>() else {
        return;
    };
    let Some(application) = window.application() else {
        return;
    };
    if application.windows().iter().any(|other| other.is_visible() && other != &window) {
        toast::show(page, &gettext("Close the other window first"));
        return;
    }
    let page = page.clone();
    glib::spawn_future_local(async move {
        let Some(bus) = application.dbus_connection() else {
            return;
        };
        if let Err(error) = hand_over(&bus, window.upcast_ref()).await {
            tracing::warn!(%error, "cannot start the installed version");
            toast::show(&page, &gettext("Usher could not be restarted"));
            return;
        }
        application.quit();
    });
}

/// Gives up the name and has its new owner show its window. Takes the name back where there is no new owner.
async fn hand_over(bus: &gio::DBusConnection, widget: &gtk::Widget) -> Result<(), glib::Error> {
    bus_call(bus, "ReleaseName", &(names::ACCOUNTS_NAME,).to_variant()).await?;
    let started = activate(bus, widget).await;
    if started.is_err() {
        let do_not_queue = 4_u32;
        let taken = bus_call(bus, "RequestName", &(names::ACCOUNTS_NAME, do_not_queue).to_variant()).await?;
        let is_ours = taken.child_value(0).get::<u32>().is_some_and(|reply| OWNED.contains(&reply));
        if !is_ours {
            tracing::warn!("another process has taken the name on the bus");
        }
    }
    started
}

async fn activate(bus: &gio::DBusConnection, widget: &gtk::Widget) -> Result<(), glib::Error> {
    let data = glib::VariantDict::new(None);
    let context = widget.display().app_launch_context();
    if let Some(token) = context.startup_notify_id(gio::AppInfo::NONE, &[]) {
        data.insert("activation-token", token.as_str());
        data.insert("desktop-startup-id", token.as_str());
    }
    let path = names::application_path(names::ACCOUNTS_NAME);
    let arguments = glib::Variant::tuple_from_iter([data.end()]);
    let activated = bus.call_future(
        Some(names::ACCOUNTS_NAME),
        &path,
        "org.freedesktop.Application",
        "Activate",
        Some(&arguments),
        None,
        gio::DBusCallFlags::NONE,
        -1,
    );
    activated.await.map(drop)
}

async fn bus_call(
    bus: &gio::DBusConnection,
    method: &str,
    arguments: &glib::Variant,
) -> Result<glib::Variant, glib::Error> {
    let (name, path) = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
    bus.call_future(Some(name), path, name, method, Some(arguments), None, gio::DBusCallFlags::NONE, -1).await
}
