// SPDX-License-Identifier: GPL-3.0-or-later
//! The empty window in a process that loads WebKitGTK, as the window process does: a sign-in needs it anyway.

mod plain;

fn main() -> gtk::glib::ExitCode {
    plain::load_webkit();
    plain::show("io.github.usher.Tests.WebKitWindow", || None)
}
