// SPDX-License-Identifier: GPL-3.0-or-later
//! Servers, keyrings, disks and signals that misbehave, and what Usher as it is installed makes of it.

mod client;
mod daemon;
mod keyring;
mod parent;
mod purchases;
mod races;
mod server;
mod window;
