// SPDX-License-Identifier: GPL-3.0-or-later
//! What several providers read and write: JSON answers, hints in a JWT.

pub mod json;
pub mod jwt;
