// SPDX-License-Identifier: GPL-3.0-or-later

#![cfg(feature = "insecure-loopback")]

mod code;
mod server;
