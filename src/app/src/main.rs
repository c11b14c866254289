// SPDX-License-Identifier: GPL-3.0-or-later
//! The window process: accounts, sign-in pages, and prompts for the daemon.
//!
//! ```text
//! application/  one process, unique by its bus name; actions and keys; where notifications lead
//! main_window/  the main window: a stack of pages; files that are opened with it
//! accounts/     the first page: what needs attention, accounts, repositories
//! account/      one account; a repository that has changed its server or asks for permission
//! repository/   the repositories of this computer, and one of them
//! add_account/  from a repository of this computer, a typed address or a file, to the server page
//! activity/     what happened with an account or a repository
//! take_along/   the file that takes accounts to another computer
//! preferences/  the few settings
//! details/      what a person can give to those who mend Usher
//! prompt/       what clients asked for through the daemon: the D-Bus object and its window
//! sign_in/      the pages of a sign-in, the same in the main window and in prompts
//! purchase/     the pages of a purchase, in a prompt; purchases that were not finished
//! web/          a server's web page, with a task: to sign in or to buy
//! browser/      the same page in the person's own browser
//! navigation/   where pages lead, and the stack they are in
//! keyring/      what pages say of the keyring, and how it is unlocked
//! widgets/      what several pages use
//! model/        what the pages show: accounts, repositories, notes, and what follows from them
//! desktop/      GNOME Software, ids of windows, going over into a new version
//! services      what pages are given: the models, the keyring, HTTP
//! runtime       the one tokio runtime
//! panics        what a panic does
//! text, i18n    names and times as people read them; translations
//! ```
//!
//! A page is one `.rs` beside one `.blp`. It is given [`services::Services`] and follows the `changes()` of what it shows.
//! Its logic is in `imp`; what it shows are properties that the template binds. Where it leads is a
//! [`navigation::Destination`], which the main window shows: no page knows the window or the application.

// The `imp` module of a widget is a part of the file around it.
#![allow(clippy::wildcard_imports)]
#![warn(clippy::disallowed_methods)]

mod account;
mod accounts;
mod activity;
mod add_account;
mod application;
mod browser;
mod desktop;
mod details;
mod i18n;
mod keyring;
mod main_window;
mod model;
mod navigation;
mod panics;
mod preferences;
mod prompt;
mod purchase;
mod repository;
mod runtime;
mod services;
mod sign_in;
mod take_along;
mod text;
mod web;
mod widgets;

use gtk::glib;
use rustix::process::{Resource, Rlimit, setrlimit};
use tracing_subscriber::{filter::LevelFilter, filter::Targets, prelude::*};
use usher_core::{environment, names};

fn main() -> glib::ExitCode {
    let cleaned = environment::clean();
    log_to_stderr();
    panics::end_with_a_code();
    if let Err(error) = cleaned {
        tracing::error!(%error, "cannot start without variables that weaken a rule");
        return glib::ExitCode::FAILURE;
    }
    // A core dump would hold credentials (rule R17).
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        tracing::warn!(%error, "cannot switch core dumps off");
    }
    i18n::init();
    // On X11 the program name is the class of the windows: they belong to the application, not to the bus name.
    glib::set_prgname(Some(names::APP_ID));
    application::Application::new().run_to_end()
}

/// Our own messages, and warnings of others. The environment changes nothing here (rule R17).
fn log_to_stderr() {
    let levels = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("usher", LevelFilter::INFO)
        .with_target("usher_core", LevelFilter::INFO);
    let output = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).without_time().with_ansi(false);
    tracing_subscriber::registry().with(output.with_filter(levels)).init();
}
