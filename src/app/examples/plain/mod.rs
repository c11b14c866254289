// SPDX-License-Identifier: GPL-3.0-or-later
//! A window of libadwaita with nothing of Usher's in it.

// Each program uses what it needs.
#![allow(dead_code)]

use adw::prelude::*;
use gtk::glib;

/// Makes the linker keep WebKitGTK.
pub fn load_webkit() {
    assert!(webkit6::functions::major_version() >= 2, "the WebKitGTK that is loaded knows its version");
}

/// Shows the window with this content, until it is closed.
pub fn show(application_id: &str, content: fn() -> Option<gtk::Widget>) -> glib::ExitCode {
    let application = adw::Application::builder().application_id(application_id).build();
    application.connect_activate(move |application| {
        let window = adw::ApplicationWindow::builder().application(application).title("Plain").build();
        window.set_default_size(720, 640);
        window.set_content(content().as_ref());
        window.present();
    });
    application.run()
}
