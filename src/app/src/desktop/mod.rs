// SPDX-License-Identifier: GPL-3.0-or-later
//! What the desktop around does: GNOME Software installs, the bus starts a new version, windows carry an id.

pub(crate) mod restart;
pub(crate) mod software;
pub(crate) mod window_id;
