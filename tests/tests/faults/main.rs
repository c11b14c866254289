// SPDX-License-Identifier: GPL-3.0-or-later
//! How the installed Usher copes with misbehaving servers, keyrings, disks and signals.

mod client;
mod clock;
mod daemon;
mod disks;
mod ends;
mod floods;
mod keyring;
mod keyring_killed;
mod keyring_manners;
mod parent;
mod purchases;
mod quiet;
mod races;
mod renewal;
mod server;
mod soak;
mod stopped;
mod window;
