// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher beside keyrings and a store that others wrote. They need many packages, so the other tests do without them, and
//! `build-aux/interop` runs these before a release.

mod discover;
mod keyrings;
mod other_keyring;
