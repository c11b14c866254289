// SPDX-License-Identifier: GPL-3.0-or-later
//! One program for all targets: the variable `USHER_FUZZ_TARGET` names the one to throw bytes at. What the targets are and
//! what they check stands beside the parsers: [`usher_core::fuzzing`], and a `fuzzing.rs` of each program, which is compiled
//! in here with the files that it needs, since a program is no library.

#![no_main]
#![allow(dead_code, reason = "parts of programs")]

#[path = "../../src/authenticator/src/bounded.rs"]
mod bounded;
#[path = "../../src/authenticator/src/bus_socket.rs"]
mod bus_socket;
#[path = "../../src/authenticator/src/fuzzing.rs"]
mod fuzzing;
#[path = "../../src/authenticator/src/limits.rs"]
mod limits;
#[path = "../../src/app/src/sign_in/code/pixels.rs"]
mod pixels;
#[path = "../../src/app/src/sign_in/code/fuzzing.rs"]
mod qr_code;
#[path = "../../src/authenticator/src/request.rs"]
mod request;
#[path = "../../src/ctl/src/listing"]
mod listing {
    #[path = "signature/fuzzing.rs"]
    pub(crate) mod openpgp;
    mod signature;

    use signature::is_good;
}

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use usher_core::fuzzing::Target;

/// The variable that names a target.
const NAME: &str = "USHER_FUZZ_TARGET";

fn target() -> &'static Target {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let of_programs = [fuzzing::TARGETS, listing::openpgp::TARGETS, qr_code::TARGETS];
        let all = || usher_core::fuzzing::TARGETS.iter().chain(of_programs.into_iter().flatten());
        let wanted = std::env::var(NAME).unwrap_or_default();
        all().find(|target| target.name == wanted).unwrap_or_else(|| {
            let names: Vec<_> = all().map(|target| target.name).collect();
            panic!("{NAME} names none of these: {}", names.join(" "));
        })
    })
}

fuzz_target!(|bytes: &[u8]| (target().run)(bytes));
