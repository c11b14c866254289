// SPDX-License-Identifier: GPL-3.0-or-later
//! Prompts that the daemon asks for: the D-Bus object and the window.
