// SPDX-License-Identifier: GPL-3.0-or-later
//! The main window: a stack of pages, and the files that are opened with it or dropped onto it.

pub(crate) mod files;
mod window;

pub(crate) use window::Window;
