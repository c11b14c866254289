// SPDX-License-Identifier: GPL-3.0-or-later
//! A window of libadwaita with nothing in it: what the first frame of the main window is measured against.

use adw::prelude::*;
use gtk::glib;

fn main() -> glib::ExitCode {
    let application = adw::Application::builder().application_id("io.github.usher.Tests.EmptyWindow").build();
    application.connect_activate(|application| {
        let window = adw::ApplicationWindow::builder().application(application).title("Empty");
        window.default_width(720).default_height(640).build().present();
    });
    application.run()
}
