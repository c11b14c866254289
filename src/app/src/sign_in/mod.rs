// SPDX-License-Identifier: GPL-3.0-or-later
//! Sign-in pages: the same in the main window and in prompts.
