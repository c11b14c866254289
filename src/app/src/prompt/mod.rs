// SPDX-License-Identifier: GPL-3.0-or-later
//! What clients asked for through the daemon: the object that it calls, and the window with the question.
//!
//! ```text
//! object    io.github.usher.Prompter1: who may ask, and when a call is answered
//! details   what was asked, checked
//! desk      one window at a time; requests that join it; who still waits
//! question  the words and the choices of a question
//! window    the window, its intro page, and what its buttons do
//! parent    the window of the program that asked
//! ```

mod desk;
mod details;
mod object;
mod parent;
mod question;
mod window;

use gtk::{gio, glib};

use crate::application::Application;

/// Serves the prompter on the application's bus connection. To be called before the application owns its name.
pub(crate) fn register(application: &Application, connection: &gio::DBusConnection) -> Result<(), glib::Error> {
    object::register(application, connection)
}
