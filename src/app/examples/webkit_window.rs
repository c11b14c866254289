// SPDX-License-Identifier: GPL-3.0-or-later
//! The same window in a process that loads WebKitGTK, as the window process does: a sign-in needs it anyway.

mod empty;

fn main() -> gtk::glib::ExitCode {
    // So that the linker keeps the library.
    assert!(webkit6::functions::major_version() >= 2, "the WebKitGTK that is loaded knows its version");
    empty::show("io.github.usher.Tests.WebKitWindow")
}
