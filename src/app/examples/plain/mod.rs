// SPDX-License-Identifier: GPL-3.0-or-later
//! A window of libadwaita with nothing in it.

use adw::prelude::*;
use gtk::glib;

/// Shows it, until it is closed.
pub fn show(application_id: &str) -> glib::ExitCode {
    let application = adw::Application::builder().application_id(application_id).build();
    application.connect_activate(|application| {
        let window = adw::ApplicationWindow::builder().application(application).title("Empty");
        window.default_width(720).default_height(640).build().present();
    });
    application.run()
}
