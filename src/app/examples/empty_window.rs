// SPDX-License-Identifier: GPL-3.0-or-later
//! A window of libadwaita with nothing in it: what the first frame of our windows is measured against.

mod plain;

fn main() -> gtk::glib::ExitCode {
    plain::show("io.github.usher.Tests.EmptyWindow", || None)
}
