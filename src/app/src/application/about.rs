// SPDX-License-Identifier: GPL-3.0-or-later
//! The about dialog. Its debug information names no host and no user (rule R17).

use adw::prelude::*;
use usher_core::names;

use crate::i18n::gettext;

pub(super) fn present(window: &impl IsA<gtk::Widget>) {
    let dialog = adw::AboutDialog::builder()
        .application_name("Usher")
        .application_icon(names::APP_ID)
        .version(names::VERSION)
        // Translators: the kind of application, as menus of desktops show it
        .comments(gettext("Sign in to app repositories"))
        .developer_name(gettext("The Usher developers"))
        .license_type(gtk::License::Gpl30)
        .translator_credits(match gettext("translator-credits").as_str() {
            "translator-credits" => "",
            credits => credits,
        })
        .debug_info(debug_info())
        .debug_info_filename("usher-debug.txt")
        .build();
    dialog.present(Some(window));
}

/// For a bug report: versions and surroundings.
fn debug_info() -> String {
    let gtk = format!("{}.{}.{}", gtk::major_version(), gtk::minor_version(), gtk::micro_version());
    let adwaita = format!("{}.{}.{}", adw::major_version(), adw::minor_version(), adw::micro_version());
    let display = gtk::gdk::Display::default().map_or_else(String::new, |display| display.type_().name().to_owned());
    let sandbox = if names::in_sandbox() { "yes" } else { "no" };
    format!(
        "{} {}\nFlatpak: {sandbox}\nGTK: {gtk}\nlibadwaita: {adwaita}\nDisplay: {display}\n",
        names::APP_ID,
        names::VERSION
    )
}
