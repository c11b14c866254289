// SPDX-License-Identifier: GPL-3.0-or-later
//! A window of libadwaita with nothing in it: what the first frame of our windows is measured against.

mod empty;

fn main() -> gtk::glib::ExitCode {
    empty::show("io.github.usher.Tests.EmptyWindow")
}
