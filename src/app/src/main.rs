// SPDX-License-Identifier: GPL-3.0-or-later
//! The window process: accounts, sign-in pages, and prompts for the daemon.

mod application;
mod i18n;
mod prompt;
mod runtime;
mod services;
mod sign_in;

use gtk::{glib, prelude::*};
use usher_core::names;

fn main() -> glib::ExitCode {
    i18n::init();
    // On X11 the program name is the class of the windows: they belong to the application, not to the bus name.
    glib::set_prgname(Some(names::APP_ID));
    application::Application::new().run()
}
