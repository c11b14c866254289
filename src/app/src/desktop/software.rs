// SPDX-License-Identifier: GPL-3.0-or-later
//! How apps are installed: by GNOME Software where it is there, else by commands to copy.

use gtk::{gdk, gio, glib, prelude::*};
use usher_core::{refs::AppId, text};

use crate::{i18n::gettext, widgets::toast};

const BUS_NAME: &str = "org.gnome.Software";
const OBJECT_PATH: &str = "/org/gnome/Software";
/// For its action `install`: show the app, and ask the person whatever needs asking.
const FULL_INTERACTION: u32 = 3;

/// Whether Software can be started. Starts nothing.
pub(crate) async fn is_available() -> bool {
    let Ok(bus) = gio::bus_get_future(gio::BusType::Session).await else {
        return false;
    };
    for method in ["ListActivatableNames", "ListNames"] {
        let reply = bus.call_future(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            method,
            None,
            None,
            gio::DBusCallFlags::NONE,
            -1,
        );
        if reply.await.is_ok_and(|reply| names_software(&reply)) {
            return true;
        }
    }
    false
}

fn names_software(reply: &glib::Variant) -> bool {
    reply.child_value(0).iter().any(|name| name.str() == Some(BUS_NAME))
}

/// Whether Software can install this app. `remote` is what flatpak calls the repository.
pub(crate) async fn can_install(remote: &str, app_id: &str) -> bool {
    unique_id(remote, app_id).is_some() && is_available().await
}

/// Has Software install an app, or shows the app where it cannot. Returns whether something was opened.
pub(crate) async fn install(widget: &impl IsA<gtk::Widget>, remote: &str, app_id: &str) -> bool {
    if let Some(id) = unique_id(remote, app_id)
        && is_available().await
        && activate("install", &(id, FULL_INTERACTION).to_variant()).await.is_ok()
    {
        return true;
    }
    open(widget, app_id).await
}

/// What Software calls an app of a remote, in whatever installation and of whatever branch. `None` if a name is not plain.
fn unique_id(remote: &str, app_id: &str) -> Option<String> {
    let is_plain = text::is_plain_name(remote) && AppId::is_valid(app_id);
    is_plain.then(|| format!("*/flatpak/{remote}/{app_id}/*"))
}

/// Shows an app in Software or another app store; says so where none can be opened. Returns whether one was.
pub(crate) async fn open(widget: &impl IsA<gtk::Widget>, app_id: &str) -> bool {
    let opened = is_available().await && show(app_id).await.is_ok() || launch(widget, app_id).await;
    if !opened {
        toast::show(widget, &gettext("Software could not be opened"));
    }
    opened
}

async fn launch(widget: &impl IsA<gtk::Widget>, app_id: &str) -> bool {
    let window = widget.root().and_downcast::<gtk::Window>();
    let launched = gtk::UriLauncher::new(&format!("appstream:{app_id}")).launch_future(window.as_ref()).await;
    if let Err(error) = &launched {
        tracing::warn!(%error, "cannot show Software");
    }
    launched.is_ok()
}

/// Shows an app in Software. Its action `details` takes an id and words to search for.
async fn show(app_id: &str) -> Result<(), glib::Error> {
    activate("details", &(app_id, "").to_variant()).await
}

/// Activates an action of Software, which comes to the front.
async fn activate(action: &str, parameter: &glib::Variant) -> Result<(), glib::Error> {
    let bus = gio::bus_get_future(gio::BusType::Session).await?;
    let platform_data = glib::VariantDict::new(None);
    let token = gdk::Display::default()
        .and_then(|display| display.app_launch_context().startup_notify_id(gio::AppInfo::NONE, &[]));
    if let Some(token) = token {
        platform_data.insert("desktop-startup-id", token.as_str());
        platform_data.insert("activation-token", token.as_str());
    }
    let arguments = action_call(action, parameter, &platform_data);
    bus.call_future(
        Some(BUS_NAME),
        OBJECT_PATH,
        "org.freedesktop.Application",
        "ActivateAction",
        Some(&arguments),
        None,
        gio::DBusCallFlags::NONE,
        -1,
    )
    .await
    .map(drop)
}

/// The arguments of `ActivateAction`.
fn action_call(action: &str, parameter: &glib::Variant, platform_data: &glib::VariantDict) -> glib::Variant {
    // A variant in a tuple of Rust would be wrapped into another one.
    glib::Variant::tuple_from_iter([action.to_variant(), vec![parameter].to_variant(), platform_data.end()])
}

/// The command that installs apps of a remote, or updates them. `None` if a name is not plain: such a name is never put
/// into a command (rule R17).
pub(crate) fn command(is_update: bool, remote: &str, app_ids: &[&str]) -> Option<String> {
    let is_plain = text::is_plain_name(remote) && app_ids.iter().all(|id| AppId::is_valid(id));
    let start: &[&str] = if is_update { &["flatpak", "update"] } else { &["flatpak", "install", remote] };
    if is_plain { text::command(&[start, app_ids].concat()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_remote_and_apps_or_is_none() {
        let install = command(false, "demo", &["org.a.A", "org.b.B"]);
        assert_eq!(install.as_deref(), Some("flatpak install demo org.a.A org.b.B"));
        assert_eq!(command(true, "demo", &["org.a.A"]).as_deref(), Some("flatpak update org.a.A"));
        assert_eq!(command(false, "--system", &["org.a.A"]), None);
        assert_eq!(command(false, "demo", &["org.a.A; reboot"]), None);
    }

    #[test]
    fn an_action_is_called_as_every_application_takes_it() {
        let call = action_call("details", &("org.a.A", "").to_variant(), &glib::VariantDict::new(None));
        assert_eq!(call.type_().as_str(), "(sava{sv})");
        assert_eq!(call.print(false).as_str(), "('details', [<('org.a.A', '')>], {})");
    }

    #[test]
    fn software_is_told_of_an_app_by_plain_names_only() {
        assert_eq!(unique_id("demo", "org.a.A").as_deref(), Some("*/flatpak/demo/org.a.A/*"));
        assert_eq!(unique_id("*", "org.a.A"), None);
        assert_eq!(unique_id("demo", "org.a.A/stable"), None);
    }
}
