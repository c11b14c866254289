// SPDX-License-Identifier: GPL-3.0-or-later
//! One program for all targets: the variable `USHER_FUZZ_TARGET` names the one to throw bytes at. What the targets are and
//! what they check stands beside the parsers: [`usher_core::fuzzing`], and the daemon's `fuzzing.rs`, which is compiled in
//! here with the files that it needs, since the daemon is no library.

#![no_main]
#![allow(dead_code, reason = "a part of the daemon")]

#[path = "../../src/authenticator/src/bounded.rs"]
mod bounded;
#[path = "../../src/authenticator/src/bus_socket.rs"]
mod bus_socket;
#[path = "../../src/authenticator/src/fuzzing.rs"]
mod fuzzing;
#[path = "../../src/authenticator/src/limits.rs"]
mod limits;
#[path = "../../src/authenticator/src/request.rs"]
mod request;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use usher_core::fuzzing::Target;

/// The variable that names a target.
const NAME: &str = "USHER_FUZZ_TARGET";

fn target() -> &'static Target {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let all = || usher_core::fuzzing::TARGETS.iter().chain(fuzzing::TARGETS);
        let wanted = std::env::var(NAME).unwrap_or_default();
        all().find(|target| target.name == wanted).unwrap_or_else(|| {
            let names: Vec<_> = all().map(|target| target.name).collect();
            panic!("{NAME} names none of these: {}", names.join(" "));
        })
    })
}

fuzz_target!(|bytes: &[u8]| (target().run)(bytes));
