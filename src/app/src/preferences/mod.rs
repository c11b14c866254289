// SPDX-License-Identifier: GPL-3.0-or-later
//! The few settings.

mod dialog;

pub(crate) use dialog::PreferencesDialog;
