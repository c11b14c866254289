// SPDX-License-Identifier: GPL-3.0-or-later
//! What the desktop around does: GNOME Software installs, the bus starts a new version, windows carry an id, the settings name
//! proxies.

mod install_button;
mod proxies;
pub(crate) mod restart;
pub(crate) mod software;
pub(crate) mod window_id;

pub(crate) use self::{install_button::install_button, proxies::GioProxies};
