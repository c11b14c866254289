// SPDX-License-Identifier: GPL-3.0-or-later
//! What the stories share: a session of real programs, a person at its screen, and a search for leaked secrets.
//!
//! A story starts a [`Session`] with what `meson install` put into the stage, and uses it from outside: through flatpak's
//! command line, the accessibility tree and the keyring. It never calls Usher's own code.

mod accessibility;
pub mod browser;
mod bus;
mod chromium;
mod client;
mod clipboard;
mod default_browser;
mod display;
mod drag;
mod environment;
mod flatpak;
mod held_windows;
mod input;
mod keyring;
mod keyring_file;
mod layout;
mod leaks;
mod mirror;
mod network;
mod notifications;
mod picture;
mod processes;
pub mod raw_bus;
mod reading;
mod registry;
pub mod registry_login;
mod renewal_server;
mod sandbox;
mod screen;
mod secure_front;
mod session;
mod shop;
mod shop_opening;
mod single_sign_on;
mod sleep;
pub mod soak;
mod story;
mod terminal;
mod toasts;
mod tree;
pub mod usherctl;
mod weston;

pub use atspi::Role;
pub use bus::Bus;
pub use chromium::Chromium;
pub use client::{CallMonitor, Client, ListingCall, Response};
pub use default_browser::DefaultBrowser;
pub use display::{Display, is_available as has_display};
pub use flatpak::{Flatpak, Outcome};
pub use held_windows::HeldWindows;
pub use keyring::{Item, Keyring, KeyringState, SCHEMA};
pub use layout::PlacedRow;
pub use leaks::Leak;
pub use mirror::Mirror;
pub use network::Network;
pub use notifications::{Desktop, Notification, Notifications};
pub use picture::Compositor;
pub use processes::{LIMIT, Processes, has_ended, send_signal, wait_for, wait_until};
pub use registry::token_requests;
pub use renewal_server::{Renewal, RenewalServer};
pub use sandbox::{Instance, Package, Portals};
pub use screen::{Screen, Window};
pub use secure_front::{Authority, SecureFront, SecurePort, ShopAddress};
pub use session::{ACCESS, AUTHENTICATOR, Session, Setup, WINDOW, workspace};
pub use single_sign_on::{IssuerBrowser, Page};
pub use sleep::wakeful_threads;
pub use story::Story;
pub use terminal::Terminal;
pub use toasts::{Extents, ToastPlace};
pub use tree::{Node, Tree};
pub use weston::WAYLAND;
