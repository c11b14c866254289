// SPDX-License-Identifier: GPL-3.0-or-later
//! The build script of the programs: how they are linked, whoever builds them.

#![expect(clippy::print_stdout, reason = "this is how a build script speaks to cargo")]

fn main() {
    println!("cargo::rerun-if-changed=../link.rs");
    // Where a program may be anywhere in memory, each pointer in its data has an entry for the loader. Packed, they take a
    // bit instead of 24 bytes. glibc reads them since 2.36, and a linker that cannot write them only warns.
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}
