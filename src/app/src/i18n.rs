// SPDX-License-Identifier: GPL-3.0-or-later
//! Translated strings.

pub(crate) use usher_core::i18n::{gettext, gettext_f, init, ngettext_f};
