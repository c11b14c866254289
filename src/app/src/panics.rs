// SPDX-License-Identifier: GPL-3.0-or-later
//! What a panic on the main thread does. C code calls nearly everything there, and a panic cannot pass through it: Rust
//! would abort the process, and whoever waits for it would see a signal.

use std::{panic, process, thread};

/// The exit code of a Rust process that panicked.
const PANICKED: i32 = 101;

/// Lets a panic on this thread end the process with a code, after its report. Other threads keep their rules: tokio and GIO
/// hand their panics on.
pub(crate) fn end_with_a_code() {
    let report = panic::take_hook();
    let main = thread::current().id();
    panic::set_hook(Box::new(move |panic| {
        report(panic);
        if thread::current().id() == main {
            process::exit(PANICKED);
        }
    }));
}
