// SPDX-License-Identifier: GPL-3.0-or-later
//! What is different where Usher is a Flatpak.

mod sandbox_account;
mod sandbox_auto_install;
mod sandbox_client;
mod sandbox_desktop;
mod sandbox_keyring;
mod sandbox_notification;
mod sandbox_registry;
mod sandbox_window;
mod sandbox_writers;
